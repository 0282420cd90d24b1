# Regole sulla piattaforma.

rule-cluster-not-reconciling = Azure non riconcilia il cluster
cluster-not-reconciling-title = il cluster { $name } è in errore o arrestato: Azure non riconcilia nulla
cluster-not-reconciling-state = provisioningState di { $name } è { $state }
cluster-not-reconciling-stopped = { $name } è arrestato
cluster-not-reconciling-pool = provisioningState del pool di nodi { $pool } è { $state }
cluster-not-reconciling-do = riparare l'ultima operazione; un aggiornamento vuoto riconcilia il cluster
cluster-not-reconciling-cleared = provisioningState di { $name } è { $state }

rule-azure-api-throttled = Azure Resource Manager limita le richieste della sottoscrizione
azure-api-throttled-title = Azure Resource Manager limita le richieste di questa sottoscrizione (429)
azure-api-throttled-says = { $text }
azure-api-throttled-do = trovare chi chiama Azure così spesso, e allungarne l'intervallo
azure-api-throttled-cleared = nessun evento parla di limitazioni da parte di Azure

rule-load-balancer-not-provisioned = servizi di bilanciamento del carico senza indirizzo
load-balancer-not-provisioned-title = il Service { $service } non ottiene un servizio di bilanciamento del carico
load-balancer-not-provisioned-says = il controller dei servizi dice: { $message }
load-balancer-not-provisioned-pending = { $service } non ha ancora un indirizzo
load-balancer-not-provisioned-do = leggere gli eventi del controller dei servizi
load-balancer-not-provisioned-cleared = ogni Service LoadBalancer ha un indirizzo

rule-cluster-identity-expired = l'identità del cluster non è accettata
cluster-identity-expired-title = l'entità servizio del cluster non è più accettata ({ $code })
cluster-identity-expired-rights-title = all'identità del cluster mancano diritti in Azure
cluster-identity-expired-says = Azure risponde: { $text }
cluster-identity-expired-do-secret = dare all'entità servizio un nuovo segreto, e con essa al cluster
cluster-identity-expired-do-rights = dare all'identità del cluster il ruolo indicato dall'errore
cluster-identity-expired-cleared = nessun evento parla di un errore di autenticazione di Azure

rule-volume-attach-failing = impossibile collegare i volumi
volume-attach-failing-title = impossibile collegare o montare i volumi di { $count } Pod
volume-attach-failing-says = { $message }
volume-attach-failing-attachments = { $count ->
    [one] impossibile collegare il volume { $volume }
   *[other] impossibile collegare { $count } volumi, per esempio { $volume }
}
volume-attach-failing-do = leggere quale volume attende che cosa
volume-attach-failing-cleared = nessun evento parla di un volume che non si è potuto collegare

rule-version-skew-unsupported = versioni di kubelet e server API troppo distanti
version-skew-unsupported-title = { $count ->
    [one] 1 nodo ha un kubelet
   *[other] { $count } nodi hanno kubelet
} fuori dall'intervallo supportato di { $server }
version-skew-unsupported-says = { $node } esegue { $version }
version-skew-unsupported-do = aggiornare i pool di nodi rimasti indietro
version-skew-unsupported-cleared = ogni kubelet è nell'intervallo supportato di { $version }

rule-system-pool-untainted = i Pod degli utenti riempiono il pool di sistema
system-pool-untainted-title = i Pod degli utenti riempiono { $count ->
    [one] 1 nodo
   *[other] { $count } nodi
} del pool di sistema { $pool }, senza taint
system-pool-untainted-says = è richiesto il { $percent } % dei processori di { $node }, di cui il { $users } % da Pod degli utenti
system-pool-untainted-pod = { $pod } è in esecuzione sul nodo di sistema { $node }
system-pool-untainted-cleared = { $node } ha il taint CriticalAddonsOnly
system-pool-untainted-do = dare ai Pod degli utenti un pool proprio, poi mettere il taint al pool di sistema

rule-system-pool-burstable = il pool di sistema usa macchine burstable
system-pool-burstable-title = il pool di sistema { $pool } usa macchine burstable ({ $size })
system-pool-burstable-says = il pool { $pool } ha macchine di dimensione { $size }
system-pool-burstable-spent = i crediti CPU delle macchine sono esauriti
system-pool-burstable-cleared = il pool di sistema ha macchine di dimensione { $size }
system-pool-burstable-do = aggiungere un pool di sistema di un'altra serie, poi togliere questo

rule-proxy-bypass-incomplete = noProxy tralascia ciò che va raggiunto senza proxy
proxy-bypass-incomplete-title = noProxy tralascia { $count ->
    [one] 1 indirizzo
   *[other] { $count } indirizzi
} da raggiungere senza proxy
proxy-bypass-incomplete-says = noProxy non copre { $missing }
proxy-bypass-incomplete-cleared = noProxy copre il server API, i servizi e gli indirizzi propri di Azure
proxy-bypass-incomplete-do = leggere effectiveNoProxy e aggiungere a noProxy ciò che manca

rule-system-pool-on-one-node = il pool di sistema ha un solo nodo
system-pool-on-one-node-title = il pool di sistema { $pool } ha un solo nodo: perderlo ferma i componenti del cluster
system-pool-on-one-node-count = il pool { $pool } in modalità System ha count 1 e nessun altro pool di sistema ha nodi
system-pool-on-one-node-second = anche { $node } ha l'etichetta del pool di sistema: un nodo di un aggiornamento, o uno che Azure non conta
system-pool-on-one-node-label = solo { $node } ha l'etichetta kubernetes.azure.com/mode=system
system-pool-on-one-node-others = il cluster ha { $count ->
    [one] 1 nodo di un altro pool
   *[other] { $count } nodi di altri pool
}
system-pool-on-one-node-cleared = i pool di sistema hanno { $count ->
    [one] 1 nodo
   *[other] { $count } nodi
}
system-pool-on-one-node-look = vedere che cosa è in esecuzione su quel nodo
system-pool-on-one-node-do = portare il pool di sistema a tre nodi
