# Workload rules.

rule-container-crash-loop = containers crash again and again
container-crash-loop-title = { $namespace }/{ $workload } crashes again and again ({ $count ->
    [one] 1 Pod
   *[other] { $count } Pods
})
container-crash-loop-died = { $pod } was restarted { $restarts ->
    [one] once
   *[other] { $restarts } times
}; its last run ended with exit code { $exit } ({ $meaning })
container-crash-loop-waits = { $pod } is in CrashLoopBackOff after { $restarts ->
    [one] 1 restart
   *[other] { $restarts } restarts
}
container-crash-loop-logs = read what it said before it died
container-crash-loop-cleared = { $count ->
    [one] the one Pod is not
   *[other] none of { $count } Pods is
} in CrashLoopBackOff

rule-image-pull-failing = images cannot be pulled
image-pull-failing-title = { $count ->
    [one] 1 Pod cannot pull its image
   *[other] { $count } Pods cannot pull their images
}: { $why }
image-pull-failing-event = the kubelet says: { $message }
image-pull-failing-waits = { $pod } waits for its image
image-pull-failing-do-access = give the cluster's identity the right to pull (AcrPull), or the registry's firewall a rule
image-pull-failing-do-name = correct the image's name, tag or platform
image-pull-failing-do-rate = pull through a registry of your own, or log in to the public one
image-pull-failing-do-read = read the registry's answer
image-pull-failing-cleared = { $count ->
    [one] the one Pod does not wait
   *[other] none of { $count } Pods waits
} for an image

rule-container-oom-killed = containers are killed at their memory limit
container-oom-killed-title = { $namespace }/{ $workload } is killed at its memory limit ({ $count ->
    [one] 1 Pod
   *[other] { $count } Pods
})
container-oom-killed-says = { $container } of { $pod } was OOMKilled (limit { $limit }, { $restarts ->
    [one] 1 restart
   *[other] { $restarts } restarts
})
container-oom-killed-do = compare its use with its limit, then raise the limit or mend the leak
container-oom-killed-untold = a table alone lists { $count ->
        [one] a Pod that restarted
       *[other] { $count } Pods that restarted
    }, and not what ended them
container-oom-killed-cleared = { $count ->
    [one] the one Pod was not
   *[other] none of { $count } Pods was
} OOMKilled lately

rule-pods-unschedulable = Pods find no node
pods-unschedulable-title = { $count ->
    [one] 1 Pod finds no node
   *[other] { $count } Pods find no node
}: { $reason }
pods-unschedulable-says = the scheduler says of { $pod }: { $message }
pods-unschedulable-do = read the scheduler's reasons for one of them
pods-unschedulable-cleared = the scheduler { $count ->
    [one] does not leave the one Pod without
   *[other] leaves none of { $count } Pods without
} a node for long

rule-autoscaler-cannot-grow = the cluster autoscaler cannot add nodes
autoscaler-cannot-grow-title = the cluster autoscaler cannot add nodes: { $why }
autoscaler-cannot-grow-says = { $text }
autoscaler-cannot-grow-do = read the autoscaler's own status, then raise the maximum, the quota, or choose another VM size or zone
autoscaler-cannot-grow-cleared = no Pod is Pending and no scale-up failed

rule-pod-sandbox-failing = Pod sandboxes cannot be made
pod-sandbox-failing-title = sandboxes of { $count ->
    [one] 1 Pod
   *[other] { $count } Pods
} cannot be made on { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}
pod-sandbox-failing-says = the kubelet says: { $message }
pod-sandbox-failing-nodes = no network plug-in is ready on { $count ->
    [one] 1 node
   *[other] { $count } nodes
}: Pods cannot start there
pod-sandbox-failing-node = { $node } says: { $message }
pod-sandbox-failing-plugin = look at the network plug-in's Pods on the node (azure-cns, cilium, calico-node)
pod-sandbox-failing-do = read the CNI's error
pod-sandbox-failing-cleared = no event tells of a sandbox that failed

rule-pod-ips-exhausted = no Pod address is left
pod-ips-exhausted-slots = every node holds as many Pods as it may
pod-ips-exhausted-title = no Pod address is left in the subnet
pod-ips-exhausted-says = { $text }
pod-ips-exhausted-do = see how many addresses each node has, then enlarge the Pod subnet or move to CNI Overlay
pod-ips-exhausted-cleared = no Pod waits for its network and no event tells of missing addresses

rule-service-without-endpoints = Services have no ready endpoint
service-without-endpoints-title = Service { $service } has no ready endpoint
service-without-endpoints-many = { $count ->
    [one] Service { $service } has no ready endpoint
   *[other] { $count } Services have no ready endpoint, { $service } among them
}
service-without-endpoints-says = no address behind { $service } is ready
service-without-endpoints-do = see what its endpoints wait for
service-without-endpoints-cleared = every Service that Pods are wanted for has a ready endpoint

rule-namespace-stuck-terminating = namespaces do not go away
namespace-stuck-terminating-title = namespace { $namespace } is Terminating and does not go
namespace-stuck-terminating-says = { $namespace } waits: { $message }
namespace-stuck-terminating-do = read what it waits for; never remove its finalizer by force
namespace-stuck-terminating-cleared = { $count ->
    [one] the one namespace is not
   *[other] none of { $count } namespaces is
} stuck

rule-object-stuck-by-finalizer = objects wait for a finalizer
object-stuck-by-finalizer-title = { $kind } { $name } cannot be deleted: { $finalizer } holds it
object-stuck-by-finalizer-says = { $name } was deleted and still carries { $finalizer }
object-stuck-by-finalizer-many = { $count } objects of kind { $kind } cannot be deleted: { $finalizer } holds them
object-stuck-by-finalizer-namespace = objects of namespace { $namespace } cannot be deleted: { $finalizer } holds them
object-stuck-by-finalizer-remaining = namespace { $namespace } waits: { $message }
object-stuck-by-finalizer-do = see what holds it, and repair the controller that owns the finalizer
object-stuck-by-finalizer-cleared = { $count ->
    [one] the one object does not wait
   *[other] none of { $count } objects waits
} for a finalizer that nobody removes

rule-disruption-budget-blocks-drain = a disruption budget blocks a drain
disruption-budget-blocks-drain-title = PodDisruptionBudget { $budget } allows no disruption and blocks the drain
disruption-budget-blocks-drain-some = a PodDisruptionBudget blocks the drain
disruption-budget-blocks-drain-went-on = evictions had to wait for a PodDisruptionBudget; later ones succeeded
disruption-budget-blocks-drain-says = { $budget } allows 0 disruptions: { $healthy } healthy of { $expected }, { $desired } desired
disruption-budget-blocks-drain-refused = an eviction was refused: { $text }
disruption-budget-blocks-drain-do = let one Pod go at a time (or run one replica more)
disruption-budget-blocks-drain-cleared = { $count ->
    [0] there is no disruption budget
    [one] the only disruption budget holds no Pod back
   *[other] none of { $count } disruption budgets holds a Pod back
}
disruption-budget-blocks-drain-idle = { $budget } allows no disruption, but no eviction was refused

rule-quota-exceeded = a quota forbids new objects
quota-exceeded-title = quota { $quota } of namespace { $namespace } is used up
quota-exceeded-says = a controller says: { $message }
quota-exceeded-status = the status of { $quota } shows what is used
quota-exceeded-do = see what uses the quota, then raise it or free some
quota-exceeded-cleared = no event tells of a quota that was exceeded

rule-mass-eviction = many Pods were evicted
mass-eviction-title = { $count } Pods were evicted
mass-eviction-says = { $pod }: { $message }
mass-eviction-do = list what was evicted
mass-eviction-cleared = { $count ->
    [one] the one Pod was not
   *[other] fewer than three of { $count } Pods were
} evicted

rule-probes-failing-on-one-node = probes of many workloads fail on one node
probes-failing-on-one-node-title = probes of { $count ->
    [one] 1 workload
   *[other] { $count } workloads
} time out on node { $node }
probes-failing-on-one-node-says = { $workload }: { $message }
probes-failing-on-one-node-do = see what the node is short of
probes-failing-on-one-node-cleared = no node has probes of several workloads timing out

rule-kube-proxy-stale = kube-proxy is down or cannot write its rules
kube-proxy-stale-title = kube-proxy on { $node } is down or cannot write its rules
kube-proxy-stale-many = kube-proxy is down or cannot write its rules on { $count } nodes
kube-proxy-stale-log = kube-proxy says: { $message }
kube-proxy-stale-pod = { $pod } on { $node } is not ready
kube-proxy-stale-waits = { $pod } on { $node } waits in { $reason }
kube-proxy-stale-metric = kube-proxy on { $node } has had changes to write for { $seconds } s, after { $failures ->
    [one] 1 failure
   *[other] { $failures } failures
}
kube-proxy-stale-do = start kube-proxy anew
kube-proxy-stale-cilium = the data plane is Cilium: there is no kube-proxy by design
kube-proxy-stale-cleared = every kube-proxy is ready ({ $ready })

rule-system-component-single-replica = a part of the system runs only once
system-component-single-replica-title = { $name } has one replica though the cluster has { $nodes } nodes
system-component-single-replica-says = { $name } is to have one replica
system-component-single-replica-cleared = { $name } is to have { $count ->
    [one] 1 replica
   *[other] { $count } replicas
}
system-component-single-replica-do = give it a second replica, or its autoscaler a minimum of two

rule-system-pods-evicted = pods of the system were evicted
system-pods-evicted-title = { $count ->
    [one] 1 pod of kube-system was evicted
   *[other] { $count } pods of kube-system were evicted
}
system-pods-evicted-says = { $pod } was evicted: { $message }
system-pods-evicted-cleared = no pod of kube-system was evicted
system-pods-evicted-do = read what the nodes lacked, then give the system pods a priority class and requests
