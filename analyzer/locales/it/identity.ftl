# Regole della famiglia identità.

rule-certificate-expired = un certificato è scaduto
certificate-expired-node-title = il certificato del kubelet su { $node } è scaduto
certificate-expired-webhook-title = l'autorità di certificazione del webhook { $name } è scaduta
certificate-expired-service-title = il certificato dietro { $name } è scaduto
certificate-expired-served = il server API chiama { $name } e riceve un certificato scaduto
certificate-expired-client-title = il certificato tra client e server API è scaduto
certificate-expired-date = { $path } era valido fino al { $until }
certificate-expired-bundle = il suo caBundle era valido fino al { $until }
certificate-expired-journal = il kubelet di { $node } dice che il suo certificato è scaduto
certificate-expired-refused = il server API rifiuta il kubelet di { $node }
certificate-expired-lost = il server API non riceve più notizie da { $node }
certificate-expired-call = le chiamate del webhook non riescono con x509
certificate-expired-client = al client è stato detto che un certificato è scaduto
certificate-expired-valid = un certificato è valido fino al { $until }
certificate-expired-requests = vedere se richieste di certificato attendono l'approvazione
certificate-expired-renew = far ripetere il bootstrap a { $node }: ricrearne l'immagine, o aggiornare il suo pool di nodi
certificate-expired-webhook-renew = rinnovare il certificato di { $name } e inserire la nuova autorità in caBundle
certificate-expired-credentials = ottenere nuove credenziali

rule-clock-skewed = l'orologio di un nodo è errato
clock-skewed-title = l'orologio di { $node } è errato
clock-skewed-ahead = l'orologio di { $node } è avanti di { $seconds } s
clock-skewed-behind = l'orologio di { $node } è indietro di { $seconds } s
clock-skewed-early = { $node } ritiene che un certificato venga dal futuro
clock-skewed-future = il Lease di { $node } è stato rinnovato nel futuro
clock-skewed-unsynchronized = { $node } non sincronizza il suo orologio
clock-skewed-cleared = l'orologio di un nodo è sincronizzato
clock-skewed-read = leggere la fonte dell'ora e lo scostamento del nodo
clock-skewed-step = sul nodo, riavviare chrony e correggere subito l'orologio (chronyc makestep)

rule-access-denied-not-unreachable = il server API risponde e nega l'accesso
access-denied-not-unreachable-title = il server API risponde: le credenziali del client sono rifiutate
access-denied-not-unreachable-no-right = il server API risponde: il client non ha diritto a nulla di ciò che chiede
access-denied-not-unreachable-unauthorized = il server API ha risposto 401: non accetta le credenziali
access-denied-not-unreachable-forbidden = il server API ha risposto 403: l'utente non ne ha il diritto
access-denied-not-unreachable-local = gli account locali sono disabilitati: i certificati dei vecchi kubeconfig di amministrazione non valgono
access-denied-not-unreachable-worked = un altro comando del client ha funzionato
access-denied-not-unreachable-dial = la connessione stessa non è riuscita
access-denied-not-unreachable-credentials = ottenere nuove credenziali
access-denied-not-unreachable-who = vedere per chi il server API prende il client
access-denied-not-unreachable-role = associare un ruolo a quell'utente: deploy/rbac.yaml contiene ciò che serve all'agente di raccolta
access-denied-not-unreachable-kubelogin = far accedere kubectl tramite Microsoft Entra

rule-leader-election-churning = i leader cambiano di continuo
leader-election-churning-title = { $name } ha cambiato leader { $count ->
    [one] una volta
   *[other] { $count } volte
}
leader-election-churning-became = { $name } ha avuto { $count ->
    [one] un nuovo leader
   *[other] { $count } nuovi leader
}
leader-election-churning-lost = { $name } ha perso il suo Lease { $count ->
    [one] una volta
   *[other] { $count } volte
}
leader-election-churning-held = { $holder } detiene il Lease e lo rinnova
leader-election-churning-read = vedere i Lease e chi li detiene
