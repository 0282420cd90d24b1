//! Cuts the cited lines out of the bundle: what a reader checks a claim against.

use std::collections::BTreeMap;

use konspect_bundle::{ArtifactId, Piece, Span};

use super::ExcerptLine;

/// Lines shown of one citation.
const LINES: usize = 8;
/// Characters shown of one citation.
const CHARACTERS: usize = 2_000;
/// So much of a span, and as much behind it, is enough to cut its excerpt.
const LONGEST: u64 = 256 << 10;
/// Characters shown on either side of a span inside a very long line.
const AROUND: usize = 160;

/// A citation, cut out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Excerpt {
    /// 1-based; absent when the artefact is one line.
    pub line: Option<u64>,
    pub lines: Vec<ExcerptLine>,
    /// The lines above and below, where they exist and there is room.
    above: Option<ExcerptLine>,
    below: Option<ExcerptLine>,
}

impl Excerpt {
    pub fn text(&self) -> String {
        let lines: Vec<String> = self
            .lines
            .iter()
            .map(|line| format!("{}{}{}", line.before, line.marked, line.after))
            .collect();
        lines.join("\n")
    }

    /// The cited lines between their neighbours, as a page shows them.
    pub fn with_neighbours(self) -> Vec<ExcerptLine> {
        self.above.into_iter().chain(self.lines).chain(self.below).collect()
    }
}

/// All excerpts of a report, by span.
#[derive(Clone, Debug, Default)]
pub struct Excerpts {
    by_span: BTreeMap<Span, Excerpt>,
    wanted: BTreeMap<ArtifactId, Vec<Span>>,
    window: Window,
}

/// Where in an artefact the reading is, and what of it is held: the lines around the next span.
#[derive(Clone, Debug, Default)]
struct Window {
    held: Vec<u8>,
    /// Where it begins in the artefact.
    at: u64,
    /// Lines are counted up to here, from there.
    counted: usize,
    /// Line ends before that place.
    lines: u64,
    /// The artefact has more than one line.
    many: bool,
}

impl Window {
    /// Counts lines up to a place.
    fn count(&mut self, bytes: &[u8], place: usize) {
        let passed = bytes.get(self.counted..place).unwrap_or_default();
        self.lines += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.counted = self.counted.max(place);
    }

    fn cut(&mut self, bytes: &[u8], span: Span) -> Excerpt {
        let (start, end) = (span.start.saturating_sub(self.at), span.end.saturating_sub(self.at));
        self.count(bytes, clamp(start, bytes.len()));
        cut(bytes, Span { start, end, ..span }, self.many.then_some(self.lines + 1))
    }

    /// Lets go of what stands before a place of the artefact, but for the line that it is in and
    /// the line above; from where on the bytes are held.
    fn forget(&mut self, bytes: &[u8], before: u64) -> usize {
        let place = clamp(before.saturating_sub(self.at), bytes.len());
        let line_end =
            |place: usize| memchr::memrchr(b'\n', bytes.get(..place).unwrap_or_default());
        let above = line_end(place).and_then(line_end);
        let from = above.map_or(0, |end| end + 1);
        self.count(bytes, from);
        self.at += from as u64;
        self.counted -= from;
        from
    }
}

impl Excerpts {
    /// Notes the spans that will be cited.
    pub fn want(&mut self, spans: impl IntoIterator<Item = Span>) {
        for span in spans {
            self.wanted.entry(span.artifact).or_default().push(span);
        }
    }

    /// The artefacts that must be read again, each up to where nothing more is cited.
    pub fn ends(&self) -> BTreeMap<ArtifactId, u64> {
        let ends = self.wanted.iter();
        ends.map(|(id, spans)| (*id, spans.iter().map(last_of).max().unwrap_or(0))).collect()
    }

    /// Takes the next piece of an artefact and cuts what is wanted of it.
    pub fn take(&mut self, artifact: ArtifactId, piece: Piece<'_>) {
        let Some(spans) = self.wanted.get_mut(&artifact) else { return };
        let window = &mut self.window;
        if piece.offset == 0 {
            *window = Window::default();
            spans.sort_unstable_by(|a, b| b.cmp(a));
            spans.dedup();
        }
        let mut held = std::mem::take(&mut window.held);
        if piece.offset != window.at + held.len() as u64 {
            // A line was too long to be kept.
            window.count(&held, held.len());
            held.clear();
            (window.at, window.counted, window.lines) = (piece.offset, 0, window.lines + 1);
        }
        let alone = held.is_empty();
        if !alone {
            held.extend_from_slice(piece.bytes);
        }
        let bytes = if alone { piece.bytes } else { &held };
        let end = window.at + bytes.len() as u64;
        let fresh = bytes.get(window.counted..bytes.len().saturating_sub(1)).unwrap_or_default();
        window.many |= window.lines > 0 || memchr::memchr(b'\n', fresh).is_some();
        // What stands behind all that was read again is not shown, rather than something else.
        let is_there =
            |span: &Span| if piece.last { span.start <= end } else { last_of(span) <= end };
        while let Some(span) = spans.pop_if(|span| is_there(span)) {
            self.by_span.insert(span, window.cut(bytes, span));
        }
        if piece.last {
            return;
        }
        let next = spans.last().map_or(u64::MAX, |next| next.start);
        let from = window.forget(bytes, next.saturating_sub(LONGEST));
        if alone {
            held.extend_from_slice(piece.bytes.get(from..).unwrap_or_default());
        } else {
            held.drain(..from);
        }
        window.held = held;
    }

    pub fn of(&self, span: Span) -> Excerpt {
        self.by_span.get(&span).cloned().unwrap_or_default()
    }
}

/// Where what a span's excerpt may show ends.
fn last_of(span: &Span) -> u64 {
    span.end.min(span.start.saturating_add(LONGEST)).saturating_add(LONGEST)
}

fn clamp(place: u64, length: usize) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX).min(length)
}

fn cut(bytes: &[u8], span: Span, line: Option<u64>) -> Excerpt {
    let (start, end) = (clamp(span.start, bytes.len()), clamp(span.end, bytes.len()));
    let head = bytes.get(..start).unwrap_or_default();
    let line_start = memchr::memrchr(b'\n', head).map_or(0, |place| place + 1);
    let mut lines = Vec::new();
    let (mut at, mut left) = (line_start, CHARACTERS);
    while lines.len() < LINES && left > 0 && at < bytes.len() && (at < end || lines.is_empty()) {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let number = line.map(|first| first + lines.len() as u64);
        let shown = mark(bytes, at, at + length, start, end, number);
        left = left.saturating_sub(shown.before.len() + shown.marked.len() + shown.after.len());
        lines.push(shown);
        at += length + 1;
    }
    // Of one long line, or of an object as long as the excerpt, the neighbours say nothing.
    let Some(first) = line.filter(|_| lines.len() + 2 <= LINES) else {
        return Excerpt { line, lines, ..Excerpt::default() };
    };
    let above = line_start.checked_sub(1).map(|above| {
        let head = bytes.get(..above).unwrap_or_default();
        let from = memchr::memrchr(b'\n', head).map_or(0, |place| place + 1);
        mark(bytes, from, above, from, from, Some(first - 1))
    });
    let below = (at < bytes.len()).then(|| {
        let rest = bytes.get(at..).unwrap_or_default();
        let to = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        mark(bytes, at, to, at, at, Some(first + lines.len() as u64))
    });
    Excerpt { line, lines, above, below }
}

/// One line with its decisive part; of a very long line only what stands around the part.
fn mark(
    bytes: &[u8],
    from: usize,
    to: usize,
    start: usize,
    end: usize,
    number: Option<u64>,
) -> ExcerptLine {
    let to = if to > from && bytes.get(to - 1) == Some(&b'\r') { to - 1 } else { to };
    let (start, end) = (start.clamp(from, to), end.clamp(from, to));
    let text = |from: usize, to: usize| {
        String::from_utf8_lossy(bytes.get(from..to).unwrap_or_default()).into_owned()
    };
    let head = if start - from > AROUND {
        format!("…{}", text(boundary(bytes, start - AROUND), start))
    } else {
        text(from, start)
    };
    let (marked, marked_end) = if end - start > CHARACTERS / 2 {
        let cut = boundary(bytes, start + CHARACTERS / 2);
        (format!("{}…", text(start, cut)), end)
    } else {
        (text(start, end), end)
    };
    let tail = if to - marked_end > AROUND {
        format!("{}…", text(marked_end, boundary(bytes, marked_end + AROUND)))
    } else {
        text(marked_end, to)
    };
    ExcerptLine { number, before: head, marked, after: tail }
}

/// The next place that does not split a UTF-8 character.
fn boundary(bytes: &[u8], mut place: usize) -> usize {
    while bytes.get(place).is_some_and(|byte| byte & 0xc0 == 0x80) {
        place += 1;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, start: u64, end: u64) -> Excerpt {
        let id = ArtifactId(0);
        let span = Span { artifact: id, start, end };
        let mut excerpts = Excerpts::default();
        excerpts.want([span]);
        excerpts.take(id, Piece { offset: 0, bytes: text.as_bytes(), last: true });
        excerpts.of(span)
    }

    #[test]
    fn a_span_is_shown_in_its_line() {
        let shown = excerpt("one\ntwo three\nfour\n", 8, 13);
        assert_eq!(shown.line, Some(2));
        assert_eq!(shown.lines.len(), 1);
        assert_eq!(
            (shown.lines[0].before.as_str(), shown.lines[0].marked.as_str()),
            ("two ", "three")
        );
    }

    #[test]
    fn pieces_show_what_the_whole_shows() {
        let id = ArtifactId(0);
        let text = format!("{}{} needle \nlast", "of many\n".repeat(90_000), "x".repeat(400_000));
        let length = text.len() as u64;
        let places = [0, 7, 300_000, 300_010, 920_000, length - 12, length - 2, length + 5];
        let spans = places.map(|start| Span { artifact: id, start, end: start + 6 });
        let cut = |size: usize| {
            let mut excerpts = Excerpts::default();
            excerpts.want(spans);
            let mut offset = 0;
            for bytes in text.as_bytes().chunks(size) {
                excerpts.take(id, Piece { offset, bytes, last: false });
                offset += bytes.len() as u64;
            }
            excerpts.take(id, Piece { offset, bytes: &[], last: true });
            spans.map(|span| excerpts.of(span))
        };
        let whole = spans.map(|span| excerpt(&text, span.start, span.end));
        assert_eq!(whole[4].line, Some(90_001));
        assert_eq!(whole[5].lines[0].marked, "needle");
        for size in [1_000, 200_000, 262_144, 2_000_000] {
            assert_eq!(cut(size), whole, "{size}");
        }
    }

    #[test]
    fn a_page_shows_the_lines_around_and_marks_none_of_them() {
        let shown = excerpt("one\ntwo three\nfour\nfive\n", 8, 13);
        assert_eq!(shown.text(), "two three");
        let lines = shown.with_neighbours();
        let numbers: Vec<_> = lines.iter().map(|line| line.number.unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let marked: Vec<_> = lines.iter().map(|line| line.marked.as_str()).collect();
        assert_eq!(marked, ["", "three", ""]);
        assert_eq!((lines[0].after.as_str(), lines[2].after.as_str()), ("one", "four"));
        // The first and the last line of a file have one neighbour.
        assert_eq!(excerpt("one\ntwo\n", 0, 3).with_neighbours().len(), 2);
        assert_eq!(excerpt("one\ntwo\n", 4, 7).with_neighbours().len(), 2);
        // An object of eight lines or more fills the excerpt.
        let long = "x\n".repeat(20);
        assert_eq!(excerpt(&long, 4, 30).with_neighbours().len(), LINES);
    }

    #[test]
    fn one_line_files_have_no_line_number_and_long_lines_are_cut() {
        let text = format!("{}needle{}", "é".repeat(500), "x".repeat(500));
        let shown = excerpt(&text, 1000, 1006);
        assert_eq!(shown.line, None);
        assert_eq!(shown.lines[0].marked, "needle");
        assert!(shown.lines[0].before.starts_with('…') && shown.lines[0].after.ends_with('…'));
        assert!(shown.text().len() < 700);
    }

    #[test]
    fn spans_outside_the_text_are_harmless() {
        // Rather nothing than another line.
        assert_eq!(excerpt("ab", 10, 20).text(), "");
        assert_eq!(excerpt("", 0, 0).text(), "");
    }
}
