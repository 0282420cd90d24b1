# Regole sui nodi.
rule-node-not-ready = nodi non pronti (NotReady)
node-not-ready-title = il nodo { $node } non è pronto (NotReady)
node-not-ready-many = { $count } nodi su { $total } non sono pronti (NotReady)
node-not-ready-unknown = il server API non riceve più notizie da { $node }: { $message }
node-not-ready-false = il kubelet di { $node } dice di non essere pronto: { $message }
node-not-ready-describe = leggere condizioni ed eventi del nodo
node-not-ready-cleared = { $nodes ->
    [one] l'unico nodo è Ready
   *[other] tutti i { $nodes } nodi sono Ready
}
rule-node-memory-pressure = un nodo esaurisce la memoria
node-memory-pressure-title = il nodo { $node } ha esaurito la memoria
node-memory-pressure-many = { $count } nodi hanno esaurito la memoria
node-memory-pressure-condition = il kubelet di { $node } imposta MemoryPressure: { $message }
node-memory-pressure-taint = { $node } ha il taint memory-pressure
node-memory-pressure-event = { $node } ha segnalato NodeHasInsufficientMemory
node-memory-pressure-reclaim = su { $node } è stata raggiunta la soglia di rimozione per la memoria
node-memory-pressure-oom = il kernel di { $node } ha terminato un processo per mancanza di memoria: { $message }
node-memory-pressure-evicted = il Pod { $pod } è stato rimosso (evicted): { $message }
node-memory-pressure-kernel = il kernel di { $node } ha terminato { $process }: mancava memoria al nodo, non entro il limite di un contenitore
node-memory-pressure-journal = la gestione delle rimozioni di { $node } recupera memoria
node-memory-pressure-available = { $node } ha { $mebibytes } MiB disponibili
node-memory-pressure-stalled = tutte le attività di { $node } hanno atteso la memoria per il { $percent } % dell'ultimo minuto
node-memory-pressure-describe = confrontare richieste e limiti dei Pod del nodo con quanto il nodo possiede
node-memory-pressure-cordon = tenere lontani altri Pod durante l'esame
node-memory-pressure-limits = dare ai Pod più grandi richieste e limiti di memoria, o spostarli su nodi più grandi
node-memory-pressure-cleared = { $nodes ->
    [one] l'unico nodo ha MemoryPressure False
   *[other] tutti i { $nodes } nodi hanno MemoryPressure False
}
rule-node-disk-pressure = il disco di un nodo è pieno
node-disk-pressure-title = il disco del nodo { $node } è pieno
node-disk-pressure-many = i dischi di { $count } nodi sono pieni
node-disk-pressure-condition = il kubelet di { $node } imposta DiskPressure: { $message }
node-disk-pressure-taint = { $node } ha il taint disk-pressure
node-disk-pressure-event = { $node } ha segnalato NodeHasDiskPressure
node-disk-pressure-reclaim = su { $node } è stata raggiunta la soglia di rimozione per il disco
node-disk-pressure-garbage = { $node } non ha trovato immagini da rimuovere: { $message }
node-disk-pressure-evicted = il Pod { $pod } è stato rimosso (evicted): { $message }
node-disk-pressure-inodes = { $mount } di { $node } ha usato il { $percent } % degli inode
node-disk-pressure-full = { $mount } di { $node } è pieno al { $percent } %
node-disk-pressure-journal = la gestione delle rimozioni di { $node } recupera spazio su disco
node-disk-pressure-no-space = programmi di { $node } non hanno trovato spazio su un dispositivo (volte: { $count })
node-disk-pressure-summary = trovare quali Pod riempiono il disco (ephemeral-storage, log, immagini)
node-disk-pressure-clean = rimuovere ciò che lo riempie: log dei contenitori, volumi emptyDir, immagini inutilizzate
node-disk-pressure-bigger = impostare limiti di ephemeral-storage, o usare un pool di nodi con dischi del sistema operativo più grandi
node-disk-pressure-cleared = { $nodes ->
    [one] l'unico nodo ha DiskPressure False
   *[other] tutti i { $nodes } nodi hanno DiskPressure False
}
rule-node-pid-pressure = un nodo non ha più identificatori di processo
node-pid-pressure-title = il nodo { $node } non ha più identificatori di processo
node-pid-pressure-many = { $count } nodi non hanno più identificatori di processo
node-pid-pressure-condition = il kubelet di { $node } imposta PIDPressure: { $message }
node-pid-pressure-taint = { $node } ha il taint pid-pressure
node-pid-pressure-event = { $node } ha segnalato che restano troppo pochi identificatori di processo
node-pid-pressure-evicted = il Pod { $pod } è stato rimosso (evicted): { $message }
node-pid-pressure-threads = programmi su { $node } non hanno potuto avviare un thread o un processo (volte: { $count }): { $text }
node-pid-pressure-describe = leggere le condizioni del nodo e i suoi Pod
node-pid-pressure-find = trovare il Pod che lascia processi aperti e dare al suo nodo un limite di PID per Pod
node-pid-pressure-cleared = { $nodes ->
    [one] l'unico nodo ha PIDPressure False
   *[other] tutti i { $nodes } nodi hanno PIDPressure False
}
rule-kubelet-unhealthy = il kubelet di un nodo è fermo, si arresta in modo anomalo o non riesce a fare i suoi giri
kubelet-unhealthy-title = il kubelet del nodo { $node } non è integro
kubelet-unhealthy-many = i kubelet di { $count } nodi non sono integri
kubelet-unhealthy-detector = node-problem-detector dice di { $node }: { $message }
kubelet-unhealthy-gauge = node-problem-detector conta { $reason } su { $node }
kubelet-unhealthy-pleg-metric = il kubelet di { $node } ha elencato i suoi contenitori l'ultima volta { $seconds } s fa
kubelet-unhealthy-restarts = il kubelet di { $node } si riavvia di continuo: { $message }
kubelet-unhealthy-pleg-condition = il kubelet di { $node } non riesce a elencare i suoi contenitori: { $message }
kubelet-unhealthy-event = { $node } ha segnalato { $reason }: { $message }
kubelet-unhealthy-pleg = il kubelet di { $node } non elenca i suoi contenitori da { $ago } (volte: { $count })
kubelet-unhealthy-deadlines = il runtime di { $node } ha lasciato senza risposta { $count ->
    [one] una chiamata
   *[other] { $count } chiamate
} del kubelet
kubelet-unhealthy-skips = il kubelet di { $node } ha saltato il giro dei Pod (volte: { $count }): { $text }
kubelet-unhealthy-crashes = il kubelet di { $node } è terminato { $count ->
    [one] una volta
   *[other] { $count } volte
}: { $text }
kubelet-unhealthy-stopped = il kubelet di { $node } è stato fermato e non riavviato: { $text }
kubelet-unhealthy-describe = leggere condizioni ed eventi del nodo
kubelet-unhealthy-journal = leggere sul nodo le ultime righe del journal del kubelet
kubelet-unhealthy-restart = riavviare il kubelet (systemctl restart kubelet), o ricreare l'immagine del nodo
kubelet-unhealthy-cleared = { $nodes ->
    [one] l'unico nodo è Ready: il suo kubelet fa i suoi giri
   *[other] tutti i { $nodes } nodi sono Ready: i loro kubelet fanno i loro giri
}
kubelet-unhealthy-quiet = il journal di un kubelet, di { $lines ->
    [one] 1 riga
   *[other] { $lines } righe
}, non contiene nessuno di questi errori
rule-container-runtime-down = il runtime dei contenitori di un nodo non funziona
container-runtime-down-title = il runtime dei contenitori del nodo { $node } non funziona
container-runtime-down-many = i runtime dei contenitori di { $count } nodi non funzionano
container-runtime-down-detector = node-problem-detector dice di { $node }: { $message }
container-runtime-down-restarts = il runtime dei contenitori di { $node } si riavvia di continuo: { $message }
container-runtime-down-condition = il kubelet di { $node } dice: { $message }
container-runtime-down-event = { $node } ha segnalato che il suo runtime dei contenitori non funziona: { $message }
container-runtime-down-kubelet = il kubelet di { $node } ha detto { $count ->
    [one] una volta
   *[other] { $count } volte
} che il suo runtime dei contenitori non funziona: { $text }
container-runtime-down-socket = il kubelet di { $node } non ha potuto aprire { $socket } { $count ->
    [one] una volta
   *[other] { $count } volte
}
container-runtime-down-unit = il servizio del runtime su { $node } non è riuscito { $count ->
    [one] una volta
   *[other] { $count } volte
}: { $text }
container-runtime-down-describe = leggere condizioni ed eventi del nodo
container-runtime-down-journal = leggere sul nodo il journal del runtime: l'ultimo errore dice perché non si avvia
container-runtime-down-drain = spostare altrove i Pod del nodo e ricreare l'immagine del nodo
container-runtime-down-cleared = { $nodes ->
    [one] al kubelet dell'unico nodo non manca
   *[other] a nessun kubelet dei { $nodes } nodi manca
} il runtime dei contenitori
rule-node-kernel-or-filesystem-fault = il kernel di un nodo è bloccato o il suo file system è danneggiato
node-kernel-fault-title = il kernel o il file system del nodo { $node } è guasto
node-kernel-fault-many = i kernel o i file system di { $count } nodi sono guasti
node-kernel-fault-system-pool = { $node } appartiene a un pool di sistema: vi sono in esecuzione i Pod del cluster stesso
node-kernel-fault-condition = { $node } ha la condizione { $kind }: { $message }
node-kernel-fault-gauge = node-problem-detector conta { $kind } ({ $reason }) su { $node }
node-kernel-fault-event = { $node } ha segnalato { $reason }: { $message }
node-kernel-fault-kernel = il kernel di { $node } dice (volte: { $count }): { $text }
node-kernel-fault-describe = leggere condizioni ed eventi del nodo
node-kernel-fault-drain = spostare altrove i Pod del nodo
node-kernel-fault-replace = sostituire la macchina: ricrearne l'immagine, o eliminarla dal set di scalabilità
node-kernel-fault-cleared = { $nodes ->
    [one] l'unico nodo non ha guasti del kernel o del file system
   *[other] nessuno dei { $nodes } nodi ha un guasto del kernel o del file system
}
rule-node-vm-event = la piattaforma ha tolto la macchina a un nodo
node-vm-event-title = la macchina del nodo { $node } è stata tolta o riavviata
node-vm-event-many = le macchine di { $count } nodi sono state tolte o riavviate
node-vm-event-rebooted = { $node } è tornato con un altro avvio: { $message }
node-vm-event-scheduled = la piattaforma ha annunciato per { $node }: { $message }
node-vm-event-repair = la riparazione automatica dei nodi ha agito su { $node }: { $reason }
node-vm-event-condition = { $node } ha un evento pianificato: { $message }
node-vm-event-boot = il kernel di { $node } si è avviato
node-vm-event-events = leggere gli eventi del nodo prima e dopo il riavvio
node-vm-event-spread = prevedere tali eventi: più repliche, distribuite su nodi e zone, con budget di interruzione
node-vm-event-cleared = gli eventi non contengono né riavvii né annunci della piattaforma
node-vm-event-none = nessun evento pianificato è in sospeso { $nodes ->
    [one] sull'unico nodo
   *[other] su alcuno dei { $nodes } nodi
}
rule-disk-io-throttled = il disco di un nodo è sottoposto a limitazione
disk-io-throttled-title = il disco del nodo { $node } è sottoposto a limitazione
disk-io-throttled-many = i dischi di { $count } nodi sono sottoposti a limitazione
disk-io-throttled-metric = { $metric } di { $node } ha raggiunto il { $percent } % e vi è rimasto per { $buckets ->
    [one] un intervallo
   *[other] { $buckets } intervalli
}
disk-io-throttled-iostat = { $device } di { $node } è occupato al { $percent } %, le richieste attendono { $wait } ms in una coda di { $queue }
disk-io-throttled-stalled = tutte le attività di { $node } hanno atteso il disco per il { $percent } % dell'ultimo minuto
disk-io-throttled-hung = l'attività { $task } di { $node } ha atteso il disco più a lungo di quanto il kernel consenta
disk-io-throttled-pleg = il kubelet di { $node } non ha elencato in tempo i suoi contenitori (volte: { $count })
disk-io-throttled-deadlines = il runtime di { $node } ha lasciato senza risposta { $count ->
    [one] una chiamata
   *[other] { $count } chiamate
}
disk-io-throttled-memory = la memoria di { $node } è piena: un disco che serve errori di pagina ha lo stesso aspetto
disk-io-throttled-pods = trovare i Pod del nodo che scrivono di più
disk-io-throttled-pool = passare a un pool di nodi con dischi del sistema operativo temporanei o più grandi
disk-io-throttled-spread = distribuire i Pod che scrivono molto, e mettere log e dati su dischi dati
disk-io-throttled-cleared = { $metric } è rimasto sotto il limite
rule-node-cpu-starved = i processori di un nodo sono tutti occupati
node-cpu-starved-title = i processori del nodo { $node } sono tutti occupati
node-cpu-starved-many = i processori di { $count } nodi sono tutti occupati
node-cpu-starved-top = { $node } usa il { $percent } % dei suoi processori
node-cpu-starved-waiting = le attività di { $node } hanno atteso un processore per il { $percent } % dell'ultimo minuto
node-cpu-starved-load = { $node } ha un carico di { $load } ed è inattivo al { $idle } %
node-cpu-starved-probes = le probe di { $pods ->
    [one] un Pod
   *[other] { $pods } Pod
} su { $node } scadono: { $message }
node-cpu-starved-slow = un programma di sistema di { $node } non ottiene il suo turno (volte: { $count }): { $text }
node-cpu-starved-throttled = { $pod } ha dovuto attendere nel { $percent } % dei suoi periodi
node-cpu-starved-pods = trovare i Pod che usano i processori, con le loro richieste e i loro limiti
node-cpu-starved-requests = dare loro limiti di CPU o altri nodi; riservare il pool di sistema ai Pod di sistema
node-cpu-starved-cleared = { $nodes ->
    [one] l'unico nodo non usa
   *[other] nessuno dei { $nodes } nodi usa
} per intero i suoi processori

rule-system-pods-on-spot-nodes = Pod di sistema su nodi spot
system-pods-on-spot-nodes-title = { $name } è in esecuzione sul nodo spot { $node }, che Azure può togliere
system-pods-on-spot-nodes-says = { $pod } è in esecuzione su { $node }, un nodo spot
system-pods-on-spot-nodes-cleared = { $pod } è in esecuzione su { $node }, che non è un nodo spot
system-pods-on-spot-nodes-do = togliere la tolleranza dei nodi spot, o dargli un'affinità con il pool di sistema

rule-pods-per-node-over-limit = nodi con più Pod di quanti Kubernetes ne collaudi
pods-per-node-over-limit-title = { $count ->
    [one] 1 nodo ha
   *[other] { $count } nodi hanno
} più dei { $limit } Pod con cui Kubernetes è collaudato
pods-per-node-over-limit-says = { $node } accetta fino a { $most } Pod e ne ha { $pods }
pods-per-node-over-limit-cleared = nessun nodo ha più di { $limit } Pod
pods-per-node-over-limit-do = distribuire i Pod su più nodi, o abbassare maxPods del pool
