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
   *[other] explains { $count } other findings of { $kinds } kinds
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
verdict-healthy = No fault found in what was collected: { $sources } kinds of source read, { $ready ->
    [one] 1 node Ready
   *[other] { $ready } nodes Ready
}.
verdict-healthy-untold = No fault found in what was collected: { $sources } kinds of source read; no node tells whether it is Ready.
verdict-poorly-covered = Cannot tell: only { $saw } were collected, and nothing is wrong in them.
verdict-failed-call = Cannot tell why a call failed: { $error }
verdict-nothing-seen = Cannot tell: nothing in this bundle says how the cluster is.
verdict-summary = { $causes ->
    [0] no cause found
    [one] 1 cause
   *[other] { $causes } causes
} · { $explained } of { $findings } findings explained · { $unexplained } unexplained
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
banner-redacted = { $count } values were redacted by the collector; replace marks in commands by your own names.
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

# The next commands.
next-check = reads what a cause that is not certain rests on
next-none = Nothing is open that a command could settle.
next-why = gives:
next-settles = settles:
next-rights = needs:
next-bytes = about:
