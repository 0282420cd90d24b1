//! Saves states of audit logs and merges them: what docs/performance.md says of states is measured by it.
//!
//! `audit_states save STATE < LINES` folds a log, `audit_states merge TIMES STATE…` merges all the
//! states so many times over and prints what a state took and how the answers sum up.

mod blocks;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::time::Instant;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use konspect_audit::answers::{Filter, answers};
use konspect_audit::{Folds, Shared, fold_blocks};
use konspect_bundle::{ArtifactId, Source};

use crate::blocks::blocks;

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (what, next) =
        (args.next().unwrap_or_default(), args.next().ok_or("an argument is missing")?);
    if what == "save" {
        let shared = Shared::without_duplicates();
        let mut fold = fold_blocks(ArtifactId(0), blocks(std::io::stdin()), &shared);
        shared.close(&mut fold);
        let bytes = fold.to_bytes();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&bytes)?;
        let packed = gzip.finish()?;
        println!("{} bytes, {} with gzip", bytes.len(), packed.len());
        std::fs::write(next, packed)?;
        return Ok(());
    }
    let times: usize = next.parse()?;
    let states: Vec<Vec<u8>> = args.map(std::fs::read).collect::<Result<_, _>>()?;
    let begin = Instant::now();
    let folds = Folds::new();
    for packed in (0..times).flat_map(|_| &states) {
        let mut bytes = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
        folds.take_state(Source::new(ArtifactId(0), &bytes))?;
    }
    let total = folds.close().ok_or("no state")?;
    let took = begin.elapsed();
    let count = times * states.len();
    let held: usize = states.iter().map(Vec::len).sum();
    let summary = total.finish();
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(&answers(&summary, &Filter::default(), 300, 1 << 16))?.hash(&mut hasher);
    println!(
        "{count} states of {} bytes and {} series in the end: {:.2} ms each, answers {:016x}",
        held / states.len().max(1),
        summary.clients.iter().map(|client| client.series.len()).sum::<usize>(),
        took.as_secs_f64() * 1000.0 / count as f64,
        hasher.finish()
    );
    std::mem::forget(summary);
    Ok(())
}
