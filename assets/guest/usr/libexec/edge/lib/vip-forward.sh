# shellcheck shell=bash
# Connections of clients to the virtual IP while it moves. Needs edge.sh and render.sh.

# Sets FORWARD_RULES, for nft, with what goes to PEERS.
#
# After the virtual IP moved, segments of a connection to its old owner arrive at the new one. It hands them on to its
# peers, of whom one knows the connection: a client that had its connection accepted just before is served, not lost.
# A copy leaves with a TTL of 1 and is not copied again. To the client this device is silent, for a reset would end a
# request that is being answered; only when a client comes back after twelve seconds (Linux sends a segment the seventh
# time 12.8 s after the sixth) nobody has answered it, and a reset tells it so, which else would try for minutes.
# That a peer is away is not for the client to hear: at the word that a host cannot be reached TCP sends more often.
# A table of its own: it is the same beside nftables.service and beside firewalld.
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
