//! Documents to objects, block by block: a list of any size is cut into items that are parsed one by
//! one, and never becomes a tree.

use konspect_bundle::diagnostic::{Code, Diagnostic};
use konspect_bundle::{ArtifactId, Source, Span};
use rayon::prelude::*;

use super::cover;
use super::head::Head;
use super::item::{self, Context, OTHER_ROWS, Output, Seen};
use super::kinds::Target;
use super::scan::{self, Item, ItemCutter, Member, Stop};
use crate::parse::rows::{Hint, Kind, Rows};

/// An unfinished item or document over this many bytes is given up.
const PENDING_BYTES: usize = 256 * 1024 * 1024;

/// Items are shared among threads from this many bytes on.
const PARALLEL_BYTES: usize = 256 * 1024;

/// Items of one thread's turn.
const TURN: usize = 64;

/// Items and pieces of blocks up to this are put together.
const COMPLETED_BYTES: usize = 64 * 1024;

/// Text of a skipped line that is kept.
const PREAMBLE_BYTES: usize = 512;

/// Reads Kubernetes JSON that arrives in blocks.
#[derive(Debug)]
pub struct Streaming {
    artifact: ArtifactId,
    command: String,
    target: Target,
    carry: Vec<u8>,
    carry_at: u64,
    /// The carry is not read again before it has this many bytes: no quadratic work.
    retry_at: usize,
    state: State,
    skipped: Option<(Span, String)>,
    /// Objects that stand alone, outside any list.
    bare: Seen,
    lists: u64,
    output: Output,
}

#[derive(Debug)]
enum State {
    /// Between documents.
    Top,
    /// Among the items of a list.
    Items(List),
    /// After the items, before the list's closing brace.
    Tail(List),
}

/// A list under way.
#[derive(Debug, Default)]
struct List {
    head: Head,
    at: Span,
    cutter: Option<ItemCutter>,
    /// An array without an object around it.
    plain_array: bool,
    seen: Seen,
}

impl Streaming {
    pub fn new(artifact: ArtifactId, hint: &Hint<'_>) -> Self {
        Self {
            artifact,
            command: hint.command.to_owned(),
            target: Target::of(hint.command, hint.path),
            carry: Vec::new(),
            carry_at: 0,
            retry_at: 0,
            state: State::Top,
            skipped: None,
            bare: Seen::new(),
            lists: 0,
            output: Output::default(),
        }
    }

    /// Reads the next block, which begins at `offset` of the artefact.
    pub fn block(&mut self, offset: u64, bytes: &[u8], rows: &mut Rows) {
        let begin = self.complete(bytes);
        let rest = bytes.get(begin..).unwrap_or_default();
        if self.carry.is_empty() {
            let source = Source { id: self.artifact, bytes: rest, base: offset + begin as u64 };
            let used = self.run(&source, false);
            self.carry_at = source.base + used as u64;
            self.carry.extend_from_slice(rest.get(used..).unwrap_or_default());
            self.retry_at = self.carry.len().saturating_mul(2);
        } else {
            self.carry.extend_from_slice(rest);
            if self.carry.len() >= self.retry_at
                || matches!(self.state, State::Items(_)) && self.carry.len() < 64 << 20
            {
                self.run_carry(false);
            }
        }
        if self.carry.len() > PENDING_BYTES {
            let span = Span { artifact: self.artifact, start: self.carry_at, end: self.carry_at };
            rows.diagnostics.push(
                Diagnostic::new(Code::LimitReached, span)
                    .with("limit", "pending-bytes")
                    .with("value", PENDING_BYTES as u64),
            );
            self.carry = Vec::new();
        }
    }

    /// Reads the item that the block before has begun with as much of this one as it takes, so that
    /// the rest is read where it stands; how much was taken.
    fn complete(&mut self, bytes: &[u8]) -> usize {
        let begun = self.carry.len();
        if begun == 0 || begun > COMPLETED_BYTES || !matches!(self.state, State::Items(_)) {
            return 0;
        }
        let taken = bytes.len().min(COMPLETED_BYTES);
        self.carry.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        let before = self.carry_at;
        self.run_carry(false);
        let used = usize::try_from(self.carry_at - before).unwrap_or(usize::MAX);
        match used.checked_sub(begun) {
            Some(into) => {
                self.carry.clear();
                into
            }
            None => taken,
        }
    }

    /// Ends the artefact: what is left was cut.
    pub fn finish(mut self, rows: &mut Rows) -> Kind {
        let mut rest = std::mem::take(&mut self.carry);
        let source = Source { id: self.artifact, bytes: &rest, base: self.carry_at };
        let used = self.run(&source, true);
        rest.drain(..used);
        let start = self.carry_at + used as u64;
        self.end(start, &rest, rows)
    }

    /// Reads a source that is there as a whole.
    pub(super) fn whole(mut self, source: &Source<'_>, rows: &mut Rows) -> Kind {
        let used = self.run(source, true);
        let rest = source.bytes.get(used..).unwrap_or_default();
        self.end(source.base + used as u64, rest, rows)
    }

    fn run_carry(&mut self, last: bool) {
        let mut carry = std::mem::take(&mut self.carry);
        let source = Source { id: self.artifact, bytes: &carry, base: self.carry_at };
        let used = self.run(&source, last);
        carry.drain(..used);
        self.carry_at += used as u64;
        self.retry_at = carry.len().saturating_mul(2);
        self.carry = carry;
    }

    /// Reads as far as whole items go; the offset after the last of them.
    fn run(&mut self, source: &Source<'_>, last: bool) -> usize {
        let mut at = 0;
        loop {
            let before = (at, std::mem::discriminant(&self.state));
            at = match std::mem::replace(&mut self.state, State::Top) {
                State::Top => self.top(source, at, last),
                State::Items(list) => self.items(source, at, list),
                State::Tail(list) => self.tail(source, at, list),
            };
            if before == (at, std::mem::discriminant(&self.state)) {
                return at;
            }
        }
    }

    /// Reads the next document, or up to the items of a list.
    fn top(&mut self, source: &Source<'_>, at: usize, last: bool) -> usize {
        let bytes = source.bytes;
        let start = scan::skip_blanks(bytes, at);
        match bytes.get(start) {
            None => start,
            Some(b',') => start + 1,
            Some(b'{') if !(self.skipped.is_some() && indented(bytes, start)) => {
                self.document(source, start)
            }
            Some(b'[') if opens_objects(bytes, start) => {
                self.state = State::Items(List {
                    at: source.span(start..start + 1),
                    plain_array: true,
                    ..List::default()
                });
                start + 1
            }
            Some(_) => {
                let rest = bytes.get(start..).unwrap_or_default();
                match memchr::memchr(b'\n', rest) {
                    Some(length) => {
                        self.skip(source, start..start + length);
                        start + length + 1
                    }
                    None if last => {
                        self.skip(source, start..bytes.len());
                        bytes.len()
                    }
                    None => start,
                }
            }
        }
    }

    /// Remembers the first line that was skipped.
    fn skip(&mut self, source: &Source<'_>, range: std::ops::Range<usize>) {
        let line = source.bytes.get(range.clone()).unwrap_or_default();
        let mut text = String::from_utf8_lossy(line).trim().to_owned();
        if self.skipped.is_some() || text == "---" || text == "\u{feff}" {
            return;
        }
        item::cap(&mut text, PREAMBLE_BYTES);
        self.skipped = Some((source.span(range), text));
    }

    fn document(&mut self, source: &Source<'_>, start: usize) -> usize {
        let bytes = source.bytes;
        let mut head = Head::default();
        let mut at = start + 1;
        let stop = loop {
            let (key, value) = match scan::next_member(bytes, at) {
                Ok(Member::Key { key, value }) => (key, value),
                Ok(Member::Close(end)) => {
                    self.finished(source, start..end, &head);
                    return end;
                }
                Err(stop) => break stop,
            };
            let key = bytes.get(key).unwrap_or_default();
            if key == b"items" && bytes.get(value) == Some(&b'[') {
                let at = source.span(start..value + 1);
                self.state = State::Items(List { head, at, ..List::default() });
                return value + 1;
            }
            match scan::skip_value(bytes, value) {
                Ok(end) => {
                    head.note(key, bytes.get(value..end).unwrap_or_default());
                    at = end;
                }
                Err(stop) => break stop,
            }
        };
        match stop {
            Stop::End => start,
            Stop::Bad(bad) => {
                let span = source.span(start..bad);
                self.output.refuse(span, "no JSON");
                resume(bytes, bad)
            }
        }
    }

    /// A document that is no list with items; `items: null` is an empty list.
    fn finished(&mut self, source: &Source<'_>, range: std::ops::Range<usize>, head: &Head) {
        let bytes = source.bytes.get(range.clone()).unwrap_or_default();
        let at = source.span(range);
        if head.kind == "List"
            || head.kind.ends_with("List") && scan::member(bytes, "items").is_some()
        {
            self.lists += 1;
            cover::list(head, &Seen::new(), &self.target, at, true, &mut self.output.rows);
            return;
        }
        let context = Context {
            source: *source,
            fixed: None,
            target: &self.target,
            command: &self.command,
            api_version: "",
            kind: "",
        };
        item::object(bytes, &context, &mut self.output);
        item::merge(&mut self.bare, std::mem::take(&mut self.output.seen));
    }

    fn items(&mut self, source: &Source<'_>, start: usize, mut list: List) -> usize {
        let bytes = source.bytes;
        if list.cutter.is_none() {
            let first = scan::skip_blanks(bytes, start);
            if first >= bytes.len() {
                self.state = State::Items(list);
                return start;
            }
            let mut cutter = ItemCutter::default();
            cutter.learn(bytes.get(start..).unwrap_or_default(), first - start);
            list.cutter = Some(cutter);
        }
        let cutter = list.cutter.take().unwrap_or_default();
        let (mut at, mut ranges) = (start, Vec::new());
        let ended = loop {
            match cutter.next(bytes, at) {
                Ok(Item::Value(range)) => {
                    at = range.end;
                    ranges.push(range);
                }
                Ok(Item::Close(end)) => break Ok(end),
                Err(stop) => break Err(stop),
            }
        };
        list.cutter = Some(cutter);
        self.parse(source, &ranges, &list);
        item::merge(&mut list.seen, std::mem::take(&mut self.output.seen));
        list.at = list.at.to(source.span(start..at));
        match ended {
            Ok(end) if list.plain_array => {
                self.close(list, true);
                end
            }
            Ok(end) => {
                self.state = State::Tail(list);
                end
            }
            Err(Stop::End) => {
                self.state = State::Items(list);
                at
            }
            Err(Stop::Bad(bad)) => {
                let span = source.span(bad..bad + 1);
                self.output.refuse(span, "no JSON");
                self.close(list, false);
                resume(bytes, bad)
            }
        }
    }

    fn parse(&mut self, source: &Source<'_>, ranges: &[std::ops::Range<usize>], list: &List) {
        let context = Context {
            source: *source,
            fixed: None,
            target: &self.target,
            command: &self.command,
            api_version: list.head.item_version(),
            kind: list.head.item_kind(),
        };
        let read = |ranges: &[std::ops::Range<usize>], output: &mut Output| {
            for range in ranges {
                let bytes = source.bytes.get(range.clone()).unwrap_or_default();
                item::object(bytes, &context, output);
            }
        };
        let bytes = match ranges {
            [first, .., last] => last.end - first.start,
            _ => 0,
        };
        if bytes < PARALLEL_BYTES || rayon::current_num_threads() == 1 {
            read(ranges, &mut self.output);
            self.output.rows.others.truncate(OTHER_ROWS);
        } else {
            let turn = |ranges: &[std::ops::Range<usize>]| {
                let mut output = Output::default();
                read(ranges, &mut output);
                output
            };
            let outputs: Vec<Output> = ranges.par_chunks(TURN).map(turn).collect();
            for output in outputs {
                self.output.append(output);
            }
        }
    }

    /// What stands after the items, up to the list's closing brace.
    fn tail(&mut self, source: &Source<'_>, start: usize, mut list: List) -> usize {
        let bytes = source.bytes;
        let mut at = start;
        let stop = loop {
            match scan::next_member(bytes, at) {
                Ok(Member::Close(end)) => {
                    self.close(list, true);
                    return end;
                }
                Ok(Member::Key { key, value }) => match scan::skip_value(bytes, value) {
                    Ok(end) => {
                        let (key, value) = (bytes.get(key), bytes.get(value..end));
                        list.head.note(key.unwrap_or_default(), value.unwrap_or_default());
                        at = end;
                    }
                    Err(stop) => break stop,
                },
                Err(stop) => break stop,
            }
        };
        match stop {
            Stop::End => {
                self.state = State::Tail(list);
                at
            }
            Stop::Bad(bad) => {
                let span = source.span(bad..bad + 1);
                self.output.refuse(span, "no JSON");
                self.close(list, true);
                resume(bytes, bad)
            }
        }
    }

    fn close(&mut self, list: List, complete: bool) {
        // An array of other things, or an empty one, is no list of objects.
        if list.plain_array && list.seen.is_empty() {
            return;
        }
        self.lists += 1;
        let rows = &mut self.output.rows;
        cover::list(&list.head, &list.seen, &self.target, list.at, complete, rows);
    }

    fn end(mut self, start: u64, rest: &[u8], rows: &mut Rows) -> Kind {
        let span = Span { artifact: self.artifact, start, end: start + rest.len() as u64 };
        let unread = !rest.iter().all(u8::is_ascii_whitespace);
        let mut cut = unread;
        match std::mem::replace(&mut self.state, State::Top) {
            State::Top => {}
            State::Items(list) => {
                cut = true;
                self.close(list, false);
            }
            State::Tail(list) => {
                cut = true;
                self.close(list, true);
            }
        }
        rows.append(std::mem::take(&mut self.output.rows));
        rows.others.truncate(OTHER_ROWS);
        let kind = self.kind();
        if kind == Kind::Unknown {
            return kind;
        }
        cover::bare(&self.bare, rows);
        if cut {
            rows.diagnostics
                .push(Diagnostic::new(Code::Truncated, span).with("reason", "JSON ends early"));
        }
        if let Some((at, text)) = self.skipped {
            rows.diagnostics.push(Diagnostic::new(Code::SkippedPreamble, at).with("text", text));
        }
        if let Some((at, reason)) = self.output.first_refused {
            rows.diagnostics.push(
                Diagnostic::new(Code::Refused, at)
                    .with("count", self.output.refused)
                    .with("reason", reason),
            );
        }
        kind
    }

    fn kind(&self) -> Kind {
        if self.output.tables > 0 {
            Kind::KubernetesTable
        } else if self.lists > 0 || !self.bare.is_empty() {
            Kind::KubernetesObjects
        } else if self.output.versions > 0 {
            Kind::ApiVersion
        } else if self.output.failures > 0 {
            Kind::FailedCommand
        } else {
            Kind::Unknown
        }
    }
}

/// Inside a text, an object that does not begin its line is a quotation.
fn indented(bytes: &[u8], start: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    matches!(before, Some(b' ' | b'\t'))
}

/// An array of objects, or an empty one; `[+]ping ok` and `[2024-…]` are text.
fn opens_objects(bytes: &[u8], start: usize) -> bool {
    let next = scan::skip_blanks(bytes, start + 1);
    matches!(bytes.get(next), Some(b'{' | b']' | b'['))
}

/// The next line after `bad` that begins with a bracket: where reading can go on.
fn resume(bytes: &[u8], bad: usize) -> usize {
    let mut at = bad.max(1) - 1;
    while let Some(found) = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if matches!(bytes.get(at), Some(b'{' | b'[')) {
            return at;
        }
    }
    bytes.len()
}
