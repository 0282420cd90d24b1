# Regole sui carichi di lavoro.

rule-container-crash-loop = contenitori si arrestano di continuo in modo anomalo
container-crash-loop-title = { $namespace }/{ $workload } si arresta di continuo in modo anomalo ({ $count } Pod)
container-crash-loop-died = { $pod } riavviato { $restarts ->
    [one] una volta
   *[other] { $restarts } volte
}; l'ultima esecuzione è terminata con codice di uscita { $exit } ({ $meaning })
container-crash-loop-waits = { $pod } è in CrashLoopBackOff dopo { $restarts ->
    [one] un riavvio
   *[other] { $restarts } riavvii
}
container-crash-loop-logs = leggere che cosa ha detto prima di terminare
container-crash-loop-cleared = { $count ->
    [one] l'unico Pod non è
   *[other] nessuno dei { $count } Pod è
} in CrashLoopBackOff

rule-image-pull-failing = impossibile eseguire il pull delle immagini
image-pull-failing-title = { $count ->
    [one] 1 Pod non riesce a eseguire il pull dell'immagine
   *[other] { $count } Pod non riescono a eseguire il pull dell'immagine
}: { $why }
image-pull-failing-event = il kubelet dice: { $message }
image-pull-failing-waits = { $pod } attende la sua immagine
image-pull-failing-do-access = dare all'identità del cluster il diritto di pull (AcrPull), o una regola al firewall del registro
image-pull-failing-do-name = correggere nome, tag o piattaforma dell'immagine
image-pull-failing-do-rate = eseguire il pull tramite un registro proprio, o accedere a quello pubblico
image-pull-failing-do-read = leggere la risposta del registro
image-pull-failing-cleared = { $count ->
    [one] l'unico Pod non attende
   *[other] nessuno dei { $count } Pod attende
} un'immagine

rule-container-oom-killed = contenitori terminati al loro limite di memoria
container-oom-killed-title = { $namespace }/{ $workload } viene terminato al suo limite di memoria ({ $count } Pod)
container-oom-killed-says = { $container } di { $pod } è stato OOMKilled (limite { $limit }, riavvii: { $restarts })
container-oom-killed-do = confrontare il suo uso con il limite, poi alzare il limite o correggere la perdita di memoria
container-oom-killed-untold = solo una tabella elenca { $count ->
        [one] un Pod riavviato
       *[other] { $count } Pod riavviati
    }, e non che cosa li ha terminati
container-oom-killed-cleared = { $count ->
    [one] l'unico Pod non è stato
   *[other] nessuno dei { $count } Pod è stato
} di recente OOMKilled

rule-pods-unschedulable = Pod non trovano un nodo
pods-unschedulable-title = { $count ->
    [one] 1 Pod non trova un nodo
   *[other] { $count } Pod non trovano un nodo
}: { $reason }
pods-unschedulable-says = lo scheduler dice di { $pod }: { $message }
pods-unschedulable-do = leggere i motivi dello scheduler per uno di essi
pods-unschedulable-cleared = lo scheduler non lascia a lungo senza nodo { $count ->
    [one] l'unico Pod
   *[other] nessuno dei { $count } Pod
}

rule-autoscaler-cannot-grow = il ridimensionamento automatico del cluster non può aggiungere nodi
autoscaler-cannot-grow-title = il ridimensionamento automatico non può aggiungere nodi: { $why }
autoscaler-cannot-grow-says = { $text }
autoscaler-cannot-grow-do = leggere lo stato del ridimensionamento automatico, poi alzare il massimo, la quota, o scegliere altre dimensioni della VM o un'altra zona
autoscaler-cannot-grow-cleared = nessun Pod è Pending e nessun aumento di nodi è fallito

rule-pod-sandbox-failing = impossibile creare le sandbox dei Pod
pod-sandbox-failing-title = impossibile creare le sandbox di { $count } Pod su { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
}
pod-sandbox-failing-says = il kubelet dice: { $message }
pod-sandbox-failing-nodes = nessun plug-in di rete è pronto su { $count ->
    [one] 1 nodo
   *[other] { $count } nodi
}: i Pod non possono avviarsi
pod-sandbox-failing-node = { $node } dice: { $message }
pod-sandbox-failing-plugin = guardare i Pod del plug-in di rete sul nodo (azure-cns, cilium, calico-node)
pod-sandbox-failing-do = leggere l'errore del CNI
pod-sandbox-failing-cleared = nessun evento parla di una sandbox non riuscita

rule-pod-ips-exhausted = non restano indirizzi per i Pod
pod-ips-exhausted-slots = ogni nodo contiene già il massimo numero di Pod
pod-ips-exhausted-title = nella subnet non restano indirizzi per i Pod
pod-ips-exhausted-says = { $text }
pod-ips-exhausted-do = vedere quanti indirizzi ha ogni nodo, poi ampliare la subnet dei Pod o passare a CNI Overlay
pod-ips-exhausted-cleared = nessun Pod attende la rete e nessun evento parla di indirizzi mancanti

rule-service-without-endpoints = Service senza endpoint pronti
service-without-endpoints-title = il Service { $service } non ha endpoint pronti
service-without-endpoints-many = { $count ->
    [one] il Service { $service } non ha endpoint pronti
   *[other] { $count } Service non hanno endpoint pronti, tra cui { $service }
}
service-without-endpoints-says = nessun indirizzo dietro { $service } è pronto
service-without-endpoints-do = vedere che cosa attendono i suoi endpoint
service-without-endpoints-cleared = ogni Service per cui si vogliono Pod ha un endpoint pronto

rule-namespace-stuck-terminating = spazi dei nomi non scompaiono
namespace-stuck-terminating-title = lo spazio dei nomi { $namespace } è Terminating e non scompare
namespace-stuck-terminating-says = { $namespace } attende: { $message }
namespace-stuck-terminating-do = leggere che cosa attende; non rimuovere mai il suo finalizer con la forza
namespace-stuck-terminating-cleared = { $count ->
    [one] l'unico spazio dei nomi non è
   *[other] nessuno dei { $count } spazi dei nomi è
} bloccato

rule-object-stuck-by-finalizer = oggetti attendono un finalizer
object-stuck-by-finalizer-title = { $kind } { $name } non eliminabile: { $finalizer } lo trattiene
object-stuck-by-finalizer-says = { $name } è stato eliminato e porta ancora { $finalizer }
object-stuck-by-finalizer-many = { $count } oggetti { $kind } non eliminabili: { $finalizer } li trattiene
object-stuck-by-finalizer-namespace = oggetti dello spazio dei nomi { $namespace } non eliminabili: { $finalizer } li trattiene
object-stuck-by-finalizer-remaining = lo spazio dei nomi { $namespace } attende: { $message }
object-stuck-by-finalizer-do = vedere che cosa lo trattiene, e riparare il controller a cui appartiene il finalizer
object-stuck-by-finalizer-cleared = { $count ->
    [one] l'unico oggetto non attende
   *[other] nessuno dei { $count } oggetti attende
} un finalizer che nessuno rimuove

rule-disruption-budget-blocks-drain = un budget di interruzione blocca uno svuotamento
disruption-budget-blocks-drain-title = PodDisruptionBudget { $budget } non consente interruzioni e blocca lo svuotamento
disruption-budget-blocks-drain-some = un PodDisruptionBudget blocca lo svuotamento
disruption-budget-blocks-drain-went-on = alcune rimozioni hanno dovuto attendere un PodDisruptionBudget; le successive sono riuscite
disruption-budget-blocks-drain-says = { $budget } consente 0 interruzioni: { $healthy } integri su { $expected }, { $desired } desiderati
disruption-budget-blocks-drain-refused = una rimozione è stata rifiutata: { $text }
disruption-budget-blocks-drain-do = lasciar andare un Pod alla volta (o eseguire una replica in più)
disruption-budget-blocks-drain-cleared = { $count ->
    [0] non vi sono budget di interruzione
    [one] l'unico budget di interruzione non trattiene alcun Pod
   *[other] nessuno dei { $count } budget di interruzione trattiene un Pod
}
disruption-budget-blocks-drain-idle = { $budget } non consente interruzioni, ma nessuna rimozione è stata rifiutata

rule-quota-exceeded = una quota impedisce nuovi oggetti
quota-exceeded-title = la quota { $quota } dello spazio dei nomi { $namespace } è esaurita
quota-exceeded-says = un controller dice: { $message }
quota-exceeded-status = lo stato di { $quota } mostra quanto è usato
quota-exceeded-do = vedere che cosa usa la quota, poi alzarla o liberarne una parte
quota-exceeded-cleared = nessun evento parla di una quota superata

rule-mass-eviction = molti Pod sono stati rimossi (evicted)
mass-eviction-title = { $count } Pod sono stati rimossi (evicted)
mass-eviction-says = { $pod }: { $message }
mass-eviction-do = elencare ciò che è stato rimosso
mass-eviction-cleared = { $count ->
    [one] l'unico Pod non è stato rimosso
   *[other] meno di tre Pod su { $count } sono stati rimossi
} (evicted)

rule-probes-failing-on-one-node = probe di molti carichi di lavoro non riescono su un nodo
probes-failing-on-one-node-title = le probe di { $count ->
    [one] 1 carico
   *[other] { $count } carichi
} di lavoro scadono sul nodo { $node }
probes-failing-on-one-node-says = { $workload }: { $message }
probes-failing-on-one-node-do = vedere che cosa manca al nodo
probes-failing-on-one-node-cleared = su nessun nodo scadono le probe di più carichi di lavoro

rule-kube-proxy-stale = kube-proxy non funziona o non può scrivere le sue regole
kube-proxy-stale-title = kube-proxy su { $node } è fermo o non può scrivere le sue regole
kube-proxy-stale-many = kube-proxy non funziona o non può scrivere le sue regole su { $count } nodi
kube-proxy-stale-log = kube-proxy dice: { $message }
kube-proxy-stale-pod = { $pod } su { $node } non è pronto
kube-proxy-stale-waits = { $pod } su { $node } attende in { $reason }
kube-proxy-stale-metric = kube-proxy su { $node } ha modifiche da scrivere da { $seconds } s, dopo { $failures ->
    [one] 1 errore
   *[other] { $failures } errori
}
kube-proxy-stale-do = riavviare kube-proxy
kube-proxy-stale-cilium = il piano dati è Cilium: per progettazione kube-proxy non c'è
kube-proxy-stale-cleared = ogni kube-proxy è pronto ({ $ready })

rule-system-component-single-replica = un componente di sistema ha una sola replica
system-component-single-replica-title = { $name } ha una sola replica benché il cluster abbia { $nodes } nodi
system-component-single-replica-says = per { $name } è prevista una sola replica
system-component-single-replica-cleared = per { $name } { $count ->
    [one] è prevista 1 replica
   *[other] sono previste { $count } repliche
}
system-component-single-replica-do = dargli una seconda replica, o un minimo di due al suo ridimensionamento automatico

rule-system-pods-evicted = Pod di sistema rimossi (evicted)
system-pods-evicted-title = { $count ->
    [one] 1 Pod di kube-system è stato rimosso (evicted)
   *[other] { $count } Pod di kube-system sono stati rimossi (evicted)
}
system-pods-evicted-says = { $pod } è stato rimosso (evicted): { $message }
system-pods-evicted-cleared = nessun Pod di kube-system è stato rimosso (evicted)
system-pods-evicted-do = leggere che cosa mancava ai nodi, poi dare ai Pod di sistema una classe di priorità e delle richieste
