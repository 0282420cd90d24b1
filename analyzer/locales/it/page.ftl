# Parole della pagina, del testo per i ticket e del terminale: etichette, titoli, didascalie.

## Stati e certezza, ciascuno accanto a una forma e a un colore
page-health-broken = Guasto
page-health-degraded = Degradato
page-health-healthy = Integro per quanto visto
page-health-unknown = Non determinabile
page-confidence-proven = Provato
page-confidence-likely = Probabile
page-confidence-possible = Possibile
page-severity-critical = Critico
page-severity-warning = Avviso
page-severity-info = Informazione
page-risk-reads = sola lettura
page-risk-changes = modifica
page-risk-disrupts = interrompe il servizio
page-role-contrary = Contro:
page-aggravating = aggrava altri problemi

## Intestazione e strumenti
page-skip = Vai al verdetto
page-cluster = cluster
page-nodes = { $count ->
    [one] 1 nodo
   *[other] { $count } nodi
}
page-collected = raccolto il
page-expand-all = Espandi tutto
page-print = Stampa
page-theme = Chiaro / scuro
page-copy = Copia
page-filter = Filtro
page-contents = Sommario

## Prima schermata
page-first-step = Primo passo:
page-why = perché? ↓
page-box-cause = Causa radice
page-box-cause-unknown = Non è in questo bundle
page-box-failure = Guasto
page-box-effects = Effetti
page-box-none = Nessuno visto
page-all-findings = tutti i risultati ↓
page-saw = Visto:
page-not-seen = Non visto:
page-details = dettagli ↓
page-and-more = e altri { $count }
page-more = Altri { $count }
page-more-in-json = altri { $count }: vedere il report JSON
page-none-found = Nessun risultato

## Sezioni
page-section-causes = Cause radice
page-section-findings = Altri risultati
page-section-all-findings = Risultati
page-section-time = Sequenza temporale
page-section-cluster = Cluster
page-section-evidence = Prove
page-section-gaps = Che cosa questo bundle non può dire
page-section-redaction = Valori oscurati
page-section-about = Informazioni su questo report

## Un risultato
page-subject = Oggetto
page-since = Da
page-certainty = Certezza
page-settles = Che cosa lo confermerebbe:
page-rule = Regola
page-reference = Documentazione
page-do = Che cosa fare
page-do-about = Che cosa fare: { $title }
page-evidence = Prove
page-explains = { $count ->
    [one] Spiega 1 risultato
   *[other] Spiega { $count } risultati
}
page-differs = Che cosa accomuna gli oggetti colpiti e manca in quelli integri
page-ruled-out = Verificato ed escluso ({ $count })
page-score = Perché è in questa posizione
page-score-caption = I punti che determinano la posizione
page-points = Punti
page-why-column = Perché
page-line = riga { $line }
page-undo = Annulla:
page-replace-marks = I segni tra ‹ › o < > sostituiscono nomi oscurati: inserire al loro posto i propri.
page-tampered = da un membro che differisce dal manifesto
page-used-by = usato da
page-shows = Mostra:
page-minutes-before = { $minutes ->
    [0] meno di 1 min prima della raccolta
   *[other] { $minutes } min prima della raccolta
}
page-hours-before = { $hours } h prima della raccolta
page-days-before = { $days } giorni prima della raccolta

## Tabelle
page-severity = Gravità
page-finding = Risultato
page-affected = Colpiti
page-findings-caption = { $count ->
    [one] 1 risultato che nessuna causa spiega o che aggrava altri problemi
   *[other] { $count } risultati che nessuna causa spiega o che aggravano altri problemi
}
page-no-other-findings = Nessun altro risultato.
page-table-of = Tabella: { $what }
page-audit = Log di controllo
page-time-caption = { $count ->
    [one] 1 evento
   *[other] { $count } eventi
}
page-at = Ora (UTC)
page-lane = Corsia
page-event = Evento
page-count = Numero
page-source = Origine
page-pools = Pool di nodi
page-pool = Pool di nodi
page-pool-nodes = Nodi
page-pool-ready = Ready
page-version = Versione
page-vm-size = Dimensioni della VM
page-agents = Pod konnectivity-agent
page-pods-by-state = Pod per stato
page-versions = Versioni
page-client = Client
page-requests = Richieste
page-resource = Risorsa
page-highest = Massimo
page-latest = Ultimo
page-from = Da
page-kind = Tipo
page-size = Dimensioni
page-item = Elemento
page-code = Codice
page-question = Domanda aperta
page-missing = Manca
page-collect = Come raccoglierlo
page-cluster-unknown = Il bundle non contiene nulla su pool di nodi, Pod o carico dell'API.
page-no-evidence = Nessuna prova citata.

## Grafici
page-lane-changes = Modifiche
page-lane-platform = Piattaforma
page-lane-nodes = Nodi
page-lane-tunnel = Tunnel
page-lane-dns = DNS
page-lane-api = API
page-lane-pods = Pod
page-time-title = Sequenza temporale dell'evento imprevisto
page-time-desc = Da { $from } a { $to }. { $sentence }
page-key-cause = inizio della causa
page-key-of-cause = causa
page-key-of-effect = effetto
page-key-event = evento
page-key-no-data = nessun dato
page-earlier = { $count ->
    [one] 1 evento precedente nella tabella
   *[other] { $count } eventi precedenti nella tabella
}
page-larger = tabella ↓
page-chart-latency = Latenza dell'API per client
page-latency-desc = Il più lento è { $client }: { $value } alle { $at } UTC.
page-chart-load = Richieste all'API per client e verbo
page-chart-objects = Oggetti per risorsa
page-bars-desc = Il maggiore: { $name } con { $value }.
page-chart-matrix = Chi raggiunge che cosa: pool di nodi e destinazioni
page-reach-open = aperto
page-reach-dropped = scartato
page-reach-rejected = rifiutato
page-reach-unknown = sconosciuto
page-path = Il percorso di { $packet } su { $node }
page-decides = decide: { $verdict }

## Lacune, valori oscurati, informazioni
page-next = Che cosa raccogliere ora, prima il più utile
page-rights = Diritti necessari:
page-about-bytes = Circa { $size }.
page-settles-rules = { $count ->
    [one] Risolve 1 domanda aperta:
   *[other] Risolve { $count } domande aperte:
}
page-unchecked = Regole che non si sono potute verificare ({ $count })
page-gaps-caption = Domande che restano aperte, che cosa manca e come raccoglierlo
page-unreadable = Elementi mancanti o illeggibili ({ $count })
page-diagnostics = Che cosa non si è potuto leggere e perché
page-no-gaps = Ogni regola aveva ciò che le serviva.
page-redacted = { $count ->
    [one] 1 valore è stato sostituito da un segno prima di scrivere il bundle.
   *[other] { $count } valori sono stati sostituiti da segni prima di scrivere il bundle.
}
page-no-map = La corrispondenza tra segni e nomi non è né nel bundle né in questo report.
page-redaction-caption = Valori sostituiti per tipo
page-not-redacted = Il bundle non indica che qualcosa sia stato oscurato.
page-shortened = Abbreviato: questa pagina sarebbe stata troppo grande. Sono stati tolti prima righe, poi estratti, poi grafici; il report JSON contiene tutto.
page-bundle = Bundle
page-collector = Agente di raccolta
page-manifest = Manifesto
page-manifest-same = ogni membro corrisponde al manifesto
page-manifest-none = il bundle non ne ha
page-manifest-differs = { $count ->
    [one] 1 membro differisce
   *[other] { $count } membri differiscono
}
page-rules = Regole
page-rules-run = { $run ->
    [one] 1 regola eseguita
   *[other] { $run } regole eseguite
}, { $skipped } saltate
page-rules-crashed = { $count ->
    [one] 1 regola non riuscita:
   *[other] { $count } regole non riuscite:
}
page-findings-count = Risultati
page-findings-total = { $total ->
    [one] 1 risultato
   *[other] { $total } risultati
}, { $explained } spiegati da una causa
page-limits = Limiti intervenuti
page-licence = Licenza
page-inventory = Che cosa conteneva il bundle

## Testo per i ticket
page-md-impact = Impatto
page-md-causes = Causa radice
page-md-excluded = Verificato ed escluso
page-md-shortened = Abbreviato: il resto è nel report HTML (allegato).

## Terminale
page-term-cause = causa
page-term-failure = guasto
page-term-effects = effetti
page-term-also = inoltre
page-term-finding = risultato
page-term-first = per primo
page-term-unseen = non visto
page-term-command-in-report = (il comando è lungo: vedere il report)
