//! Events behind what runtimes and other logs put in front of them.

use konspect_audit::Form;

use crate::kit::{check, event, read};

/// A line as a CRI runtime writes it.
fn cri(stream: &str, tag: &str, text: &str) -> String {
    format!("2025-06-02T18:55:47.400000000+02:00 {stream} {tag} {text}\n")
}

/// A long line as containerd writes it: in parts of 16 KiB, between which the other stream speaks.
fn cri_in_parts(text: &str) -> String {
    let parts: Vec<_> = text.as_bytes().chunks(16_384).map(String::from_utf8_lossy).collect();
    let between = cri("stderr", "F", KLOG);
    let lines: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(number, part)| cri("stdout", if number + 1 < parts.len() { "P" } else { "F" }, part))
        .collect();
    lines.join(&between)
}

/// A line as Docker's `json-file` driver writes it.
fn docker(stream: &str, text: &str) -> String {
    let mut lines = String::new();
    for part in text.as_bytes().chunks(16_384) {
        let log = serde_json::Value::from(String::from_utf8_lossy(part));
        let line = format!(
            "{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"2025-06-02T16:55:47.4Z\"}}\n"
        );
        lines.push_str(&line);
    }
    lines
}

const KLOG: &str =
    "I0602 16:55:47.400000       1 trace.go:236] Trace[1892]: \"List\" (total time: 612ms):";

#[test]
fn what_stands_in_front_of_an_event_is_taken_off() {
    let (a, b) = (event("a", ""), event("b", ""));
    let long =
        event("b", &format!(r#","requestObject":{{"text":"{}"}}"#, "x, \\\"y ".repeat(9_000)));
    let trace = "Trace[1892]: [612ms] [612ms] END";
    for (name, text, empty, foreign) in [
        ("CRI", cri("stdout", "F", &a) + &cri("stderr", "F", KLOG) + &cri("stdout", "F", &b), 0, 1),
        ("CRI in parts", cri("stdout", "F", &a) + &cri_in_parts(&long), 3, 3),
        (
            "CRI, begun within a line",
            cri("stderr", "F", "x") + &cri_in_parts(&long) + &cri("stdout", "F", &a),
            3,
            4,
        ),
        (
            "CRI, an empty line",
            cri("stdout", "F", &a) + &cri("stdout", "F", "") + &cri("stdout", "F", &b),
            1,
            0,
        ),
        (
            "Docker",
            docker("stderr", &format!("{KLOG}\n"))
                + &docker("stdout", &format!("{a}\n"))
                + &docker("stdout", &format!("{b}\n")),
            0,
            1,
        ),
        (
            "Docker in parts",
            docker("stdout", &format!("{long}\n")) + &docker("stdout", &format!("{a}\n")),
            3,
            0,
        ),
        (
            "Docker, handed on",
            docker("stdout", &a) + &docker("stdout", KLOG) + &docker("stdout", &b),
            0,
            1,
        ),
        (
            "--timestamps",
            format!(
                "2025-06-02T16:55:47.4Z {a}\n2025-06-02T16:55:47.5Z {KLOG}\n2025-06-02T16:55:47.5Z {b}\n"
            ),
            0,
            1,
        ),
        (
            "--prefix",
            format!(
                "[pod/kube-apiserver-x/kube-apiserver] {KLOG}\n[pod/kube-apiserver-x/kube-apiserver] {a}\n[pod/kube-apiserver-y/kube-apiserver] {b}\n"
            ),
            0,
            1,
        ),
        (
            "both",
            format!("[pod/k/k] 2025-06-02T16:55:47.4Z {a}\n[pod/k/k] 2025-06-02T16:55:47.5Z {b}\n"),
            0,
            0,
        ),
        ("klog first", format!("{KLOG}\n{trace}\n{a}\n{b}\n"), 0, 2),
        ("klog behind", format!("{a}\n{KLOG}\n{trace}\n{b}\n"), 0, 2),
        (
            "journal",
            format!(
                "Jun 02 16:55:47 node k3s[812]: {KLOG}\nJun 02 16:55:47 node k3s[812]: {a}\nJun 02 16:55:47 node k3s[812]: {b}\n"
            ),
            0,
            1,
        ),
    ] {
        check(name, &text, Form::Lines);
        let reading = read(&text).reading;
        assert_eq!((reading.empty, reading.foreign), (empty, foreign), "{name}");
        assert_eq!(reading.records, text.lines().count() as u64, "{name}");
    }
}

#[test]
fn an_event_in_parts_is_shown_where_it_stands() {
    let long = event("a", &format!(r#","requestObject":{{"text":"{}"}}"#, "x".repeat(40_000)));
    let before = cri("stderr", "F", KLOG);
    let parts = cri_in_parts(&long);
    let text = format!("{before}{parts}{}", cri("stdout", "F", &event("b", "")));
    let summary = read(&text);
    let (_, at) = summary.clients[0].total.slowest.unwrap();
    // Both took as long, and the first counts.
    assert_eq!((at.start, at.end), (before.len() as u64, (before.len() + parts.len() - 1) as u64));
    // Without its end an event is what stood before the cut.
    let torn = cri("stdout", "P", &long[..16_384]);
    let text = format!("{torn}{}", cri("stdout", "F", &event("b", "")));
    for text in [text, format!("{}{torn}", cri("stdout", "F", &event("b", "")))] {
        let reading = read(&text).reading;
        assert_eq!((reading.events, reading.partial, reading.records), (2, 1, 2), "{text}");
    }
    // An end without its beginning is none.
    let text =
        format!("{}{}", cri("stdout", "F", &long[16_384..]), cri("stdout", "F", &event("b", "")));
    let reading = read(&text).reading;
    assert_eq!((reading.events, reading.refused, reading.records), (1, 1, 2));
}
