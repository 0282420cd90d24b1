# Ciò che konspect dice delle regole degli utenti; i titoli sono parole loro.
user-rule-row = { $rule } risponde vero per questo { $variable }
user-rule-cleared = { $count ->
    [0] non c'è nulla che possa rispondere vero
    [one] l'unico presente non risponde vero
   *[other] nessuno dei { $count } risponde vero
}
user-rule-no-answer = { $count ->
    [one] nessuna risposta per uno di essi: { $reason }
   *[other] nessuna risposta per { $count } di essi: { $reason }
}
user-rule-many = { $title }, e { $count ->
    [one] un altro
   *[other] altri { $count }
} come questo

# What `explain` says.
explain-english = Il resto di questa pagina è in inglese: non è ancora tradotto.
