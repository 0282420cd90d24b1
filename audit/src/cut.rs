//! Cuts JSON values out of bytes that may come in blocks: the items of arrays, or values that
//! follow one another.

use std::ops::Range;

/// A value larger than this is not waited for.
pub(crate) const LARGEST: usize = 256 << 20;

/// The state of cutting, between blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValueCutter {
    /// Whether the outermost array was entered.
    inside_array: bool,
    /// The array stands in an object, of which nothing else is wanted.
    within: bool,
    /// What is read is the rest of that object.
    closing: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Where the current value starts, in the bytes that the next call gets.
    start: Option<usize>,
    /// Up to where the bytes were looked at.
    looked: usize,
}

impl ValueCutter {
    /// Begins behind what stands in front of a list.
    pub(crate) fn from(start: usize) -> Self {
        Self { looked: start, within: start > 0, ..Self::default() }
    }

    /// Begins behind what is no value.
    pub(crate) fn behind(start: usize) -> Self {
        Self { looked: start, ..Self::default() }
    }

    /// Appends the ranges of values that end within `bytes`; returns from where on bytes must be
    /// given again, in front of the next ones.
    pub(crate) fn cut(&mut self, bytes: &[u8], values: &mut Vec<Range<usize>>) -> usize {
        let mut at = self.looked;
        while let Some(byte) = bytes.get(at) {
            if self.in_string {
                at = self.string(bytes, at);
                continue;
            }
            match byte {
                b'"' if self.depth > 0 || self.closing => self.in_string = true,
                b'[' if self.depth == 0 && !self.inside_array && !self.closing => {
                    self.inside_array = true;
                }
                b']' if self.depth == 0 => {
                    self.inside_array = false;
                    self.closing = std::mem::take(&mut self.within);
                }
                b'{' | b'[' => {
                    if self.depth == 0 && !self.closing {
                        self.start = Some(at);
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.closing &= self.depth > 0;
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0
                        && let Some(start) = self.start.take()
                    {
                        values.push(start..at + 1);
                    }
                }
                _ if self.depth == 0 => {}
                _ => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let plain = rest
                        .iter()
                        .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'));
                    at += plain.unwrap_or(rest.len());
                    continue;
                }
            }
            at += 1;
        }
        let keep = self.start.unwrap_or(at).min(bytes.len());
        self.start = self.start.map(|_| 0);
        self.looked = at - keep;
        keep
    }

    fn string(&mut self, bytes: &[u8], at: usize) -> usize {
        if std::mem::take(&mut self.escaped) {
            return at + 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
            return bytes.len();
        };
        if rest.get(found) == Some(&b'"') {
            self.in_string = false;
        } else {
            self.escaped = true;
        }
        at + found + 1
    }

    /// Whether a value has begun and not ended.
    pub(crate) fn inside(&self) -> bool {
        self.start.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, block: usize) -> Vec<String> {
        let (mut cutter, mut kept, mut values) = (ValueCutter::default(), Vec::new(), Vec::new());
        for chunk in text.as_bytes().chunks(block) {
            kept.extend_from_slice(chunk);
            let mut ranges = Vec::new();
            let keep = cutter.cut(&kept, &mut ranges);
            values.extend(
                ranges.into_iter().map(|range| String::from_utf8(kept[range].to_vec()).unwrap()),
            );
            kept.drain(..keep);
        }
        assert!(!cutter.inside());
        values
    }

    #[test]
    fn a_list_within_an_object_gives_its_items_alone() {
        let text = "{\"a\":\"[\",\"items\":[{\"b\":1},\n{\"c\":[2]}],\"metadata\":{\"d\":[\"}\"]},\"e\":\"}\"}\n{\"f\":{}}";
        for block in 1..=text.len() {
            let mut cutter = ValueCutter::from(text.find("[{").unwrap());
            let (mut kept, mut given, mut values) = (Vec::new(), 0, Vec::new());
            while given < text.len() {
                // The first bytes hold the list's beginning.
                let end = (given + block).max(20).min(text.len());
                kept.extend_from_slice(&text.as_bytes()[given..end]);
                given = end;
                let mut ranges = Vec::new();
                let keep = cutter.cut(&kept, &mut ranges);
                let text = |range: Range<usize>| String::from_utf8_lossy(&kept[range]).into_owned();
                values.extend(ranges.into_iter().map(text));
                kept.drain(..keep);
            }
            assert_eq!(values, ["{\"b\":1}", "{\"c\":[2]}", "{\"f\":{}}"], "{block}");
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same_values() {
        let text = "[ {\"a\":\"}]\\\"{\"},\n{\"b\":[1,{\"c\":[]}]} ]\n{\"d\":1}{\"e\":\"\\\\\"}";
        let expected =
            ["{\"a\":\"}]\\\"{\"}", "{\"b\":[1,{\"c\":[]}]}", "{\"d\":1}", "{\"e\":\"\\\\\"}"];
        for block in 1..=text.len() {
            assert_eq!(cut(text, block), expected, "{block}");
        }
    }
}
