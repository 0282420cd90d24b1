//! The command line as a script meets it: exit codes, one clear line, nothing half-written.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use konspect::language::{Language, Locale};
use tempfile::TempDir;

use crate::kit;

/// A run in an empty folder of its own.
struct Run {
    folder: TempDir,
    exit: i32,
    out: String,
    err: String,
}

impl Run {
    fn new(arguments: &[&str]) -> Self {
        Self::prepared(arguments, |_| ())
    }

    /// Runs after something was put into the working folder.
    fn prepared(arguments: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let output = Command::cargo_bin("konspect")
            .unwrap()
            .args(arguments)
            .current_dir(folder.path())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        Self {
            folder,
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.exit, code, "stdout {}\nstderr {}", self.out, self.err);
        self
    }

    /// Draws what is wrong over several lines of standard error.
    fn draws(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.err.contains(word), "no «{word}» in {}", self.err);
        }
        self
    }

    /// Nothing on standard output and one plain line on standard error that says all these words.
    fn complains(&self, words: &[&str]) -> &Self {
        assert_eq!(self.out, "");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "no «{word}» in {}", self.err);
        }
        assert!(self.err.trim_end().chars().all(|c| !c.is_control()), "{:?}", self.err);
        self
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn leaves(&self, names: &[&str]) -> &Self {
        assert_eq!(self.files(), names);
        self
    }
}

fn shipped() -> String {
    kit::shipped().canonicalize().unwrap().to_str().unwrap().to_owned()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// One stored member whose flags say that it is encrypted, by hand: no crate writes that lightly.
fn encrypted_zip() -> Vec<u8> {
    let (name, body) = (b"a.json", [0x5a_u8; 24]);
    let common: Vec<u8> = [
        &20_u16.to_le_bytes()[..],
        &1_u16.to_le_bytes(),
        &[0; 6],
        &0x1234_5678_u32.to_le_bytes(),
        &24_u32.to_le_bytes(),
        &12_u32.to_le_bytes(),
        &6_u16.to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    let local = [b"PK\x03\x04", &common[..], name, &body].concat();
    let central = [b"PK\x01\x02\x14\x00", &common[..], &[0; 14], name].concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &u32::try_from(central.len()).unwrap().to_le_bytes()[..],
        &u32::try_from(local.len()).unwrap().to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    [local, central, end].concat()
}

#[test]
fn a_missing_path_is_wrong_usage() {
    Run::new(&["analyze", "not-here.zip"])
        .exits(2)
        .complains(&["not-here.zip", "does not exist"])
        .leaves(&[]);
}

#[test]
fn an_empty_log_is_said_to_be_empty() {
    Run::prepared(&["audit", "audit.log"], |folder| {
        std::fs::write(folder.join("audit.log"), "").unwrap();
    })
    .exits(3)
    .complains(&["audit.log is empty"])
    .leaves(&["audit.log"]);
}

#[test]
fn an_empty_folder_is_refused() {
    Run::prepared(&["analyze", "empty"], |folder| {
        std::fs::create_dir(folder.join("empty")).unwrap();
    })
    .exits(3)
    .complains(&["empty", "holds no file"])
    .leaves(&["empty"]);
}

#[test]
fn what_is_no_bundle_is_refused() {
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    program.extend((0..4096_u32).flat_map(u32::to_le_bytes));
    let mut picture = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x48\0\x48\0\0".to_vec();
    picture.extend((0..=255_u8).cycle().take(4096));
    for (name, bytes) in [("program", &program[..]), ("picture.jpg", &picture), ("empty.zip", b"")]
    {
        Run::prepared(&["analyze", name], |folder| {
            put(folder, name, bytes);
        })
        .exits(3)
        .complains(&[name])
        .leaves(&[name]);
    }
}

#[test]
fn an_encrypted_zip_is_refused_and_says_what_to_do() {
    Run::prepared(&["analyze", "case.zip"], |folder| {
        put(folder, "case.zip", &encrypted_zip());
    })
    .exits(3)
    .complains(&["case.zip", "encrypted", "decrypt"])
    .leaves(&["case.zip"]);
}

#[test]
fn a_cut_zip_gives_what_arrived_and_says_so() {
    let cut = |folder: &Path, share: usize| {
        let path = folder.join("case.zip");
        kit::write_zip(&path, &kit::tree(&kit::shipped()));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() * share / 100]).unwrap();
    };
    let half = Run::prepared(&["analyze", "case.zip", "-o", "json"], |folder| cut(folder, 60));
    half.exits(0);
    let report: serde_json::Value = serde_json::from_str(&half.out).unwrap();
    assert_eq!(report["bundle"]["cut_off"], true);
    assert!(!report["diagnostics"].as_array().unwrap().is_empty());
    Run::prepared(&["analyze", "case.zip", "--strict", "-o", "json"], |folder| cut(folder, 60))
        .exits(4);
    Run::prepared(&["analyze", "case.zip"], |folder| {
        put(folder, "case.zip", b"PK\x03\x04\x14\0\0\0");
    })
    .exits(3)
    .complains(&["case.zip"])
    .leaves(&["case.zip"]);
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing() {
    let place = shipped();
    Run::new(&["analyze", &place, "-o", "html=no/such/folder/r.html"])
        .exits(5)
        .complains(&["cannot write", "r.html"])
        .leaves(&[]);
    // A folder where the file is to be: written beside it, not renamed, and taken away again.
    Run::prepared(&["analyze", &place, "--force", "-o", "html=r.html"], |folder| {
        std::fs::create_dir(folder.join("r.html")).unwrap();
    })
    .exits(5)
    .complains(&["r.html"])
    .leaves(&["r.html"]);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let place = shipped();
    let old = |folder: &Path| {
        put(folder, "r.md", b"mine");
    };
    let kept = Run::prepared(&["analyze", &place, "-o", "html=r.html", "-o", "md=r.md"], old);
    kept.exits(5).complains(&["r.md", "--force"]).leaves(&["r.md"]);
    assert_eq!(std::fs::read(kept.folder.path().join("r.md")).unwrap(), b"mine");
    let forced = Run::prepared(&["analyze", &place, "--force", "-o", "md=r.md"], old);
    forced.exits(0).leaves(&["r.md"]);
    assert!(std::fs::read(forced.folder.path().join("r.md")).unwrap().len() > 500);
}

#[test]
fn wrong_usage_is_said_before_anything_is_read() {
    let place = shipped();
    Run::new(&["analyze", &place, "-o", "json", "-o", "md"])
        .exits(2)
        .complains(&["standard output"]);
    Run::new(&["analyze", &place, "-o", "pdf"]).exits(2).complains(&["pdf", "html"]);
    Run::new(&["analyze", &place, "--md-for", "fax"]).exits(2).complains(&["fax", "github"]);
    Run::new(&["analyze", &place, "-o", "md=r", "-o", "html=r"])
        .exits(2)
        .complains(&["r", "twice"])
        .leaves(&[]);
    assert!(Run::new(&["analyze", &place, "--threads", "0"]).exits(2).err.contains("--threads"));
    assert!(Run::new(&["analyze"]).exits(2).err.contains("PATHS"));
    assert!(Run::new(&["frobnicate"]).exits(2).err.contains("frobnicate"));
}

#[test]
fn json_stands_alone_on_standard_output() {
    let run = Run::new(&["analyze", &shipped(), "-o", "json"]);
    run.exits(0).leaves(&[]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["format"], 1);
    assert_eq!(run.err, "");
}

#[test]
fn without_outputs_two_files_and_a_summary_come() {
    let run = Run::new(&["analyze", &shipped()]);
    run.exits(0).leaves(&["kubelet-port-dropped.html", "kubelet-port-dropped.md"]);
    assert!(run.out.contains("kubelet-port-dropped.html"), "{}", run.out);
    assert!(run.out.lines().count() <= 15, "{}", run.out);
    assert!(run.out.lines().all(|line| line.chars().count() <= 100), "{}", run.out);
    let quiet = Run::new(&["analyze", &shipped(), "-q"]);
    assert!(quiet.exits(0).out.lines().count() <= 2, "only the verdict: {}", quiet.out);
    assert!(quiet.out.contains("10250"), "{}", quiet.out);
    assert_eq!(Run::new(&["analyze", &shipped(), "-qq"]).exits(0).out, "");
}

#[test]
fn fail_on_and_strict_decide_the_exit_code_and_nothing_else() {
    let place = shipped();
    let plain = Run::new(&["analyze", &place, "-o", "json"]);
    let bad = Run::new(&["analyze", &place, "-o", "json", "--fail-on", "degraded"]);
    assert_eq!(plain.exits(0).out, bad.exits(1).out);
    Run::prepared(&["analyze", "note", "-o", "json", "--strict"], |folder| {
        put(folder, "note", br#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":"#);
    })
    .exits(4);
}

#[test]
fn an_unknown_language_falls_back_and_says_so() {
    let place = shipped();
    for lang in ["ko", "it"] {
        let run = Run::new(&["analyze", &place, "-o", "json", "--lang", lang]);
        let report: serde_json::Value = serde_json::from_str(&run.exits(0).out).unwrap();
        assert_eq!(report["lang"], lang);
    }
    let run = Run::new(&["analyze", &place, "-o", "json", "--lang", "tlh"]);
    assert!(run.exits(0).err.contains("tlh"), "{}", run.err);
}

#[test]
fn info_and_verify_tell_of_the_bundle() {
    let place = shipped();
    let info = Run::new(&["info", &place]);
    assert!(info.exits(0).out.contains("kubernetes-objects"), "{}", info.out);
    Run::new(&["info", "not-here"]).exits(2).complains(&["not-here"]);
    Run::new(&["verify", &place]).exits(3).complains(&["no manifest"]);
    Run::new(&["verify", "not-here"]).exits(2).complains(&["not-here"]);
}

#[test]
fn rules_of_ones_own_are_made_checked_tested_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = Run::new(&["rules", "new", "ACME-7"]);
    assert!(
        made.exits(0).out.contains("id: ACME-7")
            && made.out.contains("yaml-language-server: $schema=")
    );
    std::fs::write(place("good.yaml"), &made.out).unwrap();
    let good = place("good.yaml");
    assert!(Run::new(&["rules", "check", &good]).exits(0).out.contains("nothing wrong"));
    assert!(Run::new(&["rules", "test", &good]).exits(0).out.contains("passed  ACME-7  2 tests"));
    let wrong = made.out.replace("c.image", "c.imge").replace("ACME-7", "ACME-8");
    std::fs::write(place("wrong.yaml"), wrong).unwrap();
    let all = place("");
    Run::new(&["rules", "check", &all]).exits(2).draws(&[
        "wrong.yaml:8",
        "no key imge",
        "^^^^",
        "`image`",
    ]);
    let silent = made.out.replace("fires:", "silent:");
    std::fs::write(place("silent.yml"), silent).unwrap();
    Run::new(&["rules", "test", &place("silent.yml")])
        .exits(1)
        .draws(&["the rule fires on this row"]);
    std::fs::remove_file(place("silent.yml")).unwrap();
    // The broken rule is told, the other runs, and the report lists what was not run.
    let run = Run::new(&["analyze", &shipped(), "--rules", &all, "-o", "json"]);
    run.exits(0).draws(&["no key imge"]);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert!(report["unexplained"].as_array().unwrap().iter().any(|card| card["code"] == "ACME-7"));
    assert!(report["diagnostics"].as_array().unwrap().iter().any(|note| note["code"] == "KSB0016"));
    Run::new(&["analyze", &shipped(), "--rules", &all, "--strict", "-o", "json"]).exits(4);
    Run::new(&["analyze", &shipped(), "--rules", &place("not-here"), "-o", "json"])
        .exits(2)
        .complains(&["not-here"]);
    assert!(Run::new(&["rules", "tables"]).exits(0).out.contains("pods"));
    assert!(Run::new(&["rules", "tables", "pods"]).exits(0).out.contains("pod.containers[].image"));
    Run::new(&["rules", "tables", "pod"]).exits(2).complains(&["pods"]);
    Run::new(&["rules", "new", "a b"]).exits(2).complains(&["a b"]);
    let schema: serde_json::Value =
        serde_json::from_str(&Run::new(&["rules", "schema"]).out).unwrap();
    assert_eq!(schema, konspect::rules::user::schema());
}

#[test]
fn what_needs_no_bundle_answers() {
    let page = Run::new(&["explain", "KSP2103"]);
    assert!(page.exits(0).out.contains("10250"), "{}", page.out);
    assert_eq!(page.out, Run::new(&["explain", "port-10250-iptables"]).out);
    Run::new(&["explain", "KSP0000"]).exits(2).complains(&["KSP0000", "konspect rules"]);
    Run::new(&["explain", "port-10250-iptable"])
        .exits(2)
        .complains(&["did you mean port-10250-iptables?"]);
    let korean = Run::new(&["--lang", "ko", "explain", "port-10250-iptables"]);
    let name = Language::new(Locale::Korean).label("rule-port-10250-iptables");
    assert!(korean.exits(0).out.contains(&name) && korean.out.contains("영어"), "{}", korean.out);
    assert!(!page.out.contains("영어"), "{}", page.out);
    let rules = Run::new(&["rules"]);
    assert_eq!(rules.exits(0).out.lines().count(), konspect::rules::all().len());
    let script = Run::new(&["completion", "bash"]);
    assert!(script.exits(0).out.contains("complete -F _konspect"), "{}", script.out);
    let version = Run::new(&["--version"]);
    assert_eq!(version.exits(0).out.trim(), concat!("konspect ", env!("CARGO_PKG_VERSION")));
    let help = Run::new(&["--help"]);
    assert!(help.exits(0).out.contains("Exit codes"), "{}", help.out);
}
