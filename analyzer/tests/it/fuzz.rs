//! A smoke run of every fuzz target: seeds as the real components write them, changed in ways that
//! repeat, so that a failure does.

use std::path::{Path, PathBuf};

use konspect::parse::{self, Hint, Kind};
use konspect_audit::AuditFold;
use konspect_bundle::{ArtifactId, Source};
use rayon::prelude::*;

use crate::kit;
use crate::targets::{TARGETS, Target, target};

const ROUNDS: u64 = 200;

struct Seed {
    format: String,
    name: String,
    bytes: Vec<u8>,
}

/// Marsaglia's xorshift: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn new(text: &str, round: u64) -> Self {
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self((hash ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 1).unwrap_or(0) % limit.max(1)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn seeds() -> Vec<Seed> {
    let files = kit::tree(&root().join("testdata/formats"));
    let seed = |(label, bytes): (String, Vec<u8>)| {
        let (format, _) = label.split_once('/').unwrap();
        Seed { format: format.to_owned(), name: label.clone(), bytes }
    };
    files.into_iter().map(seed).collect()
}

/// One to three changes: what cut uploads, bad disks and attackers do.
fn changed(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    const PIECES: [&[u8]; 12] = [
        b"\0",
        b"\xff\xfe",
        b"\xc3",
        "\u{202e}".as_bytes(),
        b"\x1b[2J",
        b"\r\n",
        b"-1",
        b"[[[[[[[[",
        b"99999999999999999999",
        b"1e999",
        b"\"",
        b"0000-00-00T99:99:99Z",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + 1 + dice.below(64)).min(bytes.len());
        match dice.below(7) {
            0 if !bytes.is_empty() => {
                let place = dice.below(bytes.len());
                bytes[place] ^= 1 << dice.below(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let from = dice.below(other.len() + 1);
                let until = (from + dice.below(256)).min(other.len());
                bytes.splice(at..at, other[from..until].iter().copied());
            }
            5 => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let (first, second) = (dice.below(lines.len()), dice.below(lines.len()));
                let mut lines = lines;
                if !lines.is_empty() {
                    lines.swap(first, second);
                }
                bytes = lines.concat();
            }
            _ => drop(bytes.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
        }
    }
    bytes
}

/// Runs a target; a panic names the seed and the round, with which it comes again.
fn survive(name: &str, target: Target, seed: &Seed, round: u64, bytes: &[u8]) {
    let run = std::panic::catch_unwind(|| target(bytes));
    assert!(
        run.is_ok(),
        "target {name}, seed {}, round {round}: {:?}",
        seed.name,
        String::from_utf8_lossy(&bytes[..bytes.len().min(600)])
    );
}

#[test]
fn every_target_survives_changed_seeds() {
    let seeds = seeds();
    seeds.par_iter().enumerate().for_each(|(number, seed)| {
        let own = target(&seed.format).unwrap();
        for round in 0..ROUNDS {
            let mut dice = Dice::new(&seed.name, round);
            let other = &seeds[(number + dice.below(seeds.len())) % seeds.len()].bytes;
            let bytes = if round == 0 {
                seed.bytes.clone()
            } else {
                changed(&seed.bytes, other, &mut dice)
            };
            survive(&seed.format, own, seed, round, &bytes);
            for name in ["sniff", "artifact"] {
                survive(name, target(name).unwrap(), seed, round, &bytes);
            }
            // Any parser may meet any bytes: sniffing is a guess.
            let (name, any) = TARGETS[dice.below(TARGETS.len())];
            if name != "bundle" {
                survive(name, any, seed, round, &bytes);
            }
        }
    });
}

#[test]
fn changed_archives_are_opened_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = kit::tree(&kit::shipped().join("nodes"));
    let (zip, tar) = (folder.path().join("a.zip"), folder.path().join("a.tar.gz"));
    kit::write_zip(&zip, &files);
    kit::write_tar_gz(&tar, &files);
    let seeds: Vec<Seed> = [zip, tar]
        .iter()
        .map(|path| Seed {
            format: "bundle".to_owned(),
            name: path.extension().unwrap().to_str().unwrap().to_owned(),
            bytes: std::fs::read(path).unwrap(),
        })
        .collect();
    seeds.par_iter().for_each(|seed| {
        for round in 0..60 {
            let bytes = changed(&seed.bytes, &seed.bytes, &mut Dice::new(&seed.name, round));
            survive("bundle", target("bundle").unwrap(), seed, round, &bytes);
        }
    });
}

#[test]
fn seeds_are_what_their_folders_say() {
    for seed in seeds() {
        assert!(target(&seed.format).is_some(), "{} has no target", seed.name);
        if AuditFold::is_state(&seed.bytes) {
            assert_eq!(seed.format, "audit_state", "{}", seed.name);
            let read = AuditFold::from_bytes(&seed.bytes);
            assert!(read.is_ok(), "{}: save it anew with konspect audit --save", seed.name);
            continue;
        }
        if konspect_audit::sniff(&seed.bytes).is_some() {
            assert_eq!(seed.format, "audit", "{}", seed.name);
            continue;
        }
        let source = Source::new(ArtifactId(0), &seed.bytes);
        let (kind, rows) = parse::artifact(&source, &Hint::default());
        assert!(
            !matches!(kind, Kind::Unknown | Kind::Binary | Kind::Empty | Kind::Document),
            "{} is {kind:?}",
            seed.name
        );
        assert_ne!(rows, parse::Rows::default(), "{} gives nothing", seed.name);
    }
}

#[test]
fn every_target_has_seeds_and_a_fuzzer() {
    // These take any seed.
    const ANY: [&str; 4] = ["artifact", "bundle", "network_error", "sniff"];
    let seeds = seeds();
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let seeded = seeds.iter().any(|seed| seed.format == *name);
        assert!(seeded || ANY.contains(name), "testdata/formats/{name}/ is missing");
        let path = format!("fuzz_targets/{name}.rs");
        let fuzzer = std::fs::read_to_string(root().join("fuzz").join(&path)).unwrap_or_default();
        assert!(fuzzer.contains(&format!("\"{name}\"")), "fuzz/{path} does not call its target");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "fuzz/Cargo.toml lacks {name}");
    }
}
