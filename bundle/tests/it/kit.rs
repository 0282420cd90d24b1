//! Makes containers, honest and lying, and writes them to a folder of their own.

use std::io::Write;
use std::path::PathBuf;

use konspect_bundle::{Bundle, Content, Limits, OpenError};

pub(crate) type Tree = Vec<(String, Vec<u8>)>;

/// A small bundle of real shapes.
pub(crate) fn tree() -> Tree {
    let pods = br#"{"apiVersion":"v1","kind":"PodList","items":[]}"#.to_vec();
    let log = "I1121 10:00:00.000000 1 server.go:1] started\n".repeat(500).into_bytes();
    vec![
        ("README".into(), b"collected by hand\n".to_vec()),
        ("logs/kube-system/coredns/coredns.log".into(), log.clone()),
        ("logs/kube-system/coredns/previous.log.gz".into(), gzip(&log)),
        ("nodes/aks-1/empty".into(), Vec::new()),
        ("nodes/aks-1/ufw status.txt".into(), b"\xff\xfeS\0t\0a\0t\0u\0s\0".to_vec()),
        ("resources/pods.json".into(), pods),
    ]
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn tar(tree: &Tree) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in tree {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("./{name}"), bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A zip member whose every field may lie.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) raw: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u32,
    pub(crate) mode: u32,
    /// Offset of a local header that is already there.
    pub(crate) shared: Option<u32>,
}

impl Entry {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        Self {
            name: name.as_bytes().to_vec(),
            raw: deflate(bytes),
            method: 8,
            flags: 0x800,
            crc: crc.sum(),
            size: u32::try_from(bytes.len()).unwrap(),
            mode: 0o100_644,
            shared: None,
        }
    }

    /// The fields that the local and the central header have in common.
    fn common(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for field in [20, self.flags, self.method, 0, 0x5c76] {
            out.extend(field.to_le_bytes());
        }
        for field in [self.crc, u32::try_from(self.raw.len()).unwrap(), self.size] {
            out.extend(field.to_le_bytes());
        }
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        out.extend([0, 0]);
        out
    }
}

pub(crate) fn end_record(count: u16, size: u32, offset: u32, comment: &[u8]) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
    out.extend(comment);
    out
}

pub(crate) fn zip_with(entries: &[Entry], comment: &[u8]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.shared.unwrap_or_else(|| u32::try_from(out.len()).unwrap());
        if entry.shared.is_none() {
            out.extend(b"PK\x03\x04");
            out.extend(entry.common());
            out.extend(&entry.name);
            out.extend(&entry.raw);
        }
        central.extend(b"PK\x01\x02\x1e\x03");
        central.extend(entry.common());
        central.extend([0; 6]);
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.name);
    }
    let (size, offset) = (u32::try_from(central.len()).unwrap(), u32::try_from(out.len()).unwrap());
    out.extend(central);
    out.extend(end_record(u16::try_from(entries.len() & 0xffff).unwrap(), size, offset, comment));
    out
}

pub(crate) fn zip(tree: &Tree) -> Vec<u8> {
    zip_with(&tree.iter().map(|(name, bytes)| Entry::new(name, bytes)).collect::<Vec<_>>(), b"")
}

/// A folder that goes away with its value.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn tree(&self, name: &str, tree: &Tree) -> PathBuf {
        for (file, bytes) in tree {
            self.file(&format!("{name}/{file}"), bytes);
        }
        self.0.path().join(name)
    }
}

/// Writes a file of any name and opens it.
pub(crate) fn open(bytes: &[u8]) -> Result<Bundle, OpenError> {
    open_with(bytes, &Limits::default())
}

pub(crate) fn open_with(bytes: &[u8], limits: &Limits) -> Result<Bundle, OpenError> {
    // The file may be unlinked when this returns: the bundle holds it open.
    Bundle::open(&[Folder::new().file("upload", bytes)], limits)
}

/// All artefacts with their decoded bytes, blocks joined; failures as their message.
pub(crate) fn contents(bundle: &Bundle) -> Vec<(String, Result<Vec<u8>, String>)> {
    let all = bundle.scan(|_, content| match content {
        Content::Whole { bytes, .. } => Ok(bytes.to_vec()),
        Content::Blocks(blocks) => {
            Ok(std::iter::from_fn(|| blocks.next()).flat_map(|(_, block)| block).collect())
        }
        Content::Failed(error) => Err(error.to_string()),
    });
    bundle.artifacts().iter().map(|artifact| artifact.path.clone()).zip(all).collect()
}

/// The codes and arguments of all diagnostics, for a look.
pub(crate) fn notes(bundle: &Bundle) -> String {
    let mut all = bundle.diagnostics().to_vec();
    all.extend(bundle.scan_notes());
    all.extend(bundle.verify_notes());
    all.iter()
        .fold(String::new(), |text, note| format!("{text}{} {:?}\n", note.code.as_str(), note.args))
}
