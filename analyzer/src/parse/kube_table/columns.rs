//! Where the columns of a table begin, and the cells of a row.

/// A table's header: names, and the character each begins at.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    names: Vec<String>,
    starts: Vec<usize>,
    tabs: bool,
}

impl Columns {
    /// Columns that are told by name only.
    pub(super) fn named(names: Vec<String>) -> Self {
        Self { names, starts: Vec::new(), tabs: false }
    }

    /// Reads a header line: upper-case words whose first is one that tables begin with.
    pub(super) fn header(line: &str) -> Option<Self> {
        let tabs = line.contains('\t');
        let parts = if tabs {
            line.split('\t').map(|name| (0, name.trim().to_owned())).collect()
        } else {
            split_wide(line)
        };
        let first = parts.first()?.1.as_str();
        let opens = matches!(
            first,
            "NAME"
                | "NAMESPACE"
                | "LAST SEEN"
                | "POD"
                | "LASTSEEN"
                | "NODE"
                | "KIND"
                | "FIRST SEEN"
                | "NS"
        );
        let upper = parts.iter().all(|(_, name)| {
            let plain = name.replace("(cores)", "").replace("(bytes)", "");
            !plain.chars().any(char::is_lowercase)
        });
        if !opens || !upper || (parts.len() < 2 && first != "NAME") {
            return None;
        }
        Some(Self {
            starts: parts.iter().map(|part| part.0).collect(),
            names: parts.into_iter().map(|part| part.1.to_uppercase()).collect(),
            tabs,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }

    /// Splits a row: at the header's offsets where the row keeps them, at wide blanks otherwise.
    pub(super) fn cells(&self, line: &str) -> Cells<'_> {
        let values = if self.tabs && line.contains('\t') {
            line.split('\t').map(|cell| cell.trim().to_owned()).collect()
        } else {
            self.at_offsets(line).unwrap_or_else(|| self.at_blanks(line))
        };
        Cells::new(self, values)
    }

    fn at_offsets(&self, line: &str) -> Option<Vec<String>> {
        if self.tabs {
            return None;
        }
        let characters: Vec<char> = line.chars().collect();
        let mut values = Vec::with_capacity(self.starts.len());
        for (index, start) in self.starts.iter().enumerate() {
            let end = self.starts.get(index + 1).copied().unwrap_or(characters.len());
            let before = start.checked_sub(1).and_then(|before| characters.get(before));
            if before.is_some_and(|character| *character != ' ') {
                return None;
            }
            let cell = characters.get(*start..end.min(characters.len())).unwrap_or_default();
            values.push(cell.iter().collect::<String>().trim().to_owned());
        }
        Some(values)
    }

    /// A row out of line: as many wide blanks as columns, or else as many words.
    fn at_blanks(&self, line: &str) -> Vec<String> {
        let wide: Vec<String> = split_wide(line).into_iter().map(|part| part.1).collect();
        if wide.len() >= self.names.len() {
            return self.folded(wide, "  ");
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.len() == self.names.len() { words } else { wide }
    }

    /// The last column takes what is left of the line.
    fn folded(&self, mut parts: Vec<String>, between: &str) -> Vec<String> {
        if parts.len() > self.names.len() {
            let rest = parts.split_off(self.names.len().saturating_sub(1));
            parts.push(rest.join(between));
        }
        parts
    }
}

/// Splits at two blanks or more; one blank is part of the text. With character offsets.
pub(in crate::parse) fn split_wide(line: &str) -> Vec<(usize, String)> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    let mut blanks = 2;
    for (at, character) in line.trim_end().chars().enumerate() {
        if character == ' ' {
            blanks += 1;
            continue;
        }
        match parts.last_mut() {
            Some((_, text)) if blanks < 2 => {
                if blanks == 1 {
                    text.push(' ');
                }
                text.push(character);
            }
            _ => parts.push((at, character.to_string())),
        }
        blanks = 0;
    }
    parts
}

/// The cells of one row by column name.
#[derive(Clone, Debug)]
pub(super) struct Cells<'a> {
    columns: &'a Columns,
    values: Vec<String>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(columns: &'a Columns, values: Vec<String>) -> Self {
        Self { columns, values }
    }

    /// The cell; empty where the table has no such column or says `<none>`.
    pub(super) fn get(&self, name: &str) -> &str {
        let position = self.columns.names.iter().position(|it| it == name);
        let value = position.and_then(|position| self.values.get(position));
        match value.map(String::as_str) {
            None | Some("<none>" | "<unset>" | "<nil>") => "",
            Some(value) => value,
        }
    }

    pub(super) fn first(&self) -> &str {
        let at = usize::from(self.columns.names.first().is_some_and(|name| name == "NAMESPACE"));
        self.values.get(at).map_or("", String::as_str)
    }

    pub(super) fn filled(&self) -> usize {
        self.values.iter().filter(|value| !value.is_empty()).count()
    }

    pub(super) fn count(&self, name: &str) -> u64 {
        self.get(name).split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}
