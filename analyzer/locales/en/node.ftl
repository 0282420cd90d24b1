# Node rules.
rule-node-not-ready = nodes are not ready
node-not-ready-title = node { $node } is not ready
node-not-ready-many = { $count } of { $total } nodes are not ready
node-not-ready-unknown = the API server no longer hears from { $node }: { $message }
node-not-ready-false = the kubelet of { $node } says it is not ready: { $message }
node-not-ready-describe = read the node's conditions and events
node-not-ready-cleared = { $nodes ->
    [one] the only node is Ready
   *[other] all { $nodes } nodes are Ready
}
rule-node-memory-pressure = a node runs out of memory
node-memory-pressure-title = node { $node } is out of memory
node-memory-pressure-many = { $count } nodes are out of memory
node-memory-pressure-condition = the kubelet of { $node } sets MemoryPressure: { $message }
node-memory-pressure-taint = { $node } is tainted with memory-pressure
node-memory-pressure-event = { $node } reported NodeHasInsufficientMemory
node-memory-pressure-reclaim = the eviction threshold of memory was met on { $node }
node-memory-pressure-oom = the kernel of { $node } killed a process for want of memory: { $message }
node-memory-pressure-evicted = pod { $pod } was evicted: { $message }
node-memory-pressure-kernel = the kernel of { $node } killed { $process }: the node, not a container's limit, was out of memory
node-memory-pressure-journal = the eviction manager of { $node } reclaims memory
node-memory-pressure-available = { $node } has { $mebibytes } MiB available
node-memory-pressure-stalled = all tasks of { $node } waited for memory { $percent } % of the last minute
node-memory-pressure-describe = compare the requests and limits of the node's pods with what it has
node-memory-pressure-cordon = keep further pods away while you look
node-memory-pressure-limits = give the largest pods memory requests and limits, or move them to larger nodes
node-memory-pressure-cleared = { $nodes ->
    [one] the only node has MemoryPressure False
   *[other] all { $nodes } nodes have MemoryPressure False
}
rule-node-disk-pressure = a node's disk is full
node-disk-pressure-title = the disk of node { $node } is full
node-disk-pressure-many = the disks of { $count } nodes are full
node-disk-pressure-condition = the kubelet of { $node } sets DiskPressure: { $message }
node-disk-pressure-taint = { $node } is tainted with disk-pressure
node-disk-pressure-event = { $node } reported NodeHasDiskPressure
node-disk-pressure-reclaim = the eviction threshold of the disk was met on { $node }
node-disk-pressure-garbage = { $node } found no images to remove: { $message }
node-disk-pressure-evicted = pod { $pod } was evicted: { $message }
node-disk-pressure-inodes = { $mount } of { $node } has used { $percent } % of its inodes
node-disk-pressure-full = { $mount } of { $node } is { $percent } % full
node-disk-pressure-journal = the eviction manager of { $node } reclaims disk space
node-disk-pressure-no-space = programs of { $node } found no space left on a device ({ $count ->
    [one] once
   *[other] { $count } times
})
node-disk-pressure-summary = find which pods fill the disk (ephemeral-storage, logs, images)
node-disk-pressure-clean = remove what fills it: container logs, emptyDir volumes, unused images
node-disk-pressure-bigger = set ephemeral-storage limits, or use a node pool with larger OS disks
node-disk-pressure-cleared = { $nodes ->
    [one] the only node has DiskPressure False
   *[other] all { $nodes } nodes have DiskPressure False
}
rule-node-pid-pressure = a node has no process identifiers left
node-pid-pressure-title = node { $node } has no process identifiers left
node-pid-pressure-many = { $count } nodes have no process identifiers left
node-pid-pressure-condition = the kubelet of { $node } sets PIDPressure: { $message }
node-pid-pressure-taint = { $node } is tainted with pid-pressure
node-pid-pressure-event = { $node } reported that too few process identifiers are left
node-pid-pressure-evicted = pod { $pod } was evicted: { $message }
node-pid-pressure-threads = programs on { $node } could not start a thread or process ({ $count ->
    [one] once
   *[other] { $count } times
}): { $text }
node-pid-pressure-describe = read the node's conditions and its pods
node-pid-pressure-find = find the pod that leaks processes, and give its node a pod PID limit
node-pid-pressure-cleared = { $nodes ->
    [one] the only node has PIDPressure False
   *[other] all { $nodes } nodes have PIDPressure False
}
rule-kubelet-unhealthy = a node's kubelet is stopped, crashes or cannot do its rounds
kubelet-unhealthy-title = the kubelet of node { $node } is unhealthy
kubelet-unhealthy-many = the kubelets of { $count } nodes are unhealthy
kubelet-unhealthy-detector = node-problem-detector says of { $node }: { $message }
kubelet-unhealthy-gauge = node-problem-detector counts { $reason } on { $node }
kubelet-unhealthy-pleg-metric = the kubelet of { $node } listed its containers { $seconds } s ago for the last time
kubelet-unhealthy-restarts = the kubelet of { $node } restarts again and again: { $message }
kubelet-unhealthy-pleg-condition = the kubelet of { $node } cannot list its containers: { $message }
kubelet-unhealthy-event = { $node } reported { $reason }: { $message }
kubelet-unhealthy-pleg = the kubelet of { $node } has not listed its containers for { $ago } ({ $count ->
    [one] once
   *[other] { $count } times
})
kubelet-unhealthy-deadlines = the runtime of { $node } left { $count ->
    [one] 1 call
   *[other] { $count } calls
} of the kubelet without an answer
kubelet-unhealthy-skips = the kubelet of { $node } skipped its round of the Pods { $count ->
    [one] once
   *[other] { $count } times
}: { $text }
kubelet-unhealthy-crashes = the kubelet of { $node } ended { $count ->
    [one] once
   *[other] { $count } times
}: { $text }
kubelet-unhealthy-stopped = the kubelet of { $node } was stopped and not started again: { $text }
kubelet-unhealthy-describe = read the node's conditions and events
kubelet-unhealthy-journal = read the last lines of the kubelet's journal on the node
kubelet-unhealthy-restart = start the kubelet again (systemctl restart kubelet), or reimage the node
kubelet-unhealthy-cleared = { $nodes ->
    [one] the only node is Ready: its kubelet does its rounds
   *[other] all { $nodes } nodes are Ready: their kubelets do their rounds
}
kubelet-unhealthy-quiet = a kubelet's journal of { $lines ->
    [one] 1 line
   *[other] { $lines } lines
} has none of these complaints
rule-container-runtime-down = a node's container runtime is down
container-runtime-down-title = the container runtime of node { $node } is down
container-runtime-down-many = the container runtimes of { $count } nodes are down
container-runtime-down-detector = node-problem-detector says of { $node }: { $message }
container-runtime-down-restarts = the container runtime of { $node } restarts again and again: { $message }
container-runtime-down-condition = the kubelet of { $node } says: { $message }
container-runtime-down-event = { $node } reported that its container runtime is down: { $message }
container-runtime-down-kubelet = the kubelet of { $node } said { $count ->
    [one] once
   *[other] { $count } times
} that its container runtime is down: { $text }
container-runtime-down-socket = the kubelet of { $node } could not open { $socket } { $count ->
    [one] once
   *[other] { $count } times
}
container-runtime-down-unit = the runtime's service on { $node } failed { $count ->
    [one] once
   *[other] { $count } times
}: { $text }
container-runtime-down-describe = read the node's conditions and events
container-runtime-down-journal = read the runtime's journal on the node: its last error says why it does not start
container-runtime-down-drain = move the node's pods away and reimage the node
container-runtime-down-cleared = { $nodes ->
    [one] the kubelet of the one node does not miss
   *[other] no kubelet of the { $nodes } nodes misses
} its container runtime
rule-node-kernel-or-filesystem-fault = a node's kernel hangs or its file system is damaged
node-kernel-fault-title = the kernel or file system of node { $node } is faulty
node-kernel-fault-many = the kernels or file systems of { $count } nodes are faulty
node-kernel-fault-system-pool = { $node } belongs to a system pool: the pods of the cluster itself run there
node-kernel-fault-condition = { $node } has the condition { $kind }: { $message }
node-kernel-fault-gauge = node-problem-detector counts { $kind } ({ $reason }) on { $node }
node-kernel-fault-event = { $node } reported { $reason }: { $message }
node-kernel-fault-kernel = the kernel of { $node } says ({ $count ->
    [one] once
   *[other] { $count } times
}): { $text }
node-kernel-fault-describe = read the node's conditions and events
node-kernel-fault-drain = move the node's pods away
node-kernel-fault-replace = replace the machine: reimage it, or delete it from its scale set
node-kernel-fault-cleared = { $nodes ->
    [one] the only node has no fault of kernel or file system
   *[other] none of the { $nodes } nodes has a fault of kernel or file system
}
rule-node-vm-event = the platform took a node's machine away
node-vm-event-title = the machine of node { $node } was taken away or restarted
node-vm-event-many = the machines of { $count } nodes were taken away or restarted
node-vm-event-rebooted = { $node } came back with another boot: { $message }
node-vm-event-scheduled = the platform announced for { $node }: { $message }
node-vm-event-repair = node auto-repair acted on { $node }: { $reason }
node-vm-event-condition = { $node } has a scheduled event: { $message }
node-vm-event-boot = the kernel of { $node } started
node-vm-event-events = read the events of the node before and after the restart
node-vm-event-spread = expect such events: several replicas, spread over nodes and zones, with disruption budgets
node-vm-event-cleared = the events hold no reboot and no announcement of the platform
node-vm-event-none = no scheduled event is pending on { $nodes ->
    [one] the one node
   *[other] any of the { $nodes } nodes
}
rule-disk-io-throttled = a node's disk is throttled
disk-io-throttled-title = the disk of node { $node } is throttled
disk-io-throttled-many = the disks of { $count } nodes are throttled
disk-io-throttled-metric = { $metric } of { $node } reached { $percent } % and stayed there for { $buckets } intervals
disk-io-throttled-iostat = { $device } of { $node } is { $percent } % busy, requests wait { $wait } ms in a queue of { $queue }
disk-io-throttled-stalled = all tasks of { $node } waited for the disk { $percent } % of the last minute
disk-io-throttled-hung = task { $task } of { $node } waited for the disk longer than the kernel allows
disk-io-throttled-pleg = the kubelet of { $node } could not list its containers in time ({ $count ->
    [one] once
   *[other] { $count } times
})
disk-io-throttled-deadlines = the runtime of { $node } left { $count ->
    [one] 1 call
   *[other] { $count } calls
} without an answer
disk-io-throttled-memory = the memory of { $node } is full: a disk that serves page faults looks the same
disk-io-throttled-pods = find the pods of the node that write most
disk-io-throttled-pool = move to a node pool with ephemeral or larger OS disks
disk-io-throttled-spread = spread pods that write much, and put logs and data on data disks
disk-io-throttled-cleared = { $metric } stayed below the limit
rule-node-cpu-starved = a node's processors are all busy
node-cpu-starved-title = the processors of node { $node } are all busy
node-cpu-starved-many = the processors of { $count } nodes are all busy
node-cpu-starved-top = { $node } uses { $percent } % of its processors
node-cpu-starved-waiting = tasks of { $node } waited for a processor { $percent } % of the last minute
node-cpu-starved-load = { $node } has a load of { $load } and { $idle } % idle
node-cpu-starved-probes = probes of { $pods ->
    [one] 1 pod
   *[other] { $pods } pods
} on { $node } time out: { $message }
node-cpu-starved-slow = a system program of { $node } does not get its turn ({ $count ->
    [one] once
   *[other] { $count } times
}): { $text }
node-cpu-starved-throttled = { $pod } had to wait in { $percent } % of its periods
node-cpu-starved-pods = find the pods that use the processors, and their requests and limits
node-cpu-starved-requests = give them CPU limits or other nodes; keep the system pool for system pods
node-cpu-starved-cleared = { $nodes ->
    [one] the one node does not use
   *[other] none of the { $nodes } nodes uses
} its processors fully

rule-system-pods-on-spot-nodes = pods of the system run on spot nodes
system-pods-on-spot-nodes-title = { $name } runs on spot node { $node }, which Azure may take away
system-pods-on-spot-nodes-says = { $pod } runs on { $node }, a spot node
system-pods-on-spot-nodes-cleared = { $pod } runs on { $node }, which is no spot node
system-pods-on-spot-nodes-do = take the toleration of spot nodes out, or give it an affinity to the system pool

rule-pods-per-node-over-limit = nodes hold more pods than Kubernetes is tested with
pods-per-node-over-limit-title = { $count ->
    [one] 1 node holds
   *[other] { $count } nodes hold
} more than the { $limit } pods that Kubernetes is tested with
pods-per-node-over-limit-says = { $node } takes up to { $most ->
    [one] 1 pod
   *[other] { $most } pods
} and holds { $pods }
pods-per-node-over-limit-cleared = no node holds more than { $limit } pods
pods-per-node-over-limit-do = spread the pods over more nodes, or lower maxPods of the pool
