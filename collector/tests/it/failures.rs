//! A cluster that fails: the failure itself is in the bundle.

use std::time::Instant;

use crate::bundle::{run, words};
use crate::cluster::collect;
use crate::stub::{Act, Stub, kubeconfig, status};

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
    let run = collect(&stub, "--profile quick -q");
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
    let begun = Instant::now();
    let run = collect(&stub, "--only pods,events -q --timeout 8s");
    let bundle = run.bundle.unwrap();
    assert!(begun.elapsed().as_secs() < 30);
    assert_eq!(bundle.of("pods")[0].ended.as_deref(), Some("time budget"));
    assert_eq!(bundle.of("events")[0].exit, Some(0));
    assert!(bundle.manifest.partial && run.stdout.contains("cut short"), "{}", run.stdout);
}

#[test]
fn nobody_listens() {
    let begun = Instant::now();
    let run = run(|folder| {
        vec![
            format!("--kubeconfig={}", kubeconfig(folder, "http://127.0.0.1:1").display()),
            "-q".to_owned(),
        ]
    });
    assert!(begun.elapsed().as_secs() < 60);
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
    let begun = Instant::now();
    let run = run(|folder| {
        vec![
            format!(
                "--kubeconfig={}",
                kubeconfig(folder, "https://tiny-dns.invalid:443").display()
            ),
            "-q".to_owned(),
        ]
    });
    assert!(begun.elapsed().as_secs() < 60);
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
    let bundle = run.bundle.unwrap();
    assert!(bundle.of("version")[0].exit == Some(1), "{:#?}", bundle.of("version"));
    assert!(bundle.members.keys().any(|name| name.starts_with("client/connect-127.0.0.1")));
    assert_eq!(bundle.of("connect")[0].exit, Some(0), "TCP is not what failed");
}

#[test]
fn one_clear_line_each_when_it_cannot_even_begin() {
    let missing = run(|_| words("--kubectl /nonexistent/kubectl"));
    assert_eq!((missing.code, missing.stderr.lines().count()), (Some(2), 1), "{}", missing.stderr);
    assert!(missing.stderr.contains("/nonexistent/kubectl is not on PATH"), "{}", missing.stderr);

    let unconfigured = run(|_| words("--kubeconfig /nonexistent/config"));
    assert_eq!(
        (unconfigured.code, unconfigured.stderr.lines().count()),
        (Some(2), 1),
        "{}",
        unconfigured.stderr
    );
    assert!(unconfigured.stderr.contains("no cluster is configured"), "{}", unconfigured.stderr);

    let stub = Stub::serve(|_| Act::Replay);
    let unwritable = collect(&stub, "-q -o /proc/nowhere/x.zip");
    assert_eq!(
        (unwritable.code, unwritable.stderr.lines().count()),
        (Some(5), 1),
        "{}",
        unwritable.stderr
    );
    assert!(
        unwritable.stderr.starts_with("error: cannot write /proc/nowhere/"),
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
