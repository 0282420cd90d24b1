# Rules of the family dns.
rule-apiserver-name-unresolvable = nodes cannot resolve the API server's name
apiserver-name-unresolvable-title = nodes cannot resolve the name of the API server
apiserver-name-unresolvable-unknown = { $node ->
    [none] the name { $name } does not exist (NXDOMAIN)
   *[other] for { $node } the name { $name } does not exist (NXDOMAIN)
}
apiserver-name-unresolvable-answered = { $node ->
    [none] resolver { $server } answers that { $name } does not exist (NXDOMAIN, no such host): a DNS failure, not a blocked port
   *[other] for { $node }, resolver { $server } answers that { $name } does not exist (NXDOMAIN, no such host): a DNS failure, not a blocked port
}
apiserver-name-unresolvable-silent = { $node } gets no answer for { $name }
apiserver-name-unresolvable-failed = the resolver of { $node } fails for { $name }
apiserver-name-unresolvable-public = { $node } resolves the private name { $name } to the public address { $address }
apiserver-name-unresolvable-complaint = a program on { $node } could not resolve { $name }
apiserver-name-unresolvable-others = other names resolve there: { $name }
apiserver-name-unresolvable-platform = Azure's own resolver knows { $name }: the custom DNS servers do not ask it
apiserver-name-unresolvable-cleared = { $name } resolves on a node
apiserver-name-unresolvable-compare = compare with Azure's own resolver, on a node
apiserver-name-unresolvable-forward = let the custom DNS servers forward the zone (privatelink.<region>.azmk8s.io) to 168.63.129.16
apiserver-name-unresolvable-link = link the private DNS zone to the virtual network of the DNS servers and of the nodes
rule-coredns-down = CoreDNS is down
coredns-down-title = no CoreDNS pod is ready
coredns-down-unready = { $count ->
    [one] the only CoreDNS pod, { $pod }, is not ready
   *[other] none of { $count } CoreDNS pods is ready, such as { $pod }
}
coredns-down-scaled = the deployment coredns is scaled to zero
coredns-down-workload = the deployment coredns has no ready pod
coredns-down-available = the deployment coredns has ready pods
coredns-down-killed = { $pod } was killed: it reached its memory limit
coredns-down-state = a container of { $pod } is in { $reason }
coredns-down-log = CoreDNS itself says: { $text }
coredns-down-backoff = the kubelet waits longer and longer before it starts { $pod } again
coredns-down-cleared = CoreDNS pod { $pod } is ready
coredns-down-logs = read why the last container ended
coredns-down-custom = check your own additions to the Corefile
coredns-down-restart = restart CoreDNS when the cause is repaired
rule-pod-dns-failing = names do not resolve in pods
pod-dns-failing-title = { $count ->
    [one] names do not resolve in a pod
   *[other] names do not resolve in { $count } pods
}
pod-dns-failing-lookup = in pod { $pod } the name { $name } does not resolve
pod-dns-failing-cleared = in pod { $pod } the name { $name } resolves
pod-dns-failing-pods = see whether CoreDNS runs, and where
pod-dns-failing-layers = ask from a pod the address of the service, then that of a CoreDNS pod on the same and on another node: the first that answers tells the layer
rule-upstream-dns-failing = the DNS servers behind the cluster do not answer
upstream-dns-failing-title = the DNS servers behind the cluster do not answer
upstream-dns-failing-node = { $node } gets no answer for { $name }
upstream-dns-failing-complaint = a program on { $node } got no answer for { $name }
upstream-dns-failing-platform = Azure's own resolver answers for { $name }: the custom DNS server is at fault
upstream-dns-failing-platform-too = Azure's own resolver does not answer for { $name } either: the way to 168.63.129.16 is blocked
upstream-dns-failing-coredns = CoreDNS waited in vain for its upstream servers { $count ->
    [one] once
   *[other] { $count } times
}
upstream-dns-failing-servfail = CoreDNS answered { $percent } % of all questions with SERVFAIL
upstream-dns-failing-others = CoreDNS asks { $servers }, which the nodes do not: their look-ups say nothing of those servers
upstream-dns-failing-servers = { $node } asks { $servers }
upstream-dns-failing-settle = look-ups of outside names on two nodes, with the nodes' own resolver and with 168.63.129.16
upstream-dns-failing-cleared = { $node } resolves { $name }
upstream-dns-failing-compare = compare with Azure's own resolver, on a node
upstream-dns-failing-repair = repair the DNS servers of the virtual network, or the way to them (UDP and TCP 53)
upstream-dns-failing-forward = let custom DNS servers forward to 168.63.129.16, and list more than one

rule-vnet-dns-servers-mixed = Azure's DNS server stands beside others
vnet-dns-servers-mixed-title = { $name } asks Azure's DNS server and others by turns
vnet-dns-servers-mixed-says = { $name } asks { $servers }
vnet-dns-servers-mixed-cleared = { $name } asks servers of one kind: { $servers }
vnet-dns-servers-mixed-do = name only your own servers, and let them forward to 168.63.129.16
