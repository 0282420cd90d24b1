//! Packing what exists already, audit logs, and the judge of secrets.

use std::io::Write;
use std::path::PathBuf;

use crate::bundle::{run, words};
use crate::cluster::collect;
use crate::stub::{Act, Stub};

#[test]
fn a_folder_becomes_a_bundle_without_its_secrets() {
    let run = run(|folder| {
        let from = folder.join("from/nodes/n");
        std::fs::create_dir_all(&from).unwrap();
        std::fs::write(
            folder.join("from/pods.json"),
            r#"{"items":[{"env":[{"name":"PASSWORD","value":"Qz7!abcd"}]}]}"#,
        )
        .unwrap();
        std::fs::write(from.join("script.txt"), "=== konspect node 1 host=aks-1 time=2026-11-21T10:50:03Z ===\n=== konspect file=df.txt exit=0 seconds=0 command=df -P ===\nFilesystem\n=== konspect end ===\n").unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(b"token=abcDEF123456ghi\n").unwrap();
        std::fs::write(folder.join("from/old.log.gz"), packed.finish().unwrap()).unwrap();
        words("pack from -o out.zip")
    });
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let bundle = run.bundle.unwrap();
    assert_eq!(
        bundle.text("pods.json"),
        r#"{"items":[{"env":[{"name":"PASSWORD","value":"⟦secret:password#2⟧"}]}]}"#
    );
    assert_eq!(bundle.text("nodes/aks-1/df.txt"), "Filesystem\n");
    let mut inner = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(&bundle.members["old.log.gz"][..]),
        &mut inner,
    )
    .unwrap();
    assert_eq!(inner, "token=⟦secret:token#1⟧\n");
    assert_eq!(bundle.manifest.commands[0].argv, ["df", "-P"]);
}

#[test]
fn audit_logs_are_streamed_into_parts() {
    let stub = Stub::serve(|_| Act::Replay);
    let logs = tempfile::tempdir().unwrap();
    let event = r#"{"kind":"Event","auditID":"1","verb":"create","requestURI":"/x?token=yXFnPrs3NFcppMm","requestObject":{"data":{"p":"secret-data"}}}"#;
    let mut file = flate2::write::GzEncoder::new(
        std::fs::File::create(logs.path().join("audit-1.log.gz")).unwrap(),
        flate2::Compression::fast(),
    );
    for _ in 0..60_000 {
        writeln!(file, "{event}").unwrap();
    }
    file.finish().unwrap();
    std::fs::write(logs.path().join("other.txt"), "no\n").unwrap();
    let run =
        collect(&stub, &format!("-q --only version --audit {}/audit-*", logs.path().display()));
    let bundle = run.bundle.unwrap();
    let parts: Vec<_> =
        bundle.manifest.members.iter().filter(|member| member.path.starts_with("audit/")).collect();
    assert!(parts.len() > 1 && parts[0].path == "audit/audit-1/00000.log", "{parts:#?}");
    assert_eq!(parts.iter().filter_map(|part| part.lines).sum::<u64>(), 60_000);
    let text = bundle.text(&parts[0].path);
    assert!(
        text.contains("requestObjectBytes")
            && !text.contains("secret-data")
            && !text.contains("yXFnPrs3"),
        "{}",
        &text[..300]
    );
    assert_eq!(bundle.of("audit")[0].exit, Some(0));
}

#[test]
fn azure_is_asked_read_only_and_only_on_request() {
    let stub = Stub::serve(|_| Act::Replay);
    let tools = tempfile::tempdir().unwrap();
    let log = tools.path().join("asked");
    let az = format!(
        "#!/bin/sh\necho \"$*\" >> {}\ncase \"$*\" in 'aks show'*) echo '{{\"nodeResourceGroup\":\"MC_g\",\"servicePrincipalProfile\":{{\"secret\":\"HoA7Q~Pe6E8N9VN6SS3ddsjktgNsdYFuBE9TuncN\"}}}}';; *'lb list'*) echo '[{{\"id\":\"/lb/1\"}}]';; *) echo '[]';; esac\n",
        log.display()
    );
    let program = tools.path().join("az");
    std::fs::write(&program, az).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let path = format!(
        "{}:{}",
        tools.path().display(),
        std::env::var_os("PATH").unwrap().to_string_lossy()
    );
    let folder = tempfile::tempdir().unwrap();
    let done = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .env("PATH", path)
        .current_dir(folder.path())
        .args(["-q", "--only", "version", "--azure", "g/c", "-o", "out.zip"])
        .arg(format!("--kubeconfig={}", stub.kubeconfig(folder.path()).display()))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let asked = std::fs::read_to_string(&log).unwrap();
    assert!(
        asked.contains("aks show -g g -n c -o json") && asked.contains("network nsg list -g MC_g"),
        "{asked}"
    );
    assert!(asked.contains("--resource /lb/1 --metric SnatConnectionCount"), "{asked}");
    assert!(
        asked.lines().all(|line| [" show", " list"].iter().any(|verb| line.contains(verb))),
        "{asked}"
    );
    let bundle = crate::bundle::Bundle::open(&folder.path().join("out.zip"));
    assert!(!bundle.text("azure/aks-show.json").contains("HoA7Q~"));
}

/// More truth is read from the folder that `KONSPECT_TRUTH` names: planted secrets and a judge.
#[test]
fn planted_secrets_are_gone_and_look_alikes_stay() {
    let Some(truth) = std::env::var_os("KONSPECT_TRUTH").map(PathBuf::from) else {
        eprintln!("KONSPECT_TRUTH is not set: no planted secrets to look for");
        return;
    };
    let secrets = truth.join("secrets");
    let run = run(|_| {
        vec![
            "pack".to_owned(),
            secrets.join("artefacts").display().to_string(),
            "-o".to_owned(),
            "out.zip".to_owned(),
        ]
    });
    let judged = assert_cmd::Command::new("python3")
        .arg(secrets.join("check_secrets.py"))
        .arg("--manifest")
        .arg(secrets.join("manifest.json"))
        .arg("--redacted")
        .arg(run.folder.path().join("out.zip"))
        .output()
        .unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}
