# Tunnel rules.

rule-tunnel-agents-not-running = tunnel agents do not run
tunnel-agents-not-running-title = no { $name } Pod is ready ({ $count } wanted)
tunnel-agents-not-running-zero-title = Deployment { $name } is scaled to 0: the API server has no tunnel
tunnel-agents-not-running-zero = spec.replicas of { $name } is 0
tunnel-agents-not-running-scaled = somebody scaled it down: { $message }
tunnel-agents-not-running-scale-up = give the agents their replicas back
tunnel-agents-not-running-crashing = { $pod } is in { $reason }; its last run ended with exit code { $exit } { $message }
tunnel-agents-not-running-waiting = { $pod } waits: { $reason } { $message }
tunnel-agents-not-running-unscheduled = { $pod } has no node: { $message }
tunnel-agents-not-running-not-ready = { $pod } is not ready (phase { $phase })
tunnel-agents-not-running-none-created = { $name } wants { $desired ->
    [one] 1 Pod
   *[other] { $desired } Pods
} and has none
tunnel-agents-not-running-no-pods = the list of Pods holds no tunnel agent
tunnel-agents-not-running-deployment = the Deployment has { $ready } of { $desired ->
    [one] 1 agent
   *[other] { $desired } agents
} ready
tunnel-agents-not-running-no-agent = the API server says "No agent available"
tunnel-agents-not-running-read = read why the agent does not run
tunnel-agents-not-running-restart = when its cause is gone, start the agents anew
tunnel-agents-not-running-by-design = API server VNet integration with Azure CNI: there are no agents by design
tunnel-agents-not-running-cleared = { $pod } is ready ({ $ready } ready in all)
tunnel-agents-not-running-counted = the Deployment counts { $ready } ready tunnel agents

rule-kubelet-unreachable = kubelets cannot be reached on port 10250
kubelet-unreachable-title = the API server cannot reach the kubelet of { $node } on TCP 10250
kubelet-unreachable-none = logs, exec, port-forward and top fail for every node: no tunnel agent is connected
kubelet-unreachable-many = the API server cannot reach { $count } of { $total } kubelets on TCP 10250
kubelet-unreachable-dials-title = { $failed } dials through the tunnel failed
kubelet-unreachable-dials = { $failed } dials failed{ $all ->
    [0] {""}
   *[other] {" "}of { $all }
}
kubelet-unreachable-dials-settle = logs of the tunnel agents name the nodes
kubelet-unreachable-agent-dials = an agent counts { $count ->
    [one] 1 dial
   *[other] { $count } dials
} that timed out
kubelet-unreachable-server-dials = the API server counts { $count ->
    [one] 1 failed dial
   *[other] { $count } failed dials
} through its tunnel (stage { $stage })
kubelet-unreachable-timeout = { $witness } got no answer from { $node } on 10250: packets are dropped
kubelet-unreachable-refused = { $node } refused { $witness } on 10250: nothing listens, or a rule rejects
kubelet-unreachable-no-route = { $witness } found no route to { $node } on 10250
kubelet-unreachable-tls = { $witness } reached { $node } on 10250, but TLS was not answered
kubelet-unreachable-no-agent = the call to { $node } found no tunnel agent
kubelet-unreachable-others = { $count ->
    [one] another kubelet, that of { $node }, answers
   *[other] { $count } other kubelets answer, { $node } among them
}
kubelet-unreachable-only = of all nodes, failed calls name only { $node }; { $others ->
    [one] the other one is
   *[other] the { $others } others are
} not among them
kubelet-unreachable-ready = { $node } is Ready: its own way to the API server works, only the way in is blocked
kubelet-unreachable-look = look for what stops TCP 10250 to { $node }: NSG rules of its subnet, ufw, iptables and nftables on the node, network policies
kubelet-unreachable-probe = ask this kubelet through the API server
kubelet-unreachable-cleared = { $count ->
    [one] one kubelet answered
   *[other] { $count } kubelets answered
}
kubelet-unreachable-unanswered = the call to the kubelet of { $node } ended without an answer

port-10250-rule = rule { $number } of chain { $chain } (table { $table }) stops TCP 10250 from { $source }
port-10250-rule-counted = rule { $number } of chain { $chain } (table { $table }) stops TCP 10250 from { $source }; { $packets ->
    [one] 1 packet
   *[other] { $packets } packets
} so far
port-10250-policy = no rule of chain { $chain } (table { $table }) accepts TCP 10250 from { $source }; its policy drops it
port-10250-status = ufw denies incoming connections by default, and no rule allows TCP 10250 from { $source }
port-10250-status-rule = ufw's rule { $number } stops TCP 10250 from { $source }
port-10250-jump = this rule sends the packet to chain { $chain }
port-10250-outbound = chain { $chain } also denies { $port } outbound, which only the tunnels before konnectivity need
port-10250-ufw-active = ufw says that it is active
port-10250-find-author = find what adds the rule (a hardening script, a security agent, a privileged DaemonSet), remove it, and reimage the node: changed hosts are not supported

rule-port-10250-ufw = ufw blocks the kubelet's port on a node
port-10250-ufw-title = UFW on { $node ->
    [none] a node
   *[other] node { $node }
} blocks TCP 10250: the API server cannot reach this kubelet
port-10250-ufw-many = UFW on { $count } nodes blocks TCP 10250: the API server cannot reach these kubelets
port-10250-ufw-cleared = ufw does not stop TCP 10250 on { $node }
port-10250-ufw-allow = on the node, let the kubelet's port in
port-10250-ufw-disable = or switch ufw off; it blocks Pod traffic and NodePorts as well

rule-port-10250-iptables = an iptables rule blocks the kubelet's port on a node
port-10250-iptables-title = an iptables rule on { $node ->
    [none] a node
   *[other] node { $node }
} blocks TCP 10250: its kubelet cannot be reached
port-10250-iptables-many = iptables rules on { $count } nodes block TCP 10250: their kubelets cannot be reached
port-10250-iptables-cleared = the packet filter of { $node } lets TCP 10250 in with this line
port-10250-iptables-delete = on the node, delete this rule (check its number first, it moves)
port-10250-iptables-read = read this rule as it is now
port-10250-iptables-accept = on the node, accept the kubelet's port before what drops it

rule-port-10250-nftables = an nftables rule blocks the kubelet's port on a node
port-10250-nftables-title = an nftables rule on { $node ->
    [none] a node
   *[other] node { $node }
} blocks TCP 10250: its kubelet cannot be reached
port-10250-nftables-many = nftables rules on { $count } nodes block TCP 10250: their kubelets cannot be reached
port-10250-nftables-cleared = the nftables ruleset of { $node } lets TCP 10250 in
port-10250-nftables-delete = on the node, delete this rule; iptables does not show it
port-10250-nftables-accept = accept the port before this rule
port-10250-nftables-handle = on the node, read the rule's handle, then delete it with "nft delete rule … handle N"

rule-node-to-node-traffic-blocked = traffic between nodes on TCP 10250 is blocked
node-to-node-traffic-blocked-title = TCP 10250 between nodes is blocked: { $count ->
    [one] 1 kubelet away from the agents keeps
   *[other] { $count } kubelets away from the agents keep
} silent
node-to-node-traffic-blocked-pool = TCP 10250 to the nodes of pool { $pools } is blocked: { $count ->
    [one] 1 kubelet keeps
   *[other] { $count } kubelets keep
} silent
node-to-node-traffic-blocked-near = the kubelet of { $node }, where an agent runs, does answer: tunnel and agent work
node-to-node-traffic-blocked-open = the packet filter of { $node } itself lets TCP 10250 in
node-to-node-traffic-blocked-differs = only kubelets on nodes with a tunnel agent answer: { $agents }
node-to-node-traffic-blocked-nsg = look for a rule that denies TCP 10250 between the nodes' subnets: NSGs of every subnet, route tables, appliances
node-to-node-traffic-blocked-try = from another node, see where the packet ends
node-to-node-traffic-blocked-settled = the NSGs of all node subnets, their route tables and the packet filters of the silent nodes
node-to-node-traffic-blocked-cleared = the kubelet of { $node }, which hosts no agent, answers

rule-port-10250-nsg = a network security group blocks the kubelets' port
port-10250-nsg-title = rule { $rule } (priority { $priority }) of NSG { $group } denies TCP 10250 between nodes
port-10250-nsg-inbound = { $rule } denies inbound TCP 10250 from node to node; its priority { $priority } comes before AllowVnetInBound
port-10250-nsg-outbound = { $rule } denies outbound TCP 10250 from node to node; its priority { $priority } comes before AllowVnetOutBound
port-10250-nsg-cleared = { $rule } (priority { $priority }) of { $group } allows TCP 10250 between nodes
port-10250-nsg-allow = allow the port before the denying rule (or narrow that rule)
port-10250-nsg-restart = if nothing changes within minutes, start the tunnel agents anew
port-10250-nsg-settled = the result of "kubectl logs" for one Pod on each node, and "nc -v -w 2 ADDRESS 10250" from one node to another

rule-tunnel-agents-not-connected = tunnel agents are not connected
tunnel-agents-not-connected-title = tunnel agents run, but none has a connection to the API server
tunnel-agents-not-connected-some = { $count ->
    [one] one tunnel agent is not connected to the API server
   *[other] { $count } tunnel agents are not connected to the API server
}
tunnel-agents-not-connected-flapping = the tunnel to the API server broke { $count ->
    [one] once
   *[other] { $count } times
}
tunnel-agents-not-connected-error = { $pod } cannot connect: { $error }
tunnel-agents-not-connected-keepalive = { $pod } lost its stream: no answer to a keepalive ping ({ $count ->
    [one] once
   *[other] { $count } times
} over all agents)
tunnel-agents-not-connected-backends = the tunnel's server has 0 agents ready
tunnel-agents-not-connected-gauge = the agent's metrics show 0 open connections to the API server
tunnel-agents-not-connected-gauge-cleared = the agent's metrics show an open connection to the API server
tunnel-agents-not-connected-no-agent = the API server found no connected tunnel agent
tunnel-agents-not-connected-runs = { $ready ->
    [one] and yet an agent is ready
   *[other] and yet { $ready } agents are ready
}
tunnel-agents-not-connected-cleared = { $pod } is connected to the API server
tunnel-agents-not-connected-read = read why the agent cannot connect: the end of the error tells the layer
tunnel-agents-not-connected-dropped = packets to { $address } are dropped on the way: look at NSG, UFW, iptables, the firewall behind the default route and the authorized IP ranges
tunnel-agents-not-connected-refused = { $address } is reached and refuses: its port is closed, or a firewall resets connections

rule-tunnel-alpn-stripped = a TLS-inspecting device takes away ALPN
tunnel-alpn-stripped-title = something on the way strips ALPN from TLS: tunnel agents cannot connect
tunnel-alpn-stripped-agent = { $pod } completes TCP, but its TLS lacks the ALPN protocol "konnectivity"
tunnel-alpn-stripped-odd = { $pod } reaches something that is not the tunnel's server
tunnel-alpn-stripped-probe = openssl asked for ALPN "konnectivity" and got none (certificate of { $issuer })
tunnel-alpn-stripped-kubelet = the kubelet of { $node } uses the same name and port without trouble: TCP and TLS pass
tunnel-alpn-stripped-proxy = the cluster sends its outbound traffic through the proxy { $proxy }
tunnel-alpn-stripped-exempt = exempt the API server's name on TCP 443 from TLS inspection, and let ALPN pass unchanged
tunnel-alpn-stripped-test = on a node, see what is negotiated: it must say "ALPN protocol: konnectivity"
tunnel-alpn-stripped-restart = then start the agents anew
tunnel-alpn-stripped-settled = on a node, "openssl s_client -connect API_SERVER:443 -servername API_SERVER -alpn konnectivity"
tunnel-alpn-stripped-cleared = a TLS probe negotiated ALPN "{ $alpn }"
tunnel-alpn-stripped-dial = { $pod } fails before TLS: no connection is made at all

tunnel-symptom-cannot-connect = an agent's log ends with failures to connect
tunnel-symptom-call = a call to the kubelet of { $node } ended in the tunnel

rule-tunnel-agents-on-one-node = all tunnel agents are on one node
tunnel-agents-on-one-node-title = all tunnel agents run on node { $node }: losing it loses the tunnel
tunnel-agents-on-one-node-agent = { $pod } runs on { $node }
tunnel-agents-on-one-node-spread = have the agents scheduled anew, once another system node has room
tunnel-agents-on-one-node-cleared = agents run on { $count ->
    [one] 1 node
   *[other] { $count } nodes
}

rule-tunnel-egress-port-closed = the old tunnel's port is closed on the way out
tunnel-egress-port-closed-title = { $pod } cannot reach the API server on port { $port }: the old tunnel is down
tunnel-egress-port-closed-konnectivity = the cluster uses konnectivity, which needs TCP 443 alone
tunnel-egress-port-closed-ready = { $pod } is ready: its port is open
tunnel-egress-port-closed-down = { $pod } is not ready
tunnel-egress-port-closed-probe = { $host } does not answer on port { $port }
tunnel-egress-port-closed-log = the tunnel's log says that port { $port } does not answer
tunnel-egress-port-closed-open = allow port { $port } from the nodes to AzureCloud of the cluster's region
tunnel-egress-port-closed-upgrade = better: upgrade; clusters with this tunnel are long out of support
tunnel-egress-port-closed-on-node = { $node ->
    [none] a node drops
   *[other] { $node } drops
} outgoing { $protocol } { $port }, the port of an old tunnel
tunnel-egress-port-closed-rule = rule { $number } of chain { $chain } drops outgoing { $protocol } { $port }
tunnel-egress-port-closed-which = see which tunnel the cluster has: only tunnelfront (TCP 9000) and aks-link (UDP 1194) use these ports, konnectivity does not
tunnel-egress-port-closed-change = on the node, open the port again if the cluster has that tunnel
tunnel-egress-port-closed-settled = the list of kube-system's Pods: with konnectivity-agent in it this is no fault

rule-tunnel-agent-hosts-overloaded = the nodes of the tunnel agents are overloaded
tunnel-agent-hosts-overloaded-title = { $count ->
    [one] node { $node }, which hosts a tunnel agent, is overloaded
   *[other] { $count } of { $total } nodes that host tunnel agents are overloaded
}
tunnel-agent-hosts-overloaded-used = { $node } uses { $cpu } % of its CPU and { $memory } % of its memory
tunnel-agent-hosts-overloaded-pressure = { $node } reports { $condition }
tunnel-agent-hosts-overloaded-who = find what eats these nodes
tunnel-agent-hosts-overloaded-cordon = keep more work from this node, and move the eater elsewhere
tunnel-agent-hosts-overloaded-system-pool = give system Pods a pool of their own (taint CriticalAddonsOnly=true:NoSchedule)

rule-tunnel-agents-under-scaled = too few or too small tunnel agents
tunnel-agents-under-scaled-title = { $agents ->
    [one] 1 tunnel agent serves
   *[other] { $agents } tunnel agents serve
} { $nodes } nodes: too few
tunnel-agents-under-scaled-oom = tunnel agents are killed for their memory ({ $agents } wanted in all)
tunnel-agents-under-scaled-killed = { $pod } was OOM killed and started { $restarts ->
    [one] once more
   *[other] { $restarts } times anew
}
tunnel-agents-under-scaled-kernel = the kernel of { $node } killed an agent (proxy-agent) for its memory
tunnel-agents-under-scaled-ladder = the ladder in ConfigMap { $name } gives fewer agents than AKS' own
tunnel-agents-under-scaled-few = { $agents ->
    [one] 1 agent is
   *[other] { $agents } agents are
} wanted for { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}; AKS' ladder gives { $wanted }
tunnel-agents-under-scaled-edit = give the ladder AKS' steps back: 1 node 2 agents, 100 3, 250 4, 500 5, 1000 6, 5000 10
tunnel-agents-under-scaled-memory = spread load: fewer webhook and log calls at once, more agents, a newer AKS release
tunnel-agents-under-scaled-cleared = { $agents ->
    [one] 1 agent is
   *[other] { $agents } agents are
} wanted for { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}, as AKS' ladder has it, and none was OOM killed
