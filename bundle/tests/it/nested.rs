//! Archives inside archives.

use konspect_bundle::{Bundle, Limits};
use sha2::Digest;

use crate::kit::{Folder, Tree, contents, gzip, notes, open, open_with, tar, tree, xz, zip, zstd};

fn one(name: &str, bytes: Vec<u8>) -> Tree {
    vec![(name.into(), bytes)]
}

/// Everything that is packed any way in anything is there as in a folder of the archive's name.
#[test]
fn what_is_inside_is_as_in_a_folder() {
    let tree = tree();
    let plain = tar(&tree);
    let inner: Tree = vec![
        ("a/in".into(), zip(&tree)),
        ("b.log".into(), b"beside\n".to_vec()),
        ("in.tgz".into(), gzip(&plain)),
        ("in.txz".into(), xz(&plain)),
        ("in.tzst".into(), zstd(&plain)),
        ("in.tar".into(), plain),
    ];
    let mut expected: Tree = Vec::new();
    for (name, bytes) in &inner {
        match name.as_str() {
            "b.log" => expected.push((name.clone(), bytes.clone())),
            _ => expected
                .extend(tree.iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes.clone()))),
        }
    }
    let folder = Folder::new();
    let expected = Bundle::open(&[folder.tree("plain", &expected)], &Limits::default()).unwrap();
    let expected = contents(&expected);
    let packed = tar(&inner);
    let paths = [
        folder.tree("bundle", &inner),
        folder.file("a", &zip(&inner)),
        folder.file("b", &packed),
        folder.file("c", &gzip(&packed)),
    ];
    for path in paths {
        for tar_memory in [1 << 20, 0] {
            let limits = Limits { tar_memory, ..Limits::default() };
            let bundle = Bundle::open(std::slice::from_ref(&path), &limits).unwrap();
            let (archives, files): (Vec<_>, Vec<_>) =
                contents(&bundle).into_iter().partition(|(path, _)| {
                    path != "b.log" && inner.iter().any(|(name, _)| name == path)
                });
            assert_eq!(files, expected, "{}", path.display());
            assert_eq!(archives.len(), 5);
            let notes = notes(&bundle);
            assert_eq!(notes.matches("KSB0019").count(), 5, "{notes}");
            assert_eq!(notes.matches("KSB0009").count(), 0, "{notes}");
            for (_, content) in archives {
                assert!(content.unwrap_err().contains("read as 6 files"));
            }
        }
    }
}

#[test]
fn some_levels_are_opened_and_the_rest_is_named() {
    let third = zip(&one("third.bin", zip(&one("deep.txt", b"deep".to_vec()))));
    let bytes = zip(&one("first.bin", gzip(&tar(&one("second.bin", third)))));
    let bundle = open(&bytes).unwrap();
    let all = contents(&bundle);
    let paths: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
    let second = "first.bin/second.bin";
    assert_eq!(paths, ["first.bin", second, "first.bin/second.bin/third.bin"]);
    assert_eq!(notes(&bundle).matches("KSB0009").count(), 1);
    let limits = Limits { nested_levels: 3, ..Limits::default() };
    let all = contents(&open_with(&bytes, &limits).unwrap());
    assert_eq!(all.last().unwrap().1, Ok(b"deep".to_vec()));
}

#[test]
fn what_is_no_archive_that_can_be_opened_is_named() {
    let whole = zip(&tree());
    let tree: Tree = vec![
        ("a.bin".into(), gzip(&gzip(b"text"))),
        ("b.bin".into(), gzip(&zip(&tree()))),
        ("c.bin".into(), b"7z\xbc\xaf\x27\x1c and so on".to_vec()),
        ("d.bin".into(), zip(&Vec::new())),
        ("half.bin".into(), whole[..whole.len() / 2].to_vec()),
    ];
    let bundle = open(&zip(&tree)).unwrap();
    let all = contents(&bundle);
    let half =
        all.iter().filter(|(path, content)| path.starts_with("half.bin/") && content.is_ok());
    assert!(half.count() >= 2, "{all:?}");
    let notes = notes(&bundle);
    assert_eq!(notes.matches("KSB0009").count(), 4, "{notes}");
    assert!(notes.contains("KSB0002") && notes.contains("d.bin holds no file"), "{notes}");
    assert!(notes.contains("KSB0003"), "{notes}");
}

#[test]
fn what_lies_unpacked_beside_its_archive_is_read_once() {
    let tree = tree();
    for (name, folder) in [("logs.zip", "logs/"), ("in/logs.tar.gz", "in/logs/"), ("in/x.bin", "")]
    {
        let packed = if name.ends_with("zip") { zip(&tree) } else { gzip(&tar(&tree)) };
        let mut all = one(name, packed);
        all.extend(tree.iter().map(|(path, bytes)| (format!("{folder}{path}"), bytes.clone())));
        let bundle = open(&zip(&all)).unwrap();
        contents(&bundle);
        assert_eq!(bundle.artifacts().len(), tree.len() + 1, "{name}");
        assert!(notes(&bundle).contains("KSB0019"), "{}", notes(&bundle));
        // One byte more, and it is another file.
        all.last_mut().unwrap().1.push(b' ');
        let bundle = open(&zip(&all)).unwrap();
        assert_eq!(bundle.artifacts().len(), 2 * tree.len() + 1, "{name}");
    }
}

/// Levels gain a bomb nothing: what is inside shares what the outermost bytes allow.
#[test]
fn bombs_do_not_multiply_by_levels() {
    let zeros = vec![b' '; 4 << 20];
    let bomb = |name: &str| one(name, zip(&one("zeros.log", zeros.clone())));
    let many: Tree = (0..40).flat_map(|n| bomb(&format!("{n}.bin"))).collect();
    let mut outer = one("many.bin", zip(&many));
    outer.push(("README".into(), b"collected by hand\n".to_vec()));
    let bytes = zip(&outer);
    let limits = Limits { ratio: 20, ratio_allowance: 1 << 20, ..Limits::default() };
    let seen: Vec<_> = [1, 4]
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let bundle = open_with(&bytes, &limits).unwrap();
                (contents(&bundle), notes(&bundle))
            })
        })
        .into();
    assert_eq!(seen[0], seen[1]);
    let (all, notes) = &seen[0];
    let inflated: usize =
        all.iter().filter_map(|(_, content)| content.as_ref().ok()).map(Vec::len).sum();
    let most = usize::try_from(limits.ratio).unwrap() * bytes.len() + (1 << 20);
    assert!(inflated <= most, "{inflated} bytes of {}", bytes.len());
    assert!(notes.contains("KSB0005"), "{notes}");
    assert!(all.iter().any(|(path, content)| path == "README" && content.is_ok()));
}

#[test]
fn memory_number_and_members_are_bounded() {
    let many: Tree = (0..30).flat_map(|n| one(&format!("{n:02}.bin"), zip(&tree()))).collect();
    let size = many[0].1.len() as u64;
    let bytes = zip(&many);
    let opened = |limits: Limits| {
        let bundle = open_with(&bytes, &limits).unwrap();
        contents(&bundle);
        let notes = notes(&bundle);
        assert_eq!(notes.matches("KSB0019").count() + notes.matches("KSB0009").count(), 20 + 10);
        assert!(notes.contains("KSB0005") || notes.contains("KSB0002"), "{notes}");
        bundle.artifacts().len() - 30
    };
    let limits = Limits::default();
    assert_eq!(opened(Limits { nested_archives: 7, ..limits.clone() }), 7 * 6);
    assert_eq!(opened(Limits { nested_memory: 5 * size, ..limits.clone() }), 5 * 6);
    assert_eq!(opened(Limits { members: 30 + 4 * 6 + 5, ..limits }), 4 * 6);
}

/// A manifest promises what its own archive holds, not what is inside an archive in it.
#[test]
fn what_is_inside_was_not_added() {
    let inner = zip(&tree());
    let digest = sha2::Sha256::digest(&inner)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let manifest = format!(
        r#"{{"format":1,"tool":{{"name":"konspect-collect","version":"1"}},"members":[{{"path":"in.bin","bytes":{},"sha256":"{digest}"}}]}}"#,
        inner.len(),
    );
    let all = vec![("manifest.json".to_owned(), manifest.into_bytes()), ("in.bin".into(), inner)];
    let bundle = open(&zip(&all)).unwrap();
    contents(&bundle);
    assert!(bundle.manifest().is_some());
    assert_eq!(bundle.verify_notes(), []);
}
