# The way of a connection: `konspect path` and the packet's way in the report.

way-accept = { $from } reaches { $to }: every filter on the way was seen and lets it pass
way-drop = { $from } does not reach { $to }: { $at } drops it without an answer
way-reject = { $from } does not reach { $to }: { $at } refuses it
way-unknown = whether { $from } reaches { $to } the bundle does not tell
way-part = { $from } reaches { $to } on { $passing } of { $total } ways: { $at } stops another one
way-at-node = node { $name }
way-at-group = network security group { $name }
way-at-routes = the route table
way-at-service = the service { $name }
way-at-ranges = the list of authorized IP ranges
way-counted = this rule has already stopped { $packets ->
    [one] 1 packet
   *[other] { $packets } packets
}
way-counted-none = the rule's counter is 0: it has stopped nothing yet
way-no-dump = the packet filters of { $node } were not collected
way-no-filter = what was collected of { $node } holds no filter rules
way-no-groups = the network security groups before { $node } were not collected
way-group-open = it depends on { $reason }, which the bundle does not hold
way-group-loose = nothing tells whether group { $group } guards these nodes
way-more-elsewhere = { $node } has rules of another iptables back end that were not collected
way-unseen-tables = tables that were not collected: { $tables }
way-service-by-nobody = no collected rule translates the service { $service }: by its list of endpoints it goes on here
way-service-without-endpoints = { $service } has no ready endpoint
way-appliance = the route leads to the appliance { $hop }, whose rules nobody collected
way-no-egress = the public address by which the nodes leave was not collected
way-some-egress = only some of the public addresses by which the nodes leave are in the list
way-interfaces-not-shown = the listing does not show interfaces: it was made without -v
way-not-understood = «{ $text }» is a match that is not understood
way-name = «{ $text }» is a name whose number the dump does not tell
way-set = the members of the set { $name } were not collected
way-chain = the chain { $name } is not in the dump
way-state = it depends on what earlier packets left behind ({ $what })
way-random = chance decides
way-time = the time of day decides
way-packet = it depends on the packet's { $what }
way-node = it depends on the node's { $what }, which were not collected
way-head-lost = the beginning of the dump is lost
way-policy = the dump does not show the chain's policy
way-budget = the rules are too many to follow to the end
way-queue = a program on the node decides
way-address-choice = the kernel chooses among several addresses
way-means-guard = kubelet's and kube-proxy's own guard, there by design
way-means-no-endpoints = { $subject } has no endpoints
way-means-source-ranges = the sender is outside the load balancer source ranges of { $subject }
way-means-invalid = conntrack calls the packet invalid
way-means-policy = a network policy decides: { $subject }
way-pairs-open = all { $nodes } nodes reach each other on port { $port }
way-pairs-unknown = of the ways between { $nodes } nodes on port { $port }, { $count } cannot be told
way-pairs-odd = { $node } is the odd one: { $count ->
    [one] 1 way between nodes is
   *[other] { $count } ways between nodes are
} stopped on port { $port }
way-pairs-stopped = { $count ->
    [one] 1 way between { $nodes } nodes is
   *[other] { $count } ways between { $nodes } nodes are
} stopped on port { $port }
