//! The house rules that a compiler does not know: arrows, registries, ids.

use std::collections::BTreeSet;
use std::path::Path;

use konspect::rank::graph;
use konspect::rules;

/// Left to right; a module may use only what stands to its left.
const ORDER: &[&str] = &[
    "model", "parse", "shell", "finding", "facts", "rules", "rank", "language", "report", "render",
    "docs",
];

#[test]
fn arrows_point_left() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (place, module) in ORDER.iter().enumerate() {
        let mut files = Vec::new();
        let file = root.join(format!("{module}.rs"));
        if file.exists() {
            files.push(file);
        }
        collect(&root.join(module), &mut files);
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            for (line, found) in text.lines().enumerate() {
                for used in found.split("crate::").skip(1) {
                    let used: String = used
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                        .collect();
                    if let Some(other) = ORDER.iter().position(|known| *known == used)
                        && other > place
                    {
                        wrong.push(format!(
                            "{}:{}: {module} uses {used}",
                            path.display(),
                            line + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn collect(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn codes_and_slugs_are_unique_and_well_formed() {
    let (mut codes, mut slugs) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules::all() {
        let meta = rule.meta();
        assert!(codes.insert(meta.code), "{} twice", meta.code);
        assert!(slugs.insert(meta.slug), "{} twice", meta.slug);
        assert!(meta.code.len() == 7 && meta.code.starts_with("KSP"), "{}", meta.code);
        assert!(
            meta.slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            meta.slug
        );
    }
}

#[test]
fn the_causal_map_names_only_rules() {
    let unknown = rules::unknown_slugs(graph::slugs());
    assert!(unknown.is_empty(), "edges between rules that are not there: {unknown:?}");
}

#[test]
fn no_template_trusts_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    for entry in std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
    {
        let text = std::fs::read_to_string(&entry).unwrap();
        assert!(
            !text.contains("|safe") && !text.contains("| safe"),
            "{} uses the safe filter",
            entry.display()
        );
    }
}
