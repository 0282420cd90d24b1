//! A cluster that fails: the failure itself is in the bundle.

use crate::bundle::{run, words};
use crate::cluster::collect;
use crate::stub::{Act, Stub, kubeconfig, status};
use crate::verdict::{analyzed, only, within_a_minute};

#[test]
fn answers_that_are_errors_are_kept_word_for_word() {
    for (code, reason, message, expected) in [
        (
            403,
            "Forbidden",
            "pods is forbidden: User \"ops\" cannot list resource \"pods\"",
            "(Forbidden): pods is forbidden",
        ),
        (404, "NotFound", "the server could not find the requested resource", "NotFound"),
        (
            500,
            "InternalError",
            "etcdserver: mvcc: database space exceeded",
            "database space exceeded",
        ),
        (
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
            "unable to handle the request",
        ),
    ] {
        let stub = Stub::serve(move |request| {
            if request.path == "/api/v1/pods" { status(code, reason, message) } else { Act::Replay }
        });
        let run = collect(&stub, "--only pods,nodes -q");
        let bundle = run.bundle.unwrap();
        let pods = bundle.of("pods");
        assert!(pods[0].exit == Some(1) && pods[0].stderr.contains(expected), "{code}: {pods:#?}");
        assert_eq!((bundle.of("nodes")[0].exit, run.code), (Some(0), Some(0)), "{code}");
    }
}

#[test]
fn unauthorized_everywhere_is_a_bundle_too() {
    let stub = Stub::serve(|_| status(401, "Unauthorized", "Unauthorized"));
    let run = collect(&stub, "--profile quick -q --skip metrics-again");
    let bundle = run.bundle.unwrap();
    assert!(bundle.of("nodes")[0].stderr.contains("Unauthorized"), "{:#?}", bundle.of("nodes"));
    assert!(run.stdout.contains("not obtained"), "{}", run.stdout);
}

#[test]
fn a_cut_and_a_slow_body() {
    let stub = Stub::serve(|request| match request.path.as_str() {
        "/api/v1/pods" => Act::Cut,
        "/api/v1/events" => Act::Slow,
        _ => Act::Replay,
    });
    let bundle = collect(&stub, "--only pods,events -q").bundle.unwrap();
    assert_ne!(bundle.of("pods")[0].exit, Some(0));
    assert_eq!(bundle.of("events")[0].exit, Some(0));
}

#[test]
fn a_hung_command_ends_at_the_time_limit_and_delays_nobody() {
    let stub =
        Stub::serve(|request| if request.path == "/api/v1/pods" { Act::Hang } else { Act::Replay });
    let run = collect(&stub, "--only pods,events -q --timeout 8s");
    let bundle = run.bundle.unwrap();
    assert_eq!(bundle.of("pods")[0].ended.as_deref(), Some("time budget"));
    assert_eq!(bundle.of("events")[0].exit, Some(0));
    assert!(bundle.manifest.partial && run.stdout.contains("cut short"), "{}", run.stdout);
}

#[test]
fn nobody_listens() {
    let run = run(|folder| {
        vec![
            format!("--kubeconfig={}", kubeconfig(folder, "http://127.0.0.1:1").display()),
            "-q".to_owned(),
        ]
    });
    within_a_minute(&run);
    let report = analyzed(&run);
    let finding = only(&report);
    assert_eq!(finding.rule, "apiserver-not-answering-client");
    assert!(finding.title.contains("is refused"), "{}", finding.title);
    let bundle = run.bundle.unwrap();
    assert!(bundle.of("version")[0].stderr.contains("refused"), "{:#?}", bundle.of("version"));
    assert_eq!(
        bundle.of("nodes")[0].ended.as_deref(),
        Some("skipped: the API server does not answer")
    );
    assert_eq!(
        bundle.text("client/connect-127.0.0.1.txt"),
        "nc: connect to 127.0.0.1 port 1 (tcp) failed: Connection refused\n"
    );
    assert!(bundle.text("client/environment.txt").contains("server=http://127.0.0.1:1\n"));
}

#[test]
fn the_name_is_unknown() {
    let run = run(|folder| {
        vec![
            format!(
                "--kubeconfig={}",
                kubeconfig(folder, "https://tiny-dns.invalid:443").display()
            ),
            "-q".to_owned(),
        ]
    });
    within_a_minute(&run);
    let report = analyzed(&run);
    let finding = only(&report);
    assert_eq!(finding.rule, "apiserver-not-answering-client");
    assert!(
        finding.title.contains("does not know the API server's name tiny-dns.invalid"),
        "{}",
        finding.title
    );
    let bundle = run.bundle.unwrap();
    let said = &bundle.of("version")[0].stderr;
    assert!(said.contains("lookup tiny-dns.invalid"), "{said}");
    assert_eq!(bundle.of("getent-hosts").len(), 1);
}

#[test]
fn the_server_does_not_speak_tls() {
    let stub = Stub::serve(|_| Act::Close);
    let run = run(|folder| {
        let server = format!("https://{}", stub.address);
        vec![format!("--kubeconfig={}", kubeconfig(folder, &server).display()), "-q".to_owned()]
    });
    within_a_minute(&run);
    let report = analyzed(&run);
    let finding = only(&report);
    assert_eq!(finding.rule, "apiserver-not-answering-client");
    assert!(finding.title.contains("the TLS handshake with 127.0.0.1 is cut"), "{}", finding.title);
    let bundle = run.bundle.unwrap();
    assert!(bundle.of("version")[0].exit == Some(1), "{:#?}", bundle.of("version"));
    assert!(bundle.members.keys().any(|name| name.starts_with("client/connect-127.0.0.1")));
    assert_eq!(bundle.of("connect")[0].exit, Some(0), "TCP is not what failed");
}

#[test]
fn one_clear_line_each_when_it_cannot_even_begin() {
    let missing = run(|_| words("--kubectl /nonexistent/kubectl"));
    assert_eq!((missing.code, missing.stderr.lines().count()), (Some(2), 1), "{}", missing.stderr);
    assert!(missing.stderr.contains("/nonexistent/kubectl is no program"), "{}", missing.stderr);

    let unconfigured = run(|_| words("--kubeconfig /nonexistent/config"));
    assert_eq!(
        (unconfigured.code, unconfigured.stderr.lines().count()),
        (Some(2), 1),
        "{}",
        unconfigured.stderr
    );
    assert!(
        unconfigured.stderr.contains("the kubeconfig /nonexistent/config does not exist"),
        "{}",
        unconfigured.stderr
    );

    let nothing = run(|_| words("-q"));
    assert_eq!((nothing.code, nothing.stderr.lines().count()), (Some(2), 1), "{}", nothing.stderr);
    assert!(nothing.stderr.contains("no cluster is configured"), "{}", nothing.stderr);

    let absent = assert_cmd::Command::cargo_bin("konspect-collect")
        .unwrap()
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&absent.stderr),
        "error: kubectl is not on PATH: install it, or name it with --kubectl\n"
    );

    let stub = Stub::serve(|_| Act::Replay);
    let unwritable = collect(&stub, "-q -o /proc/nowhere/x.zip");
    assert_eq!(
        (unwritable.code, unwritable.stderr.lines().count()),
        (Some(5), 1),
        "{}",
        unwritable.stderr
    );
    assert!(
        unwritable.stderr.starts_with("error: cannot write /proc/nowhere/x.zip: No such file"),
        "{}",
        unwritable.stderr
    );

    let unknown = collect(&stub, "--profile nonsense");
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
}

#[test]
fn the_size_limit_leaves_a_bundle() {
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, "-q --profile quick --max-size 60KiB");
    let bundle = run.bundle.unwrap();
    assert!(bundle.manifest.partial && run.stdout.contains("cut short"), "{}", run.stdout);
    assert!(
        bundle
            .manifest
            .commands
            .iter()
            .any(|record| record.ended.as_deref() == Some("skipped: size limit"))
    );
    let left: Vec<_> = std::fs::read_dir(run.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(".partial")), "{left:?}");
}

#[test]
fn an_expired_certificate_is_named_by_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut server) = expired(folder.path()) else {
        eprintln!("openssl is not here or cannot make expired certificates");
        return;
    };
    let port = free_port(&mut server);
    let run = run(|folder| {
        let server = format!("https://127.0.0.1:{port}");
        vec![format!("--kubeconfig={}", kubeconfig(folder, &server).display()), "-q".to_owned()]
    });
    let _ = server.kill();
    let _ = server.wait();
    within_a_minute(&run);
    let report = analyzed(&run);
    let finding = only(&report);
    assert_eq!(finding.rule, "certificate-expired");
    assert!(
        finding.title.contains("certificate between client and API server expired"),
        "{}",
        finding.title
    );
    let bundle = run.bundle.unwrap();
    assert!(
        bundle.of("version")[0].stderr.contains("certificate has expired"),
        "{:#?}",
        bundle.of("version")
    );
    assert_eq!(bundle.of("connect")[0].exit, Some(0));
    let seen = bundle.text("client/openssl-s_client.txt");
    assert!(seen.contains("NotAfter") || seen.contains("certificate has expired"), "{seen}");
}

/// A TLS server whose certificate expired.
#[expect(clippy::disallowed_methods, reason = "the server of this test")]
fn expired(folder: &std::path::Path) -> Option<std::process::Child> {
    let openssl = |options: &str| {
        let done =
            std::process::Command::new("openssl").args(words(options)).current_dir(folder).output();
        done.is_ok_and(|output| output.status.success())
    };
    let authority = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";
    std::fs::write(folder.join("ca.cnf"), authority).unwrap();
    std::fs::write(folder.join("index.txt"), "").unwrap();
    std::fs::write(folder.join("serial"), "01\n").unwrap();
    let dates = "-startdate 20200101000000Z -enddate 20200102000000Z";
    if !openssl(
        "req -new -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=127.0.0.1",
    ) || !openssl(&format!(
        "ca -config ca.cnf -selfsign -batch -notext -keyfile key.pem -in request.pem -out cert.pem {dates}"
    )) {
        return None;
    }
    std::process::Command::new("openssl")
        .args(words("s_server -accept 127.0.0.1:0 -key key.pem -cert cert.pem -www"))
        .current_dir(folder)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()
}

/// The port that `openssl s_server` says it accepts on.
fn free_port(server: &mut std::process::Child) -> u16 {
    use std::io::BufRead;
    let out = std::io::BufReader::new(server.stdout.take().unwrap());
    let line = out.lines().map_while(Result::ok).find(|line| line.starts_with("ACCEPT")).unwrap();
    line.rsplit(':').next().unwrap().trim().parse().unwrap()
}

/// A disk of its own for a collection; nothing when the test may not mount one.
fn on_disk(mount_options: &str, collect_options: &str) -> Option<(crate::bundle::Run, usize)> {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |words: &[&str]| {
        #[expect(clippy::disallowed_methods, reason = "the test mounts a small disk")]
        let done = std::process::Command::new(words[0]).args(&words[1..]).arg(&disk).output();
        done.is_ok_and(|output| output.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", mount_options, "tmpfs"]) {
        eprintln!("mounting a disk needs root");
        return None;
    }
    let stub = Stub::serve(|_| Act::Replay);
    let run = collect(&stub, &format!("{collect_options} -o {}/x.zip", disk.display()));
    let left = std::fs::read_dir(&disk).unwrap().count();
    assert!(mount(&["umount"]));
    Some((run, left))
}

#[test]
fn a_full_disk_is_one_line_and_nothing_half_written() {
    let Some((run, left)) = on_disk("size=40k", "-q --profile quick") else { return };
    assert_eq!((run.code, run.stderr.lines().count(), left), (Some(5), 1, 0), "{}", run.stderr);
    assert!(
        run.stderr.contains("/disk/x.zip: No space left on device (os error 28); name another"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_disk_that_is_read_only_is_one_line_and_asks_nothing() {
    let Some((run, left)) = on_disk("ro", "--profile quick") else { return };
    assert_eq!((run.code, run.stderr.lines().count(), left), (Some(5), 1, 0), "{}", run.stderr);
    assert!(
        run.stderr.contains("/disk/x.zip: Read-only file system (os error 30); name another place"),
        "{}",
        run.stderr
    );
}

#[test]
fn too_many_requests_end_at_the_deadline() {
    let stub = Stub::serve(|request| {
        if request.path == "/api/v1/nodes" {
            status(429, "TooManyRequests", "Too many requests, please try again later.")
        } else {
            Act::Replay
        }
    });
    let bundle = collect(&stub, "--only nodes,events -q --timeout 30s").bundle.unwrap();
    let nodes = bundle.of("nodes");
    assert!(
        nodes[0].stderr.contains("Too many requests")
            || nodes[0].stderr.contains("TooManyRequests"),
        "{nodes:#?}"
    );
    assert_eq!(bundle.of("events")[0].exit, Some(0));
}
