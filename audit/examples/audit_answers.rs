//! Prints the answers to audit questions as JSON, from lines, or from a zip of members.
//!
//! `cargo run --release -p konspect-audit --example audit_answers -- PATH [THREADS [TIMES]]`; TIMES
//! reads the members of a zip again and again, to see whether memory grows. This is what
//! docs/performance.md measures: a zip's members are inflated whole, one a thread.

mod blocks;

use std::fs::File;
use std::os::unix::fs::FileExt;

use konspect_audit::Folds;
use konspect_audit::answers::{Filter, answers};
use konspect_bundle::{ArtifactId, Source};
use rayon::prelude::*;

use crate::blocks::blocks;

/// Members beyond this size are streamed, not inflated whole.
const WHOLE: u64 = 64 << 20;

/// The heap of the program that is measured by this.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Member {
    number: u32,
    at: u64,
    compressed: usize,
    size: u64,
    check: u32,
}

thread_local! {
    static BUFFERS: std::cell::RefCell<(Vec<u8>, Vec<u8>)> = const { std::cell::RefCell::new((Vec::new(), Vec::new())) };
}

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("PATH is missing")?;
    let threads = args.next().map_or(Ok(0), |text| text.parse())?;
    let times: usize = args.next().map_or(Ok(1), |text| text.parse())?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let folds = Folds::without_duplicates();
    match members(&path) {
        Some(members) => from_zip(&path, &members, times, &folds)?,
        None => folds.take_blocks(ArtifactId(0), blocks(File::open(&path)?)),
    }
    let summary = folds.close().ok_or("there is no event")?.finish();
    let all = answers(&summary, &Filter::default(), 300, 1 << 16);
    println!("{}", serde_json::to_string(&all)?);
    // The process ends here, so nobody needs the memory back.
    std::mem::forget((summary, all));
    Ok(())
}

fn members(path: &str) -> Option<Vec<Member>> {
    let mut zip = zip::ZipArchive::new(File::open(path).ok()?).ok()?;
    (0..zip.len())
        .map(|index| {
            let entry = zip.by_index_raw(index).ok()?;
            Some(Member {
                number: u32::try_from(index).ok()?,
                at: entry.data_start()?,
                compressed: usize::try_from(entry.compressed_size()).ok()?,
                size: entry.size(),
                check: entry.crc32(),
            })
        })
        .collect()
}

fn from_zip(
    path: &str,
    members: &[Member],
    times: usize,
    folds: &Folds,
) -> Result<(), Box<dyn std::error::Error>> {
    let file = File::open(path)?;
    if let [Member { size: WHOLE.., at, compressed, .. }] = members {
        let mut raw = vec![0; *compressed];
        file.read_exact_at(&mut raw, *at)?;
        let inflated = flate2::read::DeflateDecoder::new(std::io::Cursor::new(raw));
        folds.take_blocks(ArtifactId(0), blocks(inflated));
        return Ok(());
    }
    let take = |member: &Member| {
        BUFFERS.with_borrow_mut(|(raw, out)| {
            raw.resize(member.compressed, 0);
            out.resize(usize::try_from(member.size).unwrap_or(0), 0);
            file.read_exact_at(raw, member.at).ok()?;
            let mut inflate = flate2::Decompress::new(false);
            inflate.decompress(raw, out, flate2::FlushDecompress::Finish).ok()?;
            (crc32fast::hash(out) == member.check)
                .then(|| folds.take(Source::new(ArtifactId(member.number), out)))
        })
    };
    (0..times)
        .flat_map(|_| members)
        .par_bridge()
        .map(|member| take(member).ok_or("a member is damaged"))
        .collect::<Result<(), _>>()?;
    Ok(())
}
