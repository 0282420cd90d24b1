# Rules of the family apiserver.

client-load-cost = { $share } % of the load of all clients, { $busy } requests in flight on average; the slowest took { $slowest } s
client-load-rejected = { $count } of its requests were turned away with 429 by priority and fairness
client-load-others-rejected = { $count } requests of other clients were turned away with 429
client-load-breach = a p99 over the upstream objective, because of the load
client-load-throttled = FlowSchema { $schema } throttles this client on purpose (priority level { $level })
client-load-find = find the Pods that run as { $name }
client-load-throttle = until it is repaired, throttle { $user } with a FlowSchema and a PriorityLevelConfiguration of few shares
client-load-cleared = the busiest client, { $user }, asked { $requests } times in { $seconds } s

rule-client-request-flood = a client floods the API server with requests
client-request-flood-title = { $user } ({ $agent }) floods the API server: { $rate } reads/s
client-request-flood-line = the first of { $count } requests: { $verb } { $resource }
client-request-flood-advice = let the client watch (an informer) instead of asking again and again, or ask less often

rule-client-watch-leak = a client leaks watches
client-watch-leak-title = { $user } ({ $agent }) has { $open } watches open and closes none
client-watch-leak-line = the first of { $open } watches of { $resource } that never ended
client-watch-leak-last = the latest of them; about { $rate } a minute, over { $resources ->
    [one] one resource
   *[other] { $resources } resources
}
client-watch-leak-metric = { $open } watches of { $resource } are open{ $before ->
    [0] {""}
   *[other] , { $before } in the scrape before
}
client-watch-leak-unnamed = { $open } watches of { $resource } are open, far more than the cluster needs
client-watch-leak-settle = an audit log with the stage ResponseStarted names the client
client-watch-leak-advice = repair or restart the client: one shared watch (informer) for each resource, closed when done
client-watch-leak-cleared = at most { $open } watches of one resource ({ $resource }) are open
client-watch-leak-cleared-audit = no client has more watches open than its informers need

rule-client-list-storm = a client lists whole collections again and again
client-list-storm-title = { $user } ({ $agent }) lists whole collections { $rate } times/s
client-list-storm-line = the first of { $count } requests: { $verb } { $resource }
client-list-storm-advice = let the client use an informer, or page with limit= and read with resourceVersion=0

rule-client-write-storm = a client writes without pause
client-write-storm-title = { $user } ({ $agent }) writes without pause: { $rate } writes/s
client-write-storm-line = the first of { $count } requests: { $verb } { $resource }
client-write-storm-advice = stop the loop: write only on a difference, and find the controller it fights with
