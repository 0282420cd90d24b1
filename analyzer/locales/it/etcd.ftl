# Regole della famiglia etcd.

rule-etcd-object-leak = oggetti si accumulano in etcd
etcd-object-leak-title = { $count } { $resource } si accumulano in etcd
etcd-object-leak-count = { $count } oggetti di { $resource }; da 10.000 in poi rallentano etcd
etcd-object-leak-bytes = occupano circa { $bytes }
etcd-object-leak-size = il database ha { $bytes }
etcd-object-leak-creator = { $user } ({ $agent }) ne ha creati { $created } in questo log; eliminati: { $deleted }
etcd-object-leak-pouring = { $user } ha lasciato { $count } { $resource } in etcd durante questo log
etcd-object-leak-dated = il primo dei { $count } creati a questo ritmo
etcd-object-leak-pods-of-jobs = { $count } Pod: quelli dei Job restano con loro
etcd-object-leak-grew = nello scrape precedente erano { $before }, { $more } in meno
etcd-object-leak-slow = una chiamata di etcd richiede in media { $milliseconds } ms
etcd-object-leak-stop = fermare ciò che li crea, poi dargli un limite: un TTL, riferimenti ai proprietari, un limite di cronologia, una ResourceQuota
etcd-object-leak-look = esaminare i più vecchi
etcd-object-leak-clean = se non servono a nessuno, eliminarli a blocchi, per etichetta, dopo un backup
etcd-object-leak-cleared = il tipo con più oggetti, { $resource }, ne ha { $count }

rule-etcd-database-near-limit = il database di etcd è grande
etcd-database-near-limit-title = il database di etcd ha { $bytes } su { $limit }
etcd-database-near-limit-size = il file di etcd ha { $bytes }
etcd-database-near-limit-size-of = il file di { $cluster } ha { $bytes }
etcd-database-near-limit-in-use = di cui { $bytes } in uso
etcd-database-near-limit-fragmented = solo { $bytes } sono in uso: il resto sono pagine libere che la deframmentazione restituisce
etcd-database-near-limit-percent-title = il database di etcd è usato al { $percent } %
etcd-database-near-limit-percent = etcd_database_usage_percentage è al massimo { $percent } %
etcd-database-near-limit-clean = trovare che cosa lo riempie (contare gli oggetti di ogni tipo), eliminare ciò che non serve, poi far deframmentare etcd
etcd-database-near-limit-cleared-share = il database di etcd ha { $bytes } su { $limit }, la sua quota
etcd-database-near-limit-cleared = il database di etcd ha { $bytes }

rule-etcd-space-exceeded = etcd ha esaurito lo spazio e non accetta scritture
etcd-space-exceeded-title = etcd ha esaurito lo spazio: ogni scrittura fallisce, le letture funzionano
etcd-space-exceeded-audit = { $count ->
    [one] una scrittura non riuscita
   *[other] { $count } scritture non riuscite
} con { $code } "mvcc: database space exceeded"
etcd-space-exceeded-log = { $text } (righe simili: { $count })
etcd-space-exceeded-event = evento di { $object }: { $message }
etcd-space-exceeded-command = { $command }: { $text }
etcd-space-exceeded-size = il database ha { $bytes }
etcd-space-exceeded-free = prima liberare spazio: eliminare gli oggetti che lo riempiono (le eliminazioni funzionano ancora dove la quota lascia margine)
etcd-space-exceeded-compact = poi compattare e deframmentare ogni membro, e azzerare l'allarme (etcdctl alarm disarm)
etcd-space-exceeded-support = in AKS, aprire una richiesta di supporto: solo il servizio può deframmentare etcd
etcd-space-exceeded-cleared = il database di etcd ha { $bytes }, lontano dalla sua quota

rule-helm-history-unbounded = Helm conserva ogni revisione di una release
helm-history-unbounded-title = la release Helm { $release } conserva { $revisions } revisioni{ $more ->
    [0] {""}
    [one] {" "}(e anche un'altra release)
   *[other] {" "}(e anche altre { $more } release)
}
helm-history-unbounded-first = la prima di { $revisions } revisioni conservate di { $release }; il valore predefinito è 10
helm-history-unbounded-last = l'ultima; non riuscite o in sospeso: { $broken }
helm-history-unbounded-bytes = queste { $revisions } revisioni occupano { $bytes }; ogni LIST dei loro Secret legge tutto
helm-history-unbounded-size = il database di etcd ha { $bytes }
helm-history-unbounded-limit = guardare le sue revisioni, poi aggiornare con --history-max 5, o impostarlo nella pipeline
helm-history-unbounded-limit-tiller = impostare il limite di Helm 2 nel suo server; meglio: migrare, Helm 2 non è più supportato
helm-history-unbounded-clean = dopo un backup, eliminare le revisioni sostituite
helm-history-unbounded-cleared = la cronologia più lunga, di { $release }, ha { $revisions ->
    [one] 1 revisione
   *[other] { $revisions } revisioni
}
helm-history-unbounded-none = nessun Secret contiene una revisione di Helm

rule-etcd-memory-pressure = la memoria di etcd si esaurisce
etcd-memory-pressure-title = etcd esaurisce la memoria
etcd-memory-pressure-percent = etcd_memory_usage_percentage è al massimo { $percent } %
etcd-memory-pressure-resident = etcd usa { $bytes } di memoria
etcd-memory-pressure-unstable = etcd cambia leader di continuo
etcd-memory-pressure-no-leader = un membro di etcd non ha un leader
etcd-memory-pressure-leaders = un membro di etcd ha visto { $count } cambi di leader
etcd-memory-pressure-leader-lines = righe che parlano di un nuovo leader di etcd: { $count }; { $text }
etcd-memory-pressure-advice = trovare la causa: LIST grandi, oggetti numerosi o grandi, un client che scrive senza sosta
