//! One tree, packed every way.

use std::io::Write;

use konspect_bundle::{ArtifactId, Bundle, Content, Limits, SourceKind};

use crate::kit::{Folder, Tree, contents, gzip, notes, open, open_with, tar, tree, xz, zip, zstd};

#[test]
fn every_container_gives_the_same_artefacts_and_bytes() {
    let (folder, tree) = (Folder::new(), tree());
    let plain = tar(&tree);
    let paths = [
        (folder.tree("bundle", &tree), SourceKind::Directory),
        (folder.file("a", &zip(&tree)), SourceKind::Zip),
        (folder.file("b", &plain), SourceKind::Tar),
        (folder.file("c", &gzip(&plain)), SourceKind::TarGz),
        (folder.file("d", &xz(&plain)), SourceKind::TarXz),
        (folder.file("e", &zstd(&plain)), SourceKind::TarZst),
    ];
    let mut first = None;
    for (path, kind) in paths {
        for tar_memory in [1 << 20, 0] {
            let limits = Limits { tar_memory, ..Limits::default() };
            let bundle = Bundle::open(std::slice::from_ref(&path), &limits).unwrap();
            assert_eq!(bundle.card().kind, kind);
            assert_eq!(notes(&bundle), "");
            let all = (bundle.artifacts().to_vec(), contents(&bundle));
            let first = first.get_or_insert_with(|| all.clone());
            assert_eq!(&all, first, "{kind:?}");
        }
    }
    let (artifacts, contents) = first.unwrap();
    assert_eq!(artifacts.len(), tree.len());
    assert_eq!(contents[2].1, contents[1].1, "a .gz inside is decompressed");
    assert_eq!(contents[4].1, Ok(b"Status".to_vec()), "UTF-16 becomes UTF-8");
}

#[test]
fn reading_again_gives_what_the_scan_saw() {
    let tree = tree();
    for bytes in [zip(&tree), gzip(&tar(&tree))] {
        for (tar_memory, whole) in [(1 << 20, 1 << 20), (0, 1 << 20), (0, 1000)] {
            let limits = Limits { tar_memory, whole, block: 64, ..Limits::default() };
            let bundle = open_with(&bytes, &limits).unwrap();
            let whole = usize::try_from(whole).unwrap();
            let seen = contents(&bundle);
            let mut fetched = Vec::new();
            let ids: Vec<_> = bundle.artifacts().iter().map(|artifact| artifact.id).collect();
            bundle.fetch(&ids, |id, bytes| fetched.push((id, bytes.to_vec())));
            fetched.sort();
            for ((id, fetched), (_, seen)) in fetched.iter().zip(&seen) {
                let seen = seen.as_ref().unwrap();
                assert_eq!(fetched, &seen[..seen.len().min(whole)]);
                assert_eq!(&bundle.read(*id).unwrap(), fetched);
                let part = 20..60_usize;
                let part = part.start.min(seen.len())..part.end.min(seen.len());
                assert_eq!(bundle.read_range(*id, 20..60).unwrap(), seen[part]);
            }
            assert_eq!(fetched.len(), seen.len());
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let tree: Tree = (0..300)
        .map(|n| (format!("logs/{n}.log"), format!("line {n}\n").repeat(n).into_bytes()))
        .collect();
    let bytes = gzip(&tar(&tree));
    let results: Vec<_> = [1, 2, 8]
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            [1 << 20, 0].map(|tar_memory| {
                let limits = Limits { tar_memory, whole: 1000, ..Limits::default() };
                pool.install(|| contents(&open_with(&bytes, &limits).unwrap()))
            })
        })
        .into_iter()
        .flatten()
        .collect();
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn large_artefacts_come_in_blocks_from_everywhere() {
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz\n";
    let log = line.repeat(4000).into_bytes();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(log.iter().flat_map(|byte| [*byte, 0])).collect();
    let tree: Tree =
        vec![("a.log".into(), log.clone()), ("b.log".into(), gzip(&log)), ("c.log".into(), utf16)];
    let limits = Limits { whole: 10_000, block: 4096, tar_memory: 0, ..Limits::default() };
    for bytes in [zip(&tree), tar(&tree), xz(&tar(&tree))] {
        let bundle = open_with(&bytes, &limits).unwrap();
        let kinds = bundle.scan(|_, content| match content {
            Content::Blocks(blocks) => blocks.head().len() > 1000,
            _ => false,
        });
        assert_eq!(kinds, [true, true, true]);
        assert!(contents(&bundle).into_iter().all(|(_, bytes)| bytes.unwrap() == log));
    }
}

#[test]
fn several_paths_are_told_apart_by_their_names() {
    let folder = Folder::new();
    let paths = [
        folder.file("one/upload", &zip(&tree())),
        folder.file("two/upload", b"a line\n"),
        folder.file("x.log", b"b\n"),
    ];
    let bundle = Bundle::open(&paths, &Limits::default()).unwrap();
    let names: Vec<_> = bundle.artifacts().iter().map(|artifact| artifact.path.as_str()).collect();
    assert_eq!(names.first(), Some(&"upload (2)/upload"));
    assert_eq!(names.last(), Some(&"x.log/x.log"));
    assert!(names.contains(&"upload/resources/pods.json"));
    assert_eq!(bundle.card().kind, SourceKind::Several);
    assert_eq!(bundle.cards().len(), 3);
}

#[test]
fn a_file_carries_its_digest() {
    let bundle = open(b"abc").unwrap();
    let card = bundle.card();
    assert_eq!(
        card.sha256.as_deref(),
        Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert_eq!((card.kind, card.name.as_str(), card.bytes), (SourceKind::File, "upload", Some(3)));
}

#[test]
fn gz_members_follow_each_other_and_a_cut_keeps_what_came_before() {
    let log = b"first half\n".repeat(2000);
    let mut twice = gzip(&log);
    twice.extend(gzip(b"second half\n"));
    let cut = gzip(
        &(0..4000_u32)
            .flat_map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .collect::<Vec<_>>(),
    );
    let cut = &cut[..cut.len() / 2];
    let tree: Tree = vec![("cut".into(), cut.to_vec()), ("twice".into(), twice)];
    let bundle = open(&zip(&tree)).unwrap();
    let all = contents(&bundle);
    assert_eq!(all[1].1.as_ref().unwrap(), &[log.as_slice(), b"second half\n"].concat());
    assert!(all[0].1.as_ref().unwrap().starts_with(b"0\n2654435761\n"));
    assert!(
        notes(&bundle).contains("KSB0003 [(\"reason\", Text(\"cut off after"),
        "{}",
        notes(&bundle)
    );
}

#[test]
fn links_and_odd_names_are_labels() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "logs/link", "/etc/passwd").unwrap();
    let mut header = tar::Header::new_old();
    header.as_old_mut().name[..14].copy_from_slice(b"../../etc/cron");
    header.set_size(5);
    header.set_cksum();
    builder.append(&header, &b"plain"[..]).unwrap();
    let long = format!("logs/{}/x.log", "deep-".repeat(60));
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    builder.append_data(&mut header, &long, &b"long"[..]).unwrap();
    let bundle = open(&builder.into_inner().unwrap()).unwrap();
    let all = contents(&bundle);
    assert_eq!(all[0], ("../../etc/cron".into(), Ok(b"plain".to_vec())));
    assert_eq!(all[1], (long, Ok(b"long".to_vec())));
    assert_eq!(notes(&bundle).matches("KSB0007").count(), 2);
}

#[cfg(unix)]
#[test]
fn a_folder_is_read_without_following_links() {
    let folder = Folder::new();
    let path = folder.tree("bundle", &tree());
    std::os::unix::fs::symlink("/etc", path.join("etc")).unwrap();
    std::os::unix::fs::symlink(&path, path.join("loop")).unwrap();
    let bundle = Bundle::open(&[path], &Limits::default()).unwrap();
    assert_eq!(bundle.artifacts().len(), tree().len());
    assert_eq!(notes(&bundle).matches("KSB0007").count(), 2);
}

#[test]
fn the_manifest_is_found_and_compared() {
    let digest = |bytes: &[u8]| {
        use sha2::Digest;
        sha2::Sha256::digest(bytes)
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    };
    let mut tree = tree();
    let members: Vec<_> = tree
        .iter()
        .map(|(path, bytes)| {
            format!(r#"{{"path":"{path}","sha256":"{}","bytes":{}}}"#, digest(bytes), bytes.len())
        })
        .collect();
    let manifest = format!(
        r#"{{"format":1,"tool":{{"name":"konspect-collect","version":"0"}},"members":[{}],
            "commands":[{{"argv":["date"]}},{{"argv":["kubectl","get","pods"],"member":"resources/pods.json"}}]}}"#,
        members.join(",")
    );
    tree.push(("manifest.json".into(), manifest.into_bytes()));
    let whole = open(&zip(&tree)).unwrap();
    contents(&whole);
    assert_eq!(notes(&whole), "");
    let pods =
        whole.artifacts().iter().find(|artifact| artifact.path == "resources/pods.json").unwrap();
    assert_eq!(
        (pods.command, whole.manifest().unwrap().commands[1].argv[0].as_str()),
        (Some(1), "kubectl")
    );

    tree[0].1.push(b'!');
    tree[3].0 = "nodes/aks-1/renamed".into();
    // The same for a member that is read in blocks.
    for whole in [1 << 20, 4] {
        let limits = Limits { whole, tar_memory: 0, ..Limits::default() };
        let bundle = open_with(&gzip(&tar(&tree)), &limits).unwrap();
        if whole > 4 {
            contents(&bundle);
            insta::assert_snapshot!(notes(&bundle), @r#"
    KSB0008 [("name", Text("README")), ("reason", Text("changed"))]
    KSB0008 [("name", Text("nodes/aks-1/renamed")), ("reason", Text("added"))]
    KSB0008 [("name", Text("nodes/aks-1/empty")), ("reason", Text("missing"))]
    "#);
        } else {
            assert!(bundle.manifest().is_none(), "a manifest that cannot be read whole is none");
        }
    }
}

#[test]
fn single_files_are_artefacts_of_their_own() {
    for bytes in [b"a line\n".to_vec(), gzip(b"a line\n"), xz(b"a line\n"), zstd(b"a line\n")] {
        let bundle = open(&bytes).unwrap();
        assert_eq!(contents(&bundle), [("upload".to_owned(), Ok(b"a line\n".to_vec()))]);
        assert_eq!(bundle.read(ArtifactId(0)).unwrap(), b"a line\n");
    }
    assert!(open(b"x").unwrap().read(ArtifactId(1)).is_err());
}

#[test]
fn what_is_no_bundle_is_refused_in_one_line() {
    let folder = Folder::new();
    let missing = folder.file("x", b"x").with_file_name("gone");
    std::fs::create_dir_all(missing.with_file_name("empty/below")).unwrap();
    let mut encrypted = crate::kit::Entry::new("secret", b"text");
    encrypted.flags |= 1;
    let refusals: Vec<String> = [
        missing.clone(),
        missing.with_file_name("empty"),
        folder.file("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
        folder.file("text.zip", b"NAME READY STATUS\n"),
        folder.file("nothing", b""),
        folder.file("secret", &crate::kit::zip_with(&[encrypted], b"")),
        folder.file("cut", &zip(&tree())[..20]),
        folder.file("cut-tar", &gzip(&tar(&tree()))[..30]),
        folder.file("nothing-inside", &crate::kit::zip_with(&[], b"")),
        folder.file("7z", b"7z\xbc\xaf\x27\x1c\0\x04"),
    ]
    .into_iter()
    .map(|path| {
        let folder = path.parent().unwrap().to_str().unwrap().to_owned() + "/";
        let error = Bundle::open(&[path], &Limits::default()).err().unwrap();
        format!(
            "{} {}",
            if error.is_usage() { 2 } else { 3 },
            error.to_string().replace(&folder, "")
        )
    })
    .collect();
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    2 gone does not exist; check the spelling and the working directory
    3 empty holds no file; name the folder or archive that the collector wrote
    3 elf is not a bundle: it is a binary file; name a folder, a zip, a tar (.gz, .xz, .zst) or a text file
    3 text.zip is not a bundle: its name promises an archive, but it is not one; name a folder, a zip, a tar (.gz, .xz, .zst) or a text file
    3 nothing is empty; fetch or upload it again, or name the folder or archive it came in
    3 secret is encrypted; decrypt it first and open the result
    3 cut is cut off before anything could be read; fetch or upload it again
    3 cut-tar is cut off before anything could be read; fetch or upload it again
    3 nothing-inside holds no file; name the folder or archive that the collector wrote
    3 7z is not a bundle: a 7z archive is not read; name a folder, a zip, a tar (.gz, .xz, .zst) or a text file
    "#);
}

#[test]
fn zip_members_may_be_stored_or_zstd() {
    let mut buffer = std::io::Cursor::new(Vec::new());
    let mut writer = zip::ZipWriter::new(&mut buffer);
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("stored", options.large_file(true)).unwrap();
    writer.write_all(b"stored").unwrap();
    writer.finish().unwrap();
    assert_eq!(
        contents(&open(&buffer.into_inner()).unwrap()),
        [("stored".to_owned(), Ok(b"stored".to_vec()))]
    );

    let mut entry = crate::kit::Entry::new("zstd", b"text in a frame");
    (entry.raw, entry.method) = (zstd(b"text in a frame"), 93);
    let bundle = open(&crate::kit::zip_with(&[entry], b"")).unwrap();
    assert_eq!(contents(&bundle), [("zstd".to_owned(), Ok(b"text in a frame".to_vec()))]);
}

/// An Event Hub writes its capture as Avro, which is no text: what to do about it is said.
#[test]
fn an_event_hub_capture_is_told_how_to_be_read() {
    let avro = b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema\x02{\x00\x01\x02";
    for bytes in [avro.to_vec(), gzip(avro)] {
        let error = open(&bytes).err().unwrap().to_string();
        assert!(error.contains("Avro") && error.contains("avro-tools tojson"), "{error}");
    }
}
