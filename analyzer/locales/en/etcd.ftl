# Rules of the family etcd.

rule-etcd-object-leak = objects pile up in etcd
etcd-object-leak-title = { $count } { $resource } pile up in etcd
etcd-object-leak-count = { $count } objects of { $resource }; from 10,000 on they make etcd slow
etcd-object-leak-bytes = they take about { $bytes }
etcd-object-leak-size = the database has { $bytes }
etcd-object-leak-creator = { $user } ({ $agent }) created { $created } of them within this log; { $deleted } were deleted
etcd-object-leak-pouring = { $user } left { $count } { $resource } in etcd within this log
etcd-object-leak-dated = the first of { $count } of them that were created at this pace
etcd-object-leak-pods-of-jobs = { $count } Pods: those of the Jobs stay with them
etcd-object-leak-grew = { $before } in the scrape before, { $more } fewer
etcd-object-leak-slow = a call of etcd takes { $milliseconds } ms on average
etcd-object-leak-stop = stop what creates them, then give it a limit: a TTL, owner references, a history limit, a ResourceQuota
etcd-object-leak-look = look at the oldest of them
etcd-object-leak-clean = when nobody needs them, delete them in batches, by label, after a backup
etcd-object-leak-cleared = the type with most objects, { $resource }, has { $count }

rule-etcd-database-near-limit = the database of etcd is large
etcd-database-near-limit-title = the database of etcd has { $bytes } of { $limit }
etcd-database-near-limit-size = the file of etcd has { $bytes }
etcd-database-near-limit-size-of = the file of { $cluster } has { $bytes }
etcd-database-near-limit-in-use = { $bytes } of them are in use
etcd-database-near-limit-fragmented = only { $bytes } of them are in use: the rest is free pages that defragmenting gives back
etcd-database-near-limit-percent-title = { $percent } % of the database of etcd are used
etcd-database-near-limit-percent = etcd_database_usage_percentage is at most { $percent } %
etcd-database-near-limit-clean = find what fills it (count the objects of each type), delete what nobody needs, then have etcd defragmented
etcd-database-near-limit-cleared-share = the database of etcd has { $bytes } of { $limit }, its quota
etcd-database-near-limit-cleared = the database of etcd has { $bytes }

rule-etcd-space-exceeded = etcd is out of space and takes no writes
etcd-space-exceeded-title = etcd is out of space: every write fails, reads work
etcd-space-exceeded-audit = { $count ->
    [one] 1 write
   *[other] { $count } writes
} failed with { $code } "mvcc: database space exceeded"
etcd-space-exceeded-log = { $text } ({ $count ->
    [one] 1 such line
   *[other] { $count } such lines
})
etcd-space-exceeded-event = event of { $object }: { $message }
etcd-space-exceeded-command = { $command }: { $text }
etcd-space-exceeded-size = the database has { $bytes }
etcd-space-exceeded-free = free space first: delete the objects that fill it (deletions still work where the quota leaves room)
etcd-space-exceeded-compact = then compact and defragment each member, and clear the alarm (etcdctl alarm disarm)
etcd-space-exceeded-support = on AKS, open a support request: only the service can defragment etcd
etcd-space-exceeded-cleared = the database of etcd has { $bytes }, far from its quota

rule-helm-history-unbounded = Helm keeps every revision of a release
helm-history-unbounded-title = Helm release { $release } keeps { $revisions } revisions{ $more ->
    [0] {""}
    [one] {" "}(and another release too)
   *[other] {" "}(and { $more } other releases too)
}
helm-history-unbounded-first = the first of { $revisions } kept revisions of { $release }; the default is 10
helm-history-unbounded-last = the last of them; { $broken } are failed or pending
helm-history-unbounded-bytes = these { $revisions } revisions take { $bytes }; each LIST of their Secrets reads all of it
helm-history-unbounded-size = the database of etcd has { $bytes }
helm-history-unbounded-limit = look at its revisions, then upgrade with --history-max 5, or set it in the pipeline
helm-history-unbounded-limit-tiller = set the limit of Helm 2 in its server; better: migrate, Helm 2 is out of support
helm-history-unbounded-clean = after a backup, delete the superseded revisions
helm-history-unbounded-cleared = the longest history, of { $release }, has { $revisions ->
    [one] 1 revision
   *[other] { $revisions } revisions
}
helm-history-unbounded-none = no Secret holds a Helm revision

rule-etcd-memory-pressure = the memory of etcd runs out
etcd-memory-pressure-title = etcd runs out of memory
etcd-memory-pressure-percent = etcd_memory_usage_percentage is at most { $percent } %
etcd-memory-pressure-resident = etcd uses { $bytes } of memory
etcd-memory-pressure-unstable = etcd changes its leader again and again
etcd-memory-pressure-no-leader = an etcd member has no leader
etcd-memory-pressure-leaders = an etcd member saw { $count } changes of the leader
etcd-memory-pressure-leader-lines = { $count } lines tell of a new leader of etcd: { $text }
etcd-memory-pressure-advice = find the cause: large LISTs, many or big objects, a client that writes without pause
