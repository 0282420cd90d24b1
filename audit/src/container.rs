//! Lines as container runtimes, kubectl and journals hand them on: with something in front of the
//! event, long ones in parts, and between them what the API server says of itself.
//!
//! It refuses to join parts: it tells what a line is, and up to where no run of parts is open.

use memchr::{memchr, memchr2, memchr3, memmem, memrchr};

use crate::scan::unescape;
use crate::time;

/// How every event begins that the API server writes.
const EVENT: &[u8] = br#"{"kind":"Event","#;

/// How Docker's `json-file` driver begins a line, and what stands behind the text.
const DOCKER: &[u8] = br#"{"log":""#;
const DOCKER_STREAM: &[u8] = br#"","stream":"std"#;

/// Docker cuts what is longer; a shorter text without a line end was handed on by somebody else.
const DOCKER_PART: usize = 16_384;

/// What stands in front of an event is no longer than this.
const PREFIX: usize = 512;

/// So many lines are looked at to learn whether a runtime wrote them.
const FIRST_LINES: usize = 8;

/// A line without what stands in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrapped<'a> {
    pub(crate) text: &'a [u8],
    /// When the runtime read the line.
    pub(crate) time: Option<i64>,
    /// What the runtime said about it.
    pub(crate) part: Option<Part>,
}

/// How a container runtime marks a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The line came from the standard error, where no audit event is written.
    pub(crate) errors: bool,
    /// The line ends here; otherwise the next one of its stream goes on with it.
    pub(crate) ends: bool,
}

impl Wrapped<'_> {
    /// Whether the line is one that the API server or the runtime wrote about something else.
    pub(crate) fn is_foreign(&self) -> bool {
        self.part.is_some_and(|part| part.errors) || is_server_line(self.text)
    }
}

/// Takes off what kubectl (`--prefix`, `--timestamps`), a runtime (CRI) or a journal put in front of
/// a line.
pub(crate) fn unwrap(line: &[u8]) -> Wrapped<'_> {
    let mut wrapped = Wrapped { text: line, time: None, part: None };
    if let Some(rest) = pod_prefix(line) {
        wrapped.text = rest;
    }
    if let Some((time, rest)) = stamp(wrapped.text) {
        (wrapped.time, wrapped.text) = (Some(time), rest);
        if let Some((part, rest)) = marks(rest) {
            (wrapped.part, wrapped.text) = (Some(part), rest);
        }
    }
    if wrapped.text.first() == Some(&b'{') || is_server_line(wrapped.text) {
        return wrapped;
    }
    wrapped.text = journal_prefix(wrapped.text).unwrap_or(wrapped.text);
    let text = wrapped.text;
    if text.first() != Some(&b'{') && !is_server_line(text) {
        // Other tools name the container in their own way; the headers of archives are no names.
        let front = text.get(..text.len().min(PREFIX + EVENT.len())).unwrap_or_default();
        if let Some(found) = memmem::find(front, EVENT)
            && memchr3(b'"', b'{', 0, front.get(..found).unwrap_or_default()).is_none()
        {
            wrapped.text = text.get(found..).unwrap_or_default();
        }
    }
    wrapped
}

/// The rest behind `[pod/NAME/CONTAINER] `.
fn pod_prefix(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[pod/")?;
    let end = memchr(b']', rest.get(..rest.len().min(PREFIX))?)?;
    rest.get(end + 1..)?.strip_prefix(b" ")
}

/// The rest behind a journal's or syslog's `host unit[812]: `.
fn journal_prefix(line: &[u8]) -> Option<&[u8]> {
    let end = memmem::find(line.get(..line.len().min(PREFIX))?, b"]: ")?;
    let front = line.get(..end)?;
    let number = front.get(memrchr(b'[', front)? + 1..)?;
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    (is_number && memchr2(b'"', b'{', front).is_none()).then(|| line.get(end + 3..))?
}

/// A time as Go's RFC 3339 with nano-seconds prints it, and what stands behind it.
fn stamp(line: &[u8]) -> Option<(i64, &[u8])> {
    if !line.first()?.is_ascii_digit() || line.get(10) != Some(&b'T') {
        return None;
    }
    let end = memchr(b' ', line.get(..line.len().min(40))?)?;
    let time = time::parse(std::str::from_utf8(line.get(..end)?).ok()?)?;
    Some((time, line.get(end + 1..)?))
}

/// The stream and the tags of a CRI line, of which the first says whether it ends here.
fn marks(text: &[u8]) -> Option<(Part, &[u8])> {
    let (errors, rest) = match text.split_at_checked(7)? {
        (b"stdout ", rest) => (false, rest),
        (b"stderr ", rest) => (true, rest),
        _ => return None,
    };
    let ends = match rest.first()? {
        b'F' => true,
        b'P' => false,
        _ => return None,
    };
    match rest.get(1) {
        None => Some((Part { errors, ends }, b"")),
        Some(b' ') => Some((Part { errors, ends }, rest.get(2..)?)),
        // Further tags follow.
        Some(b':') => {
            let end = memchr(b' ', rest.get(..rest.len().min(64))?)?;
            Some((Part { errors, ends }, rest.get(end + 1..)?))
        }
        Some(_) => None,
    }
}

/// Whether a text is one that the API server or Go writes among the events: a line of klog, what
/// goes on behind it, or a stack.
fn is_server_line(text: &[u8]) -> bool {
    if let Some([b'I' | b'W' | b'E' | b'F', date @ .., b' ']) = text.first_chunk::<6>() {
        return date.iter().all(u8::is_ascii_digit);
    }
    // Go's own logger.
    if let Some([y @ .., b'/', m0, m1, b'/', d0, d1, b' ']) = text.first_chunk::<11>() {
        return y.iter().chain([m0, m1, d0, d1]).all(u8::is_ascii_digit);
    }
    let starts = [&b"Trace["[..], b"Flag --", b"goroutine ", b"created by ", b"panic: ", b"\t/"];
    if starts.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    // A function of a stack with its arguments.
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.trim_ascii_end().ends_with(b")")
        && memchr(b'"', text).is_none()
        && memmem::find(text, b"(").is_some()
}

/// A line that a runtime wrote, which may be a part of a longer one.
pub(crate) struct Chunk<'a> {
    pub(crate) part: Part,
    pub(crate) time: Option<i64>,
    text: &'a [u8],
    /// The text is that of a JSON string.
    escaped: bool,
}

impl Chunk<'_> {
    /// Whether an event begins here, so that a run before it has lost its end.
    pub(crate) fn begins_event(&self) -> bool {
        if self.escaped {
            return self.text.starts_with(br#"{\"kind\":\"Event\","#);
        }
        self.text.starts_with(EVENT)
    }

    /// Appends the text.
    pub(crate) fn append_to(&self, run: &mut Vec<u8>) {
        if !self.escaped {
            return run.extend_from_slice(self.text);
        }
        let text = unescape(&String::from_utf8_lossy(self.text));
        run.extend_from_slice(text.as_deref().unwrap_or_default().as_bytes());
    }
}

/// The line of a runtime that marks parts: CRI, or Docker's `json-file`.
pub(crate) fn chunk(line: &[u8]) -> Option<Chunk<'_>> {
    if let Some(rest) = line.strip_prefix(DOCKER) {
        let tail = rest.len().saturating_sub(PREFIX);
        let end = tail + memmem::rfind(rest.get(tail..)?, DOCKER_STREAM)?;
        let errors = rest.get(end + DOCKER_STREAM.len()..)?.starts_with(b"err");
        let text = rest.get(..end)?;
        let ends = text.ends_with(br"\n") || text.len() < DOCKER_PART;
        return Some(Chunk { part: Part { errors, ends }, time: None, text, escaped: true });
    }
    if line.first() == Some(&b'{') {
        return None;
    }
    let Wrapped { text, time, part } = unwrap(line);
    Some(Chunk { part: part?, time, text, escaped: false })
}

/// Whether a runtime wrote the lines, so that events may stand in parts.
pub(crate) fn in_parts(head: &[u8]) -> bool {
    first_lines(head).take(FIRST_LINES).any(|line| chunk(line).is_some())
}

/// Whether events stand among lines that have something in front.
pub(crate) fn has_events(head: &[u8]) -> bool {
    // Most logs say nothing of the kind.
    memmem::find(head, b"audit.k8s.io/").is_some()
        && first_lines(head).any(|line| {
            let text = unwrap(line).text;
            text.first() == Some(&b'{')
                && memmem::find(text, b"\"audit.k8s.io/").is_some()
                && (memmem::find(text, b"\"auditID\"").is_some()
                    || memmem::find(text, b"\"requestURI\"").is_some())
        })
}

fn first_lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let head = head.get(..head.len().min(1 << 16)).unwrap_or(head);
    head.split(|byte| *byte == b'\n')
}

/// Finds where blocks of lines may be cut: where no run of parts is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartCutter {
    open: [bool; 2],
    /// Up to where the bytes were looked at, in those that the next call gets.
    looked: usize,
}

impl PartCutter {
    /// From where on bytes must be given again, in front of the next ones.
    pub(crate) fn cut(&mut self, bytes: &[u8]) -> usize {
        let (mut at, mut end) = (self.looked, 0);
        while let Some(rest) = bytes.get(at..)
            && let Some(length) = memchr(b'\n', rest)
        {
            if let Some(chunk) = rest.get(..length).and_then(chunk)
                && let Some(open) = self.open.get_mut(usize::from(chunk.part.errors))
            {
                *open = !chunk.part.ends;
            }
            at += length + 1;
            if self.open == [false; 2] {
                end = at;
            }
        }
        self.looked = at - end;
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_front_is_taken_off() {
        for (line, text) in [
            ("2024-05-01T10:00:00.123456789Z stdout F {\"a\":1}", "{\"a\":1}"),
            ("2024-05-01T10:00:00.1+02:00 stderr F I0501 x", "I0501 x"),
            ("2024-05-01T10:00:00Z stdout P:x {\"a\": ", "{\"a\": "),
            ("2024-05-01T10:00:00Z stdout F", ""),
            ("2024-05-01T10:00:00.123456789Z {\"a\":1}", "{\"a\":1}"),
            ("[pod/kube-apiserver-x/kube-apiserver] {\"a\":1}", "{\"a\":1}"),
            ("[pod/a/b] 2024-05-01T10:00:00.123456789Z {\"a\":1}", "{\"a\":1}"),
            (
                "May 01 10:00:00 node k3s[812]: {\"kind\":\"Event\",\"a\":1}",
                "{\"kind\":\"Event\",\"a\":1}",
            ),
            ("May 01 10:00:00 node k3s[812]: I0501 x", "I0501 x"),
            ("kube-apiserver-x | {\"kind\":\"Event\",\"a\":1}", "{\"kind\":\"Event\",\"a\":1}"),
            // A sentence about an event is none.
            (
                "I0501 10:00:00.000000 1 x.go:1] sent {\"kind\":\"Event\",\"a\":1}",
                "I0501 10:00:00.000000 1 x.go:1] sent {\"kind\":\"Event\",\"a\":1}",
            ),
            ("a \"quoted\" {\"kind\":\"Event\",", "a \"quoted\" {\"kind\":\"Event\","),
            (
                "audit.log\0\0ustar\0{\"kind\":\"Event\",",
                "audit.log\0\0ustar\0{\"kind\":\"Event\",",
            ),
        ] {
            assert_eq!(unwrap(line.as_bytes()).text, text.as_bytes(), "{line}");
        }
    }

    #[test]
    fn lines_of_the_server_are_told_from_pieces_of_events() {
        for (line, foreign) in [
            ("I0109 21:24:54.475483       1 clusterstate.go:1] x", true),
            ("Trace[1460282334]: ---\"Listing from storage done\" 612ms (21:24:54.475)", true),
            ("2024/05/01 10:00:00 httputil: ReverseProxy read error", true),
            ("Flag --insecure-port has been deprecated", true),
            ("net/http.(*conn).serve(0xc0004d8f60, {0x7f2e, 0xc000})", true),
            ("\t/usr/local/go/src/net/http/server.go:2109 +0x5f5", true),
            ("e\":1}}", false),
            ("not json", false),
            ("I am (not) klog", false),
            ("\"text\":\"f(x)", false),
        ] {
            assert_eq!(unwrap(line.as_bytes()).is_foreign(), foreign, "{line}");
        }
        assert!(unwrap(b"2024-05-01T10:00:00Z stderr F anything").is_foreign());
    }

    #[test]
    fn blocks_are_cut_where_no_run_is_open() {
        let line = |rest: &str| format!("2024-05-01T10:00:00Z {rest}\n");
        let text = [
            line("stdout F a"),
            line("stdout P b"),
            line("stderr F c"),
            line("stdout F d"),
            line("stderr P e"),
            line("stdout F f"),
            line("stderr F g"),
        ];
        let whole = text.concat();
        let ends = |count: usize| text.iter().take(count).map(String::len).sum::<usize>();
        for (lines, end) in [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4), (6, 4), (7, 7)] {
            assert_eq!(PartCutter::default().cut(&whole.as_bytes()[..ends(lines)]), ends(end));
        }
        // In steps of any size the last cut is the whole.
        for size in 1..whole.len() {
            let (mut cutter, mut kept, mut given) = (PartCutter::default(), Vec::new(), 0);
            for step in whole.as_bytes().chunks(size) {
                kept.extend_from_slice(step);
                let end = cutter.cut(&kept);
                kept.drain(..end);
                given += end;
            }
            assert_eq!((given, kept.len()), (whole.len(), 0), "{size}");
        }
    }
}
