//! Patterns, tests and programs over the bytes of a packet: `--hex-string`, `--u32`, `--bytecode`.

use crate::model::{BpfInstruction, U32Operation, U32Test};
use crate::names;

/// `GET |2f 0d|x`: hex between bars.
pub(super) fn hex_string(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for (place, part) in text.split('|').enumerate() {
        if place % 2 == 0 {
            out.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: Vec<u8> = part.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        for pair in digits.chunks(2) {
            out.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    Some(out)
}

/// `0x0>>0x16&0x3c@0x4=0x10:0x40,0x50&&…`.
pub(super) fn u32_tests(text: &str) -> Option<Vec<U32Test>> {
    let mut tests = Vec::new();
    for part in text.split("&&").take(64) {
        let (place, values) = part.split_once('=')?;
        let mut operations = Vec::new();
        let mut rest = place.trim();
        let (first, left) = u32_number(rest)?;
        rest = left;
        while !rest.is_empty() {
            let (operation, left) = if let Some(left) = rest.strip_prefix(">>") {
                (U32Operation::Right, left)
            } else if let Some(left) = rest.strip_prefix("<<") {
                (U32Operation::Left, left)
            } else if let Some(left) = rest.strip_prefix('&') {
                (U32Operation::And, left)
            } else {
                (U32Operation::At, rest.strip_prefix('@')?)
            };
            let (number, left) = u32_number(left)?;
            operations.push((operation, number));
            rest = left;
        }
        let mut ranges = Vec::new();
        for range in values.split(',') {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            let number =
                |word: &str| names::number(word.trim()).and_then(|value| u32::try_from(value).ok());
            ranges.push((number(first)?, number(last)?));
        }
        tests.push(U32Test { first, operations, ranges });
    }
    Some(tests)
}

fn u32_number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let number = names::number(text.get(..end)?)?;
    Some((u32::try_from(number).ok()?, text.get(end..)?.trim_start()))
}

/// `4,48 0 0 9,21 0 1 6,…`: the length and the instructions.
pub(super) fn bpf(text: &str) -> Option<Vec<BpfInstruction>> {
    let mut parts = text.split(',');
    let count: usize = parts.next()?.trim().parse().ok()?;
    let mut out = Vec::new();
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let mut words = part.split_whitespace();
        out.push(BpfInstruction {
            code: words.next()?.parse().ok()?,
            jump_true: words.next()?.parse().ok()?,
            jump_false: words.next()?.parse().ok()?,
            k: words.next()?.parse().ok()?,
        });
    }
    (out.len() == count && count <= 4096).then_some(out)
}
