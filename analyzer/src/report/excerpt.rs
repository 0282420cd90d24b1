//! Cuts the cited lines out of the bundle: what a reader checks a claim against.

use std::collections::BTreeMap;

use konspect_bundle::{ArtifactId, Span};

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
        let end = |span: &Span| span.end.min(span.start + LONGEST) + LONGEST;
        let ends = self.wanted.iter();
        ends.map(|(id, spans)| (*id, spans.iter().map(end).max().unwrap_or(0))).collect()
    }

    /// Takes an artefact's bytes and cuts what is wanted of it.
    pub fn cut_from(&mut self, artifact: ArtifactId, bytes: &[u8]) {
        let Some(mut spans) = self.wanted.remove(&artifact) else { return };
        spans.sort_unstable();
        spans.dedup();
        let one_line =
            memchr::memchr(b'\n', bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default())
                .is_none();
        let (mut counted, mut line) = (0, 1_u64);
        // What stands behind all that was read again is not shown, rather than something else.
        for span in spans.into_iter().filter(|span| span.start <= bytes.len() as u64) {
            let start = clamp(span.start, bytes.len());
            line += memchr::memchr_iter(b'\n', bytes.get(counted..start).unwrap_or_default())
                .count() as u64;
            counted = start;
            self.by_span.insert(span, cut(bytes, span, (!one_line).then_some(line)));
        }
    }

    pub fn of(&self, span: Span) -> Excerpt {
        self.by_span.get(&span).cloned().unwrap_or_default()
    }
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
        excerpts.cut_from(id, text.as_bytes());
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
