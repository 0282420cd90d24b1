//! The second pass, when everything was seen once: what was found as a secret in one place is taken
//! out wherever else it stands, and the marks are numbered in the order of the members, so that the
//! order of arrival does not show.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::labels::{self, Kind};
use super::text::{Hits, With, runs};
use super::{DEPTH, OPENED, Redactor, codings};

/// How every mark begins and ends.
const OPEN: &str = "\u{27e6}secret:";
const CLOSE: char = '\u{27e7}';

/// All values that were found, and the numbers they end up with.
#[derive(Debug)]
pub struct Settlement {
    /// Final numbers by first numbers.
    numbers: BTreeMap<u64, u64>,
    values: Option<AhoCorasick>,
    /// Kind and first number of each pattern of `values`.
    found: Vec<(Kind, u64)>,
    /// Copies that were taken out, by kind.
    pub copies: BTreeMap<String, u64>,
}

impl Redactor {
    /// Ends the first pass.
    pub fn settle(&self) -> Settlement {
        let state = self.lock();
        let (mut patterns, mut found) = (Vec::new(), Vec::new());
        for (value, (number, kind)) in &state.numbers {
            for form in forms(value) {
                patterns.push(form);
                found.push((*kind, *number));
            }
        }
        let built =
            AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok();
        let values = built.filter(|_| !patterns.is_empty());
        Settlement { numbers: BTreeMap::new(), values, found, copies: BTreeMap::new() }
    }
}

impl Settlement {
    /// Cleans and renumbers one member; `marked` when the first pass replaced something in it.
    pub fn pass(&mut self, bytes: &[u8], marked: bool) -> Option<Vec<u8>> {
        self.artefact(bytes, marked, 0)
    }

    /// The same for a short text.
    pub fn text(&mut self, text: &mut String) {
        if let Some(clean) = self.artefact(text.as_bytes(), true, 0) {
            *text = String::from_utf8_lossy(&clean).into_owned();
        }
    }

    fn artefact(&mut self, bytes: &[u8], marked: bool, depth: u8) -> Option<Vec<u8>> {
        if depth > DEPTH {
            return None;
        }
        if let Some(inner) = codings::gunzip(bytes, usize::MAX) {
            return self.artefact(&inner, marked, depth + 1).map(|clean| codings::gzip(&clean));
        }
        if let Some((text, order)) = codings::utf16(bytes) {
            let clean = self.artefact(text.as_bytes(), marked, depth + 1)?;
            return Some(codings::to_utf16(&clean, order));
        }
        let mut hits = self.copies(bytes);
        if marked {
            self.marks(bytes, &mut hits);
            self.coded(bytes, &mut hits, depth);
        }
        apply(bytes, hits)
    }

    fn copies(&mut self, bytes: &[u8]) -> Hits {
        let Some(values) = &self.values else { return Hits::new() };
        let places: Vec<_> =
            values.find_iter(bytes).map(|hit| (hit.range(), hit.pattern().as_usize())).collect();
        let mut hits = Hits::new();
        for (range, pattern) in places {
            let Some((kind, number)) = self.found.get(pattern).copied() else { continue };
            *self.copies.entry(kind.to_owned()).or_default() += 1;
            let number = self.number(number);
            hits.push((range, With::Bytes(format!("{OPEN}{kind}#{number}{CLOSE}").into_bytes())));
        }
        hits
    }

    fn marks(&mut self, bytes: &[u8], hits: &mut Hits) {
        for at in memchr::memmem::find_iter(bytes, OPEN) {
            let window = bytes.get(at..bytes.len().min(at + 96)).unwrap_or_default();
            let Some(end) = memchr::memmem::find(window, CLOSE.encode_utf8(&mut [0; 4]).as_bytes())
            else {
                continue;
            };
            let Some(mark) =
                window.get(OPEN.len()..end).and_then(|mark| std::str::from_utf8(mark).ok())
            else {
                continue;
            };
            let Some((kind, Ok(number))) =
                mark.split_once('#').map(|(kind, number)| (kind, number.parse()))
            else {
                continue;
            };
            let number = self.number(number);
            let range = at..at + end + CLOSE.len_utf8();
            hits.push((range, With::Bytes(format!("{OPEN}{kind}#{number}{CLOSE}").into_bytes())));
        }
    }

    /// Marks inside of base64, hex and percent codes.
    fn coded(&mut self, bytes: &[u8], hits: &mut Hits, depth: u8) {
        for range in runs(bytes) {
            let coded = bytes.get(range.clone()).unwrap_or_default();
            let opened = if coded.contains(&b'%') {
                Some((codings::unpercent(coded), Coding::Percent))
            } else if let Some(plain) =
                codings::unhex(coded).filter(|plain| codings::printable(plain))
            {
                Some((plain, Coding::Hex))
            } else {
                codings::unbase64(coded).map(|(plain, alphabet)| (plain, Coding::Base64(alphabet)))
            };
            let Some((plain, coding)) = opened else { continue };
            let zipped = codings::gunzip(&plain, OPENED).is_some();
            if !zipped && memchr::memmem::find(&plain, OPEN.as_bytes()).is_none() && !nested(&plain)
            {
                continue;
            }
            let Some(clean) = self.artefact(&plain, true, depth + 1) else { continue };
            let text = match coding {
                Coding::Percent => codings::percent(&clean),
                Coding::Hex => codings::hex(&clean),
                Coding::Base64(alphabet) => {
                    let text = codings::base64(&clean, alphabet);
                    let padded = coded.ends_with(b"=") || coded.len().is_multiple_of(4);
                    if padded { text } else { text.trim_end_matches('=').to_owned() }
                }
            };
            hits.push((range, With::Bytes(text.into_bytes())));
        }
    }

    fn number(&mut self, first: u64) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        *self.numbers.entry(first).or_insert(next)
    }
}

enum Coding {
    Percent,
    Hex,
    Base64(codings::Alphabet),
}

/// Text in which something may be coded once more.
fn nested(plain: &[u8]) -> bool {
    codings::printable(plain) && !runs(plain).is_empty()
}

/// Puts the replacements in; of two that overlap the one that begins first wins.
fn apply(bytes: &[u8], mut hits: Hits) -> Option<Vec<u8>> {
    hits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut done, mut changed) = (Vec::with_capacity(bytes.len()), 0, false);
    for (range, with) in hits {
        let With::Bytes(with) = with else { continue };
        if range.start < done {
            continue;
        }
        changed |= bytes.get(range.clone()) != Some(&with);
        out.extend_from_slice(bytes.get(done..range.start)?);
        out.extend(with);
        done = range.end;
    }
    out.extend_from_slice(bytes.get(done..)?);
    changed.then_some(out)
}

/// The forms that a value has elsewhere: as it is, escaped, in percent codes, in base64. None for
/// values that are no more than a word, an identifier, or many lines.
fn forms(value: &str) -> Vec<String> {
    if !labels::random(value)
        || value.contains('\n')
        || identifier(value)
        || value.contains('\u{27e6}')
    {
        return Vec::new();
    }
    let escaped = serde_json::to_string(value).unwrap_or_default();
    let escaped = escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let base64 = codings::base64(value.as_bytes(), codings::Alphabet::Standard);
    let mut forms = vec![value.to_owned(), escaped, codings::percent(value.as_bytes()), base64];
    // The data of a Secret is coded itself: its plain text may stand elsewhere.
    if let Some((plain, _)) = codings::unbase64(value.as_bytes())
        && let Ok(plain) = String::from_utf8(plain)
        && labels::random(&plain)
        && codings::printable(plain.as_bytes())
    {
        forms.push(plain);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// A UUID: the diagnosis joins by them, and no password looks like one.
fn identifier(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_without_a_label_are_taken_out_and_numbers_follow_the_order() {
        let redactor = Redactor::new();
        let second = redactor.clean(b"password=Sorrel!frZtoWY+\n").bytes;
        let first =
            redactor.clean(b"{\"pw\":\"Birch_8gi9DpJ\",\"c\":\"cHc9QmlyY2hfOGdpOURwSg==\"}").bytes;
        let other = redactor
            .clean(b"trying Sorrel!frZtoWY+ and U29ycmVsIWZyWnRvV1kr, Sorrel%21frZtoWY%2B\n")
            .bytes;
        let mut settlement = redactor.settle();
        let mut pass =
            |bytes: &[u8]| settlement.pass(bytes, true).unwrap_or_else(|| bytes.to_vec());
        let first = String::from_utf8(pass(&first)).unwrap();
        assert!(first.starts_with("{\"pw\":\"⟦secret:password#1⟧\""), "{first}");
        assert_eq!(pass(&second), "password=⟦secret:password#2⟧\n".as_bytes());
        let other = String::from_utf8(pass(&other)).unwrap();
        assert!(!other.contains("Sorrel") && !other.contains("U29ycmV"), "{other}");
        let coded = first.split("\"c\":\"").nth(1).unwrap().trim_end_matches("\"}");
        let (plain, _) = codings::unbase64(coded.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            "pw=⟦secret:password#1⟧",
            "the mark inside of base64 too"
        );
    }

    #[test]
    fn words_and_identifiers_are_no_values_to_look_for() {
        for value in ["password", "kube-system", "20487ba4-38db-411e-a1a9-9c9cf9303d26", "abc"] {
            assert_eq!(forms(value), [""; 0], "{value}");
        }
    }
}
