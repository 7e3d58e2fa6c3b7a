# shellcheck shell=bash
# Client connections to the virtual IP while it moves. Needs edge.sh and render.sh.

# forward_rules [PEERS]: sets FORWARD_RULES, for nft, which forward to these of PEERS; default all.
#
# After the virtual IP moved, segments of connections to its old owner arrive at the new one. It forwards them to its
# peers, one of which knows the connection: a client whose connection was just accepted is served, not lost. Copies
# leave with a TTL of 1 and are not copied again. Towards the client this device is silent, because a reset would end
# a request in flight. Only a client that returns after twelve seconds (Linux sends a segment the seventh time 12.8 s
# after the sixth) has had no answer from anyone; it gets a reset, or it would keep trying for minutes. The client
# must not learn that a peer is away: on a host-unreachable message TCP sends more often.
# A separate table works the same beside nftables.service and beside firewalld.
#
# Advertisements from others than peers are dropped here: check_unicast_src has keepalived ignore them, but one that
# keepalived 2.2 ignores can cost a backup its patience with the owner (seen with 2.2.7, not with 2.3.3).
forward_rules() {
  local peer known="" copies="" strangers=""
  for peer in $PEERS; do known+="${known:+, }$peer"; done
  [[ -z $known ]] || strangers="    meta l4proto 112 ip saddr != { $known } drop"$'\n'
  for peer in ${1-$PEERS}; do copies+="    dup to $peer"$'\n'; done
  FORWARD_RULES="table ip edge_vip_forward
delete table ip edge_vip_forward
table ip edge_vip_forward {
  set waiting {
    type ipv4_addr . inet_service
    flags dynamic,timeout
    timeout ${EDGE_FORWARD_SECONDS:-12}s
  }
  set met {
    type ipv4_addr . inet_service
    flags dynamic,timeout
    timeout 10m
  }
  chain input {
    type filter hook input priority filter - 1
$strangers    ip daddr ${EDGE_VIP:?} tcp dport ${EDGE_APP_PORT:?} tcp flags & (fin | syn | rst | ack) != syn ct state new,invalid goto unknown
  }
  chain unknown {
    ip ttl 1 drop
    ip saddr . tcp sport @met ip saddr . tcp sport != @waiting reject with tcp reset
    add @met { ip saddr . tcp sport }
    update @waiting { ip saddr . tcp sport }
    ip ttl set 2
$copies    drop
  }
  chain output {
    type filter hook output priority filter - 1
    icmp type destination-unreachable icmp code host-unreachable drop
  }
}"
}

forward_connections() {
  local problem
  find_peers
  forward_rules
  problem=$(nft --file - <<<"$FORWARD_RULES" 2>&1) && return 0
  edge_log 4 "segments of moved connections are not handed on to peers: ${problem:0:200}"
  forward_rules "" # this kernel cannot copy packets
  nft --file - <<<"$FORWARD_RULES"
}
