//! Writes the documents that are made from the code; `tests/it/docs.rs` fails when they are stale.

use std::path::Path;

use anyhow::Context;

pub(crate) fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let rules = root.join("rules");
    if rules.is_dir() {
        std::fs::remove_dir_all(&rules).context("cannot empty docs/rules")?;
    }
    std::fs::create_dir_all(&rules)?;
    for (name, text) in konspect::docs::files() {
        std::fs::write(root.join(&name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_of_the_report_is_that_of_its_types() {
        let files = konspect::docs::files();
        let (_, made) = files.iter().find(|(name, _)| name == "report.schema.json").unwrap();
        let shipped = include_str!("../../docs/report.schema.json");
        assert!(made == shipped, "run `cargo xtask docs`");
    }
}
