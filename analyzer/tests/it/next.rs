//! `konspect next`: its script, run against a kubectl of ours, gives answers that change the verdict.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const PODS: &str = r#"{"apiVersion": "v1", "kind": "PodList", "items": [
 {"metadata": {"name": "profile-7d9f-85xp5", "namespace": "payments", "uid": "2", "labels": {"app": "profile"}}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "podIP": "10.244.3.14"}},
 {"metadata": {"name": "web-7d9f-85xp5", "namespace": "shop", "uid": "3", "labels": {"app": "web"}}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "podIP": "10.244.3.15"}}]}"#;

const LOG: &str = "2025-02-23T19:52:34Z ERROR resolving orders-db.orders.svc.cluster.local: lookup orders-db.orders.svc.cluster.local on 10.2.0.10:53: read udp 10.244.3.14:50941->10.2.0.10:53: i/o timeout\n";

/// Answers the list that holds the cause, as kubectl prints several kinds at once; refuses everything else.
const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
"get "*networkpolicies*" -A -o json") cat <<'ANSWER'
{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [
 {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-7d9f-85xp5", "namespace": "shop", "uid": "3", "labels": {"app": "web"}}, "spec": {"nodeName": "n1"}, "status": {"phase": "Failed"}},
 {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "default-deny-egress", "namespace": "payments", "uid": "1", "creationTimestamp": "2025-02-23T19:51:51Z"},
  "spec": {"egress": [{"ports": [{"port": 443, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], "podSelector": {}, "policyTypes": ["Egress"]}}]}
ANSWER
;;
*) echo "Error from server (Forbidden): $* is forbidden" >&2; exit 1;;
esac
"#;

fn konspect(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("konspect").unwrap();
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn analysis(folder: &Path, paths: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["analyze"].iter().chain(paths).chain(&["-o", "json"]).copied().collect();
    serde_json::from_slice(&konspect(folder, &arguments).stdout).unwrap()
}

#[test]
fn the_script_asks_and_its_answers_name_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for sub in ["first/get", "first/logs", "bin"] {
        std::fs::create_dir_all(at.join(sub)).unwrap();
    }
    std::fs::write(at.join("first/get/pods.json"), PODS).unwrap();
    std::fs::write(at.join("first/logs/payments_profile-7d9f-85xp5_profile.log"), LOG).unwrap();
    std::fs::write(at.join("bin/kubectl"), KUBECTL).unwrap();
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(at.join("bin/kubectl"), runs).unwrap();

    let before = analysis(at, &["first"]);
    assert_eq!(before["causes"], Value::Array(Vec::new()));
    assert!(before["next"].as_array().unwrap().len() <= 3);
    let next = before["next"][0].clone();
    assert!(next["settles"].as_array().unwrap().contains(&"KSP1008".into()), "{next}");
    assert!(next["bytes"].as_u64().unwrap() > 0 && !next["rights"].as_str().unwrap().is_empty());

    let script = konspect(at, &["next", "first", "-o", "script"]).stdout;
    std::fs::write(at.join("next.sh"), &script).unwrap();
    let path = format!("{}:/usr/bin:/bin", at.join("bin").display());
    let ran =
        Command::new("sh").arg("next.sh").current_dir(at).env("PATH", &path).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let record: Value =
        serde_json::from_slice(&std::fs::read(at.join("answers/collection.json")).unwrap())
            .unwrap();
    assert_eq!(record["commands"][0]["exit"], 0);

    let after = analysis(at, &["first", "answers"]);
    assert_eq!(after["causes"][0]["rule"], "network-policy-denies-system-traffic");
    assert_eq!(after["causes"][0]["evidence"][0]["path"], "answers/objects.json");
    // A Pod stands in both: the newer row is used, and the report says so.
    let said = after["diagnostics"].as_array().unwrap().iter().any(|note| {
        note["code"] == "KSB0013"
            && note["message"].as_str().unwrap().contains("shop/web-7d9f-85xp5")
    });
    assert!(said, "{}", after["diagnostics"]);
    // Asking again does not overwrite answers.
    let again =
        Command::new("sh").arg("next.sh").current_dir(at).env("PATH", &path).output().unwrap();
    assert_eq!(again.status.code(), Some(5));
}

#[test]
fn a_hostile_name_enters_no_command() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = r#"{"apiVersion": "v1", "kind": "NodeList", "items": [
 {"metadata": {"name": "n1; touch owned", "uid": "1"}, "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "$(touch owned)", "lastTransitionTime": "2025-02-23T19:51:51Z"}]}}]}"#;
    std::fs::write(folder.path().join("nodes.json"), nodes).unwrap();
    let script = konspect(folder.path(), &["next", "nodes.json", "-o", "script"]).stdout;
    let script = String::from_utf8(script).unwrap();
    assert!(script.contains("--nodes unhealthy"), "{script}");
    assert!(!script.contains("touch"), "{script}");
}

#[test]
fn what_rules_of_users_lack_is_asked_for_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("first/get")).unwrap();
    std::fs::write(at.join("first/get/pods.json"), PODS).unwrap();
    let rule =
        "id: ACME-7\ntitle: old\nfor_each: nodes\nwhen: node.name == ''\nseverity: critical\n";
    std::fs::write(at.join("acme.yaml"), rule).unwrap();
    let settles = |arguments: &[&str]| {
        let told = konspect(at, &[&["next", "first", "-o", "json"], arguments].concat()).stdout;
        String::from_utf8(told).unwrap().contains("\"ACME-7\"")
    };
    assert!(!settles(&[]));
    assert!(settles(&["--rules", "acme.yaml"]));
    assert!(!settles(&["--rules", "acme.yaml", "--ignore", "ACME-7"]));
}
