//! Same bundle, same bytes out: from a folder, its zip and its tar.gz, with 1, 2 and 8 threads.

use std::path::{Path, PathBuf};

use konspect::render::Format;
use konspect_bundle::{Bundle, Limits};

use crate::kit;

const FORMATS: [Format; 3] = [Format::Json, Format::Html, Format::Markdown];

/// Opens, analyses and renders on a pool of its own. What names the container is set aside.
fn outputs(path: &Path, threads: usize) -> Vec<String> {
    outputs_within(path, threads, &Limits::default())
}

fn outputs_within(path: &Path, threads: usize, limits: &Limits) -> Vec<String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let bundle = Bundle::open(&[path.to_path_buf()], limits).unwrap();
        let mut report = kit::report(&bundle);
        assert!(!report.causes.is_empty(), "{} has a fault to order", path.display());
        "bundle".clone_into(&mut report.bundle.name);
        "kind".clone_into(&mut report.bundle.kind);
        report.bundle.sha256 = None;
        FORMATS.iter().map(|format| kit::rendered(&report, *format)).collect()
    })
}

/// The first line that differs, so that a failure says where.
fn same(expected: &[String], actual: &[String], what: &str) {
    for ((expected, actual), format) in expected.iter().zip(actual).zip(FORMATS) {
        let differs = expected.lines().zip(actual.lines()).position(|(a, b)| a != b);
        if let Some(line) = differs {
            let at = |text: &str| text.lines().nth(line).unwrap_or_default().to_owned();
            panic!("{what}: {format:?} line {}:\n{}\n{}", line + 1, at(expected), at(actual));
        }
        assert_eq!(expected.len(), actual.len(), "{what}: {format:?} is cut");
    }
}

/// The forms in which the same files may come.
fn forms(folder: &Path, into: &Path) -> [PathBuf; 2] {
    let files = kit::tree(folder);
    let forms = [into.join("any.zip"), into.join("any.tar.gz")];
    kit::write_zip(&forms[0], &files);
    // An archive's own order must not show.
    kit::write_tar_gz(&forms[1], &files.into_iter().rev().collect());
    forms
}

fn same_from_everywhere(folder: &Path) {
    let temporary = tempfile::tempdir().unwrap();
    let expected = outputs(folder, 1);
    for form in forms(folder, temporary.path()) {
        same(&expected, &outputs(&form, 2), &form.display().to_string());
    }
    for threads in [2, 8] {
        same(&expected, &outputs(folder, threads), &format!("{threads} threads"));
    }
    // Lists, metrics and logs that are read as they come, however small.
    let in_steps = Limits { step: 700, ..Limits::default() };
    same(&expected, &outputs_within(folder, 2, &in_steps), "steps");
}

#[test]
fn the_shipped_example_gives_the_same_bytes() {
    same_from_everywhere(&kit::shipped());
}

#[test]
fn a_real_capture_gives_the_same_bytes() {
    let Some(truth) = kit::truth() else {
        eprintln!("KONSPECT_TRUTH is not set: no real capture is compared");
        return;
    };
    same_from_everywhere(&truth.join("corpus/s6-webhook-deadlock"));
}

#[test]
fn another_input_gives_other_bytes() {
    let temporary = tempfile::tempdir().unwrap();
    let mut files = kit::tree(&kit::shipped());
    files.retain(|(label, _)| !label.ends_with("events.json"));
    let less = temporary.path().join("less.zip");
    kit::write_zip(&less, &files);
    assert_ne!(outputs(&kit::shipped(), 1), outputs(&less, 1), "the comparison sees the bundle");
}
