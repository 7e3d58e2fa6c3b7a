# Where the lab's state is, and the environment that makes plain `pulumi` work on it.
# Source this after common.sh.
# shellcheck shell=bash

# Set for Pulumi and for the lab's own programs, printed by `npm run -s env`.
environment=(EDGE_LAB_STATE EDGE_LAB_CACHE PULUMI_HOME PULUMI_BACKEND_URL
  PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_STACK PULUMI_SKIP_UPDATE_CHECK
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION PULUMI_IGNORE_AMBIENT_PLUGINS)

# config_value KEY FILE: a plain scalar of a stack's configuration
config_value() {
  [[ -f $2 ]] || return 0
  sed -nE "s/^ +[\"']?edge-lab:$1[\"']? *: *(\"([^\"]*)\"|'([^']*)'|([^#\"' ][^#]*[^# ]|[^#\"' ])) *(#.*)?\$/\\2\\3\\4/p" "$2" | head -n 1
}

set_environment() {
  local stack=${EDGE_LAB_STACK:-${PULUMI_STACK:-dev}} state
  state=$(config_value stateDir "$ROOT/Pulumi.${stack##*/}.yaml")
  state=${state:-.lab}
  case $state in /*) ;; *) state=$ROOT/$state ;; esac
  # A passphrase in the user's environment would override the lab's own file.
  unset PULUMI_CONFIG_PASSPHRASE
  export PATH=$LINKS/bin:${PATH#"$LINKS/bin:"}
  export EDGE_LAB_STATE=$state EDGE_LAB_CACHE=$CACHE PULUMI_STACK=$stack
  # The backend replaces a file atomically, but writes the attributes beside it in place: a run killed at that moment
  # leaves half of them, and no Pulumi can read the stack any more. Nothing needs them, so none are written.
  export PULUMI_HOME=$state/pulumi-home PULUMI_BACKEND_URL="file://$state/pulumi?metadata=skip"
  export PULUMI_CONFIG_PASSPHRASE_FILE=$state/passphrase
  # No look-ups or downloads while the program runs: setup.sh did those.
  export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
  export PULUMI_IGNORE_AMBIENT_PLUGINS=true
  # Node keeps compiled code here: each run compiles the same megabytes of packages, half a second of each.
  export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$CACHE/compiled}
}

print_environment() {
  local name
  printf 'unset PULUMI_CONFIG_PASSPHRASE\n'
  # Prepended to the user's own PATH, once; npm's additions to ours stay out of it.
  local bin=$LINKS/bin
  printf "case :\$PATH: in *:%q:*) ;; *) export PATH=%q:\$PATH ;; esac\n" "$bin" "$bin"
  for name in "${environment[@]}"; do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
}

make_passphrase() {
  local file=$PULUMI_CONFIG_PASSPHRASE_FILE
  [[ -s $file ]] && return
  (umask 077 && head -c 32 /dev/urandom | base64 | tr -d '\n' >"$file.tmp")
  mv "$file.tmp" "$file"
}

# The file backend keeps a stack here; asking the CLI would take half a second.
stack_exists() {
  local project
  project=$(sed -n 's/^name: *//p' "$ROOT/Pulumi.yaml")
  [[ -f $EDGE_LAB_STATE/pulumi/.pulumi/stacks/$project/${PULUMI_STACK##*/}.json ]]
}

# The stack that the state directory belongs to; empty if it has no owner yet. Same as in lib/stateOwner.ts.
state_owner() {
  local owner stacks name used=''
  owner=$(sed -n 's/^stack //p' "$EDGE_LAB_STATE/owner" 2>/dev/null) || owner=''
  if [[ -z $owner ]]; then
    stacks=$EDGE_LAB_STATE/pulumi/.pulumi/stacks/$(sed -n 's/^name: *//p' "$ROOT/Pulumi.yaml")
    for name in "$stacks"/*.json; do
      grep -qs '"urn:pulumi:' "$name" || continue
      name=${name##*/}
      name=${name%.json}
      used=${used:-$name}
      [[ $name != "${PULUMI_STACK##*/}" ]] || used=$name
    done
    owner=$used
  fi
  printf '%s\n' "$owner"
}

# A state directory holds one lab; two stacks would describe the same lab twice.
claim_state() {
  local owner stack=${PULUMI_STACK##*/}
  owner=$(state_owner)
  [[ -z $owner || $owner == "$stack" ]] || die "edge-lab:stateDir = $EDGE_LAB_STATE; nothing was changed
    rule: is one stack's alone, and this one belongs to stack $owner
    fix:  write edge-lab:stateDir: .lab-$stack in Pulumi.$stack.yaml, or remove the other lab: EDGE_LAB_STACK=$owner npm run destroy"
  [[ ! -e $EDGE_LAB_STATE/owner ]] || return 0
  # shellcheck disable=SC2174 # what is above it is not the lab's
  mkdir -p -m 700 "$EDGE_LAB_STATE"
  printf 'stack %s\nproject %s\n' "$stack" "$ROOT" >"$EDGE_LAB_STATE/owner.new"
  mv "$EDGE_LAB_STATE/owner.new" "$EDGE_LAB_STATE/owner"
}

# `stack init` writes the salt to stackConfigDir of Pulumi.yaml, below the state directory, so the
# work tree stays clean.
make_stack() {
  claim_state
  # The host's script closes the state directory as a whole (assets/host/lib/state-modes.sh).
  # shellcheck disable=SC2174 # what is above it is not the lab's
  mkdir -p -m 700 "$EDGE_LAB_STATE/pulumi"
  stack_exists && return
  make_passphrase
  (cd "$ROOT" && run_logged stack-init pulumi stack init "$PULUMI_STACK" --non-interactive)
}
