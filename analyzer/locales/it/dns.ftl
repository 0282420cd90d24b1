# Regole della famiglia DNS.
rule-apiserver-name-unresolvable = i nodi non risolvono il nome del server API
apiserver-name-unresolvable-title = i nodi non risolvono il nome del server API
apiserver-name-unresolvable-unknown = { $node ->
    [none] il nome { $name } non esiste (NXDOMAIN)
   *[other] per { $node } il nome { $name } non esiste (NXDOMAIN)
}
apiserver-name-unresolvable-answered = { $node ->
    [none] il resolver { $server } risponde che { $name } non esiste (NXDOMAIN, no such host): un errore DNS, non una porta bloccata
   *[other] per { $node } il resolver { $server } risponde che { $name } non esiste (NXDOMAIN, no such host): un errore DNS, non una porta bloccata
}
apiserver-name-unresolvable-silent = { $node } non ha risposta per { $name }
apiserver-name-unresolvable-failed = il resolver di { $node } non riesce per { $name }
apiserver-name-unresolvable-public = { $node } risolve il nome privato { $name } nell'indirizzo pubblico { $address }
apiserver-name-unresolvable-complaint = un programma su { $node } non ha potuto risolvere { $name }
apiserver-name-unresolvable-others = altri nomi vi si risolvono: { $name }
apiserver-name-unresolvable-platform = il resolver di Azure conosce { $name }: i server DNS personalizzati non lo interrogano
apiserver-name-unresolvable-cleared = { $name } si risolve su un nodo
apiserver-name-unresolvable-compare = confrontare, su un nodo, con il resolver di Azure
apiserver-name-unresolvable-forward = far inoltrare ai server DNS personalizzati la zona (privatelink.<region>.azmk8s.io) a 168.63.129.16
apiserver-name-unresolvable-link = collegare la zona DNS privata alla rete virtuale dei server DNS e dei nodi
rule-coredns-down = CoreDNS non funziona
coredns-down-title = nessun Pod di CoreDNS è pronto
coredns-down-unready = { $count ->
    [one] l'unico Pod di CoreDNS, { $pod }, non è pronto
   *[other] nessuno dei { $count } Pod di CoreDNS è pronto, ad esempio { $pod }
}
coredns-down-scaled = il Deployment coredns è ridimensionato a zero
coredns-down-workload = il Deployment coredns non ha Pod pronti
coredns-down-available = il Deployment coredns ha Pod pronti
coredns-down-killed = { $pod } è stato terminato: ha raggiunto il suo limite di memoria
coredns-down-state = un contenitore di { $pod } è in { $reason }
coredns-down-log = CoreDNS stesso dice: { $text }
coredns-down-backoff = il kubelet attende sempre più a lungo prima di riavviare { $pod }
coredns-down-cleared = il Pod di CoreDNS { $pod } è pronto
coredns-down-logs = leggere perché l'ultimo contenitore è terminato
coredns-down-custom = verificare le proprie aggiunte al Corefile
coredns-down-restart = riavviare CoreDNS quando la causa è risolta
rule-pod-dns-failing = risoluzione dei nomi non riuscita nei Pod
pod-dns-failing-title = { $count ->
    [one] risoluzione dei nomi non riuscita in un Pod
   *[other] risoluzione dei nomi non riuscita in { $count } Pod
}
pod-dns-failing-lookup = nel Pod { $pod } il nome { $name } non si risolve
pod-dns-failing-cleared = nel Pod { $pod } il nome { $name } si risolve
pod-dns-failing-pods = vedere se CoreDNS è in esecuzione, e dove
pod-dns-failing-layers = da un Pod interrogare l'indirizzo del servizio, poi quello di un Pod di CoreDNS sullo stesso nodo e su un altro: il primo che risponde indica il livello
rule-upstream-dns-failing = i server DNS a monte del cluster non rispondono
upstream-dns-failing-title = i server DNS a monte del cluster non rispondono
upstream-dns-failing-node = { $node } non ha risposta per { $name }
upstream-dns-failing-complaint = un programma su { $node } non ha avuto risposta per { $name }
upstream-dns-failing-platform = il resolver di Azure risponde per { $name }: la colpa è del server DNS personalizzato
upstream-dns-failing-platform-too = neppure il resolver di Azure risponde per { $name }: il percorso verso 168.63.129.16 è bloccato
upstream-dns-failing-coredns = CoreDNS ha atteso invano i suoi server upstream (volte: { $count })
upstream-dns-failing-servfail = CoreDNS ha risposto SERVFAIL al { $percent } % delle domande
upstream-dns-failing-others = CoreDNS interroga { $servers }, i nodi no: le loro ricerche non dicono nulla di quei server
upstream-dns-failing-servers = { $node } interroga { $servers }
upstream-dns-failing-settle = ricerche di nomi esterni su due nodi, con il resolver dei nodi e con 168.63.129.16
upstream-dns-failing-cleared = { $node } risolve { $name }
upstream-dns-failing-compare = confrontare, su un nodo, con il resolver di Azure
upstream-dns-failing-repair = riparare i server DNS della rete virtuale, o il percorso verso di essi (UDP e TCP 53)
upstream-dns-failing-forward = far inoltrare i server DNS personalizzati a 168.63.129.16, e indicarne più di uno

rule-vnet-dns-servers-mixed = il server DNS di Azure sta accanto ad altri
vnet-dns-servers-mixed-title = { $name } interroga a turno il server DNS di Azure e altri
vnet-dns-servers-mixed-says = { $name } interroga { $servers }
vnet-dns-servers-mixed-cleared = { $name } interroga server di un solo tipo: { $servers }
vnet-dns-servers-mixed-do = indicare solo i propri server e farli inoltrare a 168.63.129.16
