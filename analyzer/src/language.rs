//! konspect's words in the reader's language: Fluent files, embedded, English as the last resort.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
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
            match value {
                Arg::Text(text) => args.set(*name, FluentValue::from(text.as_str())),
                Arg::Number(number) => args.set(*name, FluentValue::from(*number)),
            }
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
            match value {
                Arg::Text(text) => fluent.set(name.as_str(), FluentValue::from(text.as_str())),
                Arg::Number(number) => fluent.set(name.as_str(), FluentValue::from(*number)),
            }
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

fn bundle(locale: Locale) -> FluentBundle<FluentResource> {
    let identifier = match locale {
        Locale::English => unic_langid::langid!("en"),
        Locale::Korean => unic_langid::langid!("ko"),
        Locale::Italian => unic_langid::langid!("it"),
    };
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Isolation marks are bidi controls, which no output of ours may carry.
    bundle.set_use_isolating(false);
    for (_, text) in locale.files() {
        // A file that does not parse loses only the broken messages; a test insists on none.
        let resource = match FluentResource::try_new((*text).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}
