//! One record, whatever it is: an event, an envelope around events, or something else.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use konspect_bundle::{Source, Span};

use crate::columns::{self, Columns};
use crate::container::{self, Wrapped};
use crate::cut::ValueCutter;
use crate::event::Event;
use crate::fold::AuditFold;
use crate::form::Form;
use crate::question::Question;
use crate::scan::{self, Cursor, Memory, Odd};
use crate::{exact, time};

/// Envelopes within envelopes are followed no deeper than this.
const DEEPEST: u8 = 4;

/// Takes records into a fold.
pub(crate) struct Reader<'a> {
    pub(crate) fold: &'a mut AuditFold,
    question: Option<&'a Question>,
    /// Records of the same file are mostly of one form, so the last one is tried first.
    last: Form,
    memory: Memory,
}

/// The top-level values of an object that may be an envelope.
#[derive(Default)]
struct Keys {
    category: Option<Range<usize>>,
    properties: Option<Range<usize>>,
    time: Option<Range<usize>>,
    list: Option<Range<usize>>,
    /// What an Event Hub's capture holds of one message.
    body: Option<Range<usize>>,
    /// Text that is JSON, whatever it is called.
    text: Option<Range<usize>>,
    columns: bool,
    rows: bool,
    row: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(fold: &'a mut AuditFold, question: Option<&'a Question>) -> Self {
        fold.bounds = question.and_then(Question::bounds);
        Self { fold, question, last: Form::Lines, memory: Memory::default() }
    }

    /// Takes one record; blank ones are no records.
    pub(crate) fn record(&mut self, record: &[u8], at: Span, form: Form) {
        let bytes = record.trim_ascii();
        // The items of an array, each in a line, whose brackets somebody cut off.
        let bytes = bytes.strip_suffix(b",").unwrap_or(bytes);
        match bytes.first() {
            None => {}
            Some(b'{') => self.value(bytes, at, form, 0),
            Some(_) if form == Form::Lines => self.wrapped(&container::unwrap(record), at),
            Some(_) => self.value(bytes, at, form, 0),
        }
    }

    /// Takes a line without what stood in front of it.
    fn wrapped(&mut self, line: &Wrapped<'_>, at: Span) {
        let ends = line.part.is_none_or(|part| part.ends);
        let text = line.text.trim_ascii();
        if text.first() == Some(&b'{') {
            let length = line.text.trim_ascii_start().len() as u64;
            let at = Span { start: at.end.saturating_sub(length).max(at.start), ..at };
            self.whole_or_cut(text, ends, line.time, at);
        } else if text.is_empty() {
            self.fold.nothing();
        } else if line.is_foreign() {
            self.fold.pass();
        } else {
            self.value(text, at, Form::Lines, 0);
        }
    }

    /// Takes a line that was put together from so many; only one of them holds the event.
    pub(crate) fn joined(&mut self, line: &Wrapped<'_>, at: Span, lines: u64) {
        for _ in 1..lines {
            self.fold.nothing();
        }
        let text = line.text.trim_ascii();
        if text.first() == Some(&b'{') {
            let ends = line.part.is_none_or(|part| part.ends);
            return self.whole_or_cut(text, ends, line.time, at);
        }
        self.wrapped(line, at);
    }

    /// Takes an event whose end may be lost.
    fn whole_or_cut(&mut self, text: &[u8], whole: bool, time: Option<i64>, at: Span) {
        if whole {
            self.value(text, at, Form::Lines, 0);
        } else {
            self.text(&String::from_utf8_lossy(text), "", time, at, Form::Lines);
        }
    }

    fn value(&mut self, bytes: &[u8], at: Span, form: Form, depth: u8) {
        if matches!(self.last, Form::Lines | Form::Values) && self.event(bytes, at, form) {
            return;
        }
        if self.envelope(bytes, at, form, depth) {
            return;
        }
        if self.event(bytes, at, form) {
            self.last = Form::Lines;
            return;
        }
        self.arbitrate(bytes, at, form, depth);
    }

    fn event(&mut self, bytes: &[u8], at: Span, form: Form) -> bool {
        let mut event = Event::default();
        let read =
            scan::scan_known(bytes, &mut event, &mut self.memory).is_ok() && event.is_event();
        if read {
            self.take(&event, at, form);
        }
        if let Cow::Owned(uri) = event.uri {
            self.memory.spare = uri;
        }
        read
    }

    fn take(&mut self, event: &Event<'_>, at: Span, form: Form) {
        self.fold.came_as(form);
        let Some(question) = self.question else {
            self.fold.push(event, at);
            return;
        };
        if !question.takes(event) {
            return self.fold.leave(event);
        }
        if self.fold.push_now(event, at) && question.groups() {
            self.fold.group(question, event, at);
        }
    }

    fn arbitrate(&mut self, bytes: &[u8], at: Span, form: Form, depth: u8) {
        let text = String::from_utf8_lossy(bytes);
        match exact::read(text.as_bytes()) {
            Ok(event) if event.is_event() => self.take(&event, at, form),
            Ok(_) => self.fold.pass(),
            Err(_)
                if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
                    && other_kind(bytes) =>
            {
                self.fold.pass();
            }
            Err(reason) => {
                if !self.several(bytes, at, form, depth) {
                    self.fold.refuse(at, reason);
                }
            }
        }
    }

    /// Takes values that stand in one line without anything between them; false for a single one.
    fn several(&mut self, bytes: &[u8], at: Span, form: Form, depth: u8) -> bool {
        let mut values = Vec::new();
        let mut cutter = ValueCutter::default();
        let kept = cutter.cut(bytes, &mut values);
        if values.len() < 2 || bytes.first() != Some(&b'{') {
            return false;
        }
        let source = Source { id: at.artifact, bytes, base: at.start };
        for range in values {
            let here = source.span(range.clone());
            self.value(bytes.get(range).unwrap_or_default(), here, form, depth);
        }
        if cutter.inside() {
            self.fold.refuse(source.span(kept..bytes.len()), "the line ends within an event");
        }
        true
    }

    /// Whether the record is an envelope; then all in it was taken.
    fn envelope(&mut self, bytes: &[u8], at: Span, form: Form, depth: u8) -> bool {
        if bytes.first() != Some(&b'{') || depth > DEEPEST {
            return false;
        }
        let mut keys = Keys::default();
        let whole = collect(bytes, &mut keys);
        // What stands behind the object is no part of it.
        if let Ok(end) = &whole
            && bytes.get(*end..).is_some_and(|rest| rest.first() == Some(&b'{'))
        {
            return self.several(bytes, at, form, depth);
        }
        let part = |range: &Option<Range<usize>>| range.clone().and_then(|range| bytes.get(range));
        // A message has properties of its own beside the body.
        if let Some(body) = part(&keys.body).filter(|_| whole.is_ok()) {
            return self.message(body, at, depth);
        }
        if let Some(properties) = part(&keys.properties).filter(|_| whole.is_ok()) {
            self.last = Form::AzureDiagnostics;
            let time = part(&keys.time).and_then(time_of);
            let category = part(&keys.category).and_then(string_of).unwrap_or_default();
            self.properties(properties, &category, time, at);
            return true;
        }
        if keys.columns && keys.rows && whole.is_ok() {
            return self.table(bytes, at);
        }
        if keys.row && whole.is_ok() {
            self.last = Form::LogAnalyticsJson;
            match Columns::of_object(bytes) {
                Some(columns) => self.row(&columns, at, Form::LogAnalyticsJson),
                None => self.fold.refuse(at, "not a row"),
            }
            return true;
        }
        if let Some(list) = part(&keys.list) {
            self.list(list, bytes, at, depth);
            return true;
        }
        if let Some(text) = part(&keys.text).filter(|_| whole.is_ok()) {
            let time = part(&keys.time).and_then(time_of);
            self.log(text, "", time, at, Form::Lines);
            return true;
        }
        false
    }

    /// The body of a captured message or of an answer: JSON, or text that holds it, plain or in
    /// base64, perhaps within `{"bytes": text}` as Avro's own tools write it.
    fn message(&mut self, body: &[u8], at: Span, depth: u8) -> bool {
        let mut text = body;
        let mut cursor = Cursor::new(body);
        let _ = cursor.object(|cursor, key| {
            let start = cursor.at;
            cursor.skip()?;
            if key == b"bytes" || key == b"string" {
                text = body.get(start..cursor.at).unwrap_or_default();
            }
            Ok(())
        });
        let Some(inner) = string_of(text) else {
            // Deeper than any answer goes, it is what it is: a record of something else.
            if !text.starts_with(b"{") || depth >= DEEPEST {
                return false;
            }
            let source = Source { id: at.artifact, bytes: body, base: at.start };
            self.value(text, source.span_of(text), Form::Values, depth + 1);
            return true;
        };
        let decoded;
        let inner = match STANDARD.decode(inner.as_bytes()) {
            Ok(bytes) if !inner.is_empty() => {
                decoded = bytes;
                decoded.trim_ascii()
            }
            _ => inner.trim().as_bytes(),
        };
        self.value(inner, at, Form::Values, depth + 1);
        true
    }

    fn list(&mut self, list: &[u8], bytes: &[u8], at: Span, depth: u8) {
        let source = Source { id: at.artifact, bytes, base: at.start };
        let mut values = Vec::new();
        let mut cutter = ValueCutter::default();
        cutter.cut(list, &mut values);
        if values.is_empty() {
            self.fold.nothing();
        }
        let before = source.span_of(list).start - source.base;
        let before = usize::try_from(before).unwrap_or(0);
        for range in values {
            let here = source.span(before + range.start..before + range.end);
            self.value(list.get(range).unwrap_or_default(), here, Form::Values, depth + 1);
        }
        if cutter.inside() {
            self.fold.refuse(at, "the list ends within an item");
        }
    }

    /// The event in `properties.log`, which may itself be text or an object.
    fn properties(&mut self, properties: &[u8], category: &str, time: Option<i64>, at: Span) {
        let inner;
        let properties = match string_of(properties) {
            Some(text) => {
                inner = text;
                inner.as_bytes()
            }
            None => properties,
        };
        let mut log = None;
        let mut cursor = Cursor::new(properties);
        let _ = cursor.object(|cursor, key| {
            let start = cursor.at;
            cursor.skip()?;
            if key.eq_ignore_ascii_case(b"log") {
                log = properties.get(start..cursor.at);
            }
            Ok(())
        });
        match log {
            Some(log) => self.log(log, category, time, at, Form::AzureDiagnostics),
            None => self.fold.pass(),
        }
    }

    fn log(&mut self, log: &[u8], category: &str, time: Option<i64>, at: Span, form: Form) {
        match string_of(log) {
            Some(text) => self.text(&text, category, time, at, form),
            None => self.text(&String::from_utf8_lossy(log), category, time, at, form),
        }
    }

    /// An event as text, perhaps cut by the exporter.
    fn text(&mut self, text: &str, category: &str, time: Option<i64>, at: Span, form: Form) {
        let text = text.trim();
        let audit = category.is_empty() || category.to_ascii_lowercase().starts_with("kube-audit");
        if !text.starts_with('{') {
            return if audit && text.is_empty() { self.fold.nothing() } else { self.fold.pass() };
        }
        let mut event = Event::default();
        match scan::scan(text.as_bytes(), &mut event) {
            Ok(()) if event.is_event() => self.take(&event, at, form),
            Err(Odd::Cut) if event.is_event() => {
                event.partial = true;
                event.staged = event.staged.or(time);
                self.take(&event, at, form);
            }
            _ => match exact::read(text.as_bytes()) {
                Ok(event) if event.is_event() => self.take(&event, at, form),
                Err(reason) if audit => self.fold.refuse(at, reason),
                _ => self.fold.pass(),
            },
        }
    }

    /// One row of a Log Analytics table.
    pub(crate) fn row(&mut self, columns: &Columns<'_>, at: Span, form: Form) {
        let time = columns.generated();
        if let Some(log) = columns.log() {
            let cut = self.fold.reading.partial;
            self.text(log, columns.category(), time, at, form);
            // Only an event that was cut takes its time from the row.
            if self.fold.reading.partial > cut {
                self.assume(columns, at);
            }
            return;
        }
        if !columns.audit() {
            return self.fold.pass();
        }
        self.assume(columns, at);
        let line = columns.to_line();
        let mut event = Event::default();
        let read = scan::scan(line.as_bytes(), &mut event);
        let (received, staged) = columns.times();
        match read {
            Ok(()) if event.is_event() => {
                event.received = received;
                event.staged = staged.or(time);
                self.take(&event, at, form);
            }
            _ => match exact::read(line.as_bytes()) {
                Ok(mut event) if event.is_event() => {
                    event.received = received;
                    event.staged = staged.or(time);
                    self.take(&event, at, form);
                }
                Ok(_) => self.fold.refuse(at, "the row has no audit ID"),
                Err(reason) => self.fold.refuse(at, reason),
            },
        }
    }

    /// Counts what was assumed to read the times of a row.
    fn assume(&mut self, columns: &Columns<'_>, at: Span) {
        let assumed = [columns.assumed(), columns.without_zone()].map(u64::from);
        let [order, zone] = assumed;
        self.fold.assumed_dates += order;
        self.fold.local_dates += zone;
        if order + zone > 0 {
            self.fold.assumed_at = Some(self.fold.assumed_at.map_or(at, |known| known.min(at)));
        }
    }

    fn table(&mut self, bytes: &[u8], at: Span) -> bool {
        let Some(table) = columns::Table::read(bytes) else { return false };
        self.last = Form::LogAnalyticsJson;
        if table.is_empty() {
            self.fold.nothing();
        }
        let source = Source { id: at.artifact, bytes, base: at.start };
        table.each(|columns, row| self.row(columns, source.span_of(row), Form::LogAnalyticsJson));
        true
    }
}

/// Finds the values of an object; gives where something else begins behind it.
fn collect(bytes: &[u8], keys: &mut Keys) -> Result<usize, Odd> {
    let mut cursor = Cursor::new(bytes);
    cursor.object(|cursor, key| {
        let start = cursor.at;
        let lower = key.to_ascii_lowercase();
        let skipped = cursor.skip();
        let end = if skipped.is_ok() { cursor.at } else { bytes.len() };
        let is_list = bytes.get(start) == Some(&b'[');
        match lower.as_slice() {
            b"category" => keys.category = Some(start..end),
            b"properties" => keys.properties = Some(start..end),
            b"time" | b"timestamp" => keys.time = Some(start..end),
            b"records" | b"items" | b"tables" | b"responses" | b"value" if is_list => {
                keys.list = Some(start..end);
            }
            b"body" => keys.body = Some(start..end),
            b"columns" if is_list => keys.columns = true,
            b"rows" if is_list => keys.rows = true,
            b"auditid" if key != b"auditID" => keys.row = true,
            b"log_s" | b"tablename" => keys.row = true,
            _ if bytes.get(start..).is_some_and(|value| value.starts_with(b"\"{\\\"")) => {
                keys.text.get_or_insert(start..end);
            }
            _ => {}
        }
        skipped
    })?;
    let rest = bytes.get(cursor.at..).unwrap_or_default();
    Ok(bytes.len() - rest.trim_ascii_start().len())
}

/// The time in a JSON string or number.
fn time_of(value: &[u8]) -> Option<i64> {
    match string_of(value) {
        Some(text) => time::parse(&text),
        None => time::parse(std::str::from_utf8(value).ok()?),
    }
}

/// The text of a JSON string; none for any other value.
fn string_of(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    match String::from_utf8_lossy(inner) {
        Cow::Borrowed(text) if !text.contains('\\') => Some(Cow::Borrowed(text)),
        text => scan::unescape(&text).map(Cow::Owned),
    }
}

/// Whether a JSON value is of another kind than audit events, rather than a broken one.
fn other_kind(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, default, rename = "auditID")]
        audit_id: Option<&'a serde_json::value::RawValue>,
    }
    serde_json::from_slice::<Kind<'_>>(bytes).map_or(true, |kind| kind.audit_id.is_none())
}
