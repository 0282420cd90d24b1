# Il percorso di una connessione: `konspect path` e il percorso del pacchetto nel rapporto.

way-accept = { $from } raggiunge { $to }: ogni filtro sul percorso è stato visto e lascia passare
way-drop = { $from } non raggiunge { $to }: { $at } scarta il pacchetto senza risposta
way-reject = { $from } non raggiunge { $to }: { $at } lo rifiuta
way-unknown = il bundle non dice se { $from } raggiunge { $to }
way-part = { $from } raggiunge { $to } su { $passing } percorsi di { $total }: { $at } ne blocca un altro
way-at-node = il nodo { $name }
way-at-group = il gruppo di sicurezza di rete { $name }
way-at-routes = la tabella di route
way-at-service = il servizio { $name }
way-at-ranges = l'elenco degli intervalli IP autorizzati
way-counted = questa regola ha già bloccato { $packets ->
    [one] 1 pacchetto
   *[other] { $packets } pacchetti
}
way-counted-none = il contatore della regola è 0: finora non ha bloccato nulla
way-no-dump = i filtri di pacchetti di { $node } non sono stati raccolti
way-no-filter = ciò che è stato raccolto di { $node } non contiene regole di filtro
way-no-groups = i gruppi di sicurezza di rete davanti a { $node } non sono stati raccolti
way-group-open = dipende da { $reason }, che il bundle non contiene
way-group-loose = nulla dice se il gruppo { $group } protegge questi nodi
way-more-elsewhere = { $node } ha regole di un altro back-end di iptables che non sono state raccolte
way-unseen-tables = tabelle non raccolte: { $tables }
way-service-by-nobody = nessuna regola raccolta traduce il servizio { $service }: si prosegue secondo l'elenco dei suoi endpoint
way-service-without-endpoints = { $service } non ha endpoint pronti
way-appliance = la route porta all'appliance { $hop }, le cui regole non sono state raccolte
way-no-egress = l'indirizzo pubblico con cui escono i nodi non è stato raccolto
way-some-egress = solo alcuni degli indirizzi pubblici con cui escono i nodi sono nell'elenco
way-interfaces-not-shown = l'elenco non mostra le interfacce: è stato fatto senza -v
way-not-understood = «{ $text }» è una condizione non compresa
way-name = «{ $text }» è un nome di cui il dump non dice il numero
way-set = i membri dell'insieme { $name } non sono stati raccolti
way-chain = la catena { $name } non è nel dump
way-state = dipende da ciò che i pacchetti precedenti hanno lasciato ({ $what })
way-random = decide il caso
way-time = decide l'ora del giorno
way-packet = dipende da { $what } del pacchetto
way-node = dipende da { $what } del nodo, che non sono stati raccolti
way-head-lost = l'inizio del dump è andato perso
way-policy = il dump non mostra il criterio predefinito della catena
way-budget = le regole sono troppe per seguirle fino in fondo
way-queue = decide un programma sul nodo
way-address-choice = il kernel sceglie fra più indirizzi
way-means-guard = protezione propria di kubelet e kube-proxy, prevista dal progetto
way-means-no-endpoints = { $subject } non ha endpoint
way-means-source-ranges = il mittente è fuori dagli intervalli di origine del servizio di bilanciamento del carico di { $subject }
way-means-invalid = conntrack considera il pacchetto non valido
way-means-policy = decide un criterio di rete: { $subject }
way-pairs-open = tutti i { $nodes } nodi si raggiungono sulla porta { $port }
way-pairs-unknown = dei percorsi fra { $nodes } nodi sulla porta { $port }, { $count } non si possono stabilire
way-pairs-odd = { $node } è quello diverso: { $count ->
    [one] 1 percorso fra nodi è bloccato
   *[other] { $count } percorsi fra nodi sono bloccati
} sulla porta { $port }
way-pairs-stopped = { $count ->
    [one] 1 percorso fra { $nodes } nodi è bloccato
   *[other] { $count } percorsi fra { $nodes } nodi sono bloccati
} sulla porta { $port }
