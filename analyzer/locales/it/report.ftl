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
   *[other] spiega altri { $count } risultati di { $kinds } tipi
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
verdict-healthy = Nessun guasto in ciò che è stato raccolto: { $sources } tipi di fonte letti, { $ready ->
    [one] 1 nodo Ready
   *[other] { $ready } nodi Ready
}.
verdict-healthy-untold = Nessun guasto in ciò che è stato raccolto: { $sources } tipi di fonte letti, nessun nodo dice se è Ready.
verdict-poorly-covered = Non determinabile: sono stati raccolti solo { $saw } e non vi è nulla di anomalo.
verdict-failed-call = Non determinabile perché una chiamata è fallita: { $error }
verdict-nothing-seen = Non determinabile: nulla in questo bundle dice come sta il cluster.
verdict-summary = { $causes ->
    [0] nessuna causa trovata
    [one] 1 causa
   *[other] { $causes } cause
} · { $explained } di { $findings } risultati spiegati · { $unexplained } non spiegati
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
banner-redacted = L'agente di raccolta ha oscurato { $count } valori; sostituire i segni nei comandi con i propri nomi.
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
table-azure-network-rules = regole NSG
table-azure-routes = tabelle di route
table-azure-outbound = regole in uscita e indirizzi IP pubblici
table-azure-snat-metrics = metriche SNAT
table-azure-disk-metrics = metriche dei dischi
table-audit = log di controllo

# The next commands.
next-check = legge ciò su cui poggia una causa non certa
next-none = Non resta aperto nulla che un comando possa chiarire.
next-why = fornisce:
next-settles = chiarisce:
next-rights = richiede:
next-bytes = circa:
