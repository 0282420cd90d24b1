//! The forward scanner: reads one audit event in one pass over its bytes, without a tree.
//!
//! It accepts what it understands and gives everything odd to `exact`, so it may be lenient about
//! what it skips but never about what it reports.

use std::borrow::Cow;

use memchr::memchr2;

use crate::event::{Component, Event, Stage, Verb};
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
    let mut cursor = Cursor { bytes: line, at: 0 };
    let mut seen = 0_u32;
    cursor.object(|cursor, key| top_level(cursor, key, event, &mut seen))?;
    cursor.space();
    if cursor.at == line.len() { Ok(()) } else { Err(Odd::Strange) }
}

fn top_level<'a>(
    cursor: &mut Cursor<'a>,
    key: &[u8],
    event: &mut Event<'a>,
    seen: &mut u32,
) -> Result<(), Odd> {
    let field = match key {
        b"auditID" => 0,
        b"stage" => 1,
        b"requestURI" => 2,
        b"verb" => 3,
        b"user" => 4,
        b"sourceIPs" => 5,
        b"userAgent" => 6,
        b"objectRef" => 7,
        b"responseStatus" => 8,
        b"requestReceivedTimestamp" => 9,
        b"stageTimestamp" => 10,
        b"annotations" => 11,
        b"impersonatedUser" => 12,
        b"timestamp" => 13,
        b"kind" => 14,
        _ if key.contains(&b'\\') => return Err(Odd::Strange),
        _ => return cursor.skip(),
    };
    if *seen & (1 << field) != 0 {
        return Err(Odd::Strange);
    }
    *seen |= 1 << field;
    if cursor.null() {
        return Ok(());
    }
    match field {
        0 => event.audit_id = cursor.text()?,
        1 => event.stage = Stage::parse(&cursor.text()?),
        2 => event.uri = cursor.text()?,
        3 => event.verb = Verb::parse(&cursor.text()?),
        4 => user(cursor, &mut event.user)?,
        5 => source_ips(cursor, event)?,
        6 => event.agent = cursor.text()?,
        7 => object_ref(cursor, event)?,
        8 => response_status(cursor, event)?,
        9 => event.received = time::parse(&cursor.text()?),
        10 => event.staged = time::parse(&cursor.text()?),
        11 => annotations(cursor, event)?,
        12 => user(cursor, &mut event.impersonated)?,
        13 => {
            let old = time::parse(&cursor.text()?);
            event.staged = event.staged.or(old);
        }
        _ => {
            if cursor.text()? != "Event" {
                return Err(Odd::Strange);
            }
        }
    }
    Ok(())
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

fn object_ref<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.object(|cursor, key| {
        let field = match key {
            b"resource" => &mut event.resource,
            b"namespace" => &mut event.namespace,
            b"name" => &mut event.name,
            b"apiGroup" => &mut event.group,
            b"apiVersion" => &mut event.version,
            b"subresource" => &mut event.subresource,
            _ => return cursor.skip(),
        };
        if !cursor.null() {
            *field = cursor.text()?;
        }
        Ok(())
    })
}

fn response_status<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.object(|cursor, key| {
        match key {
            b"code" if !cursor.null() => event.code = cursor.number()?,
            b"message" if !cursor.null() => event.message = cursor.text()?,
            b"reason" if !cursor.null() => event.reason = cursor.text()?,
            _ => return cursor.skip(),
        }
        Ok(())
    })
}

fn annotations<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.object(|cursor, key| {
        if !annotation_wanted(key) {
            return cursor.skip();
        }
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
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Result<u8, Odd> {
        self.bytes.get(self.at).copied().ok_or(Odd::Cut)
    }

    fn next(&mut self) -> Result<u8, Odd> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
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
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Odd::Cut)?;
            let found = end_of_string(rest).ok_or(Odd::Cut)?;
            let at = self.at + found;
            if rest.get(found) == Some(&b'"') {
                self.at = at + 1;
                return Ok((self.bytes.get(start..at).unwrap_or_default(), escaped));
            }
            escaped = true;
            self.at = at + 2;
        }
    }

    /// A string value, unescaped when it must be.
    fn text(&mut self) -> Result<Cow<'a, str>, Odd> {
        let (raw, escaped) = self.raw_string()?;
        let text = std::str::from_utf8(raw).map_err(|_| Odd::Strange)?;
        if escaped {
            unescape(text).map(Cow::Owned).ok_or(Odd::Strange)
        } else {
            Ok(Cow::Borrowed(text))
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
            b'"' => self.raw_string().map(drop),
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
    for (number, word) in words.iter().take(5).enumerate() {
        let word = u64::from_le_bytes(*word);
        let hits = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if hits != 0 {
            return Some(number * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let from = words.len().min(5) * 8;
    memchr2(b'"', b'\\', rest.get(from..)?).map(|at| from + at)
}

/// Resolves JSON escapes; none when one is wrong or a surrogate stands alone.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
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
