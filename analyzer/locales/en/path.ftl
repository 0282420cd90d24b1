# Rules of the family path.

rule-egress-endpoint-blocked = required internet endpoints are blocked
egress-endpoint-blocked-title = nodes cannot reach { $host } on TCP 443
egress-endpoint-blocked-many = nodes cannot reach { $host } and { $count ->
    [one] one more endpoint
   *[other] { $count } more endpoints
} that AKS needs
egress-endpoint-blocked-event = the node problem detector of { $node } reports that { $host } is unreachable
egress-endpoint-blocked-timeout = { $node } got no answer from { $host }: packets are dropped on the way
egress-endpoint-blocked-refused = the way from { $node } to { $host } refuses the connection
egress-endpoint-blocked-tls = TLS from { $node } to { $host } is broken on the way: something inspects it
egress-endpoint-blocked-reset = the connection from { $node } to { $host } is closed without an answer
egress-endpoint-blocked-rule = rule { $rule } of { $group } denies outbound TCP 443 to the internet
egress-endpoint-blocked-hole = route table { $table } drops everything to the internet
egress-endpoint-blocked-appliance = route table { $table } sends everything to the appliance { $address }, which decides
egress-endpoint-blocked-api = the API server answers, so only some destinations are blocked
egress-endpoint-blocked-chance = { $host } answered the same node: the failure is not a steady one
egress-endpoint-blocked-settle = probe the endpoint ten times: a rule fails always, port exhaustion at random
egress-endpoint-blocked-isolated = the cluster has no outbound path by design
egress-endpoint-blocked-cleared = { $host } answered from a node
egress-endpoint-blocked-allow = allow TCP 443 from the node subnets to { $host } in the firewall, the group or the route's appliance
egress-endpoint-blocked-tag = with Azure Firewall, allow the FQDN tag AzureKubernetesService for the node subnets
egress-endpoint-blocked-inspection = exempt { $host } and the AKS endpoints from TLS inspection
egress-endpoint-blocked-again = on a node, see that it answers

rule-apiserver-path-blocked = network rules block the way from nodes to the API server
apiserver-path-blocked-title = { $node } cannot reach the API server on TCP 443
apiserver-path-blocked-many = { $count } of { $total } nodes cannot reach the API server on TCP 443
apiserver-path-blocked-probe = a connection from { $node } to { $host } on TCP 443 got no answer
apiserver-path-blocked-refused = a connection from { $node } to { $host } on TCP 443 was refused on the way
apiserver-path-blocked-event = the node problem detector of { $node } reports that { $host } is unreachable
apiserver-path-blocked-check = the connectivity check of { $node } failed
apiserver-path-blocked-kubelet = the kubelet of { $node } gets no answer from { $host } on TCP 443
apiserver-path-blocked-agent = the tunnel agent on { $node } gets no answer from { $host } on TCP 443
apiserver-path-blocked-rule = rule { $rule } (priority { $priority }) of { $group } denies outbound TCP 443 to the API server's address
apiserver-path-blocked-others = { $count ->
    [one] another node, { $node }, reaches the API server
   *[other] { $count } other nodes reach the API server, { $node } among them
}
apiserver-path-blocked-cleared = { $count ->
    [one] a node reaches the API server
   *[other] { $count } nodes reach the API server
}
apiserver-path-blocked-read = read the rule as it is now
apiserver-path-blocked-allow = narrow or remove rule { $rule }, or allow the API server's address above it
apiserver-path-blocked-look = compare network security groups, routes and firewalls of these nodes' subnet with those of a node that works

authorized-ip-range-off = no authorized IP ranges are set
authorized-ip-range-only-own = the range 0.0.0.0/32 admits the cluster's own outbound address only, not { $ip }
authorized-ip-range-add = add { $ip } to the authorized ranges (the flag replaces the whole list)

rule-authorized-ip-range-missing-client = authorized IP ranges leave the client out
authorized-ip-range-missing-client-title = { $ip } is in none of the API server's authorized IP ranges
authorized-ip-range-missing-client-ranges = none of the { $count } authorized ranges holds { $ip }
authorized-ip-range-missing-client-address = the client comes from { $ip }
authorized-ip-range-missing-client-dial = the client's connection to { $host } got no answer
authorized-ip-range-missing-client-answered = the API server answered the client
authorized-ip-range-missing-client-inside = an authorized range holds { $ip }

rule-authorized-ip-range-missing-egress = authorized IP ranges leave the cluster's own egress out
authorized-ip-range-missing-egress-title = the cluster's egress address { $ip } is in none of the authorized IP ranges
authorized-ip-range-missing-egress-ranges = none of the { $count } authorized ranges holds { $ip }, and outbound type { $outbound } does not add it
authorized-ip-range-missing-egress-public-ip = nodes leave by { $name }, { $ip }
authorized-ip-range-missing-egress-audit = { $user } came from { $ip }
authorized-ip-range-missing-egress-lost = { $count } of { $total ->
    [one] 1 node
   *[other] { $total } nodes
} lost the API server
authorized-ip-range-missing-egress-nodes = a node reaches the API server
authorized-ip-range-missing-egress-inside = an authorized range holds the egress address { $ip }
authorized-ip-range-missing-egress-own = AKS admits the outbound addresses of the cluster's load balancer by itself
authorized-ip-range-missing-egress-restart = when nodes are Ready again, connect the tunnel agents anew

rule-private-cluster-client-outside = the cluster is private and the client is outside
private-cluster-client-outside-title = the client is outside the private network of { $cluster }
private-cluster-client-outside-unnamed = the client is outside the private network of the cluster
private-cluster-client-outside-private = the API server has a private address only
private-cluster-client-outside-unresolved = the client's resolver does not know { $host }
private-cluster-client-outside-timeout = the client's connection to { $host } got no answer
private-cluster-client-outside-address = the name resolves to the private address { $address } for the client
private-cluster-client-outside-node = { $node } reaches the API server: the cluster is well
private-cluster-client-outside-public = the cluster is not private
private-cluster-client-outside-answered = the API server answered the client
private-cluster-client-outside-invoke = run kubectl inside the network through Azure
private-cluster-client-outside-network = connect from the virtual network, a peered one or a VPN, and let { $name } resolve there by a link of its private zone

rule-snat-ports-exhausted = SNAT ports are used up
snat-ports-exhausted-title = { $count } outbound connections got no SNAT port
snat-ports-exhausted-near-title = { $node } uses nearly all of its SNAT ports
snat-ports-exhausted-failed = SnatConnectionCount, state Failed: { $count ->
    [one] 1 connection
   *[other] { $count } connections
} failed for want of a port in one interval
snat-ports-exhausted-used = { $node } used { $used } of { $allocated } ports
snat-ports-exhausted-peer = { $node } holds { $count ->
    [one] 1 connection
   *[other] { $count } connections
} to { $peer }
snat-ports-exhausted-none-failed = no connection failed for want of a port
snat-ports-exhausted-health-title = the load balancer runs out of SNAT ports
snat-ports-exhausted-health = the load balancer's own health event: { $message }
snat-ports-exhausted-drops-title = the NAT gateway dropped { $count ->
    [one] 1 packet
   *[other] { $count } packets
}
snat-ports-exhausted-drops = the NAT gateway dropped { $count ->
    [one] 1 packet
   *[other] { $count } packets
}; whether for want of ports its metric SNATConnectionCount tells
snat-ports-exhausted-room = no node came near the end of its ports
snat-ports-exhausted-few-drops = the NAT gateway dropped only { $count ->
    [one] 1 packet
   *[other] { $count } packets
}, as it does of connections that ended
snat-ports-exhausted-routing = a firewall translates outbound connections, not the load balancer
snat-ports-exhausted-pool = let the clients of that destination reuse connections, or reach it by a private endpoint
snat-ports-exhausted-ports = give the load balancer more addresses and nodes more ports
snat-ports-exhausted-nat = or move the cluster to a NAT gateway
snat-ports-exhausted-gateway = give the NAT gateway more public addresses

rule-conntrack-table-full = a connection tracking table is full
conntrack-table-full-title = the connection tracking table of { $node } is full
conntrack-table-full-kernel = the kernel of { $node } drops packets for a full table ({ $count ->
    [one] 1 line
   *[other] { $count } lines
})
conntrack-table-full-usage = { $count } of { $max } entries are in use
conntrack-table-full-room = { $count } of { $max } entries are in use: there is room
conntrack-table-full-who = on the node, see who holds the entries
conntrack-table-full-raise = raise the limit now
conntrack-table-full-keep = keep it: set netNfConntrackMax in the node pool's Linux OS configuration, and let clients reuse connections

rule-network-policy-denies-system-traffic = a network policy denies system traffic
network-policy-denies-system-traffic-title-dns = NetworkPolicy { $namespace }/{ $name } keeps Pods from DNS
network-policy-denies-system-traffic-title-api = NetworkPolicy { $namespace }/{ $name } keeps system Pods from the API server
network-policy-denies-system-traffic-title-tunnel = NetworkPolicy { $namespace }/{ $name } keeps the API server from its backends
network-policy-denies-system-traffic-selects = { $name } isolates { $count ->
    [one] one Pod
   *[other] { $count } Pods
}, and no policy allows the traffic
network-policy-denies-system-traffic-lookup = { $pod } got no answer for { $name }
network-policy-denies-system-traffic-dial = { $pod } gets no answer from the API server
network-policy-denies-system-traffic-call = the API server's call into the namespace got no answer
network-policy-denies-system-traffic-not-ready = { $pod } became unready after the policy came
network-policy-denies-system-traffic-none = there are no network policies
network-policy-denies-system-traffic-allowed = { $count ->
    [one] the only policy lets
   *[other] all { $count } policies let
} system traffic pass
network-policy-denies-system-traffic-show = read the policy
network-policy-denies-system-traffic-allow-dns = in { $namespace }, allow egress on UDP and TCP 53 to the Pods of kube-dns in kube-system
network-policy-denies-system-traffic-allow-api = allow egress on TCP 443 from kube-system to the API server
network-policy-denies-system-traffic-allow-tunnel = in { $namespace }, allow ingress from kube-system (konnectivity-agent) on the port of the service

rule-apiserver-address-changed = the API server's address changed
apiserver-address-changed-title = { $old } is not the API server's address any more, { $new } is
apiserver-address-changed-hosts = a hosts entry still says { $old }
apiserver-address-changed-dead = { $old } does not answer on TCP 443
apiserver-address-changed-now = name servers say { $new } now
apiserver-address-changed-restart = the cluster was started anew: its address may change then
apiserver-address-changed-answered = the API server answered the client
apiserver-address-changed-same = the client resolves { $address }, as the nodes do
apiserver-address-changed-look = ask a name server for the address of now
apiserver-address-changed-hosts-step = remove the API server's line from the hosts file
apiserver-address-changed-flush = empty the resolver's cache, or fetch the kubeconfig anew
rule-apiserver-not-answering-client = the API server gives the client no useful answer
apiserver-not-answering-client-unresolved = the client's resolver does not know the API server's name { $host ->
    [none] {""}
   *[other] { $host }
}
apiserver-not-answering-client-resolver = no resolver answers the client about { $host ->
    [none] the API server's name
   *[other] { $host }
}
apiserver-not-answering-client-timeout = the client's connection to { $host ->
    [none] the API server
   *[other] { $host }
} gets no answer
apiserver-not-answering-client-refused = the client's connection to { $host ->
    [none] the API server
   *[other] { $host }
} is refused
apiserver-not-answering-client-route = the client has no route to { $host ->
    [none] the API server
   *[other] { $host }
}
apiserver-not-answering-client-handshake = the TLS handshake with { $host ->
    [none] the API server
   *[other] { $host }
} gets no answer
apiserver-not-answering-client-handshake-cut = the TLS handshake with { $host ->
    [none] the API server
   *[other] { $host }
} is cut
apiserver-not-answering-client-authority = the client does not know who signed the API server's certificate
apiserver-not-answering-client-name = the API server's certificate is not for { $host ->
    [none] the name it was asked by
   *[other] { $host }
}
apiserver-not-answering-client-early = the client takes the API server's certificate for one of the future
apiserver-not-answering-client-truncated = the API server's answers to the client are cut off in the middle
apiserver-not-answering-client-plain = what answers at { $host ->
    [none] the API server's address
   *[other] { $host }
} speaks no TLS
apiserver-not-answering-client-throttled = the API server turns every request of the client away with 429
apiserver-not-answering-client-failing = the API server answers every request of the client with an error of its own
apiserver-not-answering-client-path = what answers at { $host ->
    [none] the API server's address
   *[other] { $host }
} is no API server: it does not know /version
apiserver-not-answering-client-cut = the API server{ $host ->
    [none] {""}
   *[other] {" "}{ $host }
} takes the client's connections and closes them without an answer
apiserver-not-answering-client-silent = the API server{ $host ->
    [none] {""}
   *[other] {" "}{ $host }
} does not answer the client's requests
apiserver-not-answering-client-said = { $count ->
    [one] one command of the client ended
   *[other] { $count } commands of the client ended
} like this, and none worked
apiserver-not-answering-client-resolves = { $name } resolves to { $address }
apiserver-not-answering-client-no-name = { $name } does not resolve
apiserver-not-answering-client-connects = the TCP connection itself is made
apiserver-not-answering-client-connects-not = a bare TCP connection fails as well
apiserver-not-answering-client-no-handshake = TCP connects, the TLS handshake does not end
apiserver-not-answering-client-answered = the API server answered a command of the client
apiserver-not-answering-client-look-up = look the name up here and in another network: a name that only some know belongs to a private zone or a stale kubeconfig
apiserver-not-answering-client-health = ask what the API server thinks of itself
apiserver-not-answering-client-configured = compare the server and the authority of the kubeconfig with the cluster's
apiserver-not-answering-client-middle = find what stands between: a proxy, a firewall that inspects TLS, or an overloaded API server
apiserver-not-answering-client-elsewhere = try from another network: what works there puts the fault between here and the API server
apiserver-not-answering-client-node = collect on a node, which takes no API server: run what this prints there

rule-snat-plan-too-small = the pools can outgrow their outbound ports
snat-plan-too-small-title = the outbound ports suffice for { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}, the pools may grow to { $most }
snat-plan-too-small-says = { $ports } ports for { $nodes ->
    [one] the one node
   *[other] each of { $nodes } nodes
} are { $wanted }; the addresses have { $there }
snat-plan-too-small-cleared = { $ports } ports for { $nodes ->
    [one] the one node
   *[other] each of { $nodes } nodes
} fit the addresses
snat-plan-too-small-do = add public addresses, or give each node fewer ports
