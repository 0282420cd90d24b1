# Words of the report itself: headings, labels, verdict sentences.
verbatim = { $text }

# Terms of a score, in words.
score-proven = the evidence admits nothing else
score-likely = a direct, specific signal
score-possible = a sign that fits, among others
score-critical = critical where it stands
score-warning = a warning where it stands
score-info = a note
score-explains = { $count ->
    [one] explains one other finding
   *[other] explains { $count } other findings of { $kinds ->
        [one] one kind
       *[other] { $kinds } kinds
    }
}
score-support = { $count ->
    [one] one more line says the same
   *[other] { $count } more lines say the same
}
score-contrary = { $count ->
    [one] one line speaks against it
   *[other] { $count } lines speak against it
}
score-first = began before every other cause

# The verdict.
verdict-plain = { $title }.
verdict-since = { $title } since { $time }.
verdict-more = { $sentence } And { $count ->
    [one] one more independent fault
   *[other] { $count } more independent faults
}.
verdict-symptoms = { $title }; the cause is not in this bundle.
verdict-healthy = No fault found in what was collected: { $sources ->
    [one] 1 kind
   *[other] { $sources } kinds
} of source read, { $ready ->
    [one] 1 node Ready
   *[other] { $ready } nodes Ready
}.
verdict-healthy-untold = No fault found in what was collected: { $sources ->
    [one] 1 kind
   *[other] { $sources } kinds
} of source read; no node tells whether it is Ready.
verdict-look = { $sentence } Worth a look: { $title }.
verdict-no-cause = No root cause found ({ $sources ->
    [one] 1 kind
   *[other] { $sources } kinds
} of source read, { $ready ->
    [one] 1 node Ready
   *[other] { $ready } nodes Ready
}), but unexplained: { $title }.
verdict-no-cause-untold = No root cause found ({ $sources ->
    [one] 1 kind
   *[other] { $sources } kinds
} of source read; no node tells whether it is Ready), but unexplained: { $title }.
verdict-poorly-covered-but = No cause found in what was collected, which is little ({ $saw }), but unexplained: { $title }.
verdict-poorly-covered = Cannot tell. Nothing is wrong in what was collected, which is little: { $saw }.
verdict-failed-call = Cannot tell why a call failed: { $error }
verdict-nothing-seen = Cannot tell: nothing in this bundle says how the cluster is.
verdict-collect = collect what is missing: { $tables }
verdict-summary = { $causes ->
    [0] no cause found
    [one] 1 cause
   *[other] { $causes } causes
} · { $explained } of { $findings ->
    [one] 1 finding
   *[other] { $findings } findings
} explained · { $unexplained } unexplained
and-more = and { $count } more
or = or
missing-on-node = { $what } of node { $node }
step-unsafe-name = name not safe to paste
confidence-proven-why = the evidence admits nothing else
confidence-likely-why = a direct and specific sign; nothing seen speaks against it
confidence-possible-why = the signs fit, others would fit too
banner-cut-off = The bundle is cut off: what came after the cut is not in this report.
banner-tampered = { $count ->
    [one] One member differs from the manifest
   *[other] { $count } members differ from the manifest
}: findings that rest on them are marked.
banner-collector = Made by { $collector }, not by this version's collector: { $seen } of { $all } kinds of source.
banner-redacted = { $count ->
    [one] 1 value was
   *[other] { $count } values were
} redacted by the collector; replace marks in commands by your own names.
timeline-condition = node { $node } Ready is { $status }: { $reason }

# Tables of facts, as coverage and gaps name them.
table-nodes = nodes
table-pods = pods
table-events = events
table-workloads = workloads
table-services = services
table-endpoints = endpoints
table-webhooks = webhook configurations
table-api-services = APIServices
table-flow-control = flow control objects
table-network-policies = network policies
table-disruption-budgets = disruption budgets
table-quotas = quotas
table-leases = leases
table-namespaces = namespaces
table-jobs = jobs
table-secrets-metadata = Secret metadata
table-config-maps = ConfigMaps
table-custom-resources = custom resource counts
table-volumes = volumes
table-certificate-requests = certificate requests
table-autoscalers = autoscalers
table-top = resource usage
table-metrics = API server metrics
table-health = health checks
table-api-version = version
table-firewalls = node firewall dumps
table-node-files = node state files
table-dns-lookups = DNS look-ups
table-probes = network probes
table-tunnel-logs = tunnel agent logs
table-coredns-logs = CoreDNS logs
table-kubelet-logs = kubelet journals
table-kernel-logs = kernel logs
table-control-plane-logs = control plane logs
table-logs = other logs
table-client-errors = results of client commands
table-azure-cluster = az aks show
table-azure-network-rules = NSG rules
table-azure-routes = route tables
table-azure-outbound = outbound rules and public IPs
table-azure-snat-metrics = SNAT metrics
table-azure-disk-metrics = disk metrics
table-audit = audit log
table-audit-summaries = results of audit log queries

# The next commands.
next-check = reads what a cause that is not certain rests on
next-none = Nothing is open that a command could settle.
next-why = gives:
next-settles = settles:
next-rights = needs:
next-bytes = about:

# Clocks.
clock-by-tool = { $node }: its clock is { $seconds } s off (positive: ahead), as its own time service says
clock-by-pods = { $node }: its clock is { $seconds } s off (positive: ahead): { $pairs ->
    [one] 1 Pod
   *[other] { $pairs } Pods
} started there by so much after the scheduler placed them
clock-by-events = { $node }: its clock is { $seconds } s off (positive: ahead): { $pairs } of its events happened by so much after the API server stored them
clock-by-leases = { $node }: its clock is { $seconds } s off (positive: ahead): its lease was renewed by so much after those of { $pairs } other ready nodes
clock-by-date = The clock of the machine that collected is { $seconds } s off (positive: ahead): { $pairs } of its traces show it against the Date headers of the API server's answers
clock-by-zone = { $node }: a log is in local time, { $seconds } s ahead of UTC: else it would end after it was collected
clock-corrected = Times that it wrote are corrected by that, give or take { $error } s.
clock-slack = Times of cause and effect count as the same within { $seconds } s.
first-mover = First of all: { $title }, { $time }.
first-mover-lead = First of all: { $title }, { $time }; what followed is { $lead } later.
no-data-events = Events before { $time } are not in this bundle: Kubernetes keeps them for an hour.
no-data-logs = Logs of this lane begin at { $time }: what was before was rotated away or not asked for.
no-data-audit = The audit log covers { $from } to { $until } only.
timeline-log = { $place }: { $text }
timeline-lease = node { $node } renewed its lease for the last time
timeline-process = { $component } started
timeline-azure-metric = { $name } reached { $value }
timeline-activity = { $operation }: { $status }
timeline-audit-failures-of = requests fail with { $code }, most of them of { $user }
timeline-audit-failures-plain = requests fail with { $code }
timeline-audit-failures = requests fail with { $code }: { $text }
timeline-audit-client = { $client } asks for much more than before
timeline-audit-change = { $user } did { $verb } { $object }
timeline-created = { $kind } { $name } was created
refuted-by = Take { $path } anew: if it no longer shows what { $evidence } shows, this cause is over or never was one
score-reach-cluster = touches the whole cluster
score-reach-nodes = touches { $count } of { $total ->
    [one] 1 node
   *[other] { $total } nodes
}

# What the failing share.
differs-trait = { $shared ->
    [pool] all { $failing } failing nodes are in pool { $value }, none of the { $healthy } healthy ones is
    [zone] all { $failing } failing nodes are in zone { $value }, none of the { $healthy } healthy ones is
    [subnet] all { $failing } failing nodes are in subnet { $value }, none of the { $healthy } healthy ones is
    [image] all { $failing } failing nodes run node image { $value }, none of the { $healthy } healthy ones does
    [size] all { $failing } failing nodes are of size { $value }, none of the { $healthy } healthy ones is
    [spot] all { $failing } failing nodes are of scale set priority { $value }, none of the { $healthy } healthy ones is
    [architecture] all { $failing } failing nodes are { $value } machines, none of the { $healthy } healthy ones is
    [kubelet] all { $failing } failing nodes run kubelet { $value }, none of the { $healthy } healthy ones does
    [os] all { $failing } failing nodes run { $value }, none of the { $healthy } healthy ones does
    [kernel] all { $failing } failing nodes run kernel { $value }, none of the { $healthy } healthy ones does
   *[runtime] all { $failing } failing nodes run { $value }, none of the { $healthy } healthy ones does
}
differs-younger = all { $failing } failing nodes were created since { $time }, all { $healthy } healthy ones before
differs-older = all { $failing } failing nodes were created until { $time }, all { $healthy } healthy ones later

# Rights that RBAC has no word for.
right-node = create pods; or ssh, or az vmss run-command
right-workspace = Log Analytics Reader, for the export of the category kube-apiserver
right-azure = Reader on the node resource group
right-audit = read access to the storage account or workspace of the audit log
