# What konspect says of users' own rules; their titles are the users' words.
user-rule-row = { $rule } answers true for this { $variable }
user-rule-cleared = { $count ->
    [0] there are none to answer true
    [one] the one that is there does not answer true
   *[other] none of { $count } answers true
}
user-rule-no-answer = { $count ->
    [one] no answer for one of them: { $reason }
   *[other] no answer for { $count } of them: { $reason }
}
user-rule-many = { $title }, and { $count ->
    [one] one more
   *[other] { $count } more
} like it

# What `explain` says.
explain-english = The page is in English.
