//! The forward scanner: reads one audit event in one pass over its bytes, without a tree.
//!
//! It accepts what it understands and gives everything odd to `exact`, so it may be lenient about
//! what it skips but never about what it reports.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::{Finder, FinderRev};

use crate::event::{Component, Event, Stage, Verb};
use crate::segments::Segments;
use crate::time;

/// Why the scanner gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// The bytes ended inside the object: what was read so far is in the event.
    Cut,
    /// Something that the scanner does not understand.
    Strange,
}

/// Reads one event; on `Err(Cut)` the event holds what stood before the cut.
pub(crate) fn scan<'a>(line: &'a [u8], event: &mut Event<'a>) -> Result<(), Odd> {
    scan_known(line, event, &mut Segments::default())
}

/// Reads one event, with the help of what was seen in the lines before.
pub(crate) fn scan_known<'a>(
    line: &'a [u8],
    event: &mut Event<'a>,
    segments: &mut Segments,
) -> Result<(), Odd> {
    segments.begin();
    let mut scanner = Scanner { cursor: Cursor::of_line(line), seen: 0, jumped: false };
    let read = scanner.line(event, segments, true);
    if scanner.jumped && read.is_err() {
        *event = Event::default();
        segments.begin();
        scanner = Scanner { cursor: Cursor::of_line(line), seen: 0, jumped: false };
        return scanner.line(event, segments, false);
    }
    read
}

/// How the API server begins every line; the level follows.
const HEAD: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;

/// A key as text, with quotes and colon, and its first sixteen bytes as a number.
struct Key<F> {
    text: &'static [u8],
    word: u128,
    mask: u128,
    field: F,
}

/// A key that was met.
enum Named<'a, F> {
    Known(F),
    Unknown(&'a [u8]),
}

impl<F: Copy> Key<F> {
    const fn new(text: &'static [u8], field: F) -> Self {
        let (mut word, mut mask, mut at) = (0_u128, 0_u128, 0);
        while at < 16 && at < text.len() {
            #[expect(clippy::indexing_slicing, reason = "in a constant, below the length")]
            let byte = text[at];
            word |= (byte as u128) << (8 * at);
            mask |= 0xff << (8 * at);
            at += 1;
        }
        Self { text, word, mask, field }
    }

    #[inline]
    fn stands_at(&self, word: u128, rest: &[u8]) -> bool {
        word & self.mask == self.word && (self.text.len() <= 16 || rest.starts_with(self.text))
    }
}

/// The keys that are read, in the order in which the API server writes them.
static KEYS: [Key<Field>; 15] = [
    Key::new(b"\"kind\":", Field::Kind),
    Key::new(b"\"auditID\":", Field::AuditId),
    Key::new(b"\"stage\":", Field::Stage),
    Key::new(b"\"requestURI\":", Field::Uri),
    Key::new(b"\"verb\":", Field::Verb),
    Key::new(b"\"user\":", Field::User),
    Key::new(b"\"impersonatedUser\":", Field::Impersonated),
    Key::new(b"\"sourceIPs\":", Field::Addresses),
    Key::new(b"\"userAgent\":", Field::Agent),
    Key::new(b"\"objectRef\":", Field::Object),
    Key::new(b"\"responseStatus\":", Field::Status),
    Key::new(b"\"requestReceivedTimestamp\":", Field::Received),
    Key::new(b"\"stageTimestamp\":", Field::Staged),
    Key::new(b"\"annotations\":", Field::Annotations),
    Key::new(b"\"timestamp\":", Field::Timestamp),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Kind,
    AuditId,
    Stage,
    Uri,
    Verb,
    User,
    Impersonated,
    Addresses,
    Agent,
    Object,
    Status,
    Received,
    Staged,
    Annotations,
    Timestamp,
}

impl Field {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// What the API server has written before the objects of request and response.
const BEFORE_OBJECTS: u32 = Field::Kind.bit()
    | Field::AuditId.bit()
    | Field::Stage.bit()
    | Field::Uri.bit()
    | Field::Verb.bit()
    | Field::User.bit()
    | Field::Addresses.bit()
    | Field::Object.bit()
    | Field::Status.bit();

/// What it writes after them.
const AFTER_OBJECTS: u32 =
    Field::Received.bit() | Field::Staged.bit() | Field::Annotations.bit() | Field::Timestamp.bit();

/// Objects shorter than this are stepped over byte by byte.
const WORTH_A_JUMP: usize = 2048;

/// Lines up to this length are checked to be text as a whole.
const CHECKED_TOGETHER: usize = 8192;

/// So far from the end of a line the keys after the objects are looked for.
const TAIL: usize = 8192;

static AFTER: LazyLock<FinderRev<'static>> =
    LazyLock::new(|| FinderRev::new(",\"requestReceivedTimestamp\":\""));
static ANOTHER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"auditID\":\""));

struct Scanner<'a> {
    cursor: Cursor<'a>,
    /// The fields that were read.
    seen: u32,
    jumped: bool,
}

impl<'a> Scanner<'a> {
    fn line(
        &mut self,
        event: &mut Event<'a>,
        segments: &mut Segments,
        may_jump: bool,
    ) -> Result<(), Odd> {
        let mut next = 0;
        if self.cursor.bytes.starts_with(HEAD) {
            self.cursor.at = HEAD.len() - 1;
            self.cursor.skip()?;
            self.seen = Field::Kind.bit();
            next = 1;
        } else {
            self.cursor.space();
            self.cursor.expect(b'{')?;
            self.cursor.space();
            if self.cursor.peek()? == b'}' {
                self.cursor.at += 1;
                return self.end();
            }
            self.member(event, segments, &mut next, may_jump)?;
        }
        loop {
            self.cursor.space();
            match self.cursor.next()? {
                b',' => self.member(event, segments, &mut next, may_jump)?,
                b'}' => return self.end(),
                _ => return Err(Odd::Strange),
            }
        }
    }

    fn end(&mut self) -> Result<(), Odd> {
        self.cursor.space();
        if self.cursor.at == self.cursor.bytes.len() { Ok(()) } else { Err(Odd::Strange) }
    }

    /// Reads one key and its value; `next` is the key that is expected.
    #[inline]
    fn member(
        &mut self,
        event: &mut Event<'a>,
        segments: &mut Segments,
        next: &mut usize,
        may_jump: bool,
    ) -> Result<(), Odd> {
        match self.cursor.key(&KEYS, next)? {
            Named::Known(field) => self.field(field, event, segments),
            Named::Unknown(b"requestObject" | b"responseObject") if may_jump && self.jump() => {
                Ok(())
            }
            Named::Unknown(key) if key.contains(&b'\\') => Err(Odd::Strange),
            Named::Unknown(_) => self.cursor.skip(),
        }
    }

    /// Jumps over the objects of request and response to what the API server writes after them.
    ///
    /// A quote after a comma is no escaped one, so the key that is found is a key; it is one of the
    /// event and not of something nested when the line ends right after the event, for which the
    /// caller looks. Two lines that were torn into one have two audit IDs and are read step by step.
    fn jump(&mut self) -> bool {
        let rest = self.cursor.bytes.get(self.cursor.at..).unwrap_or_default();
        let in_order =
            self.seen & BEFORE_OBJECTS == BEFORE_OBJECTS && self.seen & AFTER_OBJECTS == 0;
        if !in_order || rest.len() < WORTH_A_JUMP || rest.first() != Some(&b'{') {
            return false;
        }
        let skipped = rest.len().saturating_sub(TAIL);
        let Some(found) = rest.get(skipped..).and_then(|tail| AFTER.rfind(tail)) else {
            return false;
        };
        let objects = rest.get(..skipped + found).unwrap_or_default();
        if objects.last() != Some(&b'}') || ANOTHER.find(objects).is_some() {
            return false;
        }
        self.cursor.at += objects.len();
        self.jumped = true;
        true
    }

    fn field(
        &mut self,
        field: Field,
        event: &mut Event<'a>,
        segments: &mut Segments,
    ) -> Result<(), Odd> {
        let cursor = &mut self.cursor;
        if self.seen & field.bit() != 0 {
            return Err(Odd::Strange);
        }
        self.seen |= field.bit();
        if cursor.null() {
            return Ok(());
        }
        match field {
            Field::AuditId => event.audit_id = cursor.text()?,
            Field::Stage => event.stage = Stage::parse(&cursor.text()?),
            Field::Uri => event.uri = cursor.text_into(&mut segments.spare)?,
            Field::Verb => event.verb = Verb::parse(&cursor.text()?),
            Field::User => return self.client(event, segments),
            Field::Addresses => source_ips(cursor, event)?,
            Field::Agent => event.agent = cursor.text()?,
            Field::Object => object_ref(cursor, event)?,
            Field::Status => response_status(cursor, event)?,
            Field::Received => event.received = time::parse(&cursor.text()?),
            Field::Staged => event.staged = time::parse(&cursor.text()?),
            Field::Annotations => annotations(cursor, event)?,
            Field::Impersonated => user(cursor, &mut event.impersonated)?,
            Field::Timestamp => {
                let old = time::parse(&cursor.text()?);
                event.staged = event.staged.or(old);
            }
            Field::Kind => {
                if cursor.text()? != "Event" {
                    return Err(Odd::Strange);
                }
            }
        }
        Ok(())
    }

    /// Reads the user and, where they follow at once, addresses and user agent.
    fn client(&mut self, event: &mut Event<'a>, segments: &mut Segments) -> Result<(), Odd> {
        const LATER: u32 = Field::Addresses.bit() | Field::Agent.bit();
        let rest = self.cursor.bytes.get(self.cursor.at..).ok_or(Odd::Cut)?;
        let place = segments.place(rest).filter(|_| self.seen & LATER == 0);
        if let Some(place) = place
            && let Some(length) = segments.take(place, rest, self.cursor.rest_text(), event)
        {
            self.cursor.at += length;
            self.seen |= LATER;
            return Ok(());
        }
        let start = self.cursor.at;
        user(&mut self.cursor, &mut event.user)?;
        let Some(place) = place else { return Ok(()) };
        for (key, field) in
            [(&b",\"sourceIPs\":"[..], Field::Addresses), (b",\"userAgent\":", Field::Agent)]
        {
            let rest = self.cursor.bytes.get(self.cursor.at..).ok_or(Odd::Cut)?;
            if !rest.starts_with(key) {
                return Ok(());
            }
            self.cursor.at += key.len();
            self.cursor.space();
            self.field(field, event, segments)?;
        }
        let read = self.cursor.bytes.get(start..self.cursor.at).unwrap_or_default();
        segments.keep(place, read, event);
        Ok(())
    }
}

fn user<'a>(cursor: &mut Cursor<'a>, name: &mut Cow<'a, str>) -> Result<(), Odd> {
    cursor.object(|cursor, key| match key {
        b"username" if !cursor.null() => cursor.text().map(|text| *name = text),
        _ => cursor.skip(),
    })
}

fn source_ips<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.expect(b'[')?;
    cursor.space();
    if cursor.peek()? == b']' {
        cursor.at += 1;
        return Ok(());
    }
    loop {
        cursor.space();
        event.source_ip = cursor.text()?;
        cursor.space();
        match cursor.next()? {
            b',' => {}
            b']' => return Ok(()),
            _ => return Err(Odd::Strange),
        }
    }
}

#[derive(Clone, Copy)]
enum ObjectField {
    Resource,
    Namespace,
    Name,
    Uid,
    Group,
    Version,
    ResourceVersion,
    Subresource,
}

static OBJECT_KEYS: [Key<ObjectField>; 8] = [
    Key::new(b"\"resource\":", ObjectField::Resource),
    Key::new(b"\"namespace\":", ObjectField::Namespace),
    Key::new(b"\"name\":", ObjectField::Name),
    Key::new(b"\"uid\":", ObjectField::Uid),
    Key::new(b"\"apiGroup\":", ObjectField::Group),
    Key::new(b"\"apiVersion\":", ObjectField::Version),
    Key::new(b"\"resourceVersion\":", ObjectField::ResourceVersion),
    Key::new(b"\"subresource\":", ObjectField::Subresource),
];

fn object_ref<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.members(&OBJECT_KEYS, |cursor, key| {
        let Named::Known(key) = key else { return cursor.skip() };
        let field = match key {
            ObjectField::Resource => &mut event.resource,
            ObjectField::Namespace => &mut event.namespace,
            ObjectField::Name => &mut event.name,
            ObjectField::Group => &mut event.group,
            ObjectField::Version => &mut event.version,
            ObjectField::Subresource => &mut event.subresource,
            ObjectField::Uid | ObjectField::ResourceVersion => return cursor.skip(),
        };
        if !cursor.null() {
            *field = cursor.text()?;
        }
        Ok(())
    })
}

#[derive(Clone, Copy)]
enum StatusField {
    Skipped,
    Message,
    Reason,
    Code,
}

static STATUS_KEYS: [Key<StatusField>; 5] = [
    Key::new(b"\"metadata\":", StatusField::Skipped),
    Key::new(b"\"status\":", StatusField::Skipped),
    Key::new(b"\"message\":", StatusField::Message),
    Key::new(b"\"reason\":", StatusField::Reason),
    Key::new(b"\"code\":", StatusField::Code),
];

fn response_status<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.members(&STATUS_KEYS, |cursor, key| {
        match key {
            Named::Known(StatusField::Code) if !cursor.null() => event.code = cursor.number()?,
            Named::Known(StatusField::Message) if !cursor.null() => {
                event.message = cursor.text()?;
            }
            Named::Known(StatusField::Reason) if !cursor.null() => event.reason = cursor.text()?,
            _ => return cursor.skip(),
        }
        Ok(())
    })
}

/// The annotations that nearly every event has, and that nothing is counted from.
static ANNOTATION_KEYS: [Key<()>; 2] = [
    Key::new(b"\"authorization.k8s.io/decision\":", ()),
    Key::new(b"\"authorization.k8s.io/reason\":", ()),
];

fn annotations<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.members(&ANNOTATION_KEYS, |cursor, key| {
        let key = match key {
            Named::Unknown(key) if annotation_wanted(key) => key,
            _ => return cursor.skip(),
        };
        let value = cursor.text()?;
        let key = std::str::from_utf8(key).map_err(|_| Odd::Strange)?;
        annotate(event, key, value);
        Ok(())
    })
}

fn annotation_wanted(key: &[u8]) -> bool {
    key.starts_with(b"apiserver.latency.k8s.io/")
        || key.starts_with(b"failed-open.")
        || key.starts_with(b"k8s.io/")
}

/// Takes one annotation into the event; unwanted ones are passed over.
pub(crate) fn annotate<'a>(event: &mut Event<'a>, key: &str, value: Cow<'a, str>) {
    if let Some(part) = key.strip_prefix("apiserver.latency.k8s.io/") {
        let slot = Component::parse(part)
            .and_then(|component| event.components.get_mut(component as usize));
        if let Some(slot) = slot {
            *slot = time::go_duration(&value);
        }
    } else if key.starts_with("failed-open.") {
        event.failed_open = value;
    } else if key == "k8s.io/deprecated" {
        event.deprecated = value == "true";
    } else if key == "k8s.io/removed-release" {
        event.removed_release = value;
    }
}

pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// The bytes as text, when they were checked together: that is cheaper than one by one.
    text: Option<&'a str>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, text: None }
    }

    /// For a line that is read as a whole; a long one is mostly jumped over.
    fn of_line(bytes: &'a [u8]) -> Self {
        let checked = bytes.len() <= CHECKED_TOGETHER;
        let text = if checked { simdutf8::basic::from_utf8(bytes).ok() } else { None };
        Self { bytes, at: 0, text }
    }

    fn peek(&self) -> Result<u8, Odd> {
        self.bytes.get(self.at).copied().ok_or(Odd::Cut)
    }

    fn next(&mut self) -> Result<u8, Odd> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// What follows, when it is known to be text.
    fn rest_text(&self) -> Option<&'a str> {
        self.text?.get(self.at..)
    }

    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Odd> {
        if self.next()? == wanted { Ok(()) } else { Err(Odd::Strange) }
    }

    /// Steps over `null`, if it stands here.
    fn null(&mut self) -> bool {
        let here = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"null"));
        if here {
            self.at += 4;
        }
        here
    }

    /// Walks an object; `each` stands at a value and must step over it.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Odd>,
    ) -> Result<(), Odd> {
        self.space();
        self.expect(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            let (key, _) = self.raw_string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            each(self, key)?;
            self.space();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Odd::Strange),
            }
        }
    }

    /// The bytes between the quotes and whether a backslash is among them.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'a [u8], bool), Odd> {
        let (range, escaped) = self.string_range()?;
        Ok((self.bytes.get(range).unwrap_or_default(), escaped))
    }

    #[inline]
    fn string_range(&mut self) -> Result<(Range<usize>, bool), Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Odd::Cut)?;
            let found = end_of_string(rest).ok_or(Odd::Cut)?;
            let at = self.at + found;
            if rest.get(found) == Some(&b'"') {
                self.at = at + 1;
                return Ok((start..at, escaped));
            }
            escaped = true;
            self.at = at + 2;
        }
    }

    /// A string value, unescaped when it must be.
    fn text(&mut self) -> Result<Cow<'a, str>, Odd> {
        self.text_into(&mut String::new())
    }

    /// As `text`; what must be unescaped takes the memory of `spare`.
    fn text_into(&mut self, spare: &mut String) -> Result<Cow<'a, str>, Odd> {
        let (range, escaped) = self.string_range()?;
        let text = match self.text {
            Some(text) => text.get(range),
            None => self.bytes.get(range).and_then(|raw| std::str::from_utf8(raw).ok()),
        };
        let text = text.ok_or(Odd::Strange)?;
        if escaped {
            unescape_into(text, std::mem::take(spare)).map(Cow::Owned).ok_or(Odd::Strange)
        } else {
            Ok(Cow::Borrowed(text))
        }
    }

    /// Stands behind the next key and its colon; `next` is the key that is expected, and some that
    /// may be left out before it are tried as well.
    #[inline]
    fn key<F: Copy>(&mut self, keys: &[Key<F>], next: &mut usize) -> Result<Named<'a, F>, Odd> {
        let rest = self.bytes.get(self.at..).ok_or(Odd::Cut)?;
        if let Some(word) = rest.first_chunk::<16>() {
            let word = u128::from_le_bytes(*word);
            for (number, key) in keys.iter().enumerate().skip(*next).take(4) {
                if key.stands_at(word, rest) {
                    *next = number + 1;
                    self.at += key.text.len();
                    self.space();
                    return Ok(Named::Known(key.field));
                }
            }
        }
        self.space();
        let (name, _) = self.raw_string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        let same =
            |key: &Key<F>| key.text.get(1..key.text.len() - 2).is_some_and(|text| text == name);
        Ok(match keys.iter().enumerate().find(|(_, key)| same(key)) {
            Some((number, key)) => {
                *next = number + 1;
                Named::Known(key.field)
            }
            None => Named::Unknown(name),
        })
    }

    /// Walks an object whose keys come mostly in one order; `each` must step over the value.
    #[inline]
    fn members<F: Copy>(
        &mut self,
        keys: &[Key<F>],
        mut each: impl FnMut(&mut Self, Named<'a, F>) -> Result<(), Odd>,
    ) -> Result<(), Odd> {
        self.space();
        self.expect(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut next = 0;
        loop {
            let key = self.key(keys, &mut next)?;
            each(self, key)?;
            self.space();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Odd::Strange),
            }
        }
    }

    fn number(&mut self) -> Result<u16, Odd> {
        let mut value: u16 = 0;
        let start = self.at;
        while let Some(digit) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u16::from(digit - b'0')))
                .ok_or(Odd::Strange)?;
            self.at += 1;
        }
        let leading_zero = self.at - start > 1 && self.bytes.get(start) == Some(&b'0');
        match self.peek()? {
            b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t' if self.at > start && !leading_zero => {
                Ok(value)
            }
            _ => Err(Odd::Strange),
        }
    }

    /// Steps over any value.
    pub(crate) fn skip(&mut self) -> Result<(), Odd> {
        match self.peek()? {
            b'"' => self.string_range().map(drop),
            b'{' if self.bytes.get(self.at + 1) == Some(&b'}') => {
                self.at += 2;
                Ok(())
            }
            b'{' => self.skip_nested(b'{', b'}'),
            b'[' => self.skip_nested(b'[', b']'),
            b',' | b'}' | b']' | b':' => Err(Odd::Strange),
            _ => {
                while !matches!(self.peek()?, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                    self.at += 1;
                }
                Ok(())
            }
        }
    }

    /// Counts only one kind of bracket: in valid JSON the other kind is balanced in between.
    fn skip_nested(&mut self, open: u8, close: u8) -> Result<(), Odd> {
        let mut depth = 0_usize;
        loop {
            let byte = self.peek()?;
            if byte == b'"' {
                self.raw_string()?;
                continue;
            }
            self.at += 1;
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }
}

/// The first quote or backslash. Most strings are short, so words of eight bytes come first and the
/// search that has to warm up comes after them.
#[inline]
fn end_of_string(rest: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, _) = rest.as_chunks::<8>();
    for (number, word) in words.iter().take(8).enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if hits != 0 {
            return Some(number * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let from = words.len().min(8) * 8;
    memchr2(b'"', b'\\', rest.get(from..)?).map(|at| from + at)
}

/// Resolves JSON escapes; none when one is wrong or a surrogate stands alone.
pub(crate) fn unescape(text: &str) -> Option<String> {
    unescape_into(text, String::new())
}

fn unescape_into(text: &str, mut out: String) -> Option<String> {
    out.clear();
    out.reserve(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, tail) = rest.split_at_checked(at)?;
        out.push_str(before);
        let mut symbols = tail.get(1..)?.chars();
        match symbols.next()? {
            '"' => out.push('"'),
            '\\' => out.push('\\'),
            '/' => out.push('/'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let unit = hex(symbols.as_str())?;
                symbols = symbols.as_str().get(4..)?.chars();
                let symbol = if (0xd800..0xdc00).contains(&unit) {
                    let low = symbols.as_str().strip_prefix("\\u").and_then(hex)?;
                    symbols = symbols.as_str().get(6..)?.chars();
                    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    0x10000 + ((unit - 0xd800) << 10) + low
                } else {
                    unit
                };
                out.push(char::from_u32(symbol)?);
            }
            _ => return None,
        }
        rest = symbols.as_str();
    }
    out.push_str(rest);
    Some(out)
}

fn hex(text: &str) -> Option<u32> {
    let digits =
        text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}
