//! All texts of a state, each once and sorted: rows say which one.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::columns::{Column, Reader, Writer};
use crate::client::Names;

/// A text shares at most so many bytes with the one before, so that what is read takes no more than
/// a small multiple of the bytes that say it.
const SHARED: usize = 63;

/// The numbers of the texts that are written.
#[derive(Debug, Default)]
pub(super) struct Numbers<'a> {
    numbers: HashMap<&'a str, i64>,
}

impl<'a> Numbers<'a> {
    /// Writes the texts.
    pub(super) fn put(texts: &BTreeSet<&'a str>, out: &mut Writer) -> Self {
        out.count(Column::TextLength, texts.len());
        let mut last = "";
        for text in texts {
            let shared = last.bytes().zip(text.bytes()).take_while(|(left, right)| left == right);
            let shared = text.floor_char_boundary(shared.count().min(SHARED));
            let rest = text.get(shared..).unwrap_or_default();
            out.count(Column::TextShared, shared);
            out.count(Column::TextLength, rest.len());
            out.raw(Column::Text, rest.as_bytes());
            last = text;
        }
        Self { numbers: (0..).zip(texts).map(|(number, text)| (*text, number)).collect() }
    }

    pub(super) fn of(&self, text: &str) -> i64 {
        self.numbers.get(text).copied().unwrap_or(0)
    }
}

/// The texts that were read, one after the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    /// Where each of them begins, and the end.
    starts: Vec<usize>,
}

impl Texts {
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut texts = Self { all: String::new(), starts: vec![0] };
        for _ in 0..from.count(Column::TextLength)? {
            let last = texts.starts.iter().rev().nth(1).copied().unwrap_or(0);
            let shared = from.narrow::<usize>(Column::TextShared).filter(|it| *it <= SHARED)?;
            let length = from.count(Column::TextLength)?;
            let rest = std::str::from_utf8(from.raw(Column::Text, length)?).ok()?;
            let shared = last..last.checked_add(shared)?;
            texts.all.get(shared.clone())?;
            texts.all.extend_from_within(shared);
            texts.all.push_str(rest);
            texts.starts.push(texts.all.len());
        }
        Some(texts)
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The hash by which names are counted, of each text.
    pub(super) fn hashes(&self) -> Vec<u64> {
        (0..self.len()).map(|number| Names::<1>::hash(self.at(number))).collect()
    }

    /// A text that is there.
    pub(super) fn at(&self, number: usize) -> &str {
        self.get(number).unwrap_or_default()
    }

    pub(super) fn get(&self, number: usize) -> Option<&str> {
        self.all.get(*self.starts.get(number)?..*self.starts.get(number + 1)?)
    }
}

/// Reads texts of a column whose numbers are near to one another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    column: Column,
    last: i64,
}

impl Near {
    pub(super) fn new(column: Column) -> Self {
        Self { column, last: 0 }
    }

    pub(super) fn put(&mut self, out: &mut Writer, number: i64) {
        out.signed(self.column, number - self.last);
        self.last = number;
    }

    /// The number of a text that is there.
    pub(super) fn number(&mut self, from: &mut Reader<'_>, texts: &Texts) -> Option<usize> {
        self.last = self.last.checked_add(from.signed(self.column)?)?;
        usize::try_from(self.last).ok().filter(|number| *number < texts.len())
    }

    pub(super) fn read<'t>(&mut self, from: &mut Reader<'_>, texts: &'t Texts) -> Option<&'t str> {
        let number = self.number(from, texts)?;
        texts.get(number)
    }
}
