//! The state of a fold as bytes: written here, read and merged elsewhere.
//!
//! Everything is sorted, so equal folds give equal bytes. The version stands in front; another one is
//! refused rather than guessed. Places are not kept: whoever reads a state has not what they point
//! into, and cites the state instead. Hashes are not kept either where they follow from the texts.
//!
//! A sum over the bytes tells damage. What has the right sum is not trusted either: it is read twice,
//! once only to see that every row is whole, once into the tables that are there. So a state that
//! cannot be read leaves nothing behind, and none takes tables of its own.

mod clients;
mod columns;
mod flat;
mod open;
mod runs;
mod tallies;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use konspect_bundle::{Source, Span};

use self::clients::Kind;
use self::columns::{Column, Reader, Writer};
use self::tallies::Window;
use self::texts::{Near, Numbers, Texts};
use crate::budget::hash;
use crate::event::Verb;
use crate::fold::{self, AuditFold};
use crate::form::Form;
use crate::sample::{KEPT, Sample};

const MAGIC: &[u8] = konspect_bundle::SAVED_STATE;
const VERSION: u64 = 5;

/// Why bytes are no state that this version reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    NotAState,
    /// Written by another version of the format.
    Version(u64),
    /// The bytes end early or say what cannot be.
    Damaged,
}

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAState => f.write_str("not an audit state"),
            Self::Version(version) => {
                write!(f, "audit state of format version {version}, not {VERSION}")
            }
            Self::Damaged => f.write_str("damaged audit state"),
        }
    }
}

impl std::error::Error for StateError {}

/// What rows are written with.
#[derive(Debug)]
struct Writing<'a> {
    numbers: Numbers<'a>,
    kinds: BTreeMap<Kind<'a>, u64>,
    window: Window,
}

impl Writing<'_> {
    fn number(&self, text: &str) -> i64 {
        self.numbers.of(text)
    }
}

/// What rows are read with.
#[derive(Debug)]
struct Reading<'t> {
    texts: &'t Texts,
    kinds: Vec<Kind<'t>>,
    /// Hashes of the texts; none where it is only looked whether a state is whole.
    hashes: Vec<u64>,
    /// First and last time; made up when there is none.
    window: Window,
    has_window: bool,
    /// What all places become.
    home: Span,
}

impl AuditFold {
    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut settled = self.clone();
        settled.trim();
        let mut columns = Vec::new();
        settled.columns().finish(&mut columns);
        sealed(&columns)
    }

    /// Whether bytes begin as a state does, of whatever version.
    pub fn is_state(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads a state without places: each is the beginning of the first artefact.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut fold = Self::default();
        fold.merge_bytes(bytes, Span::default())?;
        Ok(fold)
    }

    /// Merges a state that is an artefact of this analysis: its places become the first line of it.
    /// Of a state that cannot be read nothing is taken.
    pub fn merge_state(&mut self, source: Source<'_>) -> Result<(), StateError> {
        self.merge_bytes(source.bytes, home_of(source))
    }

    fn merge_bytes(&mut self, bytes: &[u8], home: Span) -> Result<(), StateError> {
        self.merge_checked(&[(check(bytes)?, home)]).ok_or(StateError::Damaged)
    }

    /// Merges states that are known to be whole. Each row is added to by all of them before the next,
    /// so that it comes from memory once and not once a state.
    pub(crate) fn merge_checked(&mut self, states: &[(&[u8], Span)]) -> Option<()> {
        self.flush();
        let opened: Vec<Opened<'_>> =
            states.iter().map(|(columns, _)| Opened::of(columns)).collect::<Option<_>>()?;
        let parts = opened.iter().zip(states).map(|(opened, (_, home))| opened.part(*home));
        let mut parts: Vec<Part<'_, '_>> = parts.collect::<Option<_>>()?;
        for Part { state, .. } in &mut parts {
            state.hashes = state.texts.hashes();
        }
        read(&mut parts, Some(self))?;
        let bytes: usize = states.iter().map(|(columns, _)| columns.len()).sum();
        self.trim_after(bytes / BYTES_OF_AN_EVENT);
        Some(())
    }

    fn columns(&self) -> Writer {
        let mut out = Writer::new();
        let open = self.watches.open();
        let (mut texts, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        texts.extend(self.refusals.iter().map(|(_, reason)| reason.as_str()));
        clients::collect(&self.users, &mut texts, &mut kinds);
        flat::collect(self, &mut texts);
        open::collect(&open, &mut texts);
        let numbers = Numbers::put(&texts, &mut out);
        let kinds = clients::put_kinds(kinds, &mut out, |text| numbers.of(text));
        let window = self.window.unwrap_or_default();
        let to = Writing { numbers, kinds, window };
        self.put_head(&mut out, &to);
        clients::put(&self.users, &mut out, &to);
        flat::put(self, &mut out, &to);
        open::put(&self.watches, &open, &mut out, &to);
        out
    }

    fn put_head(&self, out: &mut Writer, to: &Writing<'_>) {
        out.number(Column::Head, u64::from(self.window.is_some()));
        out.signed(Column::Head, to.window.0);
        out.signed(Column::Head, to.window.1);
        for count in counts(&self.reading).into_iter().chain(self.stages) {
            out.number(Column::Head, count);
        }
        out.number(Column::Head, self.unremembered);
        out.number(Column::Head, self.assumed_dates);
        out.number(Column::Head, self.local_dates);
        put_sample(out, self.sample.clone());
        // In the order of their places, which are not kept, equal folds would give other bytes.
        let mut reasons: Vec<i64> =
            self.refusals.iter().map(|(_, reason)| to.number(reason)).collect();
        reasons.sort_unstable();
        out.count(Column::Head, reasons.len());
        for reason in reasons {
            out.signed(Column::Head, reason);
        }
        out.count(Column::Head, self.forms.len());
        for (form, count) in &self.forms {
            out.number(Column::Head, *form as u64);
            out.number(Column::Head, *count);
        }
        out.count(Column::Head, self.verbs.len());
        for (verb, count) in &self.verbs {
            out.number(Column::Head, *verb as u64);
            out.number(Column::Head, *count);
        }
    }
}

/// A state is trimmed for as if so many of its bytes were an event.
const BYTES_OF_AN_EVENT: usize = 64;

/// The first line of a state.
pub(crate) fn home_of(source: Source<'_>) -> Span {
    source.span(0..MAGIC.len().saturating_sub(1).min(source.bytes.len()))
}

/// A state of these columns.
fn sealed(columns: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    columns::put(&mut bytes, VERSION);
    bytes.extend(hash(VERSION, columns).to_le_bytes());
    bytes.extend(columns);
    bytes
}

/// A state whose sum is right, of bytes that were one or of any others: what fuzzers change is
/// otherwise refused at the door.
#[doc(hidden)]
pub fn resealed_state(bytes: &[u8]) -> Vec<u8> {
    let rest = bytes.strip_prefix(MAGIC).and_then(|mut rest| {
        columns::take(&mut rest)?;
        rest.get(8..)
    });
    sealed(rest.unwrap_or(bytes))
}

/// The columns of a state that is whole.
pub(crate) fn check(bytes: &[u8]) -> Result<&[u8], StateError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(StateError::NotAState)?;
    match columns::take(&mut rest).ok_or(StateError::Damaged)? {
        VERSION => {}
        version => return Err(StateError::Version(version)),
    }
    let (sum, columns) = rest.split_first_chunk().ok_or(StateError::Damaged)?;
    if hash(VERSION, columns) != u64::from_le_bytes(*sum) {
        return Err(StateError::Damaged);
    }
    let whole = || {
        let opened = Opened::of(columns)?;
        let mut parts = [opened.part(Span::default())?];
        read(&mut parts, None)?;
        parts.iter().all(|part| part.from.is_done()).then_some(())
    };
    whole().map(|()| columns).ok_or(StateError::Damaged)
}

/// The sample of a state that is whole.
pub(crate) fn sample(columns: &[u8]) -> Sample {
    Reader::of(columns).and_then(|mut from| read_sample(&mut from)).unwrap_or_default()
}

fn put_sample(out: &mut Writer, sample: Sample) {
    let hashes = sample.settled();
    out.count(Column::Sample, hashes.len());
    let mut last = 0;
    for hash in hashes {
        out.number(Column::Sample, hash - last);
        last = hash;
    }
}

fn read_sample(from: &mut Reader<'_>) -> Option<Sample> {
    let (mut sample, mut last) = (Sample::default(), 0_u64);
    for _ in 0..from.count(Column::Sample).filter(|count| *count <= KEPT)? {
        last = last.checked_add(from.number(Column::Sample)?)?;
        sample.see(last);
    }
    Some(sample)
}

/// A state whose texts were read.
#[derive(Debug)]
struct Opened<'a> {
    from: Reader<'a>,
    texts: Texts,
}

/// A state whose rows are read.
#[derive(Debug)]
struct Part<'a, 't> {
    from: Reader<'a>,
    state: Reading<'t>,
}

impl<'a> Opened<'a> {
    fn of(columns: &'a [u8]) -> Option<Self> {
        let mut from = Reader::of(columns)?;
        let texts = Texts::read(&mut from)?;
        Some(Self { from, texts })
    }

    fn part(&self, home: Span) -> Option<Part<'a, '_>> {
        let (mut from, texts) = (self.from.clone(), &self.texts);
        let kinds = clients::read_kinds(&mut from, texts)?;
        let has_window = from.number(Column::Head)? != 0;
        let window = (from.signed(Column::Head)?, from.signed(Column::Head)?);
        let state = Reading { texts, kinds, hashes: Vec::new(), window, has_window, home };
        Some(Part { from, state })
    }
}

/// Reads the rows of states, and adds them to those of a fold.
fn read(parts: &mut [Part<'_, '_>], mut into: Option<&mut AuditFold>) -> Option<()> {
    for Part { from, state } in &mut *parts {
        read_head(from, state, into.as_deref_mut())?;
    }
    clients::read(parts, into.as_deref_mut().map(|fold| &mut fold.users))?;
    for Part { from, state } in &mut *parts {
        flat::read(from, state, into.as_deref_mut())?;
    }
    flat::read_agents(parts, into.as_deref_mut().map(|fold| &mut fold.agents))?;
    for Part { from, state } in &mut *parts {
        open::read(from, state, into.as_deref_mut().map(|fold| &mut fold.watches))?;
    }
    Some(())
}

/// Reads rows that are sorted by a text, those of one text in all states before the next text. Rows
/// of a state that are not sorted come all the same.
fn in_step<'a, 't>(
    parts: &mut [Part<'a, 't>],
    numbers: &[usize],
    column: Column,
    mut each: impl FnMut(&mut Part<'a, 't>, &'t str) -> Option<()>,
) -> Option<()> {
    let mut rows: Vec<(usize, Near, Option<&'t str>)> =
        numbers.iter().map(|number| (*number, Near::new(column), None)).collect();
    let mut least = None;
    loop {
        let mut next = None::<&str>;
        for (part, (left, near, text)) in parts.iter_mut().zip(&mut rows) {
            if text.is_some() && *text == least {
                each(part, text.take()?)?;
            }
            if text.is_none() && *left > 0 {
                *left -= 1;
                *text = Some(near.read(&mut part.from, part.state.texts)?);
            }
            next = match (next, *text) {
                (Some(next), Some(text)) => Some(next.min(text)),
                (next, text) => next.or(text),
            };
        }
        if next.is_none() {
            return Some(());
        }
        least = next;
    }
}

fn read_head(
    from: &mut Reader<'_>,
    state: &Reading<'_>,
    into: Option<&mut AuditFold>,
) -> Option<()> {
    // What is not merged into a fold is merged into one of its own, which is small.
    let mut none = None;
    let fold = match into {
        Some(fold) => fold,
        None => none.insert(AuditFold::default()),
    };
    if state.has_window {
        let (first, last) = fold.window.unwrap_or(state.window);
        fold.window = Some((first.min(state.window.0), last.max(state.window.1)));
    }
    for sum in counts_mut(&mut fold.reading).into_iter().chain(&mut fold.stages) {
        *sum += from.counter(Column::Head)?;
    }
    fold.unremembered = fold.unremembered.max(from.counter(Column::Head)?);
    let (order, zone) = (from.counter(Column::Head)?, from.counter(Column::Head)?);
    fold.assumed_dates += order;
    fold.local_dates += zone;
    if order + zone > 0 {
        fold.assumed_at = Some(fold.assumed_at.map_or(state.home, |known| known.min(state.home)));
    }
    fold.sample.merge(&read_sample(from)?);
    for _ in 0..from.count(Column::Head)? {
        let reason = state.texts.get(usize::try_from(from.signed(Column::Head)?).ok()?)?;
        fold.refusals.push((state.home, reason.to_owned()));
    }
    fold.refusals.sort();
    fold.refusals.truncate(fold::PLACES);
    for _ in 0..from.count(Column::Head)? {
        let form = from.one_of(Column::Head, Form::ALL)?;
        *fold.forms.entry(form).or_default() += from.counter(Column::Head)?;
    }
    for _ in 0..from.count(Column::Head)? {
        let verb = from.one_of(Column::Head, Verb::ALL)?;
        *fold.verbs.entry(verb).or_default() += from.counter(Column::Head)?;
    }
    Some(())
}

fn counts(reading: &fold::Reading) -> [u64; 9] {
    counts_mut(&mut reading.clone()).map(|count| *count)
}

fn counts_mut(reading: &mut fold::Reading) -> [&mut u64; 9] {
    let fold::Reading {
        records,
        events,
        refused,
        foreign,
        empty,
        partial,
        duplicates,
        left_out,
        left_out_reads,
    } = reading;
    [records, events, refused, foreign, empty, partial, duplicates, left_out, left_out_reads]
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;
    use proptest::prelude::*;

    use super::*;
    use crate::Shared;
    use crate::fold::Fold;
    use crate::read::fold_bytes;

    fn sample() -> AuditFold {
        let line = |number: usize| {
            let (verb, stage) = [
                ("watch", "ResponseStarted"),
                ("get", "ResponseComplete"),
                ("watch", "ResponseComplete"),
                ("update", "ResponseComplete"),
            ]
            .into_iter()
            .cycle()
            .nth(number)
            .unwrap_or_default();
            let code = if number.is_multiple_of(5) { 500 } else { 200 };
            format!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"{number}","stage":"{stage}","requestURI":"/","verb":"{verb}","user":{{"username":"user-{}"}},"sourceIPs":["10.0.0.1"],"userAgent":"agent-{}","objectRef":{{"resource":"networkpolicies","apiGroup":"networking.k8s.io","namespace":"shop","name":"n-{}"}},"responseStatus":{{"code":{code}}},"requestReceivedTimestamp":"2025-06-02T16:{:02}:00.000000Z","stageTimestamp":"2025-06-02T16:{:02}:00.{:06}Z","annotations":{{"apiserver.latency.k8s.io/etcd":"21.5ms"}}}}"#,
                number % 3,
                number % 4,
                number % 5,
                number % 50,
                number % 50,
                number * 1001
            )
        };
        let text: Vec<String> = (0..8).map(line).collect();
        let shared = Shared::new();
        let text = text.join("\n");
        let mut fold = fold_bytes(Source::new(ArtifactId(0), text.as_bytes()), &shared);
        shared.close(&mut fold);
        fold
    }

    fn columns_of(bytes: &[u8]) -> &[u8] {
        bytes.get(MAGIC.len() + 1 + 8..).unwrap_or_default()
    }

    /// Whoever reckons the sum anew can say what cannot be, but a fold takes all of it or nothing.
    fn takes_all_or_nothing(columns: &[u8], known: &AuditFold, before: &[u8]) -> bool {
        let mut total = known.clone();
        if total.merge_bytes(&sealed(columns), Span::default()).is_err() {
            assert_eq!(total.to_bytes(), before);
            return false;
        }
        let mut more = AuditFold::from_bytes(&total.to_bytes()).unwrap();
        more.merge(total);
        drop(more.finish());
        true
    }

    #[test]
    fn what_cannot_be_is_refused_or_bounded() {
        let known = sample();
        let before = known.to_bytes();
        let columns = columns_of(&before).to_vec();
        assert_eq!(sealed(&columns), before);
        assert_eq!(resealed_state(&before), before);
        assert!(takes_all_or_nothing(&columns, &known, &before));
        let mut other = columns.clone();
        let mut refused = 0;
        for at in 0..columns.len() {
            for value in [0x7f, 0xff] {
                other[at] = value;
                refused += usize::from(!takes_all_or_nothing(&other, &known, &before));
            }
            other[at] = columns[at];
        }
        assert!(refused > columns.len() / 2, "{refused} of {}", columns.len());
        for length in 0..columns.len() {
            assert!(!takes_all_or_nothing(&columns[..length], &known, &before), "{length}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn many_changes_at_once_are_bounded(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let known = sample();
            let before = known.to_bytes();
            let mut columns = columns_of(&before).to_vec();
            for (at, value) in changes {
                let length = columns.len();
                columns[usize::from(at) % length] = value;
            }
            takes_all_or_nothing(&columns, &known, &before);
        }
    }
}
