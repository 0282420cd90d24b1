//! The fuzz targets: the same functions that the smoke run of the tests calls.
//!
//! `cargo +nightly fuzz run kube_json corpus/kube_json ../testdata/formats/kube_json`

#[path = "../../analyzer/tests/it/targets.rs"]
mod targets;

/// Runs the target of that name.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some(target) = targets::target(name) {
        target(bytes);
    }
}
