//! Packs the collector for krew: an archive whose bytes depend on its content alone, and the plugin's
//! manifest with the archive's address, digest and version filled in.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

const MANIFEST: &str = include_str!("../../deploy/konspect.krew.yaml");
const LICENSE: &str = include_str!("../../LICENSE");

/// The line that address and digest stand before.
const BIN: &str = "    bin: konspect-collect\n";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The statically linked konspect-collect
    program: PathBuf,
    /// Where the archive will be downloaded from
    #[arg(long)]
    uri: String,
    /// The archive; beside it stands `konspect.yaml`, the manifest
    #[arg(short, long, default_value = "konspect-collect-linux-amd64.tar.gz")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let program = fs::read(&args.program)
        .with_context(|| format!("cannot read {}", args.program.display()))?;
    let archive = pack(&program)?;
    fs::write(&args.output, &archive)
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    let manifest = args.output.with_file_name("konspect.yaml");
    fs::write(&manifest, fill(&args.uri, &archive)?)
        .with_context(|| format!("cannot write {}", manifest.display()))
}

/// A tar.gz of the program and its licence, without times and owners.
fn pack(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(packer);
    for (name, bytes, mode) in
        [("LICENSE", LICENSE.as_bytes(), 0o644), ("konspect-collect", program, 0o755)]
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_cksum();
        archive.append_data(&mut header, Path::new(name), bytes)?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// The manifest with what only a release knows.
fn fill(uri: &str, archive: &[u8]) -> anyhow::Result<String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    ensure!(uri.starts_with("https://") && uri.chars().all(plain), "{uri} is no https address");
    let digest = hex(archive);
    let lines = format!("    uri: \"{uri}\"\n    sha256: {digest}\n{BIN}");
    let body = MANIFEST.split_once('\n').map_or(MANIFEST, |(_, body)| body);
    let version = format!("  version: v{}\n", env!("CARGO_PKG_VERSION"));
    ensure!(body.contains(&version), "deploy/konspect.krew.yaml is of another version");
    Ok(body.replacen(BIN, &lines, 1))
}

/// SHA-256 in lower-case hex.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_and_its_manifest_belong_together() {
        let archive = pack(b"a program").unwrap();
        assert_eq!(archive, pack(b"a program").unwrap(), "the same bytes twice");
        let uri = "https://example.org/konspect-collect-linux-amd64.tar.gz";
        let manifest = fill(uri, &archive).unwrap();
        let digest = hex(&archive);
        let tail = format!("    uri: \"{uri}\"\n    sha256: {digest}\n    bin: konspect-collect\n");
        assert!(manifest.starts_with("apiVersion: ") && manifest.contains(&tail), "{manifest}");
        let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(&archive[..]));
        let names: Vec<String> = unpacked
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["LICENSE", "konspect-collect"]);
        assert!(fill("http://example.org/x", &archive).is_err());
    }
}
