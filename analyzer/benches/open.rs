//! Opening and parsing against the limit: decompression alone, by the tools that everybody has.
//!
//! `cargo bench -p konspect --bench open -- PATH…` (without a path: the shipped example and, when
//! `KONSPECT_TRUTH` is set, a corpus capture and a must-gather). Everything is measured in one run, so
//! the ratios hold on a busy machine; CPU time is not told apart, the programs are.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench runs the tools that it compares with, and prints"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use konspect::language::{Language, Locale};
use konspect::render::{self, Format};
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Content, Limits};

fn main() {
    let named: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    let paths = if named.is_empty() { defaults() } else { named };
    println!(
        "{:44} {:>9} {:>8} {:>8} {:>8} {:>10} {:>8}",
        "bundle", "MB", "read s", "all s", "MB/s", "tool s", "ratio"
    );
    for path in paths {
        let (bytes, read) = best(|| read(&path));
        let (_, all) = best(|| whole(&path));
        let tool = decompression(&path).map(|command| best(|| run(command.clone())).1);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let megabytes = bytes as f64 / 1e6;
        println!(
            "{name:44} {megabytes:9.1} {read:8.3} {all:8.3} {:8.0} {:>10} {:>8}",
            megabytes / all,
            tool.map_or("-".to_owned(), |seconds| format!("{seconds:.3}")),
            tool.map_or("-".to_owned(), |seconds| format!("{:.2}", all / seconds)),
        );
    }
}

fn defaults() -> Vec<PathBuf> {
    let mut paths = vec![
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bundles/kubelet-port-dropped"),
    ];
    if let Ok(truth) = std::env::var("KONSPECT_TRUTH") {
        paths.push(Path::new(&truth).join("corpus/s1-baseline"));
        paths.push(Path::new(&truth).join("foreign/must-gather-azure/must-gather-azure.tar.xz"));
    } else {
        println!("KONSPECT_TRUTH is not set: only the shipped example");
    }
    paths
}

/// The best of three: a busy machine only makes it slower.
fn best<T>(mut each: impl FnMut() -> T) -> (T, f64) {
    let mut found: Option<(T, f64)> = None;
    for _ in 0..3 {
        let started = Instant::now();
        let value = each();
        let seconds = started.elapsed().as_secs_f64();
        if found.as_ref().is_none_or(|(_, best)| seconds < *best) {
            found = Some((value, seconds));
        }
    }
    found.unwrap()
}

/// Opens and decompresses everything, and parses nothing.
fn read(path: &Path) -> u64 {
    let bundle = Bundle::open(&[path.to_owned()], &Limits::default()).unwrap();
    let sizes = bundle.scan(|_, content| match content {
        Content::Whole { bytes, .. } => bytes.len() as u64,
        Content::Blocks(blocks) => {
            std::iter::from_fn(|| blocks.next()).map(|(_, block)| block.len() as u64).sum()
        }
        Content::Failed(_) => 0,
    });
    sizes.into_iter().sum()
}

/// From the path to finished HTML.
fn whole(path: &Path) -> usize {
    let bundle = Bundle::open(&[path.to_owned()], &Limits::default()).unwrap();
    let analysis = analyze(&bundle, &Options::default());
    let language = Language::new(Locale::English);
    let report = analysis.report(&bundle, &language);
    let mut html = Vec::new();
    render::render(Format::Html, &report, &language, &render::Options::default(), &mut html)
        .unwrap();
    html.len()
}

/// The command that only decompresses the file.
fn decompression(path: &Path) -> Option<Vec<String>> {
    let text = path.to_str()?;
    let words: &[&str] = match path.extension()?.to_str()? {
        "xz" => &["xz", "-dc", text],
        "gz" | "tgz" => &["gzip", "-dc", text],
        "zip" => &["unzip", "-p", text],
        _ => return None,
    };
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

fn run(command: Vec<String>) {
    let mut words = command.iter();
    let status = Command::new(words.next().unwrap()).args(words).stdout(Stdio::null()).status();
    assert!(status.unwrap().success(), "{command:?} failed");
}
