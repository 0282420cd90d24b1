//! Every state of the report in every language, as files, pictures and an index to look at.

#![expect(clippy::disallowed_methods, reason = "cargo, npm and node are what this task runs")]

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The picture of README: the state, theme and width that it shows.
const PICTURE: &str = "one-cause.en.light.1280.png";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder that is written.
    folder: PathBuf,
    /// Only the files: needs no browser.
    #[arg(long)]
    no_pictures: bool,
    /// Takes the picture of README anew.
    #[arg(long, conflicts_with = "no_pictures")]
    readme: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::path::absolute(&args.folder)?;
    succeed(
        Command::new("cargo")
            .args(["run", "--quiet", "--package", "konspect", "--example", "gallery", "--"])
            .arg(&folder)
            .current_dir(&root),
    )?;
    if !args.no_pictures {
        let tests = root.join("analyzer/tests/browser");
        if !tests.join("node_modules").exists() {
            succeed(Command::new("npm").args(["ci", "--silent"]).current_dir(&tests))?;
        }
        succeed(Command::new("node").arg(tests.join("pictures.mjs")).arg(&folder))?;
    }
    if args.readme {
        let picture = folder.join("shots").join(PICTURE);
        std::fs::copy(&picture, root.join("docs/report.png"))
            .with_context(|| format!("cannot copy {}", picture.display()))?;
    }
    Ok(())
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}
