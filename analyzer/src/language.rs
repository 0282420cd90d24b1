//! konspect's words in the reader's language: Fluent files, embedded, English as the last resort.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use konspect_bundle::{Arg, Words};

/// The languages that have files of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Locale {
    #[default]
    English,
    Korean,
    Italian,
}

impl Locale {
    pub const ALL: [Self; 3] = [Self::English, Self::Korean, Self::Italian];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
            Self::Italian => "it",
        }
    }

    /// Reads `ko`, `ko_KR.UTF-8`, `it-IT`; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let language = text.split(['_', '-', '.', '@']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|locale| locale.as_str() == language)
    }

    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::English => ENGLISH,
            Self::Korean => KOREAN,
            Self::Italian => ITALIAN,
        }
    }
}

/// The files of every language, named once: a language without one of them does not compile.
macro_rules! locale_files {
    ($name:ident, $language:literal) => {
        locale_files!(
            $name,
            $language,
            [
                "report",
                "page",
                "diagnostics",
                "path",
                "way",
                "tunnel",
                "apiserver",
                "etcd",
                "node",
                "dns",
                "workload",
                "platform",
                "identity",
                "audit",
                "user"
            ]
        );
    };
    ($name:ident, $language:literal, [$($file:literal),*]) => {
        const $name: &[(&str, &str)] =
            &[$(($file, include_str!(concat!("../locales/", $language, "/", $file, ".ftl")))),*];
    };
}
locale_files!(ENGLISH, "en");
locale_files!(KOREAN, "ko");
locale_files!(ITALIAN, "it");

/// The arguments that count things, and from which number on they are hard to read as one word.
const COUNTS: &[&str] = &["count", "total", "requests", "packets", "objects"];
const GROUPED_FROM: i64 = 10_000;

/// Says words in one language.
pub struct Language {
    pub locale: Locale,
    bundles: Vec<FluentBundle<FluentResource>>,
}

impl Language {
    pub fn new(locale: Locale) -> Self {
        let mut bundles = vec![bundle(locale)];
        if locale != Locale::English {
            bundles.push(bundle(Locale::English));
        }
        Self { locale, bundles }
    }

    /// The sentence of some words. A key that no file has is said as `‹key›`, which a test forbids.
    pub fn say(&self, words: &Words) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in &words.args {
            args.set(*name, argument(name, value));
        }
        self.format(words.key, &args)
    }

    /// A label without arguments.
    pub fn label(&self, key: &str) -> String {
        self.format(key, &FluentArgs::new())
    }

    /// A sentence by a computed key, as templates ask for it.
    pub fn say_key(&self, key: &str, args: &BTreeMap<String, Arg>) -> String {
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            fluent.set(name.as_str(), argument(name, value));
        }
        self.format(key, &fluent)
    }

    /// True when this language itself (not only English) has the key.
    pub fn has(&self, key: &str) -> bool {
        self.bundles.first().is_some_and(|bundle| bundle.has_message(key))
    }

    fn format(&self, key: &str, args: &FluentArgs<'_>) -> String {
        for bundle in &self.bundles {
            let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
                continue;
            };
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors);
            return text.into_owned();
        }
        format!("‹{key}›")
    }
}

/// A number that counts is grouped where it is long; a port, a code or a line number never is.
fn argument<'v>(name: &str, value: &'v Arg) -> FluentValue<'v> {
    match value {
        Arg::Text(text) => FluentValue::from(text.as_str()),
        Arg::Number(number) => {
            let mut value = FluentNumber::from(*number);
            // A number with an option of its own is equal to no number that a file selects by.
            if COUNTS.contains(&name) && *number >= GROUPED_FROM {
                value.options.maximum_fraction_digits = Some(0);
            }
            FluentValue::Number(value)
        }
    }
}

fn with_commas<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    grouped(value, ',')
}

fn with_points<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    grouped(value, '.')
}

/// Writes the numbers that `argument` wants grouped; every other value is written as Fluent does.
fn grouped(value: &FluentValue<'_>, separator: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    number.options.maximum_fraction_digits?;
    let digits = number.as_string().into_owned();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    Some(out)
}

fn bundle(locale: Locale) -> FluentBundle<FluentResource> {
    let identifier = match locale {
        Locale::English => unic_langid::langid!("en"),
        Locale::Korean => unic_langid::langid!("ko"),
        Locale::Italian => unic_langid::langid!("it"),
    };
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Isolation marks are bidi controls, which no output of ours may carry.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match locale {
        Locale::Italian => with_points,
        Locale::English | Locale::Korean => with_commas,
    }));
    for (_, text) in locale.files() {
        // A file that does not parse loses only the broken messages; a test insists on none.
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use konspect_bundle::words;

    use super::*;

    #[test]
    fn counts_are_grouped_and_ports_are_not() {
        let words = words!("etcd-object-leak-title", count = 371_077, resource = "events");
        assert!(Language::new(Locale::English).say(&words).starts_with("371,077 events"));
        assert!(Language::new(Locale::Italian).say(&words).starts_with("371.077 events"));
        let none = words!("helm-history-unbounded-title", release = "a", revisions = 20, more = 0);
        assert!(!Language::new(Locale::English).say(&none).contains("other"));
        let port = Arg::Number(10_250);
        let FluentValue::Number(port) = argument("port", &port) else { panic!("a number") };
        assert_eq!(grouped(&FluentValue::Number(port), ','), None);
    }
}
