//! What others would have seen without one client.

use super::{answer, audit, log};

#[test]
fn without_the_client_says_what_it_assumes() {
    let (_, out, _) = audit(&[&log()], &["--without", "inventory", "--server-version", "1.28"]);
    for words in ["nothing is estimated", "Measured, without any model: 88 ms", "v1beta3"] {
        assert!(out.contains(words), "no «{words}» in {out}");
    }
    assert!(!out.contains("falls from"), "the requests of this log waited for no seat: {out}");
    let (_, out, _) = audit(&[&log()], &["--without", "inventory"]);
    assert!(out.contains("flowcontrol.apiserver.k8s.io/v1\n"), "the log tells 1.31: {out}");
    let (_, out, _) = audit(&[&log()], &["--without", "kube-scheduler"]);
    assert!(out.contains("should or can contain it") && !out.contains("kind: FlowSchema"), "{out}");
    let old = ["--without", "inventory", "--server-version", "1.19"];
    let (_, out, _) = audit(&[&log()], &old);
    assert!(out.contains("before 1.20") && !out.contains("system:masters"), "{out}");
    let (exit, out, _) = audit(&[&log()], &["--without", "inventory", "-o", "csv"]);
    assert_eq!((exit, out.as_str()), (2, ""));
}

/// A name that several clients have is said to be no one's, and who was taken.
#[test]
fn a_name_of_several_clients_says_which_is_taken() {
    let (_, out, _) = audit(&[&log()], &["--without", "KUBE-"]);
    let note = out.lines().find(|line| line.contains("several clients")).unwrap_or_default();
    assert!(note.contains("kube-controller-manager") && note.contains("kube-scheduler"), "{out}");
    let named = answer(&[&log()], &["--without", "KUBE-"]);
    let cautions = named["cautions"].to_string();
    assert!(cautions.contains("several clients"), "{cautions}");
    let one = named["without"]["user_agent"].as_str().unwrap();
    let (_, out, _) = audit(&[&log()], &["--without", one]);
    assert!(!out.contains("several clients"), "{out}");
}

/// One client keeps three seats busy that everybody shares: what the others waited for is gone with it.
#[test]
fn a_queue_that_a_client_fills_is_gone_without_it() {
    let mut free = [0_i64; 3];
    let stamp = |millis: i64| {
        let (minute, second) = (millis / 60_000, millis % 60_000);
        format!("2025-06-02T16:{minute:02}:{:02}.{:03}000Z", second / 1000, second % 1000)
    };
    let mut lines = Vec::new();
    for tick in 0..3000_i64 {
        let storm = tick >= 1000 && tick % 5 == 0;
        for (agent, work) in [("app/1", 20 + tick * 37 % 60), ("storm/1", 3000)] {
            if agent == "storm/1" && !storm {
                continue;
            }
            let seat = free.iter_mut().min().unwrap();
            let at = tick * 200;
            let end = at.max(*seat) + work;
            *seat = end;
            lines.push(format!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{agent}{tick}","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list","user":{{"username":"system:serviceaccount:shop:{agent}"}},"userAgent":"{agent}","objectRef":{{"resource":"pods"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"{}","stageTimestamp":"{}"}}"#,
                stamp(at),
                stamp(end)
            ));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, lines.join("\n")).unwrap();
    let (_, out, _) = audit(&[&path], &["--without", "storm"]);
    for words in ["falls from", "Measured, without any model", "order of magnitude"] {
        assert!(out.contains(words), "no «{words}» in {out}");
    }
    let told = &answer(&[&path], &["--without", "storm"])["without"];
    assert!(told["not_estimated"].is_null() && told["model"]["error"].is_number(), "{told}");
    assert!(told["others_p99_without_ms"].as_f64().unwrap() < 100.0, "{told}");
}

/// Any of the names of a program that changes its own again and again stands for all of them.
#[test]
fn one_name_of_a_crowd_takes_out_the_whole_crowd() {
    let line = |number: u32, agent: &str| {
        let (minute, second) = (number / 60, number % 60);
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{agent}{number}","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list","user":{{"username":"system:serviceaccount:shop:{}"}},"userAgent":"{agent}","objectRef":{{"resource":"pods"}},"responseStatus":{{"code":200}},"requestReceivedTimestamp":"2025-06-02T16:{minute:02}:{second:02}.000000Z","stageTimestamp":"2025-06-02T16:{minute:02}:{second:02}.050000Z"}}"#,
            agent.split('/').next().unwrap()
        )
    };
    let lines = (0..600)
        .flat_map(|number| [line(number, &format!("storm/{number}")), line(number, "app/1")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    for wanted in ["storm/7", "storm", "storm/…"] {
        let answer = answer(&[&path], &["--without", wanted]);
        let without = &answer["without"];
        assert_eq!(without["user_agent"], "storm/…", "{wanted}: {without}");
        assert!(without["user_agents"].as_u64() > Some(200), "{without}");
        assert_eq!(without["share_of_work"], 0.5, "all of its names: {without}");
        assert!(without["containment"].as_str().unwrap().contains("name: \"storm\""), "{without}");
        assert!(!answer["cautions"].to_string().contains("several clients"), "{answer}");
        let (_, out, _) = audit(&[&path], &["--without", wanted]);
        assert!(out.contains("they are taken out together"), "{out}");
    }
    let one = answer(&[&path], &["--without", "app"]);
    assert_eq!(
        (&one["without"]["user_agent"], &one["without"]["user_agents"]),
        (&"app/1".into(), &1.into())
    );
}
