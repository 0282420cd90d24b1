# Words of the report itself: headings, labels, verdict sentences.
verbatim = { $text }

# Terms of a score, in words.
score-proven = the evidence admits nothing else
score-likely = a direct, specific signal
score-possible = a sign that fits, among others
score-critical = critical where it stands
score-warning = a warning where it stands
score-info = a note
score-explains = { $count ->
    [one] explains one other finding
   *[other] explains { $count } other findings of { $kinds } kinds
}
score-support = { $count ->
    [one] one more line says the same
   *[other] { $count } more lines say the same
}
score-contrary = { $count ->
    [one] one line speaks against it
   *[other] { $count } lines speak against it
}
score-first = began before every other cause
