//! Takes secrets out of bytes and leaves a mark that says what kind stood there.
//!
//! Three layers: structure (JSON and YAML: a value next to its label), shape (tokens, keys and
//! addresses with a look of their own), and codings (JSON in JSON, base64, hex, percent, gzip,
//! UTF-16), which are opened, cleaned and closed again. Names, identifiers, digests, certificates
//! and the texts of errors stay as they are: the diagnosis needs them.
//!
//! It refuses to know files and formats of Kubernetes beyond the few fields that hold secrets.

mod assignments;
pub(crate) mod codings;
mod json;
mod labels;
mod manifests;
mod settle;
mod shapes;
mod text;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use labels::Kind;
pub use settle::Settlement;

/// How deep codings are opened inside one another.
const DEPTH: u8 = 4;

/// How much of a file is looked at to see whether it is text.
const HEAD: usize = 64 << 10;

/// The largest coded value that is opened.
const OPENED: usize = 1 << 20;

/// Replaces secrets by marks; one for a whole bundle, so that equal values get equal marks.
#[derive(Debug, Default)]
pub struct Redactor {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of each value found so far, and what it was first taken for.
    numbers: BTreeMap<String, (u64, Kind)>,
    counts: BTreeMap<String, u64>,
}

/// Cleaned bytes and what was taken out of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    pub bytes: Vec<u8>,
    pub counts: BTreeMap<String, u64>,
}

impl Redactor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans a whole artefact, whatever it is.
    pub fn clean(&self, bytes: &[u8]) -> Redacted {
        self.clean_owned(bytes.to_vec())
    }

    /// The same without a copy of what is clean already.
    pub fn clean_owned(&self, bytes: Vec<u8>) -> Redacted {
        let mut cleaner = Cleaner { redactor: self, counts: BTreeMap::new(), depth: 0 };
        let clean = cleaner.artefact(&bytes);
        Redacted { bytes: clean.unwrap_or(bytes), counts: cleaner.counts }
    }

    /// True for bytes that no cleaning can be trusted with: archives and other binary files.
    pub fn opaque(bytes: &[u8]) -> bool {
        let inner = codings::gunzip(bytes, HEAD);
        let bytes = inner.as_deref().unwrap_or(bytes);
        let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
        codings::utf16(head).is_none() && head.contains(&0)
    }

    /// Cleans a short text: an error message, an argument, a name.
    pub fn text(&self, text: &str) -> String {
        let mut cleaner = Cleaner { redactor: self, counts: BTreeMap::new(), depth: 0 };
        cleaner.string(text).unwrap_or_else(|| text.to_owned())
    }

    /// Cleans the words of a command line: `--password X` and `--token=X` lose X.
    pub fn command(&self, words: &[String]) -> Vec<String> {
        let mut after_flag = None;
        let mut clean = Vec::new();
        for word in words {
            let mut cleaner = Cleaner { redactor: self, counts: BTreeMap::new(), depth: 0 };
            clean.push(cleaner.argument(word, after_flag).unwrap_or_else(|| word.clone()));
            after_flag = text::flag(word);
        }
        clean
    }

    /// How many values were replaced so far, by kind.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().counts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cleans one artefact; every method returns nothing when there was nothing to clean.
struct Cleaner<'a> {
    redactor: &'a Redactor,
    counts: BTreeMap<String, u64>,
    depth: u8,
}

impl Cleaner<'_> {
    fn artefact(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if let Some(inner) = codings::gunzip(bytes, usize::MAX) {
            return self
                .inside(|cleaner| cleaner.artefact(&inner))
                .map(|clean| codings::gzip(&clean));
        }
        if let Some((text, order)) = codings::utf16(bytes) {
            return self
                .inside(|cleaner| cleaner.artefact(text.as_bytes()))
                .map(|clean| codings::to_utf16(&clean, order));
        }
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => self.json(bytes),
            _ => self.text(bytes),
        }
    }

    /// Cleans one string of a structure: JSON, or text with whatever is coded in it.
    fn string(&mut self, text: &str) -> Option<String> {
        let trimmed = text.trim_start();
        let clean = if trimmed.starts_with(['{', '[']) && json::plausible(trimmed) {
            self.inside(|cleaner| cleaner.json(text.as_bytes()))
        } else {
            self.inside(|cleaner| cleaner.text(text.as_bytes()))
        };
        clean.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Cleans a value that a label announces: all of it, unless it only contains the secret
    /// (connection strings, addresses with a user).
    fn labelled(&mut self, kind: Kind, value: &str) -> Option<String> {
        if labels::harmless(value, kind) {
            return self.string(value);
        }
        let compound = value.contains("://")
            || value.contains(['=', ';', '@', '{'])
            || value.contains("-----BEGIN");
        if compound && let Some(clean) = self.string(value) {
            return Some(clean);
        }
        if kind == "connection-string" && value.contains("://") {
            return None;
        }
        Some(self.mark(kind, value))
    }

    /// Cleans one word of a command line, which may follow a flag that announces a secret.
    fn argument(&mut self, word: &str, after: Option<Kind>) -> Option<String> {
        match after {
            Some(kind) if !word.starts_with('-') && !labels::harmless(word, kind) => {
                Some(self.mark(kind, word))
            }
            _ => self.string(word),
        }
    }

    fn inside<T>(&mut self, act: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let done = act(self);
        self.depth -= 1;
        done
    }

    fn mark(&mut self, kind: Kind, value: &str) -> String {
        if is_mark(value) {
            return value.to_owned();
        }
        let mut state = self.redactor.lock();
        let next = state.numbers.len() as u64 + 1;
        let (number, _) = *state.numbers.entry(value.to_owned()).or_insert((next, kind));
        *state.counts.entry(kind.to_owned()).or_default() += 1;
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        format!("\u{27e6}secret:{kind}#{number}\u{27e7}")
    }
}

/// True for exactly one mark.
fn is_mark(value: &str) -> bool {
    let inner =
        value.strip_prefix("\u{27e6}secret:").and_then(|rest| rest.strip_suffix('\u{27e7}'));
    inner.and_then(|inner| inner.split_once('#')).is_some_and(|(kind, number)| {
        let named = kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        named && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        String::from_utf8(Redactor::new().clean(text.as_bytes()).bytes).unwrap()
    }

    #[test]
    fn equal_values_get_equal_marks() {
        let redactor = Redactor::new();
        let one = redactor.clean(b"{\"password\":\"Fjord-1a2b3c\"}");
        let two = redactor.clean(b"db password=Fjord-1a2b3c user=x\n");
        assert_eq!(
            String::from_utf8(one.bytes).unwrap(),
            "{\"password\":\"\u{27e6}secret:password#1\u{27e7}\"}"
        );
        assert_eq!(
            String::from_utf8(two.bytes).unwrap(),
            "db password=\u{27e6}secret:password#1\u{27e7} user=x\n"
        );
        assert_eq!(one.counts["password"], 1);
    }

    #[test]
    fn command_lines_lose_the_value_and_keep_the_flag() {
        let words = ["kubectl", "--token", "abc.def", "--password=Qx7!zz", "get", "secrets"]
            .map(str::to_owned);
        assert_eq!(
            Redactor::new().command(&words),
            [
                "kubectl",
                "--token",
                "\u{27e6}secret:token#1\u{27e7}",
                "--password=\u{27e6}secret:password#2\u{27e7}",
                "get",
                "secrets"
            ]
        );
    }

    #[test]
    fn binary_files_are_told_from_text() {
        assert!(Redactor::opaque(b"\x7fELF\x02\x01\x01\0\0"));
        assert!(Redactor::opaque(&codings::gzip(b"name\0\0\0ustar")));
        assert!(!Redactor::opaque(&codings::gzip(b"a log\n")));
        assert!(!Redactor::opaque(&codings::to_utf16(b"a log\n", codings::Order::Little)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_cleaned_once_and_for_all(bytes: Vec<u8>, seed in 0_usize..TORN.len()) {
            let redactor = Redactor::new();
            let torn = [TORN[seed].as_bytes(), &bytes].concat();
            for bytes in [bytes, torn] {
                let once = redactor.clean(&bytes).bytes;
                proptest::prop_assert_eq!(redactor.clean(&once).bytes, once);
            }
        }
    }

    const TORN: &[&str] = &[
        "{\"password\":\"",
        "[{\"name\":\"PW\",\"value\":",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "kind: Secret\ndata:\n  a: ",
        "x=%",
        "https://u:",
    ];

    #[test]
    fn what_is_clean_stays_byte_for_byte() {
        for text in [
            "E1121 10:54:34 memcache.go:265] \"Unhandled Error\" err=\"Unauthorized: token has expired\"\n",
            "secret \"billing-creds\" not found\n",
            "{\"kind\":\"Pod\" , \"metadata\":{\"uid\":\"4283fefc-63f0-4cd0-ae87-3a0000c6d07e\"}}\n",
            "-A KUBE-SVC-CJHMZJREJEJRDJQD -m comment --comment \"kube-system/kube-dns:dns\" -j MARK\n",
            "-----BEGIN CERTIFICATE-----\nMsxfAS3aGm/YsRg01jyHjlv1GG0sxz/llv7JO/U2TMVnVYPVk\n-----END CERTIFICATE-----\n",
            "I1012 12:27:43.5 1 x.go:1] \"Synced\" key=\"kube-system/coredns\" secret=\"kube-system/azure-creds\"\n",
            "torn \u{0} {\"password\": 3",
        ] {
            assert_eq!(clean(text), text);
        }
    }
}
