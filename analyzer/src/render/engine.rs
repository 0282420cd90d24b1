//! The template engine: our templates or a user's, with escaping that no template can turn off.
//!
//! The environment starts empty: there is no `safe` filter, no include of files from a disk, and
//! fuel runs out before a template can hang.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use konspect_bundle::Arg;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, UndefinedBehavior, Value, filters, functions, tests,
};

use super::{RenderError, escape};
use crate::language::{Language, Locale};

/// Instructions that one rendering may take; the largest report of the tests needs a tenth.
const FUEL: u64 = 200_000_000;
/// A template file larger than this is refused.
const TEMPLATE_BYTES: u64 = 1 << 20;

macro_rules! own {
    ($($name:literal),* $(,)?) => {
        const OWN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../templates/", $name)))),*];
    };
}
own![
    "report.html.j2",
    "report.md.j2",
    "report.jira.j2",
    "report.txt.j2",
    "report.css",
    "report.js",
    "partials/charts.j2",
    "partials/finding.j2",
    "partials/evidence.j2",
    "partials/sections.j2",
];

/// The templates of a directory in place of ours, by name.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    replaced: BTreeMap<String, String>,
}

impl Templates {
    /// Reads the files of a directory that have the name of one of our templates; others stay ours.
    pub fn read(directory: &Path) -> Result<Self, RenderError> {
        let mut replaced = BTreeMap::new();
        for (name, _) in OWN {
            let path = directory.join(name);
            let failed = |source| RenderError::ReadTemplate { name: (*name).to_owned(), source };
            match std::fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
                Ok(file) if file.len() > TEMPLATE_BYTES => {
                    return Err(failed(std::io::Error::other("larger than 1 MiB")));
                }
                Ok(_) => {}
            }
            replaced.insert((*name).to_owned(), std::fs::read_to_string(&path).map_err(failed)?);
        }
        Ok(Self { replaced })
    }

    /// The text of a template: the user's, else ours.
    pub(super) fn text(&self, name: &str) -> &str {
        if let Some(text) = self.replaced.get(name) {
            return text;
        }
        OWN.iter().find(|(own, _)| *own == name).map_or("", |(_, text)| text)
    }
}

/// The place that a template writes to, which decides how values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Html,
    Markdown,
    Jira,
    Plain,
}

impl Place {
    fn escape(self, text: &str) -> String {
        match self {
            Self::Html => escape::html(text),
            Self::Markdown => escape::markdown(text),
            Self::Jira => escape::jira(text),
            Self::Plain => escape::one_line(text),
        }
    }

    fn code(self, text: &str) -> String {
        match self {
            Self::Html => format!("<code translate=\"no\">{}</code>", escape::html(text)),
            Self::Markdown => escape::markdown_code(text),
            Self::Jira => escape::jira(text),
            Self::Plain => escape::one_line(text),
        }
    }

    fn block(self, text: &str) -> String {
        match self {
            Self::Html => format!("<pre translate=\"no\">{}</pre>", escape::html(text)),
            Self::Markdown => escape::markdown_fence(text),
            Self::Jira => escape::jira_block(text),
            Self::Plain => {
                let text = escape::visible(text).replace('\n', "\n    ");
                format!("    {}", text.trim_end())
            }
        }
    }
}

/// Renders one template with a context.
pub(super) fn render(
    templates: &Templates,
    name: &str,
    place: Place,
    locale: Locale,
    collected: Option<&str>,
    context: &BTreeMap<&'static str, Value>,
) -> Result<String, RenderError> {
    let mut environment = environment(templates, place, locale, collected)?;
    // Globals, so that macros of other files see them too.
    for (key, value) in context {
        environment.add_global(*key, value.clone());
    }
    environment
        .get_template(name)
        .and_then(|template| template.render(()))
        .map_err(|error| failed(name, &error))
}

fn failed(name: &str, error: &Error) -> RenderError {
    let file = error.name().unwrap_or(name);
    let place = error.line().map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    let message = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    RenderError::Template { name: place, message }
}

/// Anything that serializes, as templates see it.
pub(super) fn value<T: serde::Serialize>(data: &T) -> Value {
    Value::from(Serde(data))
}

fn environment<'t>(
    templates: &'t Templates,
    place: Place,
    locale: Locale,
    collected: Option<&str>,
) -> Result<Environment<'t>, RenderError> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    let syntax = SyntaxConfig::builder().trim_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| failed("syntax", &error))?);
    // Marks what macros return as written; the formatter below does the escaping itself, so that
    // `autoescape false` in a template changes nothing.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(move |out, _, value| {
        if value.is_none() || value.is_undefined() {
            return Ok(());
        }
        let text = value.to_str().map_or_else(|| value.to_string(), |text| text.to_string());
        let written = if value.is_safe() { text } else { place.escape(&text) };
        out.write_str(&written).map_err(Error::from)
    });
    add_filters(&mut environment, place, locale, collected);
    add_words(&mut environment, locale);
    for (name, _) in OWN
        .iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|extension| extension == "j2"))
    {
        environment
            .add_template(name, templates.text(name))
            .map_err(|error| failed(name, &error))?;
    }
    Ok(environment)
}

fn add_filters(
    environment: &mut Environment<'_>,
    place: Place,
    locale: Locale,
    collected: Option<&str>,
) {
    environment.add_filter("length", filters::length);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("items", filters::items);
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_test("defined", tests::is_defined);
    environment.add_test("none", tests::is_none);
    environment.add_test("string", tests::is_string);
    environment.add_function("range", functions::range);
    environment.add_function("namespace", functions::namespace);
    environment.add_filter("cut", |text: String, characters: usize| {
        escape::cut(&text, characters).into_owned()
    });
    // A mark begins where the text begins, not at the margin.
    environment.add_filter("indentation", |text: String| {
        text.get(..text.len() - text.trim_start_matches([' ', '\t']).len()).map(ToOwned::to_owned)
    });
    environment
        .add_filter("unindented", |text: String| text.trim_start_matches([' ', '\t']).to_owned());
    environment.add_filter("code", move |text: String| Value::from_safe_string(place.code(&text)));
    environment
        .add_filter("block", move |text: String| Value::from_safe_string(place.block(&text)));
    environment.add_filter("anchor", |id: String| anchor(&id));
    environment.add_filter("when", |at: Option<String>| at.map(|at| when(&at)));
    environment.add_filter("number", move |number: Value| grouped(&number, locale));
    environment.add_filter("bytes", |bytes: u64| size(bytes));
    let end: Option<Timestamp> = collected.and_then(|at| at.parse().ok());
    // Signed minutes before the collection, for "14 min before collection"; none when unknown.
    environment.add_filter("minutes_before", move |at: Option<String>| {
        let at: Timestamp = at?.parse().ok()?;
        Some(end?.duration_since(at).as_mins())
    });
}

fn add_words(environment: &mut Environment<'_>, locale: Locale) {
    let language = Arc::new(Language::new(locale));
    environment.add_function("t", move |key: String, arguments: Kwargs| -> Result<String, Error> {
        let mut args = BTreeMap::new();
        for name in arguments.args() {
            let value: Value = arguments.peek(name)?;
            let arg = match (value.kind(), value.as_i64()) {
                (ValueKind::Number, Some(number)) => Arg::Number(number),
                _ => Arg::Text(value.to_string()),
            };
            args.insert(name.to_owned(), arg);
        }
        Ok(language.say_key(&key, &args))
    });
}

/// `E12` → `e-12`: the id under which a thing is found in the page.
fn anchor(id: &str) -> String {
    let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
    let letters = id.get(..id.len() - digits.len()).unwrap_or_default();
    format!("{}-{digits}", letters.to_ascii_lowercase())
}

/// `2026-03-14T09:10:00Z` → `2026-03-14 09:10:00 UTC`; what is no time stamp stays as it is.
fn when(at: &str) -> String {
    match at.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => at.to_owned(),
    }
}

/// A number with its thousands apart, as the language writes it.
fn grouped(number: &Value, locale: Locale) -> String {
    let text = number.to_string();
    let Ok(number) = text.parse::<u64>() else { return text };
    let digits = number.to_string();
    let separator = if locale == Locale::Italian { '.' } else { ',' };
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit a person reads.
pub fn size(bytes: u64) -> String {
    let mut unit = "B";
    let mut amount = bytes;
    for next in ["kB", "MB", "GB", "TB"] {
        if amount < 10_000 {
            break;
        }
        amount /= 1000;
        unit = next;
    }
    format!("{amount} {unit}")
}
