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

#[test]
fn nodes_are_reached_by_ssh_and_a_hung_one_delays_nobody() {
    let stub = crate::stub::Stub::serve(|_| crate::stub::Act::Replay);
    let tools = tempfile::tempdir().unwrap();
    // Runs what it is given, as a remote shell would; one host does not answer.
    let ssh = "#!/bin/sh\nfor word; do host=$last; last=$word; done\ncase $host in 10.224.0.5) exec sleep 600;; esac\nsudo() { shift; \"$@\"; }\neval \"$last\"\n";
    let program = tools.path().join("ssh");
    std::fs::write(&program, ssh).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let path = format!(
        "{}:{}",
        tools.path().display(),
        std::env::var_os("PATH").unwrap().to_string_lossy()
    );
    let folder = tempfile::tempdir().unwrap();
    let nodes = "aks-nodepool1-12345678-vmss000000,aks-nodepool1-12345678-vmss000001";
    let done = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .env("PATH", path)
        .current_dir(folder.path())
        .args([
            "-q",
            "--only",
            "nodes",
            "--nodes",
            nodes,
            "--via",
            "ssh",
            "--timeout",
            "25s",
            "-o",
            "out.zip",
        ])
        .arg(format!("--kubeconfig={}", stub.kubeconfig(folder.path()).display()))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let bundle = crate::bundle::Bundle::open(&folder.path().join("out.zip"));
    assert!(
        bundle.text("nodes/aks-nodepool1-12345678-vmss000000/meminfo.txt").contains("MemTotal")
    );
    let ended: Vec<_> =
        bundle.of("node-script").iter().map(|record| (record.exit, record.ended.clone())).collect();
    assert_eq!(ended, [(Some(0), None), (None, Some("time budget".to_owned()))]);
}

/// The script in the pod that `kubectl debug` posts as protobuf: the last word of its command.
fn posted(body: &[u8]) -> (String, String) {
    let find = |needle: &[u8]| body.windows(needle.len()).position(|window| window == needle);
    let name: Vec<u8> = body[find(b"node-debugger-").unwrap()..]
        .iter()
        .copied()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        .collect();
    let mut rest = body[find(b"\x02-c\x1a").unwrap() + 4..].iter();
    let mut length = 0_usize;
    for shift in (0..).step_by(7) {
        let byte = usize::from(*rest.next().unwrap());
        length |= (byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(name), text(rest.copied().take(length).collect()))
}

#[test]
fn a_debug_pod_runs_the_script_and_is_deleted() {
    use crate::stub::{Act, Stub};
    let pod = std::sync::Mutex::new((String::new(), String::new()));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let stub = Stub::serve(move |request| {
        let Some(rest) = request.path.strip_prefix("/api/v1/namespaces/default/pods") else {
            return Act::Replay;
        };
        let json = |body: serde_json::Value| Act::Answer(200, "application/json", body.to_string());
        if request.method == "POST" {
            *pod.lock().unwrap() = posted(&request.body);
        }
        let (name, script) = pod.lock().unwrap().clone();
        let object = serde_json::json!({"kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": name, "namespace": "default", "uid": "u", "resourceVersion": "5"},
            "spec": {"nodeName": "n", "containers": [{"name": "debugger", "image": "busybox"}]},
            "status": {"phase": "Succeeded", "containerStatuses": [{"name": "debugger", "ready": false, "restartCount": 0,
                "image": "busybox", "imageID": "", "state": {"terminated": {"exitCode": 0}}}]}});
        if rest.ends_with("/log") {
            let (out, _) = execute(&["sh", "-c", &script]).unwrap();
            let text = String::from_utf8_lossy(&out).into_owned();
            // Who attaches late sees the end only.
            let late = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            let seen = if late { text[text.len() - 2000..].to_owned() } else { text };
            return Act::Answer(200, "text/plain", seen);
        }
        if request.query.contains("watch=") {
            return json(serde_json::json!({"type": "MODIFIED", "object": object}));
        }
        if request.method == "GET" && rest.is_empty() {
            return json(serde_json::json!({"kind": "PodList", "apiVersion": "v1",
                "metadata": {"resourceVersion": "5"}, "items": [object]}));
        }
        json(object)
    });
    let node = "aks-nodepool1-12345678-vmss000000";
    let run = crate::cluster::collect(
        &stub,
        &format!("-q --only nodes --nodes {node} --via debug --timeout 2m"),
    );
    let bundle = run.bundle.unwrap();
    assert!(bundle.text(&format!("nodes/{node}/meminfo.txt")).contains("MemTotal"));
    // The first file of the stream, which who attached late did not see.
    assert!(bundle.members.contains_key(&format!("nodes/{node}/uname.txt")));
    let written: Vec<String> = stub
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .map(|request| format!("{} {}", request.method, request.path))
        .filter(|request| !request.ends_with("/selfsubjectrulesreviews"))
        .collect();
    assert_eq!(written.len(), 2, "{written:?}");
    assert_eq!(written[0], "POST /api/v1/namespaces/default/pods");
    assert!(
        written[1]
            .starts_with(&format!("DELETE /api/v1/namespaces/default/pods/node-debugger-{node}-")),
        "{written:?}"
    );
}

#[test]
fn rules_of_a_node_come_over_ssh() {
    let space = format!("konspect-ssh-{}", std::process::id());
    if !matches!(execute(&["ip", "netns", "add", &space]), Some((_, true))) {
        eprintln!("network namespaces need root");
        return;
    }
    let rule = ["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "10250", "-j", "DROP"];
    let set = execute(&[&["ip", "netns", "exec", &space], rule.as_slice()].concat());
    let stub = crate::stub::Stub::serve(|_| crate::stub::Act::Replay);
    let tools = tempfile::tempdir().unwrap();
    // The other end of ssh: a shell of the node, in a network of its own.
    let ssh = format!(
        "#!/bin/sh\nfor word; do last=$word; done\nexec ip netns exec {space} /bin/sh -c \"$last\"\n"
    );
    for (name, text) in [("ssh", ssh.as_str()), ("sudo", "#!/bin/sh\nshift\nexec \"$@\"\n")] {
        let program = tools.path().join(name);
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    let path = std::env::var_os("PATH").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let node = "aks-nodepool1-12345678-vmss000001";
    let done = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .env("PATH", format!("{}:{}", tools.path().display(), path.to_string_lossy()))
        .current_dir(folder.path())
        .args(["-q", "--only", "nodes", "--nodes", node, "--via", "ssh", "-o", "out.zip"])
        .arg(format!("--kubeconfig={}", stub.kubeconfig(folder.path()).display()))
        .output()
        .unwrap();
    execute(&["ip", "netns", "delete", &space]);
    if !matches!(set, Some((_, true))) {
        eprintln!("iptables does not work here");
        return;
    }
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let bundle = crate::bundle::Bundle::open(&folder.path().join("out.zip"));
    let saved = bundle.text(&format!("nodes/{node}/iptables-save.txt"));
    assert!(saved.contains("-A INPUT -p tcp -m tcp --dport 10250 -j DROP"), "{saved}");
}
