//! What is made from the code is what stands in docs.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn generated_documents_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let files = konspect::docs::files();
    let stale: Vec<&str> = files
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(root.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(stale.is_empty(), "run `cargo xtask docs`: {stale:?}");
    let made: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for entry in std::fs::read_dir(root.join("rules")).unwrap() {
        let name = format!("rules/{}", entry.unwrap().file_name().to_str().unwrap());
        assert!(made.contains(name.as_str()), "run `cargo xtask docs`: docs/{name} is of no rule");
    }
}

#[test]
fn a_page_keeps_its_prose_and_names_its_sections() {
    let files = konspect::docs::files();
    let (_, page) = files.iter().find(|(name, _)| name == "rules/port-10250-iptables.md").unwrap();
    assert!(page.starts_with("# port-10250-iptables (KSP2103)\n"), "{page}");
    assert!(page.contains("\n## It fires\n\n* ") && page.contains("\n## It stays silent\n\n* "));
    assert!(!page.contains("```"), "fixtures are not for readers");
    let (_, index) = files.iter().find(|(name, _)| name == "rules/README.md").unwrap();
    let rules = konspect::rules::all();
    assert_eq!(index.matches("\n| KSP").count(), rules.len());
}
