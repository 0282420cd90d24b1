//! From an analysis to finished reports: a typical one (the shipped example) and a huge one (5,000 nodes, 200,000 pods,
//! one in four at fault). The limits: 0.3 s and 3 s.
//!
//! `cargo bench -p konspect --bench render`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it is wrong"
)]

mod fleet;

use std::path::Path;

use konspect::language::{Language, Locale};
use konspect::render::{self, Format};
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Limits};

use crate::fleet::{Fleet, best};

fn main() {
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bundles/kubelet-port-dropped");
    measure("typical", &Bundle::open(&[shipped], &Limits::default()).unwrap());
    measure("huge", &Fleet { nodes: 5000, pods_of_node: 40, faulty: 4 }.bundle());
}

fn measure(name: &str, bundle: &Bundle) {
    let analysis = analyze(bundle, &Options::default());
    let language = Language::new(Locale::English);
    println!("{name}: {:.3} s to the report", best(3, || drop(analysis.report(bundle, &language))));
    let report = analysis.report(bundle, &language);
    let mut all = 0.0;
    for format in Format::ALL {
        let mut bytes = 0;
        let seconds = best(3, || {
            let mut out = Vec::new();
            render::render(format, &report, &language, &render::Options::default(), &mut out)
                .unwrap();
            bytes = out.len();
        });
        all += seconds;
        println!("  {:6} {seconds:8.3} s {:9.2} MB", format.as_str(), bytes as f64 / 1e6);
    }
    println!("  {:6} {all:8.3} s", "all");
}
