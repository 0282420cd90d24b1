//! The node script under every shell, and rules set in a network namespace found in its output.

use std::process::Stdio;

use konspect_bundle::node::{Stream, split};

fn script(options: &[&str]) -> String {
    let output = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .arg("node-script")
        .args(options)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs words; nothing when the program is not here.
fn execute(words: &[&str]) -> Option<(Vec<u8>, bool)> {
    #[expect(clippy::disallowed_methods, reason = "the script is run by the shells it is for")]
    let output = std::process::Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some((output.stdout, output.status.success()))
}

fn names(stream: &Stream) -> Vec<&str> {
    stream.files.iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn every_shell_prints_the_same_files() {
    let text = script(&["--api-server", "localhost"]);
    let mut all = Vec::new();
    for shell in [vec!["dash"], vec!["busybox", "ash"], vec!["bash"], vec!["sh"]] {
        let Some((out, true)) = execute(&[shell.clone(), vec!["-c", &text]].concat()) else {
            eprintln!("{shell:?} is not here");
            continue;
        };
        let stream = split(&out).unwrap();
        assert!(stream.complete && stream.host.is_some(), "{shell:?}");
        all.push(names(&stream).join(" "));
    }
    assert!(!all.is_empty() && all.iter().all(|names| *names == all[0]), "{all:#?}");
    assert!(
        all[0].contains("iptables-save.txt") && all[0].contains("certificates.txt"),
        "{}",
        all[0]
    );
}

#[test]
fn the_compact_form_fits_and_comes_back() {
    let text = script(&["--compact", "--api-server", "localhost"]);
    for shell in [vec!["dash"], vec!["busybox", "ash"], vec!["bash"]] {
        let Some((out, true)) = execute(&[shell.clone(), vec!["-c", &text]].concat()) else {
            continue;
        };
        assert!(out.len() <= 4096, "{shell:?}: {} bytes", out.len());
        let stream = split(&out).unwrap();
        assert!(stream.complete, "{shell:?}");
        let names = names(&stream);
        assert_eq!(names.first(), Some(&"iptables-rules.txt"), "the decisive parts come first");
        assert!(names.contains(&"df.txt"), "the packed part is read back: {names:?}");
    }
}

#[test]
fn the_script_is_clean_for_shellcheck() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sh");
    std::fs::write(&file, script(&[])).unwrap();
    match execute(&["shellcheck", file.to_str().unwrap()]) {
        Some((said, clean)) => assert!(clean, "{}", String::from_utf8_lossy(&said)),
        None => eprintln!("shellcheck is not here"),
    }
}

#[test]
fn rules_of_a_network_namespace_are_in_its_output() {
    let space = format!("konspect-{}", std::process::id());
    if !matches!(execute(&["ip", "netns", "add", &space]), Some((_, true))) {
        eprintln!("network namespaces need root");
        return;
    }
    let inside = |words: &[&str]| execute(&[&["ip", "netns", "exec", &space], words].concat());
    let rule = ["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "10250", "-j", "DROP"];
    let set = matches!(inside(&rule), Some((_, true)));
    let (full, compact) = (script(&[]), script(&["--compact"]));
    let out = inside(&["sh", "-c", &full]).map(|(out, _)| out);
    let short = inside(&["sh", "-c", &compact]).map(|(out, _)| out);
    execute(&["ip", "netns", "delete", &space]);
    if !set {
        eprintln!("iptables does not work here");
        return;
    }
    let file = |out: &[u8], name: &str| -> String {
        let stream = split(out).unwrap();
        let file = stream.files.iter().find(|file| file.name == name).unwrap();
        String::from_utf8_lossy(&file.bytes).into_owned()
    };
    let saved = file(&out.clone().unwrap(), "iptables-save.txt");
    assert!(saved.contains("-A INPUT -p tcp -m tcp --dport 10250 -j DROP"), "{saved}");
    let listed = file(&out.unwrap(), "iptables-list.txt");
    assert!(listed.contains("dpt:10250"), "{listed}");
    let decisive = file(&short.unwrap(), "iptables-rules.txt");
    assert!(decisive.contains("--dport 10250 -j DROP"), "{decisive}");
}

#[test]
fn the_node_command_writes_a_bundle_of_this_node() {
    let run = crate::bundle::run(|_| crate::bundle::words("node --api-server localhost -q"));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let bundle = run.bundle.unwrap();
    let host = bundle.manifest.cluster.name.clone();
    assert!(bundle.text(&format!("nodes/{host}/meminfo.txt")).contains("MemTotal"));
    let record = bundle.of("node-meminfo")[0];
    assert_eq!(
        (record.node.as_deref(), record.argv.join(" ").as_str()),
        (Some(host.as_str()), "cat /proc/meminfo")
    );
}
