# Rules of the family apiserver.

client-load-cost = { $share } % of the load of all clients, { $busy } requests in flight on average; the slowest took { $slowest } s
client-load-rejected = { $count ->
    [one] 1 of its requests was
   *[other] { $count } of its requests were
} turned away with 429 by priority and fairness
client-load-repeats = most of what it asks are repeats of what was turned away: they follow the overload and need not be its cause
client-load-denied-title = { $user } ({ $agent }) repeats what is refused: { $rate } requests/s
client-load-denied = { $count ->
    [one] 1 of its requests was
   *[other] { $count } of its requests were
} refused with 401 or 403
client-load-others-rejected = { $count ->
    [one] 1 request of other clients was
   *[other] { $count } requests of other clients were
} turned away with 429
client-load-queued = { $count ->
        [one] { $count } slow request
       *[other] { $count } slow requests
    } waited for a seat of priority and fairness
client-load-breach = a p99 over the upstream objective, because of the load
client-load-throttled = FlowSchema { $schema } throttles this client on purpose (priority level { $level })
client-load-find = find the Pods that run as { $name }
client-load-throttle = until it is repaired, throttle { $user } with a FlowSchema and a PriorityLevelConfiguration of few shares
client-load-denied-advice = give the client valid credentials and the rights that it needs, or stop it: it repeats what is refused
client-load-cleared = the busiest client, { $user }, asked { $requests ->
    [one] once
   *[other] { $requests } times
} in { $seconds } s
client-load-cut = { $count } of { $total } events were cut by their exporter and do not tell what they cost
client-load-unread = { $count } of { $total ->
    [one] the one line of the log
   *[other] { $total } lines of the log
} could not be read
scrape-counts-no-rejects = the scrape in the bundle counts no requests of priority and fairness

rule-client-request-flood = a client floods the API server with requests
client-request-flood-title = { $user } ({ $agent }) floods the API server: { $rate } reads/s
client-request-flood-line = the first of { $count } requests: { $verb } { $resource }
client-request-flood-advice = let the client watch (an informer) instead of asking again and again, or ask less often
client-request-flood-churn-title = { $user } ({ $agent }) opens { $rate } watches/s that end within seconds
client-request-flood-churn-line = the first of { $count } watches of { $resource } that lived less than 10 s
client-request-flood-churn-advice = repair the client: an informer keeps its watch for minutes and lists again only after 410 Gone

rule-client-watch-leak = a client leaks watches
client-watch-leak-title = { $user } ({ $agent }) leaks watches: { $open } are open
client-watch-leak-line = { $open ->
    [one] a watch of { $resource } that never ended
   *[other] the first of { $open } watches of { $resource } that never ended
}
client-watch-leak-last = the latest of them; about { $rate } a minute, over { $resources ->
    [one] one resource
   *[other] { $resources } resources
}
client-watch-leak-usual = beside it, no client has more than { $usual ->
    [one] 1 watch
   *[other] { $usual } watches
} open
client-watch-leak-metric = { $open } watches of { $resource } are open{ $before ->
    [0] {""}
   *[other] , { $before } in the scrape before
}{ $scrapes ->
    [1] {""}
   *[other] {" "}(scrape { $scrape } of { $scrapes })
}
client-watch-leak-unnamed = { $open } watches of { $resource } are open, far more than the cluster needs
client-watch-leak-settle = an audit log with the stage ResponseStarted names the client
client-watch-leak-advice = repair or restart the client: one shared watch (informer) for each resource, closed when done
client-watch-leak-cleared = at most { $open ->
    [one] 1 watch of one resource ({ $resource }) is
   *[other] { $open } watches of one resource ({ $resource }) are
} open
client-watch-leak-cleared-audit = no client opens ever more watches: { $user } has most, { $open } at the end of the log
client-watch-leak-none = every watch that began in the log ended in it

rule-client-list-storm = a client lists whole collections again and again
client-list-storm-title = { $user } ({ $agent }) lists whole collections { $rate } times/s
client-list-storm-paged-title = { $user } ({ $agent }) sends { $rate } LISTs/s, page by page
client-list-storm-line = the first of { $count } requests: { $verb } { $resource }
client-list-storm-advice = let the client use an informer, or page with limit= and read with resourceVersion=0
client-list-storm-unnamed = LISTs of { $resource } fetch { $objects } objects/s, { $rate } LISTs/s
client-list-storm-settle = an audit log that records reads names the client
client-list-storm-from-etcd = since the API server started, { $lists ->
    [one] 1 LIST
   *[other] { $lists } LISTs
} of { $resource } fetched { $fetched ->
    [one] 1 object
   *[other] { $fetched } objects
} from etcd and returned { $returned }
client-list-storm-from-cache = since the API server started, { $lists ->
    [one] 1 LIST
   *[other] { $lists } LISTs
} of { $resource } fetched { $fetched ->
    [one] 1 object
   *[other] { $fetched } objects
} from its cache and returned { $returned }
client-list-storm-cleared = the dearest LISTs between two scrapes are those of { $resource }: { $rate }/s

rule-client-write-storm = a client writes without pause
client-write-storm-title = { $user } ({ $agent }) writes without pause: { $rate } writes/s
client-write-storm-line = the first of { $count } requests: { $verb } { $resource }
client-write-storm-advice = stop the loop: write only on a difference, and find the controller it fights with
client-write-storm-cleared = the client that writes most, { $user }, wrote { $writes ->
        [one] once
       *[other] { $writes } times
    } in { $seconds } s
client-write-storm-none = nobody wrote anything in { $seconds } s

rule-webhook-unreachable-blocks-writes = an admission webhook cannot be called and blocks writes
webhook-unreachable-blocks-writes-title = webhook { $webhook } cannot be called: what it guards cannot be written
webhook-unreachable-blocks-writes-risk = webhook { $webhook } has no backend: what it guards cannot be written
webhook-unreachable-blocks-writes-said = { $count ->
    [one] one call
   *[other] { $count } calls
} failed: { $cause }
webhook-unreachable-blocks-writes-counted = { $count ->
    [one] 1 call
   *[other] { $count } calls
} of the webhook failed (calling_webhook_error)
webhook-unreachable-blocks-writes-no-service = the list of Services has no { $service }
webhook-unreachable-blocks-writes-not-ready = Service { $service } has no ready endpoint
webhook-unreachable-blocks-writes-policy = { $configuration } says failurePolicy Fail
webhook-unreachable-blocks-writes-backend = bring its backend back
webhook-unreachable-blocks-writes-settle = events or an audit log show whether writes are refused
webhook-unreachable-blocks-writes-cleared = no call of a webhook is counted as failed
webhook-unreachable-blocks-writes-cleared-list = no event tells of a failed call of { $count ->
    [one] the one webhook, should it fail closed
   *[other] those of { $count } webhooks that fail closed
}
webhook-unreachable-blocks-writes-over = { $count ->
    [one] 1 call
   *[other] { $count } calls
} of { $webhook } failed since the API server started, none since the scrape before
webhook-unreachable-blocks-writes-few = { $count } of { $total ->
    [one] 1 call
   *[other] { $total } calls
} of webhook { $webhook } failed since the API server started
webhook-unreachable-blocks-writes-open = { $count ->
    [one] 1 call
   *[other] { $count } calls
} of { $webhook } failed and let the request pass: nothing was blocked
webhook-save = save the configuration before you change it
webhook-delete = if the backend cannot come back, delete the configuration (its controller makes it anew when healthy)

rule-webhook-deadlock = an admission webhook guards its own Pods and cannot come back
webhook-deadlock-title = webhook { $webhook } needs itself to start: no Pod of { $namespace } can be created
webhook-deadlock-again = wait until { $namespace } is ready, then apply the configuration again with a namespaceSelector that leaves out { $namespace } and kube-system
webhook-deadlock-refused = its own Pods are refused: { $cause }
webhook-deadlock-wants = the backend in { $namespace } wants Pods and has none
webhook-deadlock-empty = Service { $service } has no ready endpoint
webhook-deadlock-guards = { $configuration } guards the creation of Pods and does not leave out { $namespace }
webhook-deadlock-cleared = { $count ->
    [one] the one webhook does not guard
   *[other] none of { $count } webhooks guards
} the Pods of its own backend
webhook-deadlock-left-over = the Service of { $webhook } does not exist: the configuration is left over
webhook-deadlock-ready = { $webhook } guards its own Pods, but { $ready } of them are ready

rule-webhook-slow = an admission webhook is slow
webhook-slow-title = webhook { $webhook } takes { $seconds } s on average
webhook-slow-unnamed = admission webhooks make writes slow
webhook-slow-mean = { $calls } calls took { $seconds } s on average
webhook-slow-p99 = one call of a hundred takes { $seconds } s or more
webhook-slow-annotation = { $count ->
    [one] 1 slow request
   *[other] { $count } slow requests
} waited { $seconds } s on average for webhooks
webhook-slow-timeout = the API server waits up to { $seconds } s for it
webhook-slow-look = see whether its Pods are short of CPU
webhook-slow-advice = give the webhook more CPU or replicas, shorten its timeout, and narrow its rules
webhook-slow-cleared = the slowest webhook, { $webhook }, takes { $milliseconds } ms on average

rule-request-latency-over-slo = requests take longer than the objective
request-latency-over-slo-title = { $verb } { $resource } takes { $seconds } s (p99), over the objective
request-latency-over-slo-mean-title = { $verb } { $resource } takes { $seconds } s on average, over the objective
request-latency-over-slo-audit = the slowest of { $user }, whose p99 is { $seconds } s; the objective is { $limit } s
request-latency-over-slo-etcd-title = etcd takes { $seconds } s (p99) for { $operation } { $resource }
request-latency-over-slo-etcd = { $count } calls of etcd: p99 { $seconds } s, on average { $mean } s; from 1 s on etcd is slow
request-latency-over-slo-timeouts-title = the API server gave up { $count } requests ({ $verb } { $resource }) with 504
request-latency-over-slo-timeouts = { $count } of { $total } requests ({ $verb } { $resource }) were ended with 504, { $lately ->
    [1] since the scrape before
   *[other] since the API server started
}
request-latency-over-slo-etcd-errors-title = etcd fails { $count } of { $total } calls
request-latency-over-slo-etcd-errors = { $count } of { $total } calls of etcd failed, { $lately ->
    [1] since the scrape before
   *[other] since the API server started
}; most of them: { $operation } { $resource }
request-latency-over-slo-metric = the p99 of { $count } requests is { $seconds } s; the objective is { $limit } s
request-latency-over-slo-mean = { $count } requests take { $seconds } s on average (no buckets were scraped, so no p99); the objective is { $limit } s (p99)
request-latency-over-slo-cut = { $count } of { $total } events were cut by their exporter and have no latency
request-latency-over-slo-table = a saved query gives a p99 of { $seconds } s; the objective is { $limit } s
request-latency-over-slo-advice = see whether one client's calls are slow or everybody's
request-latency-over-slo-cleared = no kind of request with enough samples is over the objective

rule-requests-rejected-by-priority-and-fairness = priority and fairness rejects requests
requests-rejected-by-priority-and-fairness-title = priority and fairness turned { $count } requests away with 429
requests-rejected-by-priority-and-fairness-log = the first of them; { $count } are of { $user }
requests-rejected-by-priority-and-fairness-metric = { $count } rejected: FlowSchema { $schema }, level { $level }, reason { $reason }
requests-rejected-by-priority-and-fairness-own = FlowSchema { $schema } was made to throttle: these are turned away on purpose
requests-rejected-by-priority-and-fairness-advice = find the client that fills the level; raising limits comes last
requests-rejected-by-priority-and-fairness-dropped-title = the API server turned { $count } requests away with 429: too many were in flight
requests-rejected-by-priority-and-fairness-dropped = { $count } requests were dropped for the limit of requests in flight
requests-rejected-by-priority-and-fairness-waiting-title = priority level { $level } is full: { $queued } requests wait for a seat
requests-rejected-by-priority-and-fairness-level = level { $level }: { $taken } of { $seats } seats taken, { $queued } requests in its queues{ $scrapes ->
    [1] {""}
   *[other] {" "}(scrape { $scrape } of { $scrapes })
}
requests-rejected-by-priority-and-fairness-flight = in flight: { $mutating } mutating and { $reading } reading requests; an API server allows 200 and 400 unless told otherwise{ $scrapes ->
    [1] {""}
   *[other] {" "}(scrape { $scrape } of { $scrapes })
}
requests-rejected-by-priority-and-fairness-flight-title = { $count } requests are in flight, near the limit of the API server
requests-rejected-by-priority-and-fairness-grew = { $count } of them since the scrape before
requests-rejected-by-priority-and-fairness-queued-title = requests wait for a seat of priority and fairness: { $count } of them { $seconds } s on average
requests-rejected-by-priority-and-fairness-queued = the one that waited longest: { $seconds } s in a queue
requests-rejected-by-priority-and-fairness-cleared = priority and fairness turned nobody away
requests-rejected-by-priority-and-fairness-few = priority and fairness turned { $count ->
    [one] one request
   *[other] only { $count } requests
} away: a moment's burst

rule-managed-apiserver-guard-active = AKS guards the API server
managed-apiserver-guard-active-title = AKS throttles all clients because the API server was overloaded
managed-apiserver-guard-active-schema = FlowSchema { $name } exists
managed-apiserver-guard-active-level = its priority level has { $shares ->
    [one] 1 share
   *[other] { $shares } shares
}
managed-apiserver-guard-active-advice = find and repair the client that overloads the API server first
managed-apiserver-guard-active-remove = then remove the guard
managed-apiserver-guard-active-cleared = { $count ->
    [one] the one FlowSchema is not the guard
   *[other] none of { $count } FlowSchemas is the guard
}

rule-free-tier-control-plane = the control plane is of the Free tier
free-tier-control-plane-title = the control plane is of the Free tier: small, without a service level
free-tier-control-plane-line = sku.tier is Free; the cluster has { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
}, it is meant for fewer than 10
free-tier-control-plane-upgrade = use the Standard tier for production
free-tier-control-plane-cleared = sku.tier is { $tier }

rule-aggregated-api-unavailable = an aggregated API is unavailable
aggregated-api-unavailable-title = aggregated API { $name } is unavailable
aggregated-api-unavailable-condition = Available is False: { $reason } { $message }
aggregated-api-unavailable-metric = aggregator_unavailable_apiservice is 1
aggregated-api-unavailable-client = a client asked for { $name } and was told that the server cannot handle it
aggregated-api-unavailable-look = read why it is unavailable
aggregated-api-unavailable-backend = bring its backend back
aggregated-api-unavailable-remove = if its program was removed, remove the registration too
aggregated-api-unavailable-cleared = { $name } is Available
aggregated-api-unavailable-none = { $count ->
    [one] the one API is not served by a backend
   *[other] none of { $count } APIs is served by a backend
}

rule-deprecated-api-in-use = deprecated API versions are in use
deprecated-api-in-use-title = { $user } calls { $api }, which Kubernetes { $release } removes
deprecated-api-in-use-call = { $count ->
    [one] a call
   *[other] the first of { $count } calls
} by { $agent }
deprecated-api-in-use-api = { $api } is called, which Kubernetes { $release } removes
deprecated-api-in-use-metric = apiserver_requested_deprecated_apis is 1
deprecated-api-in-use-advice = update the client before the upgrade
deprecated-api-in-use-cleared = no call of a deprecated API is counted
