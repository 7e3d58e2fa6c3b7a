# shellcheck shell=bash
# Client connections to the virtual IP while it moves. Needs edge.sh and render.sh.

# Sets FORWARD_RULES, for nft, which forward to PEERS.
#
# After the virtual IP moved, segments of connections to its old owner arrive at the new one. It forwards them to its
# peers, one of which knows the connection: a client whose connection was just accepted is served, not lost. Copies
# leave with a TTL of 1 and are not copied again. Towards the client this device is silent, because a reset would end
# a request in flight. Only a client that returns after twelve seconds (Linux sends a segment the seventh time 12.8 s
# after the sixth) has had no answer from anyone; it gets a reset, or it would keep trying for minutes. The client
# must not learn that a peer is away: on a host-unreachable message TCP sends more often.
# A separate table works the same beside nftables.service and beside firewalld.
forward_rules() {
  local peer copies=""
  for peer in $PEERS; do copies+="    dup to $peer"$'\n'; done
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
    ip daddr ${EDGE_VIP:?} tcp dport ${EDGE_APP_PORT:?} tcp flags & (fin | syn | rst | ack) != syn ct state new,invalid goto unknown
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
  PEERS="" # this kernel cannot copy packets
  forward_rules
  nft --file - <<<"$FORWARD_RULES"
}
