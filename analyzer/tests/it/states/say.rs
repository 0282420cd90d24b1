//! The product's own sentences in one language.

use konspect::language::{Language, Locale};
use konspect::parse::TableKind;
use konspect::report::Report;
use konspect_bundle::{Words, words};

pub(crate) struct Say {
    language: Language,
}

impl Say {
    pub(crate) fn new(locale: Locale) -> Self {
        Self { language: Language::new(locale) }
    }

    pub(crate) fn locale(&self) -> Locale {
        self.language.locale
    }

    pub(crate) fn words(&self, words: &Words) -> String {
        self.language.say(words)
    }

    pub(crate) fn label(&self, key: &str) -> String {
        self.language.label(key)
    }

    pub(crate) fn table(&self, table: TableKind) -> String {
        self.label(&format!("table-{}", table.as_str()))
    }

    pub(crate) fn tables(&self, tables: &[TableKind]) -> Vec<String> {
        tables.iter().map(|table| self.table(*table)).collect()
    }

    /// The line that counts causes and findings.
    pub(crate) fn summary(&self, report: &Report) -> String {
        let explained: usize = report.causes.iter().map(|cause| cause.explains.len()).sum();
        let other = report.unexplained.len() + report.aggravating.len();
        self.words(&words!(
            "verdict-summary",
            causes = report.causes.len(),
            explained = explained,
            findings = report.causes.len() + explained + other,
            unexplained = report.unexplained.len()
        ))
    }
}
