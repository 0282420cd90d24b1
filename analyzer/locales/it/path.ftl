# Regole della famiglia percorso.

rule-egress-endpoint-blocked = endpoint Internet necessari sono bloccati
egress-endpoint-blocked-title = i nodi non raggiungono { $host } su TCP 443
egress-endpoint-blocked-many = i nodi non raggiungono { $host } e { $count ->
    [one] un altro endpoint necessario
   *[other] altri { $count } endpoint necessari
} ad AKS
egress-endpoint-blocked-event = node problem detector di { $node } segnala che { $host } non è raggiungibile
egress-endpoint-blocked-timeout = { $node } non ha avuto risposta da { $host }: i pacchetti vengono scartati lungo il percorso
egress-endpoint-blocked-refused = il percorso da { $node } a { $host } rifiuta la connessione
egress-endpoint-blocked-tls = TLS da { $node } a { $host } viene interrotto lungo il percorso: qualcosa lo ispeziona
egress-endpoint-blocked-reset = la connessione da { $node } a { $host } viene chiusa senza risposta
egress-endpoint-blocked-rule = la regola { $rule } di { $group } nega TCP 443 in uscita verso Internet
egress-endpoint-blocked-hole = la tabella di route { $table } scarta tutto verso Internet
egress-endpoint-blocked-appliance = la tabella di route { $table } invia tutto all'appliance { $address }, che decide
egress-endpoint-blocked-api = il server API risponde, quindi solo alcune destinazioni sono bloccate
egress-endpoint-blocked-chance = { $host } ha risposto allo stesso nodo: il guasto non è costante
egress-endpoint-blocked-settle = provare l'endpoint dieci volte: una regola fallisce sempre, l'esaurimento delle porte a caso
egress-endpoint-blocked-isolated = per progettazione il cluster non ha un percorso in uscita
egress-endpoint-blocked-cleared = { $host } ha risposto da un nodo
egress-endpoint-blocked-allow = consentire TCP 443 dalle subnet dei nodi a { $host } nel firewall, nel gruppo di sicurezza o nell'appliance della route
egress-endpoint-blocked-tag = con Firewall di Azure, consentire il tag FQDN AzureKubernetesService per le subnet dei nodi
egress-endpoint-blocked-inspection = escludere { $host } e gli endpoint di AKS dall'ispezione TLS
egress-endpoint-blocked-again = su un nodo, verificare che risponda

rule-apiserver-path-blocked = regole di rete bloccano il percorso dai nodi al server API
apiserver-path-blocked-title = { $node } non raggiunge il server API su TCP 443
apiserver-path-blocked-many = { $count } nodi su { $total } non raggiungono il server API su TCP 443
apiserver-path-blocked-probe = una connessione da { $node } a { $host } su TCP 443 non ha avuto risposta
apiserver-path-blocked-refused = una connessione da { $node } a { $host } su TCP 443 è stata rifiutata lungo il percorso
apiserver-path-blocked-event = node problem detector di { $node } segnala che { $host } non è raggiungibile
apiserver-path-blocked-check = il controllo di connettività di { $node } non è riuscito
apiserver-path-blocked-kubelet = il kubelet di { $node } non ha risposta da { $host } su TCP 443
apiserver-path-blocked-agent = l'agente del tunnel su { $node } non ha risposta da { $host } su TCP 443
apiserver-path-blocked-rule = la regola { $rule } (priorità { $priority }) di { $group } nega TCP 443 in uscita verso l'indirizzo del server API
apiserver-path-blocked-others = altri nodi raggiungono il server API (numero: { $count }), tra cui { $node }
apiserver-path-blocked-cleared = { $count ->
    [one] un nodo raggiunge il server API
   *[other] { $count } nodi raggiungono il server API
}
apiserver-path-blocked-read = leggere la regola com'è ora
apiserver-path-blocked-allow = restringere o rimuovere la regola { $rule }, o consentire prima di essa l'indirizzo del server API
apiserver-path-blocked-look = confrontare gruppi di sicurezza di rete, route e firewall della subnet di questi nodi con quelli di un nodo che funziona

authorized-ip-range-off = non sono impostati intervalli IP autorizzati
authorized-ip-range-only-own = l'intervallo 0.0.0.0/32 ammette solo l'indirizzo in uscita del cluster, non { $ip }
authorized-ip-range-add = aggiungere { $ip } agli intervalli autorizzati (l'opzione sostituisce l'intero elenco)

rule-authorized-ip-range-missing-client = gli intervalli IP autorizzati escludono il client
authorized-ip-range-missing-client-title = { $ip } non è in alcun intervallo IP autorizzato del server API
authorized-ip-range-missing-client-ranges = nessuno degli intervalli autorizzati (numero: { $count }) contiene { $ip }
authorized-ip-range-missing-client-address = il client arriva da { $ip }
authorized-ip-range-missing-client-dial = la connessione del client a { $host } non ha avuto risposta
authorized-ip-range-missing-client-answered = il server API ha risposto al client
authorized-ip-range-missing-client-inside = un intervallo autorizzato contiene { $ip }

rule-authorized-ip-range-missing-egress = gli intervalli IP autorizzati escludono l'uscita del cluster stesso
authorized-ip-range-missing-egress-title = l'indirizzo in uscita { $ip } del cluster non è negli intervalli IP autorizzati
authorized-ip-range-missing-egress-ranges = nessuno degli intervalli autorizzati (numero: { $count }) contiene { $ip }, e il tipo in uscita { $outbound } non lo aggiunge
authorized-ip-range-missing-egress-public-ip = i nodi escono da { $name }, { $ip }
authorized-ip-range-missing-egress-audit = { $user } è arrivato da { $ip }
authorized-ip-range-missing-egress-lost = { $count ->
    [one] 1 nodo su { $total } ha
   *[other] { $count } nodi su { $total } hanno
} perso il server API
authorized-ip-range-missing-egress-nodes = un nodo raggiunge il server API
authorized-ip-range-missing-egress-inside = un intervallo autorizzato contiene l'indirizzo in uscita { $ip }
authorized-ip-range-missing-egress-own = AKS ammette da sé gli indirizzi in uscita del servizio di bilanciamento del carico del cluster
authorized-ip-range-missing-egress-restart = quando i nodi sono di nuovo Ready, riconnettere gli agenti del tunnel

rule-private-cluster-client-outside = il cluster è privato e il client è all'esterno
private-cluster-client-outside-title = il client è fuori dalla rete privata di { $cluster }
private-cluster-client-outside-unnamed = il client è fuori dalla rete privata del cluster
private-cluster-client-outside-private = il server API ha solo un indirizzo privato
private-cluster-client-outside-unresolved = il resolver del client non conosce { $host }
private-cluster-client-outside-timeout = la connessione del client a { $host } non ha avuto risposta
private-cluster-client-outside-address = per il client il nome si risolve nell'indirizzo privato { $address }
private-cluster-client-outside-node = { $node } raggiunge il server API: il cluster è integro
private-cluster-client-outside-public = il cluster non è privato
private-cluster-client-outside-answered = il server API ha risposto al client
private-cluster-client-outside-invoke = eseguire kubectl dentro la rete tramite Azure
private-cluster-client-outside-network = connettersi dalla rete virtuale, da una con peering o da una VPN, e farvi risolvere { $name } con un collegamento alla sua zona privata

rule-snat-ports-exhausted = le porte SNAT sono esaurite
snat-ports-exhausted-title = { $count ->
    [one] una connessione in uscita
   *[other] { $count } connessioni in uscita
} senza porta SNAT
snat-ports-exhausted-near-title = { $node } usa quasi tutte le sue porte SNAT
snat-ports-exhausted-failed = SnatConnectionCount, stato Failed: connessioni non riuscite per mancanza di una porta in un intervallo: { $count }
snat-ports-exhausted-used = { $node } ha usato { $used } porte su { $allocated }
snat-ports-exhausted-peer = { $node } mantiene { $count ->
    [one] una connessione
   *[other] { $count } connessioni
} verso { $peer }
snat-ports-exhausted-none-failed = nessuna connessione è fallita per mancanza di una porta
snat-ports-exhausted-health-title = il servizio di bilanciamento del carico esaurisce le porte SNAT
snat-ports-exhausted-health = l'evento di integrità del servizio di bilanciamento del carico: { $message }
snat-ports-exhausted-drops-title = il gateway NAT ha scartato { $count ->
    [one] 1 pacchetto
   *[other] { $count } pacchetti
}
snat-ports-exhausted-drops = il gateway NAT ha scartato { $count ->
    [one] 1 pacchetto
   *[other] { $count } pacchetti
}; se per mancanza di porte lo dice la metrica SNATConnectionCount
snat-ports-exhausted-room = nessun nodo si è avvicinato alla fine delle sue porte
snat-ports-exhausted-few-drops = il gateway NAT ha scartato solo { $count ->
    [one] 1 pacchetto
   *[other] { $count } pacchetti
}, come accade con le connessioni terminate
snat-ports-exhausted-routing = un firewall, non il servizio di bilanciamento del carico, traduce le connessioni in uscita
snat-ports-exhausted-pool = far riutilizzare le connessioni ai client di quella destinazione, o raggiungerla con un endpoint privato
snat-ports-exhausted-ports = dare più indirizzi al servizio di bilanciamento del carico e più porte ai nodi
snat-ports-exhausted-nat = oppure spostare il cluster su un gateway NAT
snat-ports-exhausted-gateway = dare più indirizzi pubblici al gateway NAT

rule-conntrack-table-full = una tabella di rilevamento delle connessioni è piena
conntrack-table-full-title = la tabella di rilevamento delle connessioni di { $node } è piena
conntrack-table-full-kernel = il kernel di { $node } scarta pacchetti perché la tabella è piena (righe: { $count })
conntrack-table-full-usage = { $count } voci su { $max } sono in uso
conntrack-table-full-room = { $count } voci su { $max } sono in uso: c'è spazio
conntrack-table-full-who = sul nodo, vedere chi occupa le voci
conntrack-table-full-raise = alzare ora il limite
conntrack-table-full-keep = renderlo permanente: impostare netNfConntrackMax nella configurazione del sistema operativo Linux del pool di nodi, e far riutilizzare le connessioni ai client

rule-network-policy-denies-system-traffic = un criterio di rete nega il traffico di sistema
network-policy-denies-system-traffic-title-dns = NetworkPolicy { $namespace }/{ $name } separa i Pod dal DNS
network-policy-denies-system-traffic-title-api = NetworkPolicy { $namespace }/{ $name } separa i Pod di sistema dal server API
network-policy-denies-system-traffic-title-tunnel = NetworkPolicy { $namespace }/{ $name } separa il server API dai suoi back-end
network-policy-denies-system-traffic-selects = { $name } isola { $count ->
    [one] un Pod
   *[other] { $count } Pod
}, e nessun criterio consente il traffico
network-policy-denies-system-traffic-lookup = { $pod } non ha avuto risposta per { $name }
network-policy-denies-system-traffic-dial = { $pod } non ha risposta dal server API
network-policy-denies-system-traffic-call = la chiamata del server API nello spazio dei nomi non ha avuto risposta
network-policy-denies-system-traffic-not-ready = { $pod } non è più pronto da dopo l'arrivo del criterio
network-policy-denies-system-traffic-none = non vi sono criteri di rete
network-policy-denies-system-traffic-allowed = { $count ->
    [one] l'unico criterio lascia
   *[other] tutti i { $count } criteri lasciano
} passare il traffico di sistema
network-policy-denies-system-traffic-show = leggere il criterio
network-policy-denies-system-traffic-allow-dns = in { $namespace }, consentire l'uscita su UDP e TCP 53 verso i Pod di kube-dns in kube-system
network-policy-denies-system-traffic-allow-api = consentire l'uscita su TCP 443 da kube-system al server API
network-policy-denies-system-traffic-allow-tunnel = in { $namespace }, consentire l'ingresso da kube-system (konnectivity-agent) sulla porta del servizio

rule-apiserver-address-changed = l'indirizzo del server API è cambiato
apiserver-address-changed-title = { $old } non è più l'indirizzo del server API, ora è { $new }
apiserver-address-changed-hosts = una voce hosts dice ancora { $old }
apiserver-address-changed-dead = { $old } non risponde su TCP 443
apiserver-address-changed-now = ora i server dei nomi dicono { $new }
apiserver-address-changed-restart = il cluster è stato riavviato: in tal caso l'indirizzo può cambiare
apiserver-address-changed-answered = il server API ha risposto al client
apiserver-address-changed-same = il client risolve { $address }, come i nodi
apiserver-address-changed-look = chiedere a un server dei nomi l'indirizzo attuale
apiserver-address-changed-hosts-step = rimuovere dal file hosts la riga del server API
apiserver-address-changed-flush = svuotare la cache del resolver, o ottenere di nuovo il kubeconfig
rule-apiserver-not-answering-client = il server API non dà al client nessuna risposta utile
apiserver-not-answering-client-unresolved = il resolver del client non conosce il nome del server API{ $host ->
    [none] {""}
   *[other] {" "}{ $host }
}
apiserver-not-answering-client-resolver = nessun resolver risponde al client { $host ->
    [none] sul nome del server API
   *[other] su { $host }
}
apiserver-not-answering-client-timeout = la connessione del client { $host ->
    [none] al server API
   *[other] a { $host }
} non riceve risposta
apiserver-not-answering-client-refused = la connessione del client { $host ->
    [none] al server API
   *[other] a { $host }
} è rifiutata
apiserver-not-answering-client-route = il client non ha una route verso { $host ->
    [none] il server API
   *[other] { $host }
}
apiserver-not-answering-client-handshake = l'handshake TLS con { $host ->
    [none] il server API
   *[other] { $host }
} non riceve risposta
apiserver-not-answering-client-handshake-cut = l'handshake TLS con { $host ->
    [none] il server API
   *[other] { $host }
} viene interrotto
apiserver-not-answering-client-authority = il client non conosce chi ha firmato il certificato del server API
apiserver-not-answering-client-name = il certificato del server API non è per { $host ->
    [none] il nome richiesto
   *[other] { $host }
}
apiserver-not-answering-client-early = il client considera il certificato del server API non ancora valido
apiserver-not-answering-client-truncated = le risposte del server API al client sono troncate a metà
apiserver-not-answering-client-plain = ciò che risponde a { $host ->
    [none] quell'indirizzo
   *[other] { $host }
} non parla TLS
apiserver-not-answering-client-throttled = il server API respinge con 429 ogni richiesta del client
apiserver-not-answering-client-failing = il server API risponde a ogni richiesta del client con un proprio errore
apiserver-not-answering-client-path = ciò che risponde a { $host ->
    [none] quell'indirizzo
   *[other] { $host }
} non è un server API: non conosce /version
apiserver-not-answering-client-cut = il server API{ $host ->
    [none] {""}
   *[other] {" "}{ $host }
} accetta le connessioni del client e le chiude senza rispondere
apiserver-not-answering-client-silent = il server API{ $host ->
    [none] {""}
   *[other] {" "}{ $host }
} non risponde alle richieste del client
apiserver-not-answering-client-said = { $count ->
    [one] un comando del client è finito
   *[other] { $count } comandi del client sono finiti
} così, e nessuno ha funzionato
apiserver-not-answering-client-resolves = { $name } si risolve in { $address }
apiserver-not-answering-client-no-name = { $name } non si risolve
apiserver-not-answering-client-connects = la connessione TCP in sé riesce
apiserver-not-answering-client-connects-not = anche una semplice connessione TCP non riesce
apiserver-not-answering-client-no-handshake = TCP si connette, l'handshake TLS non si conclude
apiserver-not-answering-client-answered = il server API ha risposto a un comando del client
apiserver-not-answering-client-look-up = cercare il nome da qui e da un'altra rete: un nome che solo alcuni conoscono è di una zona privata o di un kubeconfig vecchio
apiserver-not-answering-client-health = chiedere al server API come si giudica
apiserver-not-answering-client-configured = confrontare server e autorità del kubeconfig con quelli del cluster
apiserver-not-answering-client-middle = trovare ciò che sta in mezzo: un proxy, un firewall che ispeziona TLS o un server API sovraccarico
apiserver-not-answering-client-elsewhere = provare da un'altra rete: se lì funziona, il guasto è tra qui e il server API
apiserver-not-answering-client-node = raccogliere su un nodo, che non richiede il server API: eseguirvi ciò che questo stampa

rule-snat-plan-too-small = i pool possono superare le loro porte in uscita
snat-plan-too-small-title = le porte in uscita bastano per { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
}, i pool possono arrivare a { $most }
snat-plan-too-small-says = { $ports } porte per { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
} sono { $wanted }; gli indirizzi ne hanno { $there }
snat-plan-too-small-cleared = { $ports } porte per { $nodes ->
    [one] l'unico nodo
   *[other] ciascuno di { $nodes } nodi
} stanno negli indirizzi
snat-plan-too-small-do = aggiungere indirizzi pubblici, o dare meno porte a ogni nodo
