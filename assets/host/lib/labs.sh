# shellcheck shell=bash source-path=SCRIPTDIR
# The labs of this host: each notes what it uses, so that another lab can name a clash and the last one restores what
# they share. Needs paths.sh and log.sh.

labs_lib=${BASH_SOURCE[0]%/*}
# shellcheck source=owner.sh
. "$labs_lib/owner.sh"

# A leading dot: the state directories of labs sent from other machines lie beside it.
LABS_DIR=${EDGE_LABS_DIR:-/var/lib/edge-lab/.labs}

# Labs in different network namespaces share neither a network nor a libvirt daemon.
labs_namespace() {
  local name=''
  ! command -v ip >/dev/null || name=$(ip netns identify $$ 2>/dev/null) || name=''
  if [[ -n $name ]]; then
    echo "name:$name"
  elif [[ /proc/self/ns/net -ef /proc/1/ns/net ]]; then
    echo init
  else
    stat -Lc %i /proc/self/ns/net
  fi
}

# lab_value NOTE KEY
lab_value() { sed -n "s/^$2 //p" "$1"; }

# lab_words NOTE: how messages name that lab
lab_words() { echo "the lab of stack $(lab_value "$1" stack) ($(lab_value "$1" stateDir))"; }

# other_labs: notes of the other labs in this namespace; a lab whose state directory was removed by hand no longer counts
other_labs() { labs_in "$(labs_namespace)"; }

# labs_in NAMESPACE: the same of that one; of all if it is empty
labs_in() {
  local note dir own
  own=$(owner_id)
  for note in "$LABS_DIR"/*; do
    [[ -f $note && ${note##*/} != "$own" && ${note##*/} != *.new ]] || continue
    dir=$(lab_value "$note" stateDir)
    [[ -e $dir/owner ]] || continue
    [[ -z $1 || $(lab_value "$note" namespace) == "$1" ]] || continue
    echo "$note"
  done
}

# other_states: their state directories
other_states() {
  local note
  while read -r note; do lab_value "$note" stateDir; done < <(other_labs)
}

labs_locked() (
  # A lab that leaves last removes the folder; a lock on a removed folder excludes nobody.
  until [[ $LABS_DIR -ef /proc/self/fd/7 ]]; do
    mkdir -p "$LABS_DIR"
    exec 7<"$LABS_DIR"
    flock -w 60 7 || die "another lab holds $LABS_DIR"
  done
  "$@"
)

# labs_register STACK: writes this lab's note from the EDGE_ variables
labs_register() {
  local note
  note=$LABS_DIR/$(owner_id)
  cat >"$note.new" <<NOTE
stack $1
stateDir $STATE_DIR
namespace $(labs_namespace)
builder $EDGE_BUILDER
mode $([[ -n ${EDGE_UPLINK:-} ]] && echo lan || echo nat)
cidr $EDGE_CIDR
bridge $EDGE_BRIDGE
uplink ${EDGE_UPLINK:-}
network $EDGE_NETWORK
ports $EDGE_PORTS
domains $EDGE_DOMAINS
addresses ${EDGE_LAN_ADDRESSES:-}
NOTE
  mv "$note.new" "$note"
}

# labs_forget: removes this lab's note, and with the last note the folder
labs_forget() {
  rm -f "$LABS_DIR/$(owner_id)"{,.new}
  local note
  for note in "$LABS_DIR"/*; do
    [[ ! -f $note || -e $(lab_value "$note" stateDir)/owner ]] || rm -f "$note"
  done
  rmdir --ignore-fail-on-non-empty "$LABS_DIR"
  [[ -e $LABS_DIR ]] || rmdir --ignore-fail-on-non-empty "$(dirname "$LABS_DIR")"
}

# common WORDS WORDS: the words that both lists have
common() {
  local word
  for word in $1; do [[ " $2 " != *" $word "* ]] || echo "$word"; done
}

# Clashes already reported, as KIND:NAME; the checks of the host do not repeat them.
declare -gA CLASHES=()

# check_labs: reports each thing that another lab of this host already has. Needs preflight.sh.
check_labs() {
  local note
  while read -r note; do check_lab "$note"; done < <(other_labs)
}

# moved NOTE: is that this very stack of this clone, which was made in another state directory?
moved() {
  [[ $(lab_value "$1" stack) == "${EDGE_STACK:-$(owner_stack)}" ]] &&
    grep -qsxF "project $PWD" "$(lab_value "$1" stateDir)/owner"
}

# check_lab NOTE
check_lab() {
  local note=$1 who word mode=nat
  who=$(lab_words "$note")
  if moved "$note"; then
    problem "stateDir $STATE_DIR is not where the lab of this stack is ($(lab_value "$note" stateDir)), and stays the same while it exists" \
      "set edge-lab:stateDir back, or remove the lab first: set it back, then npm run destroy"
    # Everything that this lab would have is there.
    # shellcheck disable=SC2046,SC2086 # lists of names
    for word in "device:$EDGE_BRIDGE" "cidr:$EDGE_CIDR" "bridge:$EDGE_BRIDGE" "network:$EDGE_NETWORK" \
      "uplink:${EDGE_UPLINK:-}" $(printf "domain:%s " $EDGE_DOMAINS); do
      CLASHES["$word"]=1
    done
    return 0
  fi
  [[ -z ${EDGE_UPLINK:-} ]] || mode=lan
  CLASHES["device:$(lab_value "$note" bridge)"]=1
  if [[ $EDGE_BUILDER == osbuild && $(lab_value "$note" builder) == osbuild ]]; then
    problem "builder osbuild is used by $who, and the host's image builder keeps one blueprint of a name" \
      "remove that lab first (EDGE_LAB_STACK=$(lab_value "$note" stack) npm run destroy), or take another host"
  fi
  if [[ $mode == nat || $(lab_value "$note" mode) == nat ]]; then
    if cidrs_overlap "$EDGE_CIDR" "$(lab_value "$note" cidr)"; then
      problem "network.cidr $EDGE_CIDR overlaps $(lab_value "$note" cidr) of $who" "choose another network.cidr, e.g. $(free_cidr)"
      CLASHES["cidr:$EDGE_CIDR"]=1
    fi
  else
    check_lab_lan "$note" "$who"
  fi
  if [[ $EDGE_BRIDGE == "$(lab_value "$note" bridge)" ]]; then
    problem "network.bridge $EDGE_BRIDGE is the bridge of $who" "name another, e.g. network.bridge: $(next_name "$EDGE_BRIDGE")"
    CLASHES["bridge:$EDGE_BRIDGE"]=1
  fi
  word=$EDGE_NETWORK
  if [[ $word == "$(lab_value "$note" network)" ]]; then
    problem "network.name $word is the libvirt network and pool of $who" "name another, e.g. network.name: $(next_name "$word-1")"
    CLASHES["network:$word"]=1
  fi
  for word in $(common "$EDGE_DOMAINS" "$(lab_value "$note" domains)"); do
    problem "the device $word of devices has the name of one of $who" "rename it in devices, e.g. $(owner_stack)-$word"
    CLASHES["domain:$word"]=1
  done
}

# check_lab_lan NOTE WHO: both labs are in the host's own network and share its address
check_lab_lan() {
  local word
  if [[ $EDGE_UPLINK == "$(lab_value "$1" uplink)" ]]; then
    problem "network.uplink $EDGE_UPLINK is in the bridge of $2" "name another interface, or write network.mode: nat"
    CLASHES["uplink:$EDGE_UPLINK"]=1
  fi
  [[ $EDGE_CIDR == "$(lab_value "$1" cidr)" ]] || return 0
  for word in $(common "$EDGE_PORTS" "$(lab_value "$1" ports)"); do
    problem "port $word of ports is one of $2" "write another port in ports"
    CLASHES["port:$word"]=1
  done
  for word in $(common "${EDGE_LAN_ADDRESSES:-}" "$(lab_value "$1" addresses)"); do
    problem "$word of network.vip or devices is an address of $2" "take a free address of the LAN"
  done
}

# next_name NAME: NAME with its trailing number incremented
next_name() {
  local stem
  stem=$(sed -E 's/[0-9]+$//' <<<"$1")
  echo "$stem$((10#0${1#"$stem"} + 1))"
}

# check_unchanged: the bridge and network of a lab that is up cannot be changed under its devices
check_unchanged() {
  local note key was is
  note=$LABS_DIR/$(owner_id)
  [[ -e $note && -e $STATE_DIR/host/applied ]] || return 0
  [[ $(lab_value "$note" mode) == "$([[ -n ${EDGE_UPLINK:-} ]] && echo lan || echo nat)" ]] || return 0
  for key in bridge network; do
    was=$(lab_value "$note" "$key")
    is=$EDGE_BRIDGE
    [[ $key == bridge ]] || is=$EDGE_NETWORK
    [[ $was == "$is" ]] ||
      problem "network.${key/network/name} $is is $was in the lab that is up, whose devices hang on it" "write $was again, or run npm run destroy first"
  done
}
