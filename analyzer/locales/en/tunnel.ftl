# Tunnel rules.

rule-tunnel-agents-not-running = tunnel agents do not run
tunnel-agents-not-running-title = no konnectivity-agent Pod is ready ({ $count } wanted)
tunnel-agents-not-running-zero-title = Deployment { $name } is scaled to 0: the API server has no tunnel
tunnel-agents-not-running-zero = spec.replicas of { $name } is 0
tunnel-agents-not-running-scaled = somebody scaled it down: { $message }
tunnel-agents-not-running-scale-up = give the agents their replicas back
tunnel-agents-not-running-crashing = { $pod } is in { $reason }; its last run ended with exit code { $exit } { $message }
tunnel-agents-not-running-waiting = { $pod } waits: { $reason } { $message }
tunnel-agents-not-running-unscheduled = { $pod } has no node: { $message }
tunnel-agents-not-running-not-ready = { $pod } is not ready (phase { $phase })
tunnel-agents-not-running-none-created = { $name } wants { $desired } Pods and has none
tunnel-agents-not-running-no-pods = the list of Pods holds no tunnel agent
tunnel-agents-not-running-deployment = the Deployment has { $ready } of { $desired } agents ready
tunnel-agents-not-running-no-agent = the API server says "No agent available"
tunnel-agents-not-running-read = read why the agent does not run
tunnel-agents-not-running-restart = when its cause is gone, start the agents anew
tunnel-agents-not-running-by-design = API server VNet integration with Azure CNI: there are no agents by design
tunnel-agents-not-running-cleared = { $pod } is ready ({ $ready } ready in all)

rule-kubelet-unreachable = kubelets cannot be reached on port 10250
kubelet-unreachable-title = the API server cannot reach the kubelet of { $node } on TCP 10250
kubelet-unreachable-many = the API server cannot reach { $count } of { $total } kubelets on TCP 10250
kubelet-unreachable-timeout = { $witness } got no answer from { $node } on 10250: packets are dropped
kubelet-unreachable-refused = { $node } refused { $witness } on 10250: nothing listens, or a rule rejects
kubelet-unreachable-no-route = { $witness } found no route to { $node } on 10250
kubelet-unreachable-tls = { $witness } reached { $node } on 10250, but TLS was not answered
kubelet-unreachable-no-agent = the call to { $node } found no tunnel agent
kubelet-unreachable-others = { $count } other kubelets answer, { $node } among them
kubelet-unreachable-probe = ask this kubelet through the API server
kubelet-unreachable-cleared = { $count ->
    [one] one kubelet answered
   *[other] { $count } kubelets answered
}
kubelet-unreachable-unanswered = the call to the kubelet of { $node } ended without an answer

port-10250-rule = rule { $number } of chain { $chain } (table { $table }) stops TCP 10250 from { $source }
port-10250-rule-counted = rule { $number } of chain { $chain } (table { $table }) stops TCP 10250 from { $source }; { $packets } packets so far
port-10250-policy = no rule of chain { $chain } (table { $table }) accepts TCP 10250 from { $source }; its policy drops it
port-10250-status = ufw denies incoming connections by default, and no rule allows TCP 10250 from { $source }
port-10250-status-rule = ufw's rule { $number } stops TCP 10250 from { $source }
port-10250-jump = this rule sends the packet to chain { $chain }
port-10250-ufw-active = ufw says that it is active
port-10250-find-author = find what adds the rule (a hardening script, a security agent, a privileged DaemonSet), remove it, and reimage the node: changed hosts are not supported

rule-port-10250-ufw = ufw blocks the kubelet's port on a node
port-10250-ufw-title = ufw on { $node ->
    [none] a node
   *[other] node { $node }
} blocks TCP 10250: the API server cannot reach this kubelet
port-10250-ufw-many = ufw on { $count } nodes blocks TCP 10250: the API server cannot reach these kubelets
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
port-10250-iptables-accept = on the node, accept the kubelet's port before the policy drops it

rule-port-10250-nftables = an nftables rule blocks the kubelet's port on a node
port-10250-nftables-title = an nftables rule on { $node ->
    [none] a node
   *[other] node { $node }
} blocks TCP 10250: its kubelet cannot be reached
port-10250-nftables-many = nftables rules on { $count } nodes block TCP 10250: their kubelets cannot be reached
port-10250-nftables-cleared = the nftables ruleset of { $node } lets TCP 10250 in
port-10250-nftables-delete = on the node, delete this rule; iptables does not show it
port-10250-nftables-handle = on the node, read the rule's handle, then delete it with "nft delete rule … handle N"

rule-node-to-node-traffic-blocked = traffic between nodes on TCP 10250 is blocked
node-to-node-traffic-blocked-title = TCP 10250 between nodes is blocked: { $count } kubelets away from the agents keep silent
node-to-node-traffic-blocked-pool = TCP 10250 to the nodes of pool { $pools } is blocked: { $count } kubelets keep silent
node-to-node-traffic-blocked-near = the kubelet of { $node }, where an agent runs, does answer: tunnel and agent work
node-to-node-traffic-blocked-open = the packet filter of { $node } itself lets TCP 10250 in
node-to-node-traffic-blocked-differs = only kubelets on nodes with a tunnel agent answer: { $agents }
node-to-node-traffic-blocked-nsg = look for a rule that denies TCP 10250 between the nodes' subnets: NSGs of every subnet, route tables, appliances
node-to-node-traffic-blocked-try = from another node, see where the packet ends
node-to-node-traffic-blocked-settled = the NSGs of all node subnets, their route tables and the packet filters of the silent nodes
node-to-node-traffic-blocked-cleared = the kubelet of { $node }, which hosts no agent, answers
