# One message per diagnostic code: what is wrong with the bundle itself.
KSB0001 = not recognised: { $reason }
KSB0002 = cannot be read: { $reason }
KSB0003 = ends early, what came before was read: { $reason }
KSB0004 = { $count ->
    [one] one record was refused: { $reason }
   *[other] { $count } records were refused, the first because { $reason }
}
KSB0005 = limit reached: { $limit } ({ $value })
KSB0006 = { $name } is there twice: two members have this name
KSB0007 = unsafe member name { $name }: kept as a label only
KSB0008 = { $name } differs from the manifest: { $reason }
KSB0009 = archive inside the bundle, not opened: unpack what holds it and name { $name } on the command line to analyse it
KSB0010 = holds only the error of a failed command: { $text }
KSB0011 = text before the data was skipped: { $text }
KSB0012 = not the whole: { $reason }
KSB0013 = sources contradict each other: { $reason }
KSB0014 = in a language this reader does not know: { $text }
KSB0015 = rule { $rule } has no answer on { $count ->
    [one] one row: { $reason }
   *[other] { $count } rows, on the first because { $reason }
}
KSB0016 = a rule of { $name } is not run: { $reason }
KSB0017 = { $with ->
    [logs] about { $percent } % of the events of this state are also in the logs beside it and count twice: leave one of them out
   *[state] about { $percent } % of the events of this state are also in the state { $name } and count twice: leave one of them out
}
KSB0018 = { $what ->
    [zone] { $count ->
        [one] the times of 1 row are
       *[other] the times of { $count } rows are
    } local to whoever exported them and are read as UTC: they may be off by some hours
   *[order] { $count ->
        [one] the dates of 1 row are
       *[other] the dates of { $count } rows are
    } those of one day and may have day and month the other way round
}
KSB0019 = { $count ->
    [0] archive inside the bundle: its files lie unpacked in the bundle, too, and were read there: { $name }
    [one] archive inside the bundle: its file was read as in a folder: { $name }
   *[other] archive inside the bundle: its { $count } files were read as in a folder: { $name }
}
