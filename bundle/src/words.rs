//! What konspect says, before it is said in a language: a Fluent key and its arguments.
//!
//! All sentences live in `analyzer/locales/<language>/*.ftl`; code names them by key only.

use serde::Serialize;

/// One argument of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Arg {
    /// Text, possibly from the bundle: untrusted, shown escaped.
    Text(String),
    /// A count; languages choose plural forms by it.
    Number(i64),
}

/// A sentence named by its key in the Fluent files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Words {
    pub key: &'static str,
    pub args: Vec<(&'static str, Arg)>,
}

impl Words {
    /// Text that is shown as it stands: what a user's own rule says.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self { key: "verbatim", args: vec![("text", Arg::Text(text.into()))] }
    }
}

macro_rules! arg_from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for Arg {
            fn from(value: $number) -> Self {
                Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
            }
        }
    )*};
}
arg_from_number!(u8, u16, u32, u64, usize, i32, i64);

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<std::borrow::Cow<'_, str>> for Arg {
    fn from(value: std::borrow::Cow<'_, str>) -> Self {
        Self::Text(value.into_owned())
    }
}

/// Names a sentence: `words!("port-10250-iptables-title", node = name, packets = 12_u64)`.
///
/// A test reads every use of this macro and checks key and arguments against the Fluent files, so
/// the key is always a literal.
#[macro_export]
macro_rules! words {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::Words { key: $key, args: vec![$((stringify!($name), $crate::Arg::from($value))),*] }
    };
}
