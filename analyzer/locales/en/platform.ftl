# Platform rules.

rule-cluster-not-reconciling = Azure does not reconcile the cluster
cluster-not-reconciling-title = cluster { $name } is in a failed or stopped state: Azure reconciles nothing
cluster-not-reconciling-state = provisioningState of { $name } is { $state }
cluster-not-reconciling-stopped = { $name } is stopped
cluster-not-reconciling-pool = provisioningState of node pool { $pool } is { $state }
cluster-not-reconciling-do = repair the last operation; an empty update reconciles the cluster
cluster-not-reconciling-cleared = provisioningState of { $name } is { $state }

rule-azure-api-throttled = Azure Resource Manager throttles the subscription
azure-api-throttled-title = Azure Resource Manager throttles this subscription (429)
azure-api-throttled-says = { $text }
azure-api-throttled-do = find who calls Azure so often, and lengthen its interval
azure-api-throttled-cleared = no event tells of throttling by Azure

rule-load-balancer-not-provisioned = load balancers get no address
load-balancer-not-provisioned-title = Service { $service } gets no load balancer
load-balancer-not-provisioned-says = the service controller says: { $message }
load-balancer-not-provisioned-pending = { $service } has no address yet
load-balancer-not-provisioned-do = read the service controller's events
load-balancer-not-provisioned-cleared = every LoadBalancer Service has an address

rule-cluster-identity-expired = the cluster's identity is not accepted
cluster-identity-expired-title = the cluster's service principal is no longer accepted ({ $code })
cluster-identity-expired-rights-title = the cluster's identity lacks rights in Azure
cluster-identity-expired-says = Azure answers: { $text }
cluster-identity-expired-do-secret = give the service principal a new secret, and the cluster with it
cluster-identity-expired-do-rights = give the cluster's identity the role that the error names
cluster-identity-expired-cleared = no event tells of an authentication error of Azure

rule-volume-attach-failing = volumes cannot be attached
volume-attach-failing-title = volumes of { $count ->
    [one] 1 Pod
   *[other] { $count } Pods
} cannot be attached or mounted
volume-attach-failing-says = { $message }
volume-attach-failing-attachments = { $count ->
    [one] volume { $volume } cannot be attached
   *[other] { $count } volumes cannot be attached, such as { $volume }
}
volume-attach-failing-do = read which volume waits for what
volume-attach-failing-cleared = no event tells of a volume that could not be attached

rule-version-skew-unsupported = versions of kubelets and API server are too far apart
version-skew-unsupported-title = { $count ->
    [one] 1 node runs a kubelet
   *[other] { $count } nodes run kubelets
} out of the supported range of { $server }
version-skew-unsupported-says = { $node } runs { $version }
version-skew-unsupported-do = upgrade the node pools that are behind
version-skew-unsupported-cleared = every kubelet is within the supported range of { $version }

rule-system-pool-untainted = users' pods fill the system pool
system-pool-untainted-title = users' pods fill { $count ->
    [one] 1 node
   *[other] { $count } nodes
} of system pool { $pool }, which has no taint
system-pool-untainted-says = { $percent } % of the processors of { $node } are asked for, { $users } % of that by users' pods
system-pool-untainted-pod = { $pod } runs on system node { $node }
system-pool-untainted-cleared = { $node } has the taint CriticalAddonsOnly
system-pool-untainted-do = give users' pods a pool of their own, then taint the system pool

rule-system-pool-burstable = the system pool runs on burstable machines
system-pool-burstable-title = system pool { $pool } runs on burstable machines ({ $size })
system-pool-burstable-says = pool { $pool } has machines of size { $size }
system-pool-burstable-spent = the machines' CPU credits are spent
system-pool-burstable-cleared = the system pool has machines of size { $size }
system-pool-burstable-do = add a system pool of another series, then remove this one

rule-proxy-bypass-incomplete = noProxy leaves out what must be reached without the proxy
proxy-bypass-incomplete-title = noProxy leaves out { $count ->
    [one] 1 address
   *[other] { $count } addresses
} that nodes must reach without the proxy
proxy-bypass-incomplete-says = noProxy does not cover { $missing }
proxy-bypass-incomplete-cleared = noProxy covers the API server, the services and Azure's own addresses
proxy-bypass-incomplete-do = read effectiveNoProxy, and add to noProxy what it lacks

rule-system-pool-on-one-node = the system pool is one node
system-pool-on-one-node-title = system pool { $pool } is one node: losing it takes the cluster's own parts along
system-pool-on-one-node-count = pool { $pool } of mode System has a count of 1, and no other system pool has nodes
system-pool-on-one-node-second = { $node } carries the system pool's label as well: a node of an upgrade, or one that Azure does not count
system-pool-on-one-node-label = { $node } alone carries the label kubernetes.azure.com/mode=system
system-pool-on-one-node-others = the cluster has { $count ->
    [one] 1 node of another pool
   *[other] { $count } nodes of other pools
}
system-pool-on-one-node-cleared = the system pools have { $count ->
    [one] 1 node
   *[other] { $count } nodes
}
system-pool-on-one-node-look = see what stands on that node
system-pool-on-one-node-do = give the system pool three nodes
