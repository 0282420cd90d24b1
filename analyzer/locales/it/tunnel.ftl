# Regole sul tunnel.

rule-tunnel-agents-not-running = gli agenti del tunnel non sono in esecuzione
tunnel-agents-not-running-title = nessun Pod { $name } è pronto (richiesti: { $count })
tunnel-agents-not-running-zero-title = Deployment { $name } ridimensionato a 0: il server API non ha un tunnel
tunnel-agents-not-running-zero = spec.replicas di { $name } è 0
tunnel-agents-not-running-scaled = qualcuno lo ha ridotto: { $message }
tunnel-agents-not-running-scale-up = ridare agli agenti le loro repliche
tunnel-agents-not-running-crashing = { $pod } è in { $reason }; l'ultima esecuzione è terminata con codice di uscita { $exit } { $message }
tunnel-agents-not-running-waiting = { $pod } attende: { $reason } { $message }
tunnel-agents-not-running-unscheduled = { $pod } non ha un nodo: { $message }
tunnel-agents-not-running-not-ready = { $pod } non è pronto (fase { $phase })
tunnel-agents-not-running-none-created = { $name } richiede { $desired } Pod e non ne ha
tunnel-agents-not-running-no-pods = l'elenco dei Pod non contiene agenti del tunnel
tunnel-agents-not-running-deployment = il Deployment ha { $ready } agenti pronti su { $desired }
tunnel-agents-not-running-no-agent = il server API dice "No agent available"
tunnel-agents-not-running-read = leggere perché l'agente non è in esecuzione
tunnel-agents-not-running-restart = rimossa la causa, riavviare gli agenti
tunnel-agents-not-running-by-design = integrazione rete virtuale del server API con Azure CNI: per progettazione non vi sono agenti
tunnel-agents-not-running-cleared = { $pod } è pronto (pronti in tutto: { $ready })
tunnel-agents-not-running-counted = il Deployment conta { $ready } agenti del tunnel pronti

rule-kubelet-unreachable = kubelet non raggiungibili sulla porta 10250
kubelet-unreachable-title = il server API non raggiunge il kubelet di { $node } su TCP 10250
kubelet-unreachable-none = logs, exec, port-forward e top falliscono per ogni nodo: nessun agente tunnel è connesso
kubelet-unreachable-many = il server API non raggiunge { $count } kubelet su { $total } su TCP 10250
kubelet-unreachable-dials-title = connessioni fallite attraverso il tunnel: { $failed }
kubelet-unreachable-dials = connessioni fallite: { $failed }{ $all ->
    [0] {""}
   *[other] {" "}su { $all }
}
kubelet-unreachable-dials-settle = i log degli agenti del tunnel nominano i nodi
kubelet-unreachable-agent-dials = un agente conta connessioni scadute: { $count }
kubelet-unreachable-server-dials = il server API conta connessioni fallite attraverso il tunnel: { $count } (fase { $stage })
kubelet-unreachable-timeout = { $witness } non ha avuto risposta da { $node } su 10250: i pacchetti vengono scartati
kubelet-unreachable-refused = { $node } ha rifiutato { $witness } su 10250: nulla è in ascolto, o una regola rifiuta
kubelet-unreachable-no-route = { $witness } non ha trovato una route verso { $node } su 10250
kubelet-unreachable-tls = { $witness } ha raggiunto { $node } su 10250, ma TLS non ha avuto risposta
kubelet-unreachable-no-agent = la chiamata a { $node } non ha trovato agenti del tunnel
kubelet-unreachable-others = altri kubelet rispondono (numero: { $count }), tra cui { $node }
kubelet-unreachable-only = tra tutti i nodi, le chiamate non riuscite nominano solo { $node }; gli altri (numero: { $others }) non vi figurano
kubelet-unreachable-ready = { $node } è Ready: il suo percorso verso il server API funziona, è bloccato solo quello in ingresso
kubelet-unreachable-look = cercare che cosa blocca TCP 10250 verso { $node }: regole NSG della sua subnet, ufw, iptables e nftables sul nodo, criteri di rete
kubelet-unreachable-probe = interrogare questo kubelet tramite il server API
kubelet-unreachable-cleared = { $count ->
    [one] un kubelet ha risposto
   *[other] { $count } kubelet hanno risposto
}
kubelet-unreachable-unanswered = la chiamata al kubelet di { $node } è terminata senza risposta

port-10250-rule = la regola { $number } della catena { $chain } (tabella { $table }) blocca TCP 10250 da { $source }
port-10250-rule-counted = la regola { $number } della catena { $chain } (tabella { $table }) blocca TCP 10250 da { $source }; pacchetti finora: { $packets }
port-10250-policy = nessuna regola della catena { $chain } (tabella { $table }) accetta TCP 10250 da { $source }; il criterio predefinito lo scarta
port-10250-status = ufw nega per impostazione predefinita le connessioni in ingresso, e nessuna regola consente TCP 10250 da { $source }
port-10250-status-rule = la regola { $number } di ufw blocca TCP 10250 da { $source }
port-10250-jump = questa regola invia il pacchetto alla catena { $chain }
port-10250-outbound = la catena { $chain } nega anche { $port } in uscita, che serve solo ai tunnel precedenti a konnectivity
port-10250-ufw-active = ufw dice di essere attivo
port-10250-find-author = trovare che cosa aggiunge la regola (uno script di protezione, un agente di sicurezza, un DaemonSet con privilegi), rimuoverlo e ricreare l'immagine del nodo: gli host modificati non sono supportati

rule-port-10250-ufw = ufw blocca la porta del kubelet su un nodo
port-10250-ufw-title = UFW { $node ->
    [none] di un nodo
   *[other] del nodo { $node }
} blocca TCP 10250: kubelet irraggiungibile
port-10250-ufw-many = UFW su { $count } nodi blocca TCP 10250: il server API non raggiunge questi kubelet
port-10250-ufw-cleared = ufw non blocca TCP 10250 su { $node }
port-10250-ufw-allow = sul nodo, lasciare entrare la porta del kubelet
port-10250-ufw-disable = oppure disattivare ufw; blocca anche il traffico dei Pod e le NodePort

rule-port-10250-iptables = una regola iptables blocca la porta del kubelet su un nodo
port-10250-iptables-title = una regola iptables su { $node ->
    [none] un nodo
   *[other] { $node }
} blocca TCP 10250: kubelet irraggiungibile
port-10250-iptables-many = regole iptables su { $count } nodi bloccano TCP 10250: i loro kubelet non sono raggiungibili
port-10250-iptables-cleared = il filtro di pacchetti di { $node } lascia entrare TCP 10250 con questa riga
port-10250-iptables-delete = sul nodo, eliminare questa regola (verificarne prima il numero, può cambiare)
port-10250-iptables-read = leggere questa regola com'è ora
port-10250-iptables-accept = sul nodo, accettare la porta del kubelet prima di ciò che la scarta

rule-port-10250-nftables = una regola nftables blocca la porta del kubelet su un nodo
port-10250-nftables-title = nftables su { $node ->
    [none] un nodo
   *[other] { $node }
} blocca TCP 10250: kubelet irraggiungibile
port-10250-nftables-many = regole nftables su { $count } nodi bloccano TCP 10250: i loro kubelet non sono raggiungibili
port-10250-nftables-cleared = il set di regole nftables di { $node } lascia entrare TCP 10250
port-10250-nftables-delete = sul nodo, eliminare questa regola; iptables non la mostra
port-10250-nftables-accept = accettare la porta prima di questa regola
port-10250-nftables-handle = sul nodo, leggere l'handle della regola, poi eliminarla con "nft delete rule … handle N"

rule-node-to-node-traffic-blocked = il traffico tra nodi su TCP 10250 è bloccato
node-to-node-traffic-blocked-title = TCP 10250 tra i nodi è bloccato: { $count ->
    [one] 1 kubelet lontano dagli agenti non risponde
   *[other] { $count } kubelet lontani dagli agenti non rispondono
}
node-to-node-traffic-blocked-pool = TCP 10250 verso i nodi del pool { $pools } è bloccato: { $count ->
    [one] 1 kubelet non risponde
   *[other] { $count } kubelet non rispondono
}
node-to-node-traffic-blocked-near = il kubelet di { $node }, dove si trova un agente, risponde: tunnel e agente funzionano
node-to-node-traffic-blocked-open = il filtro di pacchetti di { $node } lascia di per sé entrare TCP 10250
node-to-node-traffic-blocked-differs = rispondono solo i kubelet sui nodi con un agente del tunnel: { $agents }
node-to-node-traffic-blocked-nsg = cercare una regola che nega TCP 10250 tra le subnet dei nodi: NSG di ogni subnet, tabelle di route, appliance
node-to-node-traffic-blocked-try = da un altro nodo, vedere dove si ferma il pacchetto
node-to-node-traffic-blocked-settled = gli NSG di tutte le subnet dei nodi, le loro tabelle di route e i filtri di pacchetti dei nodi che non rispondono
node-to-node-traffic-blocked-cleared = il kubelet di { $node }, che non ospita agenti, risponde

rule-port-10250-nsg = un gruppo di sicurezza di rete (NSG) blocca la porta dei kubelet
port-10250-nsg-title = NSG { $group }: la regola { $rule } (priorità { $priority }) nega TCP 10250 tra nodi
port-10250-nsg-inbound = { $rule } nega TCP 10250 in ingresso da nodo a nodo; la sua priorità { $priority } precede AllowVnetInBound
port-10250-nsg-outbound = { $rule } nega TCP 10250 in uscita da nodo a nodo; la sua priorità { $priority } precede AllowVnetOutBound
port-10250-nsg-cleared = { $rule } (priorità { $priority }) di { $group } consente TCP 10250 tra i nodi
port-10250-nsg-allow = consentire la porta prima della regola che nega (o restringere quella regola)
port-10250-nsg-restart = se nulla cambia entro qualche minuto, riavviare gli agenti del tunnel
port-10250-nsg-settled = il risultato di "kubectl logs" per un Pod su ogni nodo, e "nc -v -w 2 ADDRESS 10250" da un nodo a un altro

rule-tunnel-agents-not-connected = gli agenti del tunnel non sono connessi
tunnel-agents-not-connected-title = gli agenti del tunnel sono in esecuzione, ma nessuno è connesso al server API
tunnel-agents-not-connected-some = { $count ->
    [one] un agente del tunnel non è connesso al server API
   *[other] { $count } agenti del tunnel non sono connessi al server API
}
tunnel-agents-not-connected-flapping = il tunnel verso il server API si è interrotto (volte: { $count })
tunnel-agents-not-connected-error = { $pod } non riesce a connettersi: { $error }
tunnel-agents-not-connected-keepalive = { $pod } ha perso il flusso: nessuna risposta a un ping keepalive (volte su tutti gli agenti: { $count })
tunnel-agents-not-connected-backends = il server del tunnel ha 0 agenti pronti
tunnel-agents-not-connected-gauge = le metriche dell'agente mostrano 0 connessioni aperte al server API
tunnel-agents-not-connected-gauge-cleared = le metriche dell'agente mostrano una connessione aperta al server API
tunnel-agents-not-connected-no-agent = il server API non ha trovato agenti del tunnel connessi
tunnel-agents-not-connected-runs = { $ready ->
    [one] eppure un agente è pronto
   *[other] eppure { $ready } agenti sono pronti
}
tunnel-agents-not-connected-cleared = { $pod } è connesso al server API
tunnel-agents-not-connected-read = leggere perché l'agente non riesce a connettersi: la fine dell'errore indica il livello
tunnel-agents-not-connected-dropped = i pacchetti verso { $address } vengono scartati lungo il percorso: controllare NSG, UFW, iptables, il firewall dietro la route predefinita e gli intervalli IP autorizzati
tunnel-agents-not-connected-refused = { $address } è raggiungibile e rifiuta: la porta è chiusa, oppure un firewall interrompe le connessioni

rule-tunnel-alpn-stripped = un dispositivo di ispezione TLS rimuove ALPN
tunnel-alpn-stripped-title = lungo il percorso TLS perde ALPN: gli agenti del tunnel non si connettono
tunnel-alpn-stripped-agent = { $pod } completa TCP, ma al suo TLS manca il protocollo ALPN "konnectivity"
tunnel-alpn-stripped-odd = { $pod } raggiunge qualcosa che non è il server del tunnel
tunnel-alpn-stripped-probe = openssl ha chiesto ALPN "konnectivity" e non ne ha ottenuto (certificato di { $issuer })
tunnel-alpn-stripped-kubelet = il kubelet di { $node } usa lo stesso nome e la stessa porta senza problemi: TCP e TLS passano
tunnel-alpn-stripped-proxy = il cluster manda il traffico in uscita attraverso il proxy { $proxy }
tunnel-alpn-stripped-exempt = escludere dall'ispezione TLS il nome del server API su TCP 443, e lasciar passare ALPN invariato
tunnel-alpn-stripped-test = su un nodo, vedere che cosa viene negoziato: deve dire "ALPN protocol: konnectivity"
tunnel-alpn-stripped-restart = poi riavviare gli agenti
tunnel-alpn-stripped-settled = su un nodo, "openssl s_client -connect API_SERVER:443 -servername API_SERVER -alpn konnectivity"
tunnel-alpn-stripped-cleared = una probe TLS ha negoziato ALPN "{ $alpn }"
tunnel-alpn-stripped-dial = { $pod } fallisce prima di TLS: non si stabilisce alcuna connessione

tunnel-symptom-cannot-connect = il log di un agente termina con connessioni non riuscite
tunnel-symptom-call = una chiamata al kubelet di { $node } è terminata nel tunnel

rule-tunnel-agents-on-one-node = tutti gli agenti del tunnel sono su un solo nodo
tunnel-agents-on-one-node-title = agenti del tunnel tutti su { $node }: se cade, cade il tunnel
tunnel-agents-on-one-node-agent = { $pod } è in esecuzione su { $node }
tunnel-agents-on-one-node-spread = far pianificare di nuovo gli agenti, quando un altro nodo di sistema ha spazio
tunnel-agents-on-one-node-cleared = gli agenti sono in esecuzione su { $count ->
    [one] 1 nodo
   *[other] { $count } nodi
}

rule-tunnel-egress-port-closed = la porta del vecchio tunnel è chiusa in uscita
tunnel-egress-port-closed-title = vecchio tunnel interrotto: { $pod } non raggiunge il server API su { $port }
tunnel-egress-port-closed-konnectivity = il cluster usa konnectivity, che richiede solo TCP 443
tunnel-egress-port-closed-ready = { $pod } è pronto: la sua porta è aperta
tunnel-egress-port-closed-down = { $pod } non è pronto
tunnel-egress-port-closed-probe = { $host } non risponde sulla porta { $port }
tunnel-egress-port-closed-log = il log del tunnel dice che la porta { $port } non risponde
tunnel-egress-port-closed-open = consentire la porta { $port } dai nodi ad AzureCloud dell'area del cluster
tunnel-egress-port-closed-upgrade = meglio: aggiornare; i cluster con questo tunnel sono fuori supporto da tempo
tunnel-egress-port-closed-on-node = { $node ->
    [none] un nodo scarta
   *[other] { $node } scarta
} { $protocol } { $port } in uscita, la porta di un vecchio tunnel
tunnel-egress-port-closed-rule = la regola { $number } della catena { $chain } scarta { $protocol } { $port } in uscita
tunnel-egress-port-closed-which = vedere quale tunnel ha il cluster: solo tunnelfront (TCP 9000) e aks-link (UDP 1194) usano queste porte, konnectivity no
tunnel-egress-port-closed-change = sul nodo, riaprire la porta se il cluster ha quel tunnel
tunnel-egress-port-closed-settled = l'elenco dei Pod di kube-system: con konnectivity-agent non è un guasto

rule-tunnel-agent-hosts-overloaded = i nodi degli agenti del tunnel sono sovraccarichi
tunnel-agent-hosts-overloaded-title = { $count ->
    [one] il nodo { $node }, che ospita un agente del tunnel, è sovraccarico
   *[other] { $count } nodi su { $total } che ospitano agenti del tunnel sono sovraccarichi
}
tunnel-agent-hosts-overloaded-used = { $node } usa il { $cpu } % della CPU e il { $memory } % della memoria
tunnel-agent-hosts-overloaded-pressure = { $node } segnala { $condition }
tunnel-agent-hosts-overloaded-who = trovare che cosa consuma questi nodi
tunnel-agent-hosts-overloaded-cordon = non dare altro lavoro a questo nodo, e spostare altrove ciò che lo consuma
tunnel-agent-hosts-overloaded-system-pool = dare ai Pod di sistema un pool proprio (taint CriticalAddonsOnly=true:NoSchedule)

rule-tunnel-agents-under-scaled = agenti del tunnel troppo pochi o troppo piccoli
tunnel-agents-under-scaled-title = { $agents ->
    [one] 1 agente del tunnel serve
   *[other] { $agents } agenti del tunnel servono
} { $nodes } nodi: troppo pochi
tunnel-agents-under-scaled-oom = agenti del tunnel terminati per la loro memoria (richiesti in tutto: { $agents })
tunnel-agents-under-scaled-killed = { $pod } è stato terminato per memoria (OOM) e riavviato { $restarts ->
    [one] una volta
   *[other] { $restarts } volte
}
tunnel-agents-under-scaled-kernel = il kernel di { $node } ha terminato un agente (proxy-agent) per la sua memoria
tunnel-agents-under-scaled-ladder = i gradini nella ConfigMap { $name } danno meno agenti di quelli di AKS
tunnel-agents-under-scaled-few = per { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
} { $agents ->
    [one] è richiesto 1 agente
   *[other] sono richiesti { $agents } agenti
}; i gradini di AKS ne danno { $wanted }
tunnel-agents-under-scaled-edit = ripristinare i gradini di AKS: 1 nodo 2 agenti, 100 3, 250 4, 500 5, 1000 6, 5000 10
tunnel-agents-under-scaled-memory = distribuire il carico: meno chiamate simultanee a webhook e log, più agenti, una versione di AKS più recente
tunnel-agents-under-scaled-cleared = { $agents ->
    [one] 1 agente richiesto
   *[other] { $agents } agenti richiesti
} per { $nodes ->
    [one] 1 nodo
   *[other] { $nodes } nodi
}, come nei gradini di AKS, e nessuno terminato per memoria (OOM)
