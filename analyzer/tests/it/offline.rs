//! The analyzer opens no socket and starts no process: watched from outside, where `strace` is there.

#![expect(clippy::disallowed_methods, reason = "the watcher is a process of its own")]

use std::process::Command;

use crate::kit;

const NETWORK: [&str; 8] =
    ["socket(", "connect(", "bind(", "sendto(", "sendmsg(", "recvfrom(", "recvmsg(", "socketpair("];

#[test]
fn nothing_but_files_is_touched() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("strace is not on PATH: system calls are not watched");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=network,process", "-o"])
        .arg(&trace)
        .arg(assert_cmd::cargo::cargo_bin("konspect"))
        .arg("analyze")
        .arg(kit::shipped().canonicalize().unwrap())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(&trace).unwrap_or_default();
    if !calls.contains("execve(") {
        let reason = String::from_utf8_lossy(&output.stderr);
        eprintln!("strace may not trace here, so system calls are not watched: {reason}");
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(calls.contains("exit_group(0)"), "the trace is whole: {calls}");
    let network: Vec<&str> =
        calls.lines().filter(|call| NETWORK.iter().any(|name| call.contains(name))).collect();
    assert!(network.is_empty(), "{network:#?}");
    let starts = calls.lines().filter(|call| call.contains("execve")).count();
    assert_eq!(starts, 1, "only its own start: {calls}");
    let forks: Vec<&str> = calls
        .lines()
        .filter(|call| ["fork(", "clone(", "clone3("].iter().any(|name| call.contains(name)))
        .filter(|call| !call.contains("CLONE_THREAD") && !call.contains("resumed>"))
        .collect();
    assert!(forks.is_empty(), "{forks:#?}");
}
