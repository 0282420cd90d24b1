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
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Where the current value starts, in the bytes that the next call gets.
    start: Option<usize>,
    /// Up to where the bytes were looked at.
    looked: usize,
}

impl ValueCutter {
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
                b'"' if self.depth > 0 => self.in_string = true,
                b'[' if self.depth == 0 && !self.inside_array => self.inside_array = true,
                b']' if self.depth == 0 => self.inside_array = false,
                b'{' | b'[' => {
                    if self.depth == 0 {
                        self.start = Some(at);
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
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
    fn blocks_of_any_size_give_the_same_values() {
        let text = "[ {\"a\":\"}]\\\"{\"},\n{\"b\":[1,{\"c\":[]}]} ]\n{\"d\":1}{\"e\":\"\\\\\"}";
        let expected =
            ["{\"a\":\"}]\\\"{\"}", "{\"b\":[1,{\"c\":[]}]}", "{\"d\":1}", "{\"e\":\"\\\\\"}"];
        for block in 1..=text.len() {
            assert_eq!(cut(text, block), expected, "{block}");
        }
    }
}
