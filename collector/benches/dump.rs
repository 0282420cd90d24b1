//! A big cluster, collected and dumped: `konspect-collect` against `kubectl cluster-info dump -A`, on
//! one server in one run, so that the ratios hold on a busy machine.
//!
//! `cargo bench -p konspect-collector` (Linux: memory is read from /proc); with `-- PROGRAM` it is that
//! `konspect-collect` which is measured, with `-- --alone PROGRAM` without the dump beside it.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench runs the tools that it compares, and prints"
)]

#[path = "../tests/it/big.rs"]
mod big;
#[path = "../tests/it/memory.rs"]
mod memory;
#[path = "../tests/it/stub.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod stub;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use memory::Peak;
use stub::Stub;

struct Measured {
    seconds: f64,
    peak: Peak,
    requests: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let program = arguments.iter().find(|argument| !argument.starts_with("--"));
    let program = program.map_or(env!("CARGO_BIN_EXE_konspect-collect"), String::as_str);
    println!("{} nodes, {} pods", big::NODES, big::PODS);
    let folder = tempfile::tempdir().unwrap();
    let collect = measured(program, folder.path(), &["-q", "-o", "x.zip"]);
    show("konspect-collect", &collect);
    if arguments.iter().any(|argument| argument == "--alone") {
        return;
    }
    let words = ["cluster-info", "dump", "-A", "--output-directory", "dump"];
    let dump = measured("kubectl", folder.path(), &words);
    show("cluster-info dump", &dump);
    let largest = collect.peak.own.max(collect.peak.child);
    println!(
        "ratio: wall {:.2}  own {:.2}  largest process {:.2}  all at once {:.2}",
        collect.seconds / dump.seconds,
        ratio(collect.peak.own, dump.peak.own),
        ratio(largest, dump.peak.own),
        ratio(collect.peak.all, dump.peak.all),
    );
}

fn show(name: &str, of: &Measured) {
    println!(
        "{name:18} {:7.1} s  own {:6.1} MiB  largest child {:6.1} MiB  all at once {:6.1} MiB  {} requests",
        of.seconds,
        mebibytes(of.peak.own),
        mebibytes(of.peak.child),
        mebibytes(of.peak.all),
        of.requests
    );
}

fn measured(program: &str, folder: &Path, words: &[&str]) -> Measured {
    let stub = Stub::serve(big::serve);
    let kubeconfig = stub.kubeconfig(folder);
    let begun = Instant::now();
    let mut child = Command::new(program)
        .current_dir(folder)
        .env("HOME", folder)
        .args(words)
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (peak, status) = memory::watch(&mut child);
    assert!(status.success(), "{program}: {status}");
    Measured { seconds: begun.elapsed().as_secs_f64(), peak, requests: stub.requests().len() }
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}
