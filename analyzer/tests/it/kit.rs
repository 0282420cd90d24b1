//! What several tests build: the shipped example, and a tree of files as a folder, a zip and a tar.gz.

use std::io::Write;
use std::path::{Path, PathBuf};

use konspect::language::{Language, Locale};
use konspect::render::{self, Format, Options as RenderOptions};
use konspect::report::Report;
use konspect::{Options, analyze};
use konspect_bundle::{Bundle, Limits};

/// Files by their labels, sorted.
pub(crate) type Tree = Vec<(String, Vec<u8>)>;

pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bundles/kubelet-port-dropped")
}

/// The folder of measured truth, where the environment names one.
#[expect(clippy::disallowed_methods, reason = "more truth is read where somebody has it")]
pub(crate) fn truth() -> Option<PathBuf> {
    std::env::var("KONSPECT_TRUTH").ok().map(PathBuf::from)
}

pub(crate) fn tree(root: &Path) -> Tree {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let label = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((label, std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

pub(crate) fn write_zip(path: &Path, files: &Tree) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (label, bytes) in files {
        zip.start_file(label.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

pub(crate) fn write_tar_gz(path: &Path, files: &Tree) {
    let file = std::fs::File::create(path).unwrap();
    let mut tar =
        tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    for (label, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, label, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

pub(crate) fn memory(files: Tree) -> Bundle {
    Bundle::from_memory(files, &Limits::default()).unwrap()
}

pub(crate) fn report(bundle: &Bundle) -> Report {
    analyze(bundle, &Options::default()).report(bundle, &Language::new(Locale::English))
}

pub(crate) fn rendered(report: &Report, format: Format) -> String {
    let mut out = Vec::new();
    let options = RenderOptions::default();
    render::render(format, report, &Language::new(Locale::English), &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
