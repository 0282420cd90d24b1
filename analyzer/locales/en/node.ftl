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
