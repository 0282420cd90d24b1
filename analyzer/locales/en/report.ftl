# Words of the report itself: headings, labels, verdict sentences.
verbatim = { $text }
