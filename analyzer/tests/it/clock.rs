//! The time line's clock: skew is found, taken out and told; noise is no entry; what nobody saw is no data.

use serde_json::{Value, json};

use crate::kit;

const NODE: &str = "aks-np1-12345678-vmss000000";

const CHRONY: &str = "Reference ID    : 50484330 (PHC0)
Stratum         : 3
Ref time (UTC)  : Wed Jun 11 14:40:08 2025
System time     : 1200.000000000 seconds slow of NTP time
Last offset     : -0.000000000 seconds
Leap status     : Not synchronised
";

fn event(reason: &str, object: &str, message: &str, first: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{object}.{reason}"), "namespace": "default", "uid": reason},
        "involvedObject": {"kind": "Node", "name": object}, "type": "Warning", "reason": reason, "count": 12, "message": message,
        "firstTimestamp": first, "lastTimestamp": "2025-06-11T15:29:00Z", "source": {"component": "kernel-monitor", "host": "aks-np1-12345678-vmss000001"}})
}

fn bundle() -> kit::Tree {
    let events = json!({"apiVersion": "v1", "kind": "List", "items": [
        event("PreemptScheduled", NODE, "IMDS query failed, exit code: 28 Connection timed out after 24 seconds.", "2025-06-11T15:01:00Z"),
        event("OOMKilling", "aks-np1-12345678-vmss000001", "Memory cgroup out of memory: Killed process 4242 (java)", "2025-06-11T15:10:00Z")]});
    // By its own clock at 14:40, by the API server's at 15:00.
    let journal = (0..3).map(|minute| format!(
        "2025-06-11T14:4{minute}:00+0000 {NODE} kubelet[1661]: E0611 14:4{minute}:00.605286    1661 kubelet.go:2473] \"Skipping pod synchronization\" err=\"PLEG is not healthy: pleg was last seen active 3m27.465704329s ago; threshold is 3m0s\"\n"
    )).collect::<String>();
    let record = json!({"started": "2025-06-11T15:29:30Z", "finished": "2025-06-11T15:30:00Z", "commands": [{"command": "kubectl get events -A -o json", "file": "get/events.json", "exit": 0}]});
    let mut files: kit::Tree = vec![
        ("collection.json".to_owned(), record.to_string().into_bytes()),
        ("get/events.json".to_owned(), serde_json::to_vec_pretty(&events).unwrap()),
        (format!("nodes/{NODE}/chrony.txt"), CHRONY.as_bytes().to_vec()),
        (format!("nodes/{NODE}/kubelet-journal.log"), journal.into_bytes()),
    ];
    files.sort();
    files
}

#[test]
fn what_a_slow_clock_wrote_stands_where_it_happened() {
    let report = kit::report(&kit::memory(bundle()));
    let [skew] = report.clock.skews.as_slice() else { panic!("{:?}", report.clock) };
    assert_eq!((skew.node.as_str(), skew.seconds), (NODE, -1200));
    assert!(skew.path.ends_with("chrony.txt") && skew.says.contains("1 s"), "{skew:?}");
    assert!(report.clock.slack_seconds > 60);
    let pleg = report.timeline.iter().find(|entry| entry.text.contains("Skipping pod")).unwrap();
    assert_eq!(pleg.at, "2025-06-11T15:00:00Z");
}

#[test]
fn noise_is_no_entry_and_silence_of_a_source_is_no_data() {
    let report = kit::report(&kit::memory(bundle()));
    let texts: Vec<&str> = report.timeline.iter().map(|entry| entry.text.as_str()).collect();
    assert!(texts.iter().any(|text| text.starts_with("OOMKilling")), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("PreemptScheduled")), "{texts:?}");
    // The journal begins with trouble at 15:00; events of pods begin a minute later.
    let mut files = bundle();
    let old = "2025-06-11T14:02:00.100Z stderr F E0611 14:02:00.100000       1 clientset.go:190] \"cannot connect once\" err=\"rpc error: code = Unavailable desc = connection error: desc = \\\"transport: Error while dialing: dial tcp 20.1.2.3:443: i/o timeout\\\"\"\n";
    files.push((
        "logs/kube-system_konnectivity-agent-7d9f-abcde_konnectivity-agent.log".to_owned(),
        old.repeat(6).into_bytes(),
    ));
    files.sort();
    let report = kit::report(&kit::memory(files));
    let hole = report.bundle.no_data.iter().find(|hole| hole.lane == "pods").unwrap();
    assert_eq!(
        (hole.from.as_str(), hole.until.as_str()),
        ("2025-06-11T14:02:00Z", "2025-06-11T15:01:00Z")
    );
    assert!(
        report.clock.notes.iter().any(|note| note.contains("Kubernetes keeps them for an hour"))
    );
}
