# Words of the rendered page, the text for tickets and the terminal: labels, headings, captions.

## States and words of certainty, each beside a shape and a colour
page-health-broken = Broken
page-health-degraded = Degraded
page-health-healthy = Healthy as far as seen
page-health-unknown = Cannot tell
page-confidence-proven = Proven
page-confidence-likely = Likely
page-confidence-possible = Possible
page-severity-critical = Critical
page-severity-warning = Warning
page-severity-info = Info
page-risk-reads = reads only
page-risk-changes = changes
page-risk-disrupts = disrupts
page-role-contrary = Against it:
page-aggravating = makes others worse

## Head and tools
page-skip = Skip to the verdict
page-cluster = cluster
page-nodes = { $count ->
    [one] 1 node
   *[other] { $count } nodes
}
page-collected = collected
page-expand-all = Expand all
page-print = Print
page-theme = Light / dark
page-copy = Copy
page-filter = Filter
page-contents = Contents

## First screen
page-first-step = First step:
page-why = why? ↓
page-box-cause = Root cause
page-box-cause-unknown = Not in this bundle
page-box-failure = Failure
page-box-effects = Effects
page-box-none = None seen
page-all-findings = all findings ↓
page-saw = Saw:
page-not-seen = Not seen:
page-details = details ↓
page-and-more = and { $count } more
page-more = { $count } more
page-more-in-json = { $count } more: see the JSON report
page-none-found = No finding

## Sections
page-section-causes = Root causes
page-section-findings = Other findings
page-section-all-findings = Findings
page-section-time = Time line
page-section-cluster = Cluster
page-section-evidence = Evidence
page-section-gaps = What this bundle could not tell
page-section-redaction = Redaction
page-section-about = About this report

## A finding
page-subject = Object
page-since = Since
page-certainty = Certainty
page-settles = What would settle it:
page-rule = Rule
page-reference = Documentation
page-do = What to do
page-do-about = What to do about: { $title }
page-evidence = Evidence
page-explains = { $count ->
    [one] Explains 1 finding
   *[other] Explains { $count } findings
}
page-differs = What the affected share and the healthy do not
page-ruled-out = Checked and excluded ({ $count })
page-score = Why it ranks here
page-score-caption = The points that add up to its rank
page-points = Points
page-why-column = Why
page-line = line { $line }
page-undo = Undo:
page-replace-marks = Marks in ‹ › or < > stand for names that were redacted: replace them by your own.
page-tampered = from a member that differs from the manifest
page-used-by = used by
page-shows = Shows:
page-minutes-before = { $minutes ->
    [0] less than 1 min before collection
   *[other] { $minutes } min before collection
}
page-hours-before = { $hours } h before collection
page-days-before = { $days } days before collection

## Tables
page-severity = Severity
page-finding = Finding
page-affected = Affected
page-findings-caption = { $count ->
    [one] 1 finding that no cause explains, or that makes others worse
   *[other] { $count } findings that no cause explains, or that make others worse
}
page-no-other-findings = No other findings.
page-table-of = Table: { $what }
page-audit = Audit log
page-time-caption = { $count ->
    [one] 1 event
   *[other] { $count } events
}
page-at = Time (UTC)
page-lane = Lane
page-event = Event
page-count = Count
page-source = Source
page-pools = Node pools
page-pool = Node pool
page-pool-nodes = Nodes
page-pool-ready = Ready
page-version = Version
page-vm-size = VM size
page-agents = konnectivity-agent Pods
page-pods-by-state = Pods by state
page-versions = Versions
page-client = Client
page-requests = Requests
page-resource = Resource
page-highest = Highest
page-latest = Latest
page-from = From
page-kind = Kind
page-size = Size
page-item = Item
page-code = Code
page-question = Open question
page-missing = Missing
page-collect = How to collect it
page-cluster-unknown = The bundle holds nothing about node pools, Pods or API load.
page-no-evidence = No evidence is cited.

## Charts
page-lane-changes = Changes
page-lane-platform = Platform
page-lane-nodes = Nodes
page-lane-tunnel = Tunnel
page-lane-dns = DNS
page-lane-api = API
page-lane-pods = Pods
page-time-title = Time line of the incident
page-time-desc = From { $from } to { $to }. { $sentence }
page-key-cause = cause begins
page-key-of-cause = cause
page-key-of-effect = effect
page-key-event = event
page-key-no-data = no data
page-earlier = { $count ->
    [one] 1 earlier event in the table
   *[other] { $count } earlier events in the table
}
page-larger = table ↓
page-chart-latency = API latency by client
page-latency-desc = The slowest is { $client }: { $value } at { $at } UTC.
page-chart-load = API requests by client and verb
page-chart-objects = Objects by resource
page-bars-desc = The most: { $name } with { $value }.
page-chart-matrix = Who reaches what: node pools and targets
page-reach-open = open
page-reach-dropped = dropped
page-reach-rejected = rejected
page-reach-unknown = unknown
page-path = The way of { $packet } on { $node }
page-decides = decides: { $verdict }

## Gaps, redaction, about
page-next = What to collect next, best first
page-rights = Rights needed:
page-about-bytes = About { $size }.
page-settles-rules = { $count ->
    [one] Settles 1 open question:
   *[other] Settles { $count } open questions:
}
page-unchecked = Rules that could not be checked ({ $count })
page-gaps-caption = Questions that stay open, what is missing for them, and how to collect it
page-unreadable = Missing or unreadable items ({ $count })
page-diagnostics = What could not be read, and why
page-no-gaps = Every rule had what it needs.
page-redacted = { $count ->
    [one] 1 value was replaced by a mark before the bundle was written.
   *[other] { $count } values were replaced by marks before the bundle was written.
}
page-no-map = The map from marks to names is not in the bundle or in this report.
page-redaction-caption = Replaced values by kind
page-not-redacted = The bundle does not say that anything was redacted.
page-shortened = Shortened: this page would have been too large. Rows went first, then excerpts, then charts; the JSON report has everything.
page-bundle = Bundle
page-collector = Collector
page-manifest = Manifest
page-manifest-same = every member is as the manifest says
page-manifest-none = the bundle has none
page-manifest-differs = { $count ->
    [one] 1 member differs
   *[other] { $count } members differ
}
page-rules = Rules
page-rules-run = { $run ->
    [one] 1 rule
   *[other] { $run } rules
} run, { $skipped } skipped
page-rules-crashed = { $count ->
    [one] 1 rule failed:
   *[other] { $count } rules failed:
}
page-findings-count = Findings
page-findings-total = { $total ->
    [one] 1 finding
   *[other] { $total } findings
}, { $explained } explained by a cause
page-limits = Limits that acted
page-licence = Licence
page-inventory = What the bundle held

## Text for tickets
page-md-impact = Impact
page-md-causes = Root cause
page-md-excluded = Checked and excluded
page-md-shortened = Shortened: more is in the HTML report (attached).

## Terminal
page-term-cause = cause
page-term-failure = failure
page-term-effects = effects
page-term-also = also
page-term-finding = finding
page-term-first = do first
page-term-unseen = unseen
page-term-command-in-report = (the command is long: see the report)
