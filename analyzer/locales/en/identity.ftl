# Rules of the family identity.

rule-certificate-expired = a certificate expired
certificate-expired-node-title = the certificate of the kubelet on { $node } expired
certificate-expired-webhook-title = the authority of webhook { $name } expired
certificate-expired-service-title = the certificate behind { $name } has expired
certificate-expired-served = the API server calls { $name } and is shown a certificate that has expired
certificate-expired-client-title = the certificate between client and API server expired
certificate-expired-date = { $path } was valid until { $until }
certificate-expired-bundle = its caBundle was valid until { $until }
certificate-expired-journal = the kubelet of { $node } says that its certificate is expired
certificate-expired-refused = the API server refuses the kubelet of { $node }
certificate-expired-lost = the API server no longer hears from { $node }
certificate-expired-call = calls of the webhook fail with x509
certificate-expired-client = the client was told that a certificate has expired
certificate-expired-valid = a certificate is valid until { $until }
certificate-expired-requests = see whether certificate requests wait for approval
certificate-expired-renew = let { $node } bootstrap anew: reimage it, or upgrade its node pool
certificate-expired-webhook-renew = renew the certificate of { $name } and put its new authority into caBundle
certificate-expired-credentials = fetch new credentials

rule-clock-skewed = a node's clock is wrong
clock-skewed-title = the clock of { $node } is wrong
clock-skewed-ahead = the clock of { $node } is { $seconds } s ahead
clock-skewed-behind = the clock of { $node } is { $seconds } s behind
clock-skewed-early = { $node } takes a certificate for one of the future
clock-skewed-future = the lease of { $node } was renewed in the future
clock-skewed-unsynchronized = { $node } does not synchronize its clock
clock-skewed-cleared = a node's clock is synchronized
clock-skewed-read = read the node's time source and offset
clock-skewed-step = on the node, start chrony again and step the clock (chronyc makestep)

rule-access-denied-not-unreachable = the API server answers and denies access
access-denied-not-unreachable-title = the API server answers: the client's credentials are refused
access-denied-not-unreachable-no-right = the API server answers: the client has no right to anything it asks
access-denied-not-unreachable-unauthorized = the API server answered 401: it does not accept the credentials
access-denied-not-unreachable-forbidden = the API server answered 403: the user has no right to this
access-denied-not-unreachable-local = local accounts are disabled: certificates of old admin kubeconfigs are void
access-denied-not-unreachable-worked = another command of the client worked
access-denied-not-unreachable-dial = the connection itself failed
access-denied-not-unreachable-credentials = fetch new credentials
access-denied-not-unreachable-who = see whom the API server takes the client for
access-denied-not-unreachable-role = have a role bound to that user: deploy/rbac.yaml holds what the collector needs
access-denied-not-unreachable-kubelogin = let kubectl sign in through Microsoft Entra

rule-leader-election-churning = leaders change again and again
leader-election-churning-title = { $name } changed its leader { $count ->
    [one] once
   *[other] { $count } times
}
leader-election-churning-became = { $name } had { $count } new leaders
leader-election-churning-lost = { $name } lost its lease { $count ->
    [one] once
   *[other] { $count } times
}
leader-election-churning-held = { $holder } holds the lease and renews it
leader-election-churning-read = see the leases and their holders
