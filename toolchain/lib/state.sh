# Where the state of the lab is, and the environment that makes plain `pulumi` work on it.
# Sourced after common.sh.
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
  # A passphrase in the user's environment would go before the lab's own file.
  unset PULUMI_CONFIG_PASSPHRASE
  export PATH=$LINKS/bin:${PATH#"$LINKS/bin:"}
  export EDGE_LAB_STATE=$state EDGE_LAB_CACHE=$CACHE PULUMI_STACK=$stack
  # The backend replaces a file in one step, but writes the attributes that it keeps beside it in place: a run killed
  # in that moment leaves half of them, and then no Pulumi reads the stack any more. Nobody needs them: none are written.
  export PULUMI_HOME=$state/pulumi-home PULUMI_BACKEND_URL="file://$state/pulumi?metadata=skip"
  export PULUMI_CONFIG_PASSPHRASE_FILE=$state/passphrase
  # Nothing is looked up or downloaded while the program runs: setup.sh did that.
  export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
  export PULUMI_IGNORE_AMBIENT_PLUGINS=true
}

print_environment() {
  local name
  printf 'unset PULUMI_CONFIG_PASSPHRASE\n'
  # Added to the user's own PATH, once; npm's additions to ours are not theirs.
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

# The file backend keeps a stack here; asking the CLI instead would take half a second.
stack_exists() {
  local project
  project=$(sed -n 's/^name: *//p' "$ROOT/Pulumi.yaml")
  [[ -f $EDGE_LAB_STATE/pulumi/.pulumi/stacks/$project/${PULUMI_STACK##*/}.json ]]
}

# What `stack init` writes (the salt) goes to stackConfigDir of Pulumi.yaml, under the state
# directory, so the work tree stays clean.
make_stack() {
  stack_exists && return
  mkdir -p "$EDGE_LAB_STATE/pulumi"
  make_passphrase
  (cd "$ROOT" && run_logged stack-init pulumi stack init "$PULUMI_STACK" --non-interactive)
}
