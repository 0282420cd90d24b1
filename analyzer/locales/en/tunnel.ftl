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
