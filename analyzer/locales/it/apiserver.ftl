# Regole della famiglia server API.

client-load-cost = { $share } % del carico di tutti i client, in media { $busy } richieste in corso; la più lenta ha richiesto { $slowest } s
client-load-rejected = sue richieste respinte con 429 da Priority and Fairness: { $count }
client-load-repeats = gran parte di ciò che chiede ripete ciò che è stato respinto: segue il sovraccarico e non ne è per forza la causa
client-load-denied-title = { $user } ({ $agent }) ripete ciò che viene rifiutato: { $rate } richieste/s
client-load-denied = { $count ->
    [one] 1 delle sue richieste è stata rifiutata
   *[other] { $count } delle sue richieste sono state rifiutate
} con 401 o 403
client-load-others-rejected = richieste di altri client respinte con 429: { $count }
client-load-queued = { $count ->
        [one] { $count } richiesta lenta ha
       *[other] { $count } richieste lente hanno
    } atteso un posto di Priority and Fairness
client-load-breach = un p99 oltre l'obiettivo upstream, a causa del carico
client-load-throttled = il FlowSchema { $schema } limita di proposito questo client (livello di priorità { $level })
client-load-find = trovare i Pod in esecuzione come { $name }
client-load-throttle = finché non è riparato, limitare { $user } con un FlowSchema e una PriorityLevelConfiguration con poche quote
client-load-denied-advice = dare al client credenziali valide e i permessi che gli servono, oppure fermarlo: ripete ciò che viene rifiutato
client-load-cleared = il client più attivo, { $user }, ha inviato { $requests ->
    [one] 1 richiesta
   *[other] { $requests } richieste
} in { $seconds } s
client-load-cut = { $count } eventi su { $total } sono stati troncati da chi li ha esportati e non dicono quanto costano
client-load-unread = { $count } righe del log su { $total } non si sono potute leggere
scrape-counts-no-rejects = la lettura nel bundle non conta le richieste di priority and fairness

rule-client-request-flood = un client inonda di richieste il server API
client-request-flood-title = { $user } ({ $agent }) inonda il server API: { $rate } letture/s
client-request-flood-line = la prima di { $count } richieste: { $verb } { $resource }
client-request-flood-advice = far usare al client un watch (un informer) invece di ripetere le richieste, o richiedere meno spesso
client-request-flood-churn-title = { $user } ({ $agent }) apre { $rate } watch/s che finiscono in pochi secondi
client-request-flood-churn-line = il primo di { $count } watch di { $resource } durati meno di 10 s
client-request-flood-churn-advice = correggere il client: un informer tiene il watch per minuti ed elenca di nuovo solo dopo 410 Gone

rule-client-watch-leak = un client lascia aperti dei watch
client-watch-leak-title = { $user } ({ $agent }) accumula watch: { $open } sono aperti
client-watch-leak-line = { $open ->
    [one] un watch di { $resource } mai terminato
   *[other] il primo di { $open } watch di { $resource } mai terminati
}
client-watch-leak-last = l'ultimo; circa { $rate } al minuto, su { $resources ->
    [one] una risorsa
   *[other] { $resources } risorse
}
client-watch-leak-usual = a parte questo, nessun client ha più di { $usual ->
    [one] 1 watch aperto
   *[other] { $usual } watch aperti
}
client-watch-leak-metric = watch di { $resource } aperti: { $open }{ $before ->
    [0] {""}
   *[other] , { $before } nella lettura precedente
}{ $scrapes ->
    [1] {""}
   *[other] {" "}(lettura { $scrape } di { $scrapes })
}
client-watch-leak-unnamed = { $open } watch di { $resource } sono aperti, molti più di quanti servano al cluster
client-watch-leak-settle = un log di controllo con la fase ResponseStarted indica il client
client-watch-leak-advice = riparare o riavviare il client: un solo watch condiviso (informer) per risorsa, chiuso al termine
client-watch-leak-cleared = al massimo { $open ->
    [one] 1 watch di una risorsa ({ $resource }) è aperto
   *[other] { $open } watch di una risorsa ({ $resource }) sono aperti
}
client-watch-leak-cleared-audit = nessun client apre sempre più watch: { $user } ne ha di più, { $open } alla fine del log
client-watch-leak-none = ogni watch iniziata nel log vi è anche terminata

rule-client-list-storm = un client elenca di continuo intere raccolte
client-list-storm-title = { $user } ({ $agent }) elenca intere raccolte { $rate } volte/s
client-list-storm-paged-title = { $user } ({ $agent }) invia { $rate } LIST/s, pagina per pagina
client-list-storm-line = la prima di { $count } richieste: { $verb } { $resource }
client-list-storm-advice = far usare al client un informer, o paginare con limit= e leggere con resourceVersion=0
client-list-storm-unnamed = i LIST di { $resource } leggono { $objects } oggetti/s, { $rate } LIST/s
client-list-storm-settle = un log di controllo che registra le letture indica il client
client-list-storm-from-etcd = dall'avvio dell'API server, LIST di { $resource }: { $lists }; oggetti letti da etcd: { $fetched }, restituiti: { $returned }
client-list-storm-from-cache = dall'avvio dell'API server, LIST di { $resource }: { $lists }; oggetti letti dalla cache: { $fetched }, restituiti: { $returned }
client-list-storm-cleared = i LIST più costosi tra due letture sono quelli di { $resource }: { $rate }/s

rule-client-write-storm = un client scrive senza sosta
client-write-storm-title = { $user } ({ $agent }) scrive senza sosta: { $rate } scritture/s
client-write-storm-line = la prima di { $count } richieste: { $verb } { $resource }
client-write-storm-advice = fermare il ciclo: scrivere solo in caso di differenza, e trovare il controller con cui è in conflitto
client-write-storm-cleared = il client che scrive di più, { $user }, ha scritto { $writes ->
        [one] una volta
       *[other] { $writes } volte
    } in { $seconds } s
client-write-storm-none = nessuno ha scritto nulla in { $seconds } s

rule-webhook-unreachable-blocks-writes = un webhook di ammissione non si può chiamare e blocca le scritture
webhook-unreachable-blocks-writes-title = webhook { $webhook } non raggiungibile: ciò che protegge non si può scrivere
webhook-unreachable-blocks-writes-risk = webhook { $webhook } senza back-end: ciò che protegge non si può scrivere
webhook-unreachable-blocks-writes-said = { $count ->
    [one] una chiamata non riuscita
   *[other] { $count } chiamate non riuscite
}: { $cause }
webhook-unreachable-blocks-writes-counted = chiamate del webhook non riuscite: { $count } (calling_webhook_error)
webhook-unreachable-blocks-writes-no-service = l'elenco dei Service non contiene { $service }
webhook-unreachable-blocks-writes-not-ready = il Service { $service } non ha endpoint pronti
webhook-unreachable-blocks-writes-policy = { $configuration } indica failurePolicy Fail
webhook-unreachable-blocks-writes-backend = ripristinare il suo back-end
webhook-unreachable-blocks-writes-settle = eventi o un log di controllo mostrano se le scritture vengono rifiutate
webhook-unreachable-blocks-writes-cleared = nessuna chiamata di webhook risulta non riuscita
webhook-unreachable-blocks-writes-cleared-list = nessun evento parla di una chiamata non riuscita dei webhook con failurePolicy Fail, tra { $count }
webhook-unreachable-blocks-writes-over = chiamate di { $webhook } non riuscite dall'avvio dell'API server: { $count }; nessuna dopo la lettura precedente
webhook-unreachable-blocks-writes-few = chiamate del webhook { $webhook } non riuscite dall'avvio dell'API server: { $count } su { $total }
webhook-unreachable-blocks-writes-open = chiamate di { $webhook } non riuscite che hanno lasciato passare la richiesta: { $count }; nulla è stato bloccato
webhook-save = salvare la configurazione prima di modificarla
webhook-delete = se il back-end non può tornare, eliminare la configurazione (il suo controller la ricrea quando è integro)

rule-webhook-deadlock = un webhook di ammissione protegge i propri Pod e non può tornare
webhook-deadlock-title = webhook { $webhook } blocca sé stesso: nessun Pod di { $namespace } si può creare
webhook-deadlock-again = attendere che { $namespace } sia pronto, poi applicare di nuovo la configurazione con un namespaceSelector che escluda { $namespace } e kube-system
webhook-deadlock-refused = i suoi stessi Pod vengono rifiutati: { $cause }
webhook-deadlock-wants = il back-end in { $namespace } richiede Pod e non ne ha
webhook-deadlock-empty = il Service { $service } non ha endpoint pronti
webhook-deadlock-guards = { $configuration } protegge la creazione di Pod e non esclude { $namespace }
webhook-deadlock-cleared = { $count ->
    [one] l'unico webhook non protegge
   *[other] nessuno dei { $count } webhook protegge
} i Pod del proprio back-end
webhook-deadlock-left-over = il Service di { $webhook } non esiste: la configurazione è un residuo
webhook-deadlock-ready = { $webhook } protegge i propri Pod, ma ne ha { $ready } pronti

rule-webhook-slow = un webhook di ammissione è lento
webhook-slow-title = il webhook { $webhook } richiede in media { $seconds } s
webhook-slow-unnamed = webhook di ammissione rallentano le scritture
webhook-slow-mean = { $calls ->
    [one] una chiamata ha richiesto
   *[other] { $calls } chiamate hanno richiesto
} in media { $seconds } s
webhook-slow-p99 = una chiamata su cento richiede { $seconds } s o più
webhook-slow-annotation = { $count ->
    [one] una richiesta lenta ha atteso
   *[other] { $count } richieste lente hanno atteso
} i webhook in media { $seconds } s
webhook-slow-timeout = il server API lo attende fino a { $seconds } s
webhook-slow-look = vedere se ai suoi Pod manca CPU
webhook-slow-advice = dare al webhook più CPU o repliche, ridurne il timeout e restringerne le regole
webhook-slow-cleared = il webhook più lento, { $webhook }, richiede in media { $milliseconds } ms

rule-request-latency-over-slo = le richieste durano più dell'obiettivo
request-latency-over-slo-title = { $verb } { $resource } richiede { $seconds } s (p99), oltre l'obiettivo
request-latency-over-slo-mean-title = { $verb } { $resource } richiede in media { $seconds } s, oltre l'obiettivo
request-latency-over-slo-audit = la più lenta di { $user }, il cui p99 è { $seconds } s; l'obiettivo è { $limit } s
request-latency-over-slo-etcd-title = etcd impiega { $seconds } s (p99) per { $operation } { $resource }
request-latency-over-slo-etcd = { $count } chiamate a etcd: p99 { $seconds } s, in media { $mean } s; da 1 s in poi etcd è lento
request-latency-over-slo-timeouts-title = l'API server ha interrotto con 504 richieste { $verb } { $resource }: { $count }
request-latency-over-slo-timeouts = richieste { $verb } { $resource } interrotte con 504: { $count } su { $total }, { $lately ->
    [1] dopo la lettura precedente
   *[other] dall'avvio dell'API server
}
request-latency-over-slo-etcd-errors-title = chiamate a etcd non riuscite: { $count } su { $total }
request-latency-over-slo-etcd-errors = chiamate a etcd non riuscite: { $count } su { $total }, { $lately ->
    [1] dopo la lettura precedente
   *[other] dall'avvio dell'API server
}; soprattutto { $operation } { $resource }
request-latency-over-slo-metric = il p99 di { $count } richieste è { $seconds } s; l'obiettivo è { $limit } s
request-latency-over-slo-mean = { $count } richieste durano in media { $seconds } s (senza bucket non c'è p99); l'obiettivo è { $limit } s (p99)
request-latency-over-slo-cut = { $count } eventi su { $total } sono stati troncati da chi li ha esportati e non hanno latenza
request-latency-over-slo-table = una query salvata dà un p99 di { $seconds } s; l'obiettivo è { $limit } s
request-latency-over-slo-advice = vedere se sono lente le chiamate di un client o di tutti
request-latency-over-slo-cleared = nessun tipo di richiesta con abbastanza campioni supera l'obiettivo

rule-requests-rejected-by-priority-and-fairness = Priority and Fairness respinge richieste
requests-rejected-by-priority-and-fairness-title = Priority and Fairness ha respinto { $count ->
    [one] una richiesta
   *[other] { $count } richieste
} con 429
requests-rejected-by-priority-and-fairness-log = la prima di esse; di { $user }: { $count }
requests-rejected-by-priority-and-fairness-metric = respinte: { $count }; FlowSchema { $schema }, livello { $level }, motivo { $reason }
requests-rejected-by-priority-and-fairness-own = il FlowSchema { $schema } è stato creato per limitare: queste sono respinte di proposito
requests-rejected-by-priority-and-fairness-advice = trovare il client che riempie il livello; alzare i limiti viene per ultimo
requests-rejected-by-priority-and-fairness-dropped-title = l'API server ha respinto richieste con 429, troppe in corso: { $count }
requests-rejected-by-priority-and-fairness-dropped = richieste respinte per il limite di richieste in corso: { $count }
requests-rejected-by-priority-and-fairness-waiting-title = livello di priorità { $level } pieno: richieste in attesa di un posto: { $queued }
requests-rejected-by-priority-and-fairness-level = livello { $level }: posti occupati { $taken } su { $seats }, richieste in coda: { $queued }{ $scrapes ->
    [1] {""}
   *[other] {" "}(lettura { $scrape } di { $scrapes })
}
requests-rejected-by-priority-and-fairness-flight = in corso: { $mutating } richieste di modifica e { $reading } di lettura; un API server ne ammette 200 e 400, se non impostato altrimenti{ $scrapes ->
    [1] {""}
   *[other] {" "}(lettura { $scrape } di { $scrapes })
}
requests-rejected-by-priority-and-fairness-flight-title = richieste in corso vicino al limite del server API: { $count }
requests-rejected-by-priority-and-fairness-grew = di esse, dopo la lettura precedente: { $count }
requests-rejected-by-priority-and-fairness-queued-title = le richieste attendono un posto di Priority and Fairness: { $count } in media { $seconds } s
requests-rejected-by-priority-and-fairness-queued = quella che ha atteso di più: { $seconds } s in coda
requests-rejected-by-priority-and-fairness-cleared = Priority and Fairness non ha respinto nessuno
requests-rejected-by-priority-and-fairness-few = Priority and Fairness ha respinto solo { $count ->
    [one] una richiesta
   *[other] { $count } richieste
}: un picco momentaneo

rule-managed-apiserver-guard-active = AKS protegge il server API
managed-apiserver-guard-active-title = AKS limita tutti i client perché il server API era sovraccarico
managed-apiserver-guard-active-schema = il FlowSchema { $name } esiste
managed-apiserver-guard-active-level = il suo livello di priorità ha { $shares ->
    [one] una quota
   *[other] { $shares } quote
}
managed-apiserver-guard-active-advice = prima trovare e riparare il client che sovraccarica il server API
managed-apiserver-guard-active-remove = poi rimuovere la protezione
managed-apiserver-guard-active-cleared = { $count ->
    [one] l'unico FlowSchema non è
   *[other] nessuno dei { $count } FlowSchema è
} la protezione

rule-free-tier-control-plane = il piano di controllo è del livello Gratuito
free-tier-control-plane-title = il piano di controllo è del livello Gratuito: piccolo, senza livello di servizio
free-tier-control-plane-line = sku.tier è Free; il cluster ha { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
}, il livello è pensato per meno di 10
free-tier-control-plane-upgrade = usare il livello Standard per la produzione
free-tier-control-plane-cleared = sku.tier è { $tier }

rule-aggregated-api-unavailable = un'API aggregata non è disponibile
aggregated-api-unavailable-title = l'API aggregata { $name } non è disponibile
aggregated-api-unavailable-condition = Available è False: { $reason } { $message }
aggregated-api-unavailable-metric = aggregator_unavailable_apiservice è 1
aggregated-api-unavailable-client = un client ha chiesto { $name } e il server ha risposto di non poterlo servire
aggregated-api-unavailable-look = leggere perché non è disponibile
aggregated-api-unavailable-backend = ripristinare il suo back-end
aggregated-api-unavailable-remove = se il suo programma è stato rimosso, rimuovere anche la registrazione
aggregated-api-unavailable-cleared = { $name } è Available
aggregated-api-unavailable-none = { $count ->
    [one] l'unica API non è servita
   *[other] nessuna delle { $count } API è servita
} da un back-end

rule-deprecated-api-in-use = versioni di API deprecate sono in uso
deprecated-api-in-use-title = { $user } chiama { $api }, che Kubernetes { $release } rimuove
deprecated-api-in-use-call = { $count ->
    [one] una chiamata
   *[other] la prima di { $count } chiamate
} di { $agent }
deprecated-api-in-use-api = viene chiamata { $api }, che Kubernetes { $release } rimuove
deprecated-api-in-use-metric = apiserver_requested_deprecated_apis è 1
deprecated-api-in-use-advice = aggiornare il client prima dell'aggiornamento del cluster
deprecated-api-in-use-cleared = non risulta alcuna chiamata di un'API deprecata
