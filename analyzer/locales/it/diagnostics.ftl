# Un messaggio per codice diagnostico: che cosa non va nel bundle stesso.
KSB0001 = non riconosciuto: { $reason }
KSB0002 = non leggibile: { $reason }
KSB0003 = finisce prima del termine, la parte precedente è stata letta: { $reason }
KSB0004 = { $count ->
    [one] un record rifiutato: { $reason }
   *[other] { $count } record rifiutati, il primo perché { $reason }
}
KSB0005 = limite raggiunto: { $limit } ({ $value })
KSB0006 = due membri si chiamano { $name }
KSB0007 = nome di membro non sicuro { $name }: conservato solo come etichetta
KSB0008 = { $name } differisce dal manifesto: { $reason }
KSB0009 = archivio nel bundle, non aperto: estrarlo da ciò che lo contiene e indicare { $name } nella riga di comando per analizzarlo
KSB0010 = contiene solo l'errore di un comando non riuscito: { $text }
KSB0011 = testo prima dei dati saltato: { $text }
KSB0012 = non completo: { $reason }
KSB0013 = le fonti si contraddicono: { $reason }
KSB0014 = in una lingua che questo lettore non conosce: { $text }
KSB0015 = la regola { $rule } non ha risposta per { $count ->
    [one] una riga: { $reason }
   *[other] { $count } righe, per la prima perché { $reason }
}
KSB0016 = una regola di { $name } non viene eseguita: { $reason }
KSB0017 = { $with ->
    [logs] circa il { $percent } % degli eventi di questo stato è anche nei log accanto e conta due volte: ometterne uno
   *[state] circa il { $percent } % degli eventi di questo stato è anche nello stato { $name } e conta due volte: ometterne uno
}
KSB0018 = { $what ->
    [zone] { $count ->
        [one] gli orari di 1 riga
       *[other] gli orari di { $count } righe
    } sono nell'ora locale di chi le ha esportate e sono letti come UTC: possono essere spostati di alcune ore
   *[order] { $count ->
        [one] le date di 1 riga sono di un solo giorno e potrebbero
       *[other] le date di { $count } righe sono di un solo giorno e potrebbero
    } avere giorno e mese invertiti
}
KSB0019 = { $count ->
    [0] archivio nel bundle: i suoi file si trovano nel bundle anche già estratti e sono stati letti lì: { $name }
    [one] archivio nel bundle: il suo file è stato letto come in una cartella: { $name }
   *[other] archivio nel bundle: i suoi { $count } file sono stati letti come in una cartella: { $name }
}
