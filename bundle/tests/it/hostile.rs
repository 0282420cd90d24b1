//! Containers that lie, are cut, or want to eat the machine.

use konspect_bundle::{Limits, OpenError};

use crate::kit::{
    Entry, Tree, contents, deflate, end_record, gzip, notes, open, open_with, tar, tree, xz, zip,
    zip_with, zstd,
};

fn good() -> Vec<Entry> {
    tree().iter().map(|(name, bytes)| Entry::new(name, bytes)).collect()
}

#[test]
fn every_cut_of_a_zip_is_survived_and_said() {
    let tree = tree();
    let whole = zip(&tree);
    let expected = contents(&open(&whole).unwrap());
    for length in 4..whole.len() {
        match open(&whole[..length]) {
            Err(OpenError::CutOff { .. }) => {}
            Err(error) => panic!("{length}: {error}"),
            Ok(bundle) => {
                assert!(bundle.card().cut_off, "{length}");
                let all = contents(&bundle);
                let damaged: Vec<_> =
                    bundle.scan_notes().iter().map(|note| note.at.artifact.index()).collect();
                assert!(damaged.len() <= 1, "{length}");
                for (index, member) in all.iter().enumerate() {
                    assert!(
                        damaged.contains(&index) || expected.contains(member),
                        "{length} {}",
                        member.0
                    );
                }
            }
        }
    }
    let bundle = open(&whole[..whole.len() - 22]).unwrap();
    let mut found = contents(&bundle);
    found.sort();
    assert_eq!(found, expected, "without its end record nothing but the directory is lost");
}

#[test]
fn every_cut_of_a_compressed_tar_is_survived_and_said() {
    let plain = tar(&tree());
    for whole in [gzip(&plain), xz(&plain), zstd(&plain), plain] {
        let step = (whole.len() / 700).max(1);
        let expected = contents(&open(&whole).unwrap());
        for length in (10..whole.len()).step_by(step) {
            let Ok(bundle) = open(&whole[..length]) else { continue };
            let all = contents(&bundle);
            assert!(all.len() <= expected.len());
            let said = bundle.card().cut_off || !notes(&bundle).is_empty();
            assert!(said || all == expected, "{length} of {}", whole.len());
        }
    }
}

#[test]
fn bytes_changed_at_random_never_panic() {
    let tree = tree();
    let plain = tar(&tree);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for whole in [zip(&tree), gzip(&plain), xz(&plain), zstd(&plain), plain] {
        for _ in 0..300 {
            let mut changed = whole.clone();
            for _ in 0..3 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(state >> 33).unwrap() % changed.len();
                changed[at] = state.to_le_bytes()[2];
            }
            if let Ok(bundle) = open(&changed) {
                contents(&bundle);
            }
            // What cannot be opened inside another archive is there, and the rest is read.
            let outer = vec![("in.bin".into(), changed), ("note".into(), b"whole".to_vec())];
            let bundle = open(&tar(&outer)).unwrap();
            let all = contents(&bundle);
            assert!(all.iter().any(|(path, _)| path == "in.bin"));
            assert!(all.contains(&("note".into(), Ok(b"whole".to_vec()))));
        }
    }
}

#[test]
fn duplicates_are_both_there_and_said() {
    let bundle = open(&zip_with(
        &[Entry::new("pods.json", b"first"), Entry::new("pods.json", b"second")],
        b"",
    ))
    .unwrap();
    let all = contents(&bundle);
    assert_eq!(
        all,
        [
            ("pods.json".to_owned(), Ok(b"first".to_vec())),
            ("pods.json (2)".to_owned(), Ok(b"second".to_vec()))
        ]
    );
    assert!(notes(&bundle).contains("KSB0006"));
}

#[test]
fn shared_kernels_are_refused_and_one_wrong_length_is_not() {
    let kernel = Entry::new("bomb/0", &vec![b'1'; 4 << 20]);
    let mut entries = good();
    let at = u32::try_from(zip_with(&entries, b"").len()).unwrap();
    let directory: usize = entries.iter().map(|entry| entry.name.len() + 46).sum::<usize>() + 22;
    let at = at - u32::try_from(directory).unwrap();
    entries.push(kernel.clone());
    for number in 1..300 {
        entries.push(Entry {
            name: format!("bomb/{number}").into_bytes(),
            shared: Some(at),
            ..kernel.clone()
        });
    }
    assert!(matches!(open(&zip_with(&entries, b"")), Err(OpenError::Overlap { members: 299, .. })));

    let mut entries = good();
    entries[0].raw.extend([0; 7]);
    let bundle = open(&zip_with(&entries, b"")).unwrap();
    assert!(contents(&bundle).iter().all(|(_, content)| content.is_ok()));
}

#[test]
fn an_end_record_hidden_in_the_comment_hides_nothing() {
    let hidden = end_record(0, 0, 0, b"");
    for comment in [[b"x", hidden.as_slice(), b"y"].concat(), hidden] {
        let bundle = open(&zip_with(&good(), &comment)).unwrap();
        assert_eq!(bundle.artifacts().len(), tree().len());
        assert!(notes(&bundle).contains("end records"), "{}", notes(&bundle));
    }
}

#[test]
fn lying_members_are_told_apart_and_the_rest_is_read() {
    let mut entries = good();
    entries.push(Entry { size: 10, ..Entry::new("lies/longer", &vec![b'B'; 1 << 20]) });
    entries.push(Entry { size: 400, ..Entry::new("lies/shorter", b"short") });
    entries.push(Entry { crc: 1, ..Entry::new("lies/checksum", b"text") });
    entries.push(Entry { method: 77, ..Entry::new("lies/method", b"text") });
    entries.push(Entry { flags: 0x801, ..Entry::new("lies/encrypted", b"text") });
    entries.push(Entry { raw: vec![0xff; 40], ..Entry::new("lies/broken", b"text") });
    entries.push(Entry { mode: 0o120_777, ..Entry::new("lies/link", b"/etc/hostname") });
    for name in ["../../slip", "/slip", "x\\..\\slip", "C:\\slip", "a\0b", "a\nb", "b\u{202e}gpj"] {
        entries.push(Entry::new(name, b"odd"));
    }
    let bundle = open(&zip_with(&entries, b"")).unwrap();
    let all = contents(&bundle);
    assert_eq!(all.len(), entries.len() - 1);
    assert!(all.iter().all(|(path, content)| path.starts_with("lies/") || content.is_ok()));
    assert!(all.iter().all(|(path, _)| !path.chars().any(char::is_control)));
    insta::assert_snapshot!(notes(&bundle), @r#"
    KSB0007 [("name", Text("../../slip")), ("reason", Text("leaves its folder"))]
    KSB0007 [("name", Text("/slip")), ("reason", Text("absolute"))]
    KSB0007 [("name", Text("C:\\\\slip")), ("reason", Text("absolute"))]
    KSB0007 [("name", Text("a\\nb")), ("reason", Text("control character"))]
    KSB0007 [("name", Text("a\\u{0}b")), ("reason", Text("control character"))]
    KSB0007 [("name", Text("b\\u{202e}gpj")), ("reason", Text("control character"))]
    KSB0007 [("name", Text("x\\\\..\\\\slip")), ("reason", Text("backslash"))]
    KSB0007 [("name", Text("lies/link")), ("reason", Text("link"))]
    KSB0002 [("reason", Text("damaged after 0 bytes: deflate decompression error: invalid block type"))]
    KSB0002 [("reason", Text("checksum differs"))]
    KSB0002 [("reason", Text("encrypted"))]
    KSB0002 [("reason", Text("has more bytes than the 10 it declares"))]
    KSB0002 [("reason", Text("unknown compression method 77"))]
    KSB0002 [("reason", Text("has 5 bytes and declares 400"))]
    "#);
}

#[test]
fn many_empty_members_are_listed_until_the_limit() {
    let empty = |count: u32| {
        let entries: Vec<_> = (0..count)
            .map(|n| Entry { raw: Vec::new(), method: 0, ..Entry::new(&format!("x/{n}"), b"") })
            .collect();
        zip_with(&entries, b"")
    };
    let many = empty(70_000);
    let bundle = open(&many).unwrap();
    assert_eq!(contents(&bundle).len(), 70_000);
    assert_eq!(notes(&bundle), "");
    let limits = Limits { members: 69_999, ..Limits::default() };
    assert!(matches!(open_with(&many, &limits), Err(OpenError::Limit { .. })));
    let limits = Limits { directory: 1 << 20, ..Limits::default() };
    assert!(matches!(open_with(&many, &limits), Err(OpenError::Limit { .. })));
}

#[test]
fn bombs_are_cut_at_their_share_and_the_rest_is_read() {
    let zeros = vec![b' '; 8 << 20];
    let limits = Limits { ratio_allowance: 1 << 20, whole: 1 << 20, ..Limits::default() };
    let mut tree = tree();
    tree.push(("bomb/flat.log".into(), zeros.clone()));
    tree.push(("bomb/inner.log.gz".into(), gzip(&zeros)));
    // Each of these may be read, all of them may not: no order of reading decides which.
    tree.extend((0..4).map(|n| (format!("bomb/small-{n}.gz"), gzip(&zeros[..600 << 10]))));
    for bytes in [zip(&tree), tar(&tree)] {
        let results: Vec<_> = [1, 4]
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let bundle = open_with(&bytes, &limits).unwrap();
                    let all = contents(&bundle);
                    assert!(notes(&bundle).contains("\"ratio\""), "{}", notes(&bundle));
                    (all, notes(&bundle))
                })
            })
            .into();
        assert_eq!(results[0], results[1], "a bomb's share does not depend on threads");
        let inner = results[0].0.iter().find(|(path, _)| path == "bomb/inner.log.gz").unwrap();
        assert!(inner.1.as_ref().is_ok_and(|bytes| bytes.len() < 4 << 20));
        let small = results[0].0.iter().filter(|(path, _)| path.starts_with("bomb/small"));
        assert!(
            small
                .into_iter()
                .all(|(_, bytes)| bytes.as_ref().is_ok_and(|bytes| bytes.len() < 600 << 10))
        );
        assert!(results[0].0.iter().any(|(path, content)| path == "README" && content.is_ok()));
    }
    let bundle = open_with(
        &gzip(&tar(&vec![("first".into(), b"text".to_vec()), ("zeros".into(), zeros)])),
        &limits,
    )
    .unwrap();
    assert_eq!(contents(&bundle)[0].1, Ok(b"text".to_vec()));
    assert!(bundle.card().cut_off && notes(&bundle).contains("ratio"));
}

#[test]
fn members_of_unknown_length_are_salvaged() {
    let tree = tree();
    let mut whole = Vec::new();
    for (name, bytes) in &tree {
        let entry = Entry { flags: 0x808, ..Entry::new(name, bytes) };
        let mut local =
            zip_with(&[Entry { crc: 0, size: 0, raw: Vec::new(), ..entry.clone() }], b"");
        local.truncate(30 + name.len());
        whole.extend(local);
        whole.extend(deflate(bytes));
        whole.extend(b"PK\x07\x08");
        whole.extend(entry.crc.to_le_bytes());
        whole.extend(u32::try_from(entry.raw.len()).unwrap().to_le_bytes());
        whole.extend(entry.size.to_le_bytes());
    }
    let bundle = open(&whole).unwrap();
    assert_eq!(contents(&bundle), contents(&open(&zip(&tree)).unwrap()));
    assert!(bundle.card().cut_off);
}

#[test]
fn a_tar_header_may_claim_what_it_likes() {
    let mut header = ::tar::Header::new_gnu();
    header.set_path("huge.log").unwrap();
    header.set_size(1 << 60);
    header.set_cksum();
    let mut bytes = tar(&Tree::from([("first".into(), b"text".to_vec())]));
    bytes.truncate(1024);
    bytes.extend(header.as_bytes());
    bytes.extend(b"a little");
    for bytes in [bytes.clone(), gzip(&bytes)] {
        let bundle = open(&bytes).unwrap();
        assert_eq!(contents(&bundle)[0].1, Ok(b"text".to_vec()));
        assert!(bundle.card().cut_off);
    }
}
