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
node-disk-pressure-no-space = programs of { $node } found no space left on a device ({ $count } times)
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
node-pid-pressure-threads = programs on { $node } could not start a thread or process ({ $count } times): { $text }
node-pid-pressure-describe = read the node's conditions and its pods
node-pid-pressure-find = find the pod that leaks processes, and give its node a pod PID limit
node-pid-pressure-cleared = { $nodes ->
    [one] the only node has PIDPressure False
   *[other] all { $nodes } nodes have PIDPressure False
}
