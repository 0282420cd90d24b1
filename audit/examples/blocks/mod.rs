//! A stream in blocks, as examples give it to the engine.

use std::io::Read;

/// Blocks of a mebibyte; the engine cuts them at line ends.
pub(crate) fn blocks(mut from: impl Read + Send) -> impl Iterator<Item = (u64, Vec<u8>)> + Send {
    let mut base = 0;
    std::iter::from_fn(move || {
        let mut block = Vec::with_capacity(1 << 20);
        from.by_ref().take(1 << 20).read_to_end(&mut block).ok().filter(|length| *length > 0)?;
        let start = base;
        base += block.len() as u64;
        Some((start, block))
    })
}
