# Words of `konspect audit` and of the answers of audit logs.

## Sentences
audit-read = { $records ->
        [one] { $records } line
       *[other] { $records } lines
    }: { $events ->
        [one] { $events } event
       *[other] { $events } events
    }, { $refused } refused, { $others } of other kinds
audit-window = { $requests ->
        [one] { $requests } request
       *[other] { $requests } requests
    } of { $clients ->
        [one] { $clients } client
       *[other] { $clients } clients
    } from { $from } to { $to } UTC
audit-none-left = no event meets the filters: { $count ->
        [one] the { $count } event of the log is
       *[other] all { $count } events of the log are
    } left out
audit-left-out = { $count ->
        [one] { $count } event
       *[other] { $count } events
    } left out by the filters
audit-duplicates = { $count ->
        [one] { $count } event came more than once and counts once
       *[other] { $count } events came more than once and count once
    }
audit-states = { $count ->
        [one] { $count } saved state
       *[other] { $count } saved states
    } merged: events that are also in another input count twice
audit-note = Note:
audit-admin-only = no get and no list is in this log (kube-audit-admin, or filtered so): nothing can be said about lists and polling, neither good nor bad
audit-admin-only-missing = there is one, but reads are not in it: kube-audit-admin, or filtered so
audit-no-starts = the log has no ResponseStarted events: watches that are still open cannot be seen
audit-no-times = no event has a time that could be read: rates, latencies and onsets are not known
audit-refused = { $count ->
        [one] { $count } line could not be read: { $reason }
       *[other] { $count } lines could not be read, the first because: { $reason }
    }
audit-lost-more = { $count ->
        [one] { $count } more artefact could not be read to its end: konspect analyze names it
       *[other] { $count } more artefacts could not be read to their end: konspect analyze names them
    }
audit-overlaps-more = { $count ->
        [one] { $count } more saved state holds
       *[other] { $count } more saved states hold
    } events that another input holds as well
audit-partial = { $count ->
        [one] { $count } event was cut by its exporter: it counts as a request and has no latency
       *[other] { $count } events were cut by their exporter: they count as requests and have no latency
    }
audit-row-cap = the export has exactly { $rows } rows, at which exports are cut: more may be missing
audit-dates-assumed = { $count ->
        [one] the date of { $count } row
       *[other] the dates of { $count } rows are those of one day and
    } may have day and month the other way round: check the window, or export with ISO dates
audit-dates-local = { $count ->
        [one] the times of { $count } row
       *[other] the times of { $count } rows
    } are local to whoever exported them ([Local Time]) and are read as UTC: the window may be off by some hours; export with times in UTC
audit-bin-widened = latencies over time are kept in steps of 75 s or a multiple: bins are { $seconds } s wide, not { $asked } s (--by user-agent --bin counts in bins of any width)
audit-collector = { $count ->
        [one] { $count } request of the collection itself is set apart (--with-collector counts it)
       *[other] { $count } requests of the collection itself are set apart (--with-collector counts them)
    }
audit-collector-counted = { $count ->
        [one] with --by the { $count } request of the collection itself is counted, too
       *[other] with --by the { $count } requests of the collection itself are counted, too
    }
audit-spilled = { $count ->
        [one] { $count } request is in no row of its own
       *[other] { $count } requests are in no row of their own
    }, since there were too many different clients or kinds
audit-sampled = there are too many watches to follow all: open ones are estimated from one request in { $part }
audit-more = … and { $count } more (--top)
audit-more-questions = More questions (--report): { $names }
audit-summaries = Results of queries that somebody else ran: how they counted, and whether watches are in the latencies, is not known.
audit-nothing = nothing found
audit-cannot-tell = cannot be told from this log
audit-without = Without { $client }, p99 of everybody else falls from { $from } to about { $to }; it takes { $share } % of all time spent on requests.
audit-without-misfit = Without { $client }: nothing is estimated, since the model misses what everybody else saw by { $error } % of the p99: requests that wait for seats do not explain it.
audit-without-quiet = Measured, without any model: { $quiet } in the { $bins ->
    [one] one bin
   *[other] { $bins } bins
} of { $seconds } s in which it hardly asked.
audit-without-no-quiet = There is no stretch in which it hardly asked, so nothing measured stands beside the model.
audit-without-model = Model: requests wait in order of arrival for a seat ({ $seats } of them, fitted to the p99) and slow each other by nothing else; priority levels are ignored, and whatever else went wrong in the same stretches is put down to the client, too. Its p50, its p90 and the p99 of each bin, to which it is not fitted, miss what was seen by up to { $error } % of the p99: read it as an order of magnitude.
audit-without-seen = p99 of everybody else is { $from } while it is busy; it takes { $share } % of all time spent on requests.
audit-without-unaffected = Without { $client }: nothing to gain that this log could show, since everybody else is as fast while it is busy as while it hardly asks.
audit-without-elsewhere = Without { $client }: nothing is estimated, since annotations put { $most } % of the time of everybody else's slow requests into { $part } and { $queued } % into queues: they did not wait for the requests of this client to be let in.
audit-without-never-quiet = Without { $client }: nothing is estimated, since it asks all along and no annotation tells of waits in queues: how fast everybody else would be without it is not in this log.
audit-without-waits-less = Without { $client }: nothing is estimated, since everybody else waits longer than its own requests take: they do not wait in one queue with it, and something else is slow.
audit-without-no-gain = Without { $client }: nothing to gain, since by the model hardly anybody waits for it.
audit-without-contain-anyway = Whether it helps is not known; this would contain the client (five shares are a weight, not five calls; review before applying):
audit-without-version = No FlowSchema is proposed: Kubernetes before 1.20 has no priority and fairness that is on by default.
audit-without-crowd = { $client } asks under { $count } names, which change again and again: they are taken out together, as one client.
audit-without-several = several clients are called so, and the one that costs most is taken: { $client }; the others: { $others } (give more of the name)
audit-without-too-little = Too few requests to say what everybody else would have seen without { $client }.
audit-without-contain = This would contain it (five shares are a weight, not five calls; review before applying):
audit-without-system = No FlowSchema should or can contain it (a component of the cluster, or a user of system:masters, who is exempt): find out what makes it ask.

## Titles of tables
audit-title-user-agents = User agents by requests
audit-title-users = Users by requests
audit-title-source-ips = Source addresses by requests
audit-title-verbs = Verbs by requests
audit-title-resources = Resources by requests
audit-title-namespaces = Namespaces by requests
audit-title-codes = Response codes
audit-title-latency = Latency by user agent over time, long-running requests left out
audit-title-requests = Latency by request, slowest p99 first
audit-title-slo = Over the upstream latency objective (p99: 1 s for writes and single objects, 30 s for lists)
audit-title-bursts = Clients that began to ask for much more
audit-title-watches = Watches: open, started and ended
audit-title-open-watches = Watches without an end in the log
audit-title-polling = The same object read again and again
audit-title-unbounded-lists = LIST requests with neither limit nor resourceVersion
audit-title-rejected = Requests turned away or failed, by client
audit-title-failures = Failures by message
audit-title-webhooks = Webhooks: time spent on slow requests, and failures
audit-title-leaks = Objects created and not deleted, by who created them
audit-title-deprecated = Callers of deprecated API versions
audit-title-groups = Requests by group

## Headings of columns
audit-column-user-agent = user agent
audit-column-user = user
audit-column-client = client
audit-column-program = program
audit-column-source-ip = source IP
audit-column-namespace = namespace
audit-column-verb = verb
audit-column-resource = resource
audit-column-code = code
audit-column-start = from
audit-column-requests = requests
audit-column-share = share
audit-column-per-second = per second
audit-column-work-ms = work
audit-column-mean-ms = mean
audit-column-p50-ms = p50
audit-column-p90-ms = p90
audit-column-p99-ms = p99
audit-column-max-ms = max
audit-column-rejected = throttled
audit-column-server-errors = 5xx
audit-column-users = users
audit-column-source-ips = IPs
audit-column-seconds = seconds
audit-column-subresource = subresource
audit-column-scope = scope
audit-column-objective-ms = objective
audit-column-objective = verdict
audit-column-counted-p99-ms = p99 judged
audit-column-excused-ms = excused
audit-column-where = where
audit-column-what = what
audit-column-onset = since
audit-column-before-per-minute = before/min
audit-column-after-per-minute = after/min
audit-column-peak-at = peak at
audit-column-peak-per-second = peak/s
audit-column-open = open
audit-column-started = started
audit-column-ended = ended
audit-column-short = short
audit-column-mean-life-ms = mean life
audit-column-first = first
audit-column-last = last
audit-column-name = name
audit-column-reads = reads
audit-column-unbounded = unbounded
audit-column-lists = lists
audit-column-from-cache = from cache
audit-column-paged = paged
audit-column-selected = selected
audit-column-reason = reason
audit-column-clients = clients
audit-column-message = message
audit-column-webhook = webhook
audit-column-left = left
audit-column-created = created
audit-column-deleted = deleted
audit-column-collections-deleted = collections deleted
audit-column-api = API
audit-column-removed-release = removed in
