# shellcheck shell=bash
# Who owns an object of this host. The owner of everything that a lab makes is its stack and its state directory, which
# no other lab has. Domains and networks name it in their metadata; a domain's files and a pool's folder lie in that
# directory. Needs STATE_DIR (paths.sh).

OWNER_URI=urn:edge-lab:owner:1

# owner_id: the state directory in 16 characters that need no escaping; lib/owner.ts has it too
owner_id() {
  local hash
  hash=$(printf %s "$STATE_DIR" | sha256sum)
  echo "${hash:0:16}"
}

# owner_stack: the stack that the state directory belongs to; empty if none is noted
owner_stack() { sed -n 's/^stack //p' "$STATE_DIR/owner" 2>/dev/null || :; }

# claim_state STACK: notes it, unless one is noted
claim_state() {
  [[ -e $STATE_DIR/owner ]] && return 0
  # shellcheck disable=SC2174 # what is above it is not the lab's
  mkdir -p -m 700 "$STATE_DIR"
  printf 'stack %s\nproject %s\n' "$1" "$PWD" >"$STATE_DIR/owner.new"
  mv "$STATE_DIR/owner.new" "$STATE_DIR/owner"
}

# xml_escaped TEXT: as libvirt writes it in attributes and paths
xml_escaped() { sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/\"/\&quot;/g; s/'/\&apos;/g" <<<"$1"; }

# owner_attribute NAME XML: attribute of the owner that an object's XML names; empty if it names none
owner_attribute() { sed -n "s/.*<[a-z-]*:owner [^>]*xmlns:[a-z-]*=\"$OWNER_URI\"[^>]* $1=\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }

# owner_words XML: the owner for a message; empty if XML names none
owner_words() {
  [[ -n $(owner_attribute id "$1") ]] || return 0
  echo "stack $(owner_attribute stack "$1") ($(owner_attribute stateDirectory "$1" | sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&amp;/\&/g"))"
}

# owner_element STACK: the element for the metadata
owner_element() {
  local dir
  # No &apos;: a single quote needs no escape between double quotes.
  dir=$(sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/\"/\&quot;/g" <<<"$STATE_DIR")
  printf '<edge-lab:owner xmlns:edge-lab="%s" id="%s" stack="%s" stateDirectory="%s"/>' "$OWNER_URI" "$(owner_id)" "$1" "$dir"
}

# enrolled_in XML: does a device of this state directory have an address in that network? Networks of the previous
# version name no owner; a device is enrolled after its lab's network exists, and network names are unique.
enrolled_in() {
  local name
  for name in "$STATE_DIR"/console/*.enrolled; do
    [[ -e $name ]] || continue
    name=${name##*/}
    [[ $1 != *"<host mac='"*" name='${name%.enrolled}' "* ]] || return 0
  done
  return 1
}

# owns KIND XML: does that domain, net or pool belong to this lab?
owns() {
  local id
  id=$(owner_attribute id "$2")
  if [[ -n $id ]]; then
    [[ $id == "$(owner_id)" ]]
    return
  fi
  case $1 in
    domain) [[ $2 == *"'$(xml_escaped "$STATE_DIR")/"* ]] ;;
    pool) [[ $2 == *">$(xml_escaped "$STATE_DIR")/pool<"* ]] ;;
    net) enrolled_in "$2" ;;
  esac
}

owner_virsh() { virsh -q -c "$EDGE_LIBVIRT_URI" "$@"; }

# object_xml KIND NAME: its persistent definition, which is newer than the running one; fails if there is none
object_xml() {
  case $1 in
    domain) owner_virsh dumpxml --inactive "$2" 2>/dev/null ;;
    net) owner_virsh net-dumpxml --inactive "$2" 2>/dev/null ;;
    pool) owner_virsh pool-dumpxml "$2" 2>/dev/null ;;
  esac
}

# virsh_list KIND ARGS...: names of the domains, nets or pools; pool-list pads its own with blanks
virsh_list() {
  local kind=$1-
  owner_virsh "${kind#domain-}list" "${@:2}" --name | sed 's/ *$//'
}

# in_list KIND NAME ARGS...: is it one of them?
in_list() { virsh_list "$1" "${@:3}" | grep -xF -- "$2" >/dev/null; }

# end_object KIND NAME: stops it if it runs, and removes its definition
end_object() {
  local kind=$1-
  kind=${kind#domain-}
  ! in_list "$1" "$2" || owner_virsh "${kind}destroy" "$2" >&2
  owner_virsh "${kind}undefine" "$2" >&2
}

# own_network NAME STACK: writes the owner into a network of this lab that names none yet; the network keeps running
own_network() {
  local xml file=$STATE_DIR/network.xml
  xml=$(object_xml net "$1") || return 0
  [[ -z $(owner_attribute id "$xml") ]] && owns net "$xml" || return 0
  # awk takes values from the environment unchanged.
  EDGE_ELEMENT=$(owner_element "$2") awk \
    '{print} /<\/uuid>/ && !done {print "<metadata>" ENVIRON["EDGE_ELEMENT"] "</metadata>"; done = 1}' <<<"$xml" >"$file"
  owner_virsh net-define "$file" >/dev/null
  rm -f "$file"
}

# own_domain NAME STACK: the same for a domain
own_domain() {
  local xml live=()
  xml=$(object_xml domain "$1") || return 0
  [[ -z $(owner_attribute id "$xml") ]] && owns domain "$xml" || return 0
  [[ $(owner_virsh domstate "$1" 2>/dev/null) == "shut off" ]] || live=(--live)
  owner_virsh metadata "$1" --uri "$OWNER_URI" --key edge-lab --config "${live[@]}" \
    --set "$(owner_element "$2" | sed "s/<edge-lab:owner xmlns:edge-lab=\"[^\"]*\"/<owner/")" >/dev/null
}
