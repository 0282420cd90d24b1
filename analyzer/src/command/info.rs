//! `info` and `verify`: what a file is, and whether it is what it says.

use std::path::{Path, PathBuf};

use konspect::analysis::{gather, inventory};
use konspect::render::escape::one_line;
use konspect_bundle::{Code, Content};

use super::analyze::open;
use super::rules::print;
use crate::{Exit, Failure};

/// Says what a path holds, by kind, without judging the cluster.
pub(crate) fn info(paths: &[PathBuf]) -> Result<Exit, Failure> {
    let bundle = open(paths)?;
    let card = bundle.card();
    let gathered = gather(&bundle);
    let mut lines = vec![format!(
        "{}: {}, {} files",
        one_line(&card.name),
        card.kind.as_str(),
        bundle.artifacts().len()
    )];
    if let Some(digest) = &card.sha256 {
        lines.push(format!("sha256     {digest}"));
    }
    if card.cut_off {
        lines.push("cut off    yes: what came after the cut is not here".to_owned());
    }
    if let Some(manifest) = bundle.manifest() {
        let redacted: u64 = manifest.redactions.values().sum();
        lines.push(format!(
            "collector  {} {}, profile {}",
            one_line(&manifest.tool.name),
            one_line(&manifest.tool.version),
            one_line(&manifest.profile)
        ));
        lines.push(format!(
            "commands   {}, of which failed {}",
            manifest.commands.len(),
            manifest.commands.iter().filter(|command| command.exit != Some(0)).count()
        ));
        lines.push(format!("redacted   {redacted} values"));
    }
    lines.extend(
        inventory(&bundle, &gathered.kinds).iter().map(|(kind, card)| {
            format!("{kind:28} {:6} files {:12} bytes", card.count, card.bytes)
        }),
    );
    lines.push(format!("diagnostics {}", gathered.diagnostics.len()));
    print(&lines.join("\n"))
}

/// Compares every member with the manifest's digest.
pub(crate) fn verify(path: &Path) -> Result<Exit, Failure> {
    let bundle = open(&[path.to_owned()])?;
    if bundle.manifest().is_none() {
        let error =
            anyhow::anyhow!("{}: no manifest, so nothing to verify against", path.display());
        return Err(Failure::new(Exit::Refused, error));
    }
    let members = bundle.scan(|_, content| match content {
        Content::Whole { bytes, .. } => bytes.len() as u64,
        Content::Blocks(blocks) => {
            std::iter::from_fn(|| blocks.next()).map(|(_, block)| block.len() as u64).sum()
        }
        Content::Failed(_) => 0,
    });
    let notes: Vec<_> = bundle.verify_notes();
    let wrong: Vec<String> = notes
        .iter()
        .filter(|note| note.code == Code::ManifestMismatch)
        .map(|note| {
            note.args
                .iter()
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    if wrong.is_empty() {
        return print(&format!("{} members are as the manifest says", members.len()));
    }
    print(&wrong.join("\n"))?;
    Ok(Exit::FailOn)
}
