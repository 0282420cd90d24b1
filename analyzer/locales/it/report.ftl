# Parole del report stesso: frasi del verdetto, punteggi, nomi delle fonti.
verbatim = { $text }

# Voci di un punteggio.
score-proven = le prove non ammettono altro
score-likely = un segnale diretto e specifico
score-possible = un segno che si adatta, tra altri
score-critical = critico dove si trova
score-warning = un avviso dove si trova
score-info = una nota
score-explains = { $count ->
    [one] spiega un altro risultato
   *[other] spiega altri { $count } risultati di { $kinds ->
        [one] un tipo
       *[other] { $kinds } tipi
    }
}
score-support = { $count ->
    [one] un'altra riga dice lo stesso
   *[other] altre { $count } righe dicono lo stesso
}
score-contrary = { $count ->
    [one] una riga dice il contrario
   *[other] { $count } righe dicono il contrario
}
score-first = iniziata prima di ogni altra causa

# Il verdetto.
verdict-plain = { $title }.
verdict-since = { $title } da { $time }.
verdict-more = { $sentence } E { $count ->
    [one] un altro guasto indipendente
   *[other] altri { $count } guasti indipendenti
}.
verdict-symptoms = { $title }; la causa non è in questo bundle.
verdict-healthy = Nessun guasto in ciò che è stato raccolto: { $sources ->
    [one] 1 tipo di fonte letto
   *[other] { $sources } tipi di fonte letti
}, { $ready ->
    [one] 1 nodo Ready
   *[other] { $ready } nodi Ready
}.
verdict-healthy-untold = Nessun guasto in ciò che è stato raccolto: { $sources ->
    [one] 1 tipo di fonte letto
   *[other] { $sources } tipi di fonte letti
}, nessun nodo dice se è Ready.
verdict-look = { $sentence } Da guardare: { $title }.
verdict-no-cause = Nessuna causa trovata ({ $sources ->
    [one] 1 tipo di fonte letto
   *[other] { $sources } tipi di fonte letti
}, { $ready ->
    [one] 1 nodo Ready
   *[other] { $ready } nodi Ready
}), ma resta senza spiegazione: { $title }.
verdict-no-cause-untold = Nessuna causa trovata ({ $sources ->
    [one] 1 tipo di fonte letto
   *[other] { $sources } tipi di fonte letti
}, nessun nodo dice se è Ready), ma resta senza spiegazione: { $title }.
verdict-poorly-covered-but = Nessuna causa trovata in quanto è stato raccolto, che è poco ({ $saw }), ma resta senza spiegazione: { $title }.
verdict-poorly-covered = Non determinabile. Nulla di anomalo in quanto è stato raccolto, che è poco: { $saw }.
verdict-failed-call = Non determinabile perché una chiamata è fallita: { $error }
verdict-nothing-seen = Non determinabile: nulla in questo bundle dice come sta il cluster.
verdict-collect = raccogliere ciò che manca: { $tables }
verdict-summary = { $causes ->
    [0] nessuna causa trovata
    [one] 1 causa
   *[other] { $causes } cause
} · { $explained } di { $findings ->
    [one] 1 risultato spiegato
   *[other] { $findings } risultati spiegati
} · { $unexplained ->
    [one] 1 non spiegato
   *[other] { $unexplained } non spiegati
}
and-more = e altri { $count }
or = o
missing-on-node = { $what } del nodo { $node }
step-unsafe-name = nome non sicuro da incollare
confidence-proven-why = le prove non ammettono altro
confidence-likely-why = un segno diretto e specifico; nulla di visto lo contraddice
confidence-possible-why = i segni si adattano, ma si adatterebbero anche ad altre cause
banner-cut-off = Il bundle è troncato: ciò che seguiva non è in questo report.
banner-tampered = { $count ->
    [one] Un membro differisce
   *[other] { $count } membri differiscono
} dal manifesto: i risultati che vi si basano sono contrassegnati.
banner-collector = Raccolto da { $collector }, non da questa versione: { $seen } tipi di fonte su { $all }.
banner-redacted = L'agente di raccolta ha oscurato { $count ->
    [one] 1 valore
   *[other] { $count } valori
}; sostituire i segni nei comandi con i propri nomi.
timeline-condition = nodo { $node }, Ready: { $status }, motivo: { $reason }

# Nomi delle fonti, come li usano copertura e lacune.
table-nodes = nodi
table-pods = Pod
table-events = eventi
table-workloads = carichi di lavoro
table-services = servizi
table-endpoints = endpoint
table-webhooks = configurazioni dei webhook
table-api-services = APIService
table-flow-control = oggetti di controllo del flusso
table-network-policies = criteri di rete
table-disruption-budgets = budget di interruzione
table-quotas = quote
table-leases = Lease
table-namespaces = spazi dei nomi
table-jobs = Job
table-secrets-metadata = metadati dei Secret
table-config-maps = ConfigMap
table-custom-resources = numero di risorse personalizzate
table-volumes = volumi
table-certificate-requests = richieste di certificato
table-autoscalers = ridimensionamento automatico
table-top = utilizzo delle risorse
table-metrics = metriche del server API
table-health = controlli di integrità
table-api-version = versione
table-firewalls = dump dei firewall dei nodi
table-node-files = file di stato dei nodi
table-dns-lookups = ricerche DNS
table-probes = probe di rete
table-tunnel-logs = log degli agenti del tunnel
table-coredns-logs = log di CoreDNS
table-kubelet-logs = journal di kubelet
table-kernel-logs = log del kernel
table-control-plane-logs = log del piano di controllo
table-logs = altri log
table-client-errors = risultati dei comandi dei client
table-azure-cluster = az aks show
table-azure-network-rules = regole del gruppo di sicurezza di rete (NSG)
table-azure-routes = tabelle di route
table-azure-outbound = regole in uscita e indirizzi IP pubblici
table-azure-snat-metrics = metriche SNAT
table-azure-disk-metrics = metriche dei dischi
table-audit = log di controllo
table-audit-summaries = risultati di query sui log di controllo

# The next commands.
next-check = legge ciò su cui poggia una causa non certa
next-none = Non resta aperto nulla che un comando possa chiarire.
next-why = fornisce:
next-settles = chiarisce:
next-rights = richiede:
next-bytes = circa:

# Orologi.
clock-by-tool = { $node }: il suo orologio è sfasato di { $seconds } s (positivo: avanti), lo dice il suo servizio di tempo
clock-by-pods = { $node }: il suo orologio è sfasato di { $seconds } s (positivo: avanti): { $pairs ->
    [one] 1 Pod vi è partito
   *[other] { $pairs } Pod vi sono partiti
} con tale scarto da quando lo scheduler li ha assegnati
clock-by-events = { $node }: il suo orologio è sfasato di { $seconds } s (positivo: avanti): { $pairs } suoi eventi hanno tale scarto da quando il server API li ha salvati
clock-by-leases = { $node }: il suo orologio è sfasato di { $seconds } s (positivo: avanti): il suo lease è rinnovato con tale scarto da quelli di altri { $pairs } nodi Ready
clock-by-date = L’orologio del computer che ha raccolto è sfasato di { $seconds } s (positivo: avanti): { $pairs } sue tracce lo mostrano rispetto agli header Date delle risposte del server API
clock-by-zone = { $node }: un log è in ora locale, { $seconds } s avanti rispetto a UTC: altrimenti finirebbe dopo la sua raccolta
clock-corrected = Gli orari che ha scritto sono corretti di tanto, con un errore di { $error } s.
clock-slack = Gli orari di causa ed effetto valgono come uguali entro { $seconds } s.
first-mover = Prima di tutto: { $title }, { $time }.
first-mover-lead = Prima di tutto: { $title }, { $time }; ciò che segue arriva { $lead } dopo.
no-data-events = Gli eventi prima di { $time } non sono in questo bundle: Kubernetes li conserva per un’ora.
no-data-logs = I log di questa riga cominciano alle { $time }: ciò che c’era prima è stato ruotato o non è stato chiesto.
no-data-audit = Il log di controllo copre solo da { $from } a { $until }.
timeline-log = { $place }: { $text }
timeline-lease = il nodo { $node } ha rinnovato il lease per l’ultima volta
timeline-process = { $component } avviato
timeline-azure-metric = { $name } ha raggiunto { $value }
timeline-activity = { $operation }: { $status }
timeline-audit-failures-of = richieste fallite con { $code }, per lo più di { $user }
timeline-audit-failures-plain = richieste fallite con { $code }
timeline-audit-failures = richieste fallite con { $code }: { $text }
timeline-audit-client = { $client } chiede molto più di prima
timeline-audit-change = { $user }: { $verb } { $object }
timeline-created = { $kind } { $name } creato
refuted-by = Raccogliere di nuovo { $path }: se non mostra più ciò che mostra { $evidence }, questa causa è finita o non lo è mai stata
score-reach-cluster = tocca tutto il cluster
score-reach-nodes = tocca { $count } di { $total ->
    [one] 1 nodo
   *[other] { $total } nodi
}

# Ciò che i guasti hanno in comune.
differs-trait = { $shared ->
    [pool] tutti i { $failing } nodi guasti sono nel pool { $value }, nessuno dei { $healthy } sani lo è
    [zone] tutti i { $failing } nodi guasti sono nella zona { $value }, nessuno dei { $healthy } sani lo è
    [subnet] tutti i { $failing } nodi guasti sono nella subnet { $value }, nessuno dei { $healthy } sani lo è
    [image] tutti i { $failing } nodi guasti usano l’immagine { $value }, nessuno dei { $healthy } sani la usa
    [size] tutti i { $failing } nodi guasti sono di dimensione { $value }, nessuno dei { $healthy } sani lo è
    [spot] tutti i { $failing } nodi guasti hanno priorità { $value } nel set di scalabilità, nessuno dei { $healthy } sani la ha
    [architecture] tutti i { $failing } nodi guasti sono macchine { $value }, nessuno dei { $healthy } sani lo è
    [kubelet] tutti i { $failing } nodi guasti usano kubelet { $value }, nessuno dei { $healthy } sani lo usa
    [os] tutti i { $failing } nodi guasti usano { $value }, nessuno dei { $healthy } sani lo usa
    [kernel] tutti i { $failing } nodi guasti usano il kernel { $value }, nessuno dei { $healthy } sani lo usa
   *[runtime] tutti i { $failing } nodi guasti usano { $value }, nessuno dei { $healthy } sani lo usa
}
differs-younger = tutti i { $failing } nodi guasti sono stati creati da { $time }, tutti i { $healthy } sani prima
differs-older = tutti i { $failing } nodi guasti sono stati creati fino a { $time }, tutti i { $healthy } sani dopo

# Diritti per cui RBAC non ha una parola.
right-node = create pods; oppure ssh o az vmss run-command
right-workspace = ruolo Lettore di Log Analytics, per esportare la categoria kube-apiserver
right-azure = ruolo Lettore sul gruppo di risorse del nodo
right-audit = accesso in lettura all'account di archiviazione o all'area di lavoro del log di controllo
