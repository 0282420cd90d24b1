# Parole di `konspect audit` e delle risposte dei log di audit.

## Sentences
audit-read = { $records ->
        [one] { $records } riga
       *[other] { $records } righe
    }: { $events ->
        [one] { $events } evento
       *[other] { $events } eventi
    }, { $refused } non leggibili, { $others } di altro tipo
audit-window = { $requests ->
        [one] { $requests } richiesta
       *[other] { $requests } richieste
    } di { $clients } client dal { $from } al { $to } UTC
audit-none-left = nessun evento soddisfa i filtri: { $count ->
        [one] { $count } evento del log escluso
       *[other] tutti i { $count } eventi del log esclusi
    }
audit-left-out = { $count ->
        [one] { $count } evento escluso
       *[other] { $count } eventi esclusi
    } dai filtri
audit-duplicates = { $count ->
        [one] { $count } evento si ripete e conta
       *[other] { $count } eventi si ripetono e contano
    } una volta
audit-states = { $count ->
        [one] { $count } stato salvato unito
       *[other] { $count } stati salvati uniti
    }: gli eventi presenti anche in un altro ingresso contano due volte
audit-note = Nota:
audit-admin-only = in questo log non ci sono get né list (kube-audit-admin, o filtrato così): di elenchi e polling non si può dire nulla, né in bene né in male
audit-admin-only-missing = ce n'è uno, ma le letture non vi compaiono: kube-audit-admin, o filtrato così
audit-no-starts = il log non ha eventi ResponseStarted: i watch ancora aperti non si vedono
audit-no-times = nessun evento ha un orario leggibile: frequenze, latenze e inizi non sono noti
audit-refused = { $count ->
        [one] { $count } riga non è leggibile: { $reason }
       *[other] { $count } righe non sono leggibili, la prima perché: { $reason }
    }
audit-lost-more = { $count ->
        [one] un altro artefatto non è stato letto fino in fondo: konspect analyze lo nomina
       *[other] altri { $count } artefatti non sono stati letti fino in fondo: konspect analyze li nomina
    }
audit-overlaps-more = { $count ->
        [one] un altro stato salvato contiene
       *[other] altri { $count } stati salvati contengono
    } eventi presenti anche in un altro ingresso
audit-partial = { $count ->
        [one] { $count } evento è stato troncato da chi lo ha esportato: conta come richiesta e non ha latenza
       *[other] { $count } eventi sono stati troncati da chi li ha esportati: contano come richieste e non hanno latenza
    }
audit-row-cap = l'esportazione ha esattamente { $rows } righe, il limite a cui viene troncata: può mancare altro
audit-dates-assumed = { $count ->
        [one] la data di { $count } riga potrebbe
       *[other] le date di { $count } righe sono di un solo giorno e potrebbero
    } avere giorno e mese invertiti: controllare la finestra, o esportare con date ISO
audit-dates-local = { $count ->
        [one] gli orari di { $count } riga sono nell'ora locale di chi l'ha esportata
       *[other] gli orari di { $count } righe sono nell'ora locale di chi le ha esportate
    } ([Local Time]) e sono letti come UTC: la finestra può essere spostata di alcune ore; esportare con orari in UTC
audit-bin-widened = le latenze nel tempo sono conservate a passi di 75 s o un multiplo: gli intervalli sono di { $seconds } s, non di { $asked } s (--by user-agent --bin conta in intervalli di qualsiasi durata)
audit-collector = { $count ->
        [one] { $count } richiesta della raccolta stessa è tenuta a parte (--with-collector la conta)
       *[other] { $count } richieste della raccolta stessa sono tenute a parte (--with-collector le conta)
    }
audit-collector-counted = { $count ->
        [one] con --by si conta anche { $count } richiesta della raccolta stessa
       *[other] con --by si contano anche le { $count } richieste della raccolta stessa
    }
audit-spilled = { $count ->
        [one] { $count } richiesta non ha
       *[other] { $count } richieste non hanno
    } una riga propria: client o tipi diversi erano troppi
audit-sampled = le watch sono troppe per seguirle tutte: quelle aperte sono stimate da una richiesta su { $part }
audit-more = … e altre { $count } (--top)
audit-more-questions = Altre domande (--report): { $names }
audit-summaries = Risultati di query eseguite da altri: come abbiano contato, e se nelle latenze ci siano i watch, non si sa.
audit-nothing = nulla trovato
audit-cannot-tell = non si può dire da questo log
audit-without = Senza { $client } il p99 di tutti gli altri scende da { $from } a circa { $to }; occupa il { $share } % di tutto il tempo speso per le richieste.
audit-without-misfit = Senza { $client }: non si stima nulla, perché il modello manca ciò che tutti gli altri hanno visto del { $error } % del p99: le richieste che aspettano un posto non lo spiegano.
audit-without-quiet = Misurato, senza alcun modello: { $quiet } { $bins ->
    [one] nell'intervallo di { $seconds } s
   *[other] nei { $bins } intervalli di { $seconds } s
} in cui non chiedeva quasi nulla.
audit-without-no-quiet = Non c'è un intervallo in cui non chiedeva quasi nulla: accanto al modello non c'è alcuna misura.
audit-without-model = Modello: le richieste aspettano in ordine di arrivo un posto ({ $seats }, adattati al p99) e non si rallentano in altro modo; i livelli di priorità sono ignorati, e anche ciò che è andato storto per altri motivi negli stessi intervalli è attribuito al client. Il p50, il p90 e il p99 di ogni intervallo, ai quali non è adattato, mancano ciò che si è visto fino al { $error } % del p99: va letto come ordine di grandezza.
audit-without-seen = Il p99 di tutti gli altri è { $from } mentre è attivo; occupa il { $share } % di tutto il tempo speso per le richieste.
audit-without-unaffected = Senza { $client }: nessun guadagno che questo log possa mostrare, perché tutti gli altri sono veloci mentre è attivo quanto mentre non chiede quasi nulla.
audit-without-elsewhere = Senza { $client }: non si stima nulla, perché le annotazioni mettono il { $most } % del tempo delle richieste lente di tutti gli altri in { $part } e il { $queued } % nelle code: non hanno aspettato le richieste di questo client per essere ammesse.
audit-without-never-quiet = Senza { $client }: non si stima nulla, perché chiede di continuo e nessuna annotazione parla di attese in coda: quanto sarebbero veloci tutti gli altri senza di lui non è in questo log.
audit-without-waits-less = Senza { $client }: non si stima nulla, perché tutti gli altri aspettano più di quanto durino le sue richieste: non aspettano nella stessa coda, ed è lento qualcos'altro.
audit-without-no-gain = Senza { $client }: nessun guadagno, perché secondo il modello quasi nessuno lo aspetta.
audit-without-contain-anyway = Se aiuti non si sa; questo conterrebbe il client (cinque quote sono un peso, non cinque chiamate; rivedere prima di applicare):
audit-without-version = Nessuna FlowSchema proposta: Kubernetes prima della 1.20 non ha priorità ed equità attive per impostazione predefinita.
audit-without-crowd = { $client } usa { $count } nomi, che cambiano di continuo: sono esclusi insieme, come un solo client.
audit-without-several = più client si chiamano così e si prende quello che costa di più: { $client }; gli altri: { $others } (indicare una parte più lunga del nome)
audit-without-too-little = Troppo poche richieste per dire che cosa avrebbero visto gli altri senza { $client }.
audit-without-contain = Questo lo conterrebbe (cinque quote sono un peso, non cinque chiamate; controllare prima di applicare):
audit-without-system = Nessun FlowSchema deve o può contenerlo (un componente del cluster, oppure un utente di system:masters, che ne è esente): trovare che cosa lo fa chiedere.

## Titles of tables
audit-title-user-agents = User agent per richieste
audit-title-users = Utenti per richieste
audit-title-source-ips = Indirizzi di origine per richieste
audit-title-verbs = Verbi per richieste
audit-title-resources = Risorse per richieste
audit-title-namespaces = Spazi dei nomi per richieste
audit-title-codes = Codici di risposta
audit-title-latency = Latenza per user agent nel tempo, escluse le richieste di lunga durata
audit-title-requests = Latenza per richiesta, p99 più lento per primo
audit-title-slo = Oltre l'obiettivo di latenza upstream (p99: 1 s per scritture e oggetti singoli, 30 s per gli elenchi)
audit-title-bursts = Client che hanno iniziato a chiedere molto di più
audit-title-watches = Watch: aperti, avviati e terminati
audit-title-open-watches = Watch senza fine nel log
audit-title-polling = Lo stesso oggetto letto di continuo
audit-title-unbounded-lists = Richieste LIST senza limit né resourceVersion
audit-title-rejected = Richieste respinte o fallite, per client
audit-title-failures = Errori per messaggio
audit-title-webhooks = Webhook: tempo speso sulle richieste lente, ed errori
audit-title-leaks = Oggetti creati e non eliminati, per chi li ha creati
audit-title-deprecated = Chiamanti di versioni API deprecate
audit-title-groups = Richieste per gruppo

## Headings of columns
audit-column-user-agent = user agent
audit-column-user = utente
audit-column-client = client
audit-column-program = programma
audit-column-source-ip = IP di origine
audit-column-namespace = spazio dei nomi
audit-column-verb = verbo
audit-column-resource = risorsa
audit-column-code = codice
audit-column-start = da
audit-column-requests = richieste
audit-column-share = quota
audit-column-per-second = al secondo
audit-column-work-ms = lavoro
audit-column-mean-ms = media
audit-column-p50-ms = p50
audit-column-p90-ms = p90
audit-column-p99-ms = p99
audit-column-max-ms = max
audit-column-rejected = limitate
audit-column-server-errors = 5xx
audit-column-users = utenti
audit-column-source-ips = IP
audit-column-seconds = secondi
audit-column-subresource = sottorisorsa
audit-column-scope = ambito
audit-column-objective-ms = obiettivo
audit-column-objective = esito
audit-column-counted-p99-ms = p99 valutato
audit-column-excused-ms = escluso
audit-column-where = dove
audit-column-what = cosa
audit-column-onset = dal
audit-column-before-per-minute = prima/min
audit-column-after-per-minute = dopo/min
audit-column-peak-at = picco alle
audit-column-peak-per-second = picco/s
audit-column-open = aperti
audit-column-started = avviati
audit-column-ended = terminati
audit-column-short = brevi
audit-column-mean-life-ms = durata media
audit-column-first = primo
audit-column-last = ultimo
audit-column-name = nome
audit-column-reads = letture
audit-column-unbounded = senza limite
audit-column-lists = LIST
audit-column-from-cache = da cache
audit-column-paged = paginate
audit-column-selected = con selettore
audit-column-reason = motivo
audit-column-clients = client
audit-column-message = messaggio
audit-column-webhook = webhook
audit-column-left = rimasti
audit-column-created = creati
audit-column-deleted = eliminati
audit-column-collections-deleted = raccolte eliminate
audit-column-api = API
audit-column-removed-release = rimossa in
