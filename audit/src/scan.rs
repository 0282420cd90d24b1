//! The forward scanner: reads one audit event in one pass over its bytes, without a tree.
//!
//! It accepts what it understands and gives everything odd to `exact`, so it may be lenient about
//! what it skips but never about what it reports.

mod cursor;
mod escape;
mod parts;

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::{Finder, FinderRev};

use crate::event::{Event, Stage, Verb};
use crate::time::{self, Clock};

pub(crate) use cursor::Cursor;
use cursor::{Key, Named};
pub(crate) use escape::unescape;
pub(crate) use parts::annotate;
use parts::{annotations, object_ref, response_status, source_ips, user};

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
    scan_known(line, event, &mut Memory::default())
}

/// What is kept from line to line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// For a text that must be unescaped, given back after each line.
    pub(crate) spare: String,
    clock: Clock,
}

/// Reads one event, with the help of what was seen in the lines before.
pub(crate) fn scan_known<'a>(
    line: &'a [u8],
    event: &mut Event<'a>,
    memory: &mut Memory,
) -> Result<(), Odd> {
    let mut scanner = Scanner { cursor: Cursor::of_line(line), seen: 0, jumped: false };
    let read = scanner.line(event, memory, true);
    if scanner.jumped && read.is_err() {
        *event = Event::default();
        scanner = Scanner { cursor: Cursor::of_line(line), seen: 0, jumped: false };
        return scanner.line(event, memory, false);
    }
    read
}

/// How the API server begins every line; the level follows.
const HEAD: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":""#;

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
        memory: &mut Memory,
        may_jump: bool,
    ) -> Result<(), Odd> {
        let mut next = 0;
        if self.cursor.bytes.starts_with(HEAD) {
            self.cursor.at = HEAD.len() - 1;
            self.cursor.skip()?;
            self.seen = Field::Kind.bit();
            next = 1;
            self.usual(event, memory, &mut next, may_jump)?;
        } else if self.cursor.opens_object()? {
            self.member(event, memory, &mut next, may_jump)?;
        } else {
            return self.end();
        }
        while self.cursor.another_member()? {
            self.member(event, memory, &mut next, may_jump)?;
            if self.seen & AFTER_OBJECTS == 0 {
                self.times(event, memory, &mut next);
            }
        }
        self.end()
    }

    /// Reads the members of a line as the API server writes it, up to the first one that is not as
    /// it mostly is: from there on they are read by their keys.
    #[inline]
    fn usual(
        &mut self,
        event: &mut Event<'a>,
        memory: &mut Memory,
        next: &mut usize,
        may_jump: bool,
    ) -> Result<(), Odd> {
        let Some(id) = self.cursor.plain(b",\"auditID\":\"") else { return Ok(()) };
        event.audit_id = Cow::Borrowed(id);
        self.saw(Field::AuditId, next);
        let Some(stage) = self.cursor.plain(b",\"stage\":\"") else { return Ok(()) };
        event.stage = Stage::parse(stage);
        self.saw(Field::Stage, next);
        let before = self.cursor.at;
        if self.cursor.takes(b",\"requestURI\":") {
            let Ok(uri) = self.cursor.text_into(&mut memory.spare) else {
                self.cursor.at = before;
                return Ok(());
            };
            event.uri = uri;
            self.saw(Field::Uri, next);
        }
        let Some(verb) = self.cursor.plain(b",\"verb\":\"") else { return Ok(()) };
        event.verb = Verb::parse(verb);
        self.saw(Field::Verb, next);
        let before = self.cursor.at;
        if !may_jump || self.client(event).is_none() {
            self.cursor.at = before;
            return Ok(());
        }
        self.saw(Field::User, next);
        self.saw(Field::Addresses, next);
        self.saw(Field::Agent, next);
        if self.cursor.takes(b",\"objectRef\":{") {
            self.cursor.at -= 1;
            self.saw(Field::Object, next);
            object_ref(&mut self.cursor, event)?;
        }
        if self.cursor.takes(b",\"responseStatus\":{") {
            self.cursor.at -= 1;
            self.saw(Field::Status, next);
            response_status(&mut self.cursor, event)?;
        }
        self.times(event, memory, next);
        Ok(())
    }

    /// Reads both times, if they stand here as the API server writes them.
    #[inline]
    fn times(&mut self, event: &mut Event<'a>, memory: &mut Memory, next: &mut usize) {
        let before = self.cursor.at;
        let mut time = |cursor: &mut Cursor<'a>| {
            let time = memory.clock.read(cursor.bytes.get(cursor.at..)?.first_chunk()?)?;
            cursor.at += 27;
            cursor.takes(b"\"").then_some(time)
        };
        let cursor = &mut self.cursor;
        if cursor.takes(b",\"requestReceivedTimestamp\":\"")
            && let Some(received) = time(cursor)
            && cursor.takes(b",\"stageTimestamp\":\"")
            && let Some(staged) = time(cursor)
        {
            event.received = Some(received);
            event.staged = Some(staged);
            self.saw(Field::Received, next);
            self.saw(Field::Staged, next);
        } else {
            cursor.at = before;
        }
    }

    /// Notes that a field was read; the one after it is expected.
    #[inline]
    fn saw(&mut self, field: Field, next: &mut usize) {
        self.seen |= field.bit();
        *next = field as usize + 1;
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
        memory: &mut Memory,
        next: &mut usize,
        may_jump: bool,
    ) -> Result<(), Odd> {
        match self.cursor.key(&KEYS, next)? {
            Named::Known(field) => self.field(field, event, memory),
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
        memory: &mut Memory,
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
            Field::Uri => event.uri = cursor.text_into(&mut memory.spare)?,
            Field::Verb => event.verb = Verb::parse(&cursor.text()?),
            Field::User => user(cursor, &mut event.user)?,
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

    /// Reads the user's name and, behind all else that is said of the user, addresses and user agent;
    /// if they do not stand as the API server writes them, nothing was stepped over.
    ///
    /// Up to the first closing brace the user is not closed, so nothing of the event is passed over;
    /// and a quote after a comma begins a key. Whether it is a key of the event and not of something
    /// nested shows at the end, as for a jump.
    fn client(&mut self, event: &mut Event<'a>) -> Option<()> {
        let cursor = &mut self.cursor;
        let user = cursor.plain(b",\"user\":{\"username\":\"")?;
        cursor.at += memchr(b'}', cursor.bytes.get(cursor.at..)?)? + 1;
        cursor.takes(b"}");
        let mut address = cursor.plain(b",\"sourceIPs\":[\"")?;
        while let Some(nearer) = cursor.plain(b",\"") {
            address = nearer;
        }
        if !cursor.takes(b"]") {
            return None;
        }
        let agent = cursor.plain(b",\"userAgent\":\"")?;
        event.user = Cow::Borrowed(user);
        event.source_ip = Cow::Borrowed(address);
        event.agent = Cow::Borrowed(agent);
        self.jumped = true;
        Some(())
    }
}
