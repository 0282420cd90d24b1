use super::*;
use crate::model::network_error::NetworkError;

fn read(text: &str, path: &str) -> Rows {
    let hint = Hint {
        path,
        reference: Some("2025-02-01T00:00:00Z".parse().expect("time")),
        ..Hint::default()
    };
    let mut rows = Rows::default();
    log(&Source::new(ArtifactId(1), text.as_bytes()), &hint, &mut rows);
    rows
}

fn bytes_of(text: &str, at: Span) -> &str {
    let (start, end) = (usize::try_from(at.start), usize::try_from(at.end));
    &text[start.expect("start")..end.expect("end")]
}

fn one(text: &str) -> LogFile {
    let rows = read(text, "x");
    assert_eq!(rows.logs.len(), 1, "{:?}", rows.logs);
    rows.logs.into_iter().next().expect("one log")
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what the parser returns")]
fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("time"))
}

const AGENT: &str = r#"I0119 13:51:09.906160       1 options.go:127] ProxyServerHost set to "a.hcp.eastus.azmk8s.io".
I0119 13:51:09.906172       1 options.go:129] ALPNProtos set to [konnectivity].
I0119 13:51:09.906173       1 options.go:130] HealthServerHost set to
E0119 13:51:19.213218       1 clientset.go:204] "cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 20.1.1.1:443: i/o timeout\""
I0119 13:51:29.319806       1 client.go:210] "Connect to server" serverID="4bdb44dc"
I0119 13:51:30.000000       1 client.go:600] "error dialing backend" error="dial tcp 10.224.0.6:10250: i/o timeout" dialID=3 connectionID=2 dialAddress="10.224.0.6:10250"
E0119 13:51:31.670717       1 client.go:486] "connection read failure" err="read tcp 10.181.40.126:47702->10.181.40.126:10249: use of closed network connection"
"#;

#[test]
fn an_agent_is_known_by_its_lines() {
    let file = one(AGENT);
    assert_eq!(file.origin.component, Component::TunnelAgent);
    assert_eq!((file.lines, file.error_lines), (7, 2));
    assert_eq!(file.first, at("2025-01-19T13:51:09.90616Z"));
    let options = file.signal(Signal::AgentOption).expect("options");
    assert_eq!(
        options.details.iter().map(|(detail, _)| detail.as_str()).collect::<Vec<_>>(),
        [
            "ALPNProtos=[konnectivity]",
            "HealthServerHost=",
            "ProxyServerHost=a.hcp.eastus.azmk8s.io"
        ]
    );
    let cannot = file.signal(Signal::AgentCannotConnect).expect("cannot connect");
    let hit = cannot.hits.first().expect("hit");
    assert_eq!(hit.detail, "20.1.1.1:443");
    assert!(matches!(hit.error, Some(NetworkError::DialTimeout { .. })), "{hit:?}");
    assert_eq!(bytes_of(AGENT, hit.at).lines().count(), 1);
    assert_eq!(file.signal(Signal::AgentConnected).map(|hits| hits.count), Some(1));
    let dial = file.signal(Signal::AgentDialFailed).expect("dial");
    assert_eq!(dial.details, [("10.224.0.6:10250".to_owned(), 1)]);
    assert_eq!(file.signal(Signal::AgentTeardown).map(|hits| hits.count), Some(1));
    assert_eq!(file.signal(Signal::NetworkFailure), None);
}

#[test]
fn every_wrapper_gives_the_same_message() {
    let klog = r#"E0113 16:02:43.934473    1450 kubelet.go:2055] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s""#;
    let json = serde_json::Value::String(klog.to_owned()).to_string();
    let bytes = serde_json::to_string(klog.as_bytes()).expect("array");
    for line in [
        klog.to_owned(),
        format!("Jan 13 16:02:43 node-1 kubelet[1450]: {klog}"),
        format!("2025-01-13T16:02:43+0000 node-1 kubelet[1450]: {klog}"),
        format!("2025-01-13T16:02:43.934000+00:00 node-1 kubelet[1450]: {klog}"),
        format!("1736784163.934473 node-1 kubelet[1450]: {klog}"),
        format!("2025-01-13T18:02:43.934473617+02:00 stderr F {klog}"),
        format!("2025-01-13T16:02:43.934473617Z {klog}"),
        format!("[pod/kubelet-x/main] 2025-01-13T16:02:43.934473617Z {klog}"),
        format!(r#"{{"log":{json},"stream":"stderr","time":"2025-01-13T16:02:43.9Z"}}"#),
        format!(
            r#"{{"MESSAGE":{json},"__REALTIME_TIMESTAMP":"1736784163934473","_HOSTNAME":"node-1","SYSLOG_IDENTIFIER":"kubelet"}}"#
        ),
        format!(
            r#"{{"MESSAGE":{bytes},"__REALTIME_TIMESTAMP":"1736784163934473","_HOSTNAME":"node-1","SYSLOG_IDENTIFIER":"kubelet"}}"#
        ),
        r#"{"ts":1736784163934.473,"caller":"kubelet/kubelet.go:2055","msg":"Skipping pod synchronization","v":0,"err":"PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s"}"#.to_owned(),
        "Jan 13 16:02:43 node-1 kubelet[1450]: I0113 16:02:43.934473    1450 kubelet.go:1778] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 3m5.3s ago; threshold is 3m0s]".to_owned(),
    ] {
        let file = one(&line);
        assert_eq!(file.origin.component, Component::Kubelet, "{line}");
        let pleg = file.signal(Signal::PlegUnhealthy).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(pleg.details, [("3m5.3s".to_owned(), 1)], "{line}");
        let time = pleg.first.expect("time");
        assert_eq!(time.as_second(), 1_736_784_163, "{line}");
    }
}

#[test]
fn a_journal_of_many_programs_is_split() {
    let text = r#"-- Logs begin at Thu 2025-01-07 18:49:00 UTC, end at Thu 2025-01-07 19:30:02 UTC. --
2025-01-07T18:50:52+0000 node-1 kubelet[145]: E0107 18:50:52.934473    145 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \"https://a.azmk8s.io:443/apis\": dial tcp 20.1.1.1:443: i/o timeout" interval="400ms"
2025-01-07T18:50:53+0000 node-1 systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE
2025-01-07T18:50:53+0000 node-1 systemd[1]: containerd.service: Scheduled restart job, restart counter is at 4.
2025-01-07T18:50:54+0000 node-1 kernel: Memory cgroup out of memory: Killed process 311 (java) total-vm:12kB
2025-01-07T18:50:54+0000 node-1 kernel: Out of memory: Killed process 312 (node) total-vm:12kB
2025-01-07T18:50:55+0000 node-1 kernel: nf_conntrack: nf_conntrack: table full, dropping packet
2025-01-07T18:50:55+0000 node-1 containerd[99]: time="2025-01-07T18:50:55Z" level=error msg="failed to pull image" error="no space left on device"
"#;
    let rows = read(text, "journal.txt");
    let programs: Vec<_> = rows.logs.iter().map(|file| file.origin.component).collect();
    assert_eq!(programs, [Component::Kubelet, Component::Runtime, Component::Kernel]);
    assert!(rows.logs.iter().all(|file| file.origin.node == "node-1"));
    let [kubelet, runtime, kernel] = rows.logs.as_slice() else { panic!("three logs") };
    assert_eq!(kubelet.signal(Signal::LeaseFailed).map(|hits| hits.count), Some(1));
    assert_eq!(
        kubelet.signal(Signal::ServiceFailed).map(|hits| hits.details.clone()),
        Some(vec![("kubelet.service".to_owned(), 1)])
    );
    assert!(runtime.signal(Signal::ServiceRestartScheduled).is_some());
    assert!(runtime.signal(Signal::NoSpaceLeft).is_some());
    let detail = |signal| kernel.signal(signal).map(|hits| hits.details.clone());
    assert_eq!(detail(Signal::CgroupOomKill), Some(vec![("java".to_owned(), 1)]));
    assert_eq!(detail(Signal::KernelOomKill), Some(vec![("node".to_owned(), 1)]));
    assert!(kernel.signal(Signal::ConntrackFull).is_some());
    let tables: Vec<_> = rows.collected.iter().map(|collected| collected.table).collect();
    assert_eq!(tables, [TableKind::KubeletLogs, TableKind::OtherLogs, TableKind::KernelLogs]);
}

#[test]
fn coredns_errors_are_told_from_its_own_probe() {
    let text = "[INFO] plugin/ready: Still waiting on: \"kubernetes\"
[WARNING] No files matching import glob pattern: custom/*.override
[ERROR] plugin/errors: 2 3797952284163317497.7063757873447144811. HINFO: read udp 192.168.209.17:36807->20.128.8.8:53: i/o timeout
[ERROR] plugin/errors: 2 mcr.microsoft.com. A: read udp 10.244.1.2:33077->168.63.129.16:53: i/o timeout
2019/05/13 13:30:23 [ERROR] 2 rt.services.visualstudio.com. A: unreachable backend: read udp 10.244.5.27:54409->168.63.129.16:53: i/o timeout
[ERROR] plugin/errors: 2 . NS: dns: overflow unpacking uint32
5 errors like '^read udp .* i/o timeout$' occurred in last 30s
";
    let file = one(text);
    assert_eq!(file.origin.component, Component::CoreDns);
    let timeout = file.signal(Signal::DnsUpstreamTimeout).expect("timeouts");
    assert_eq!(timeout.count, 7);
    assert_eq!(
        timeout.details,
        [("mcr.microsoft.com".to_owned(), 1), ("rt.services.visualstudio.com".to_owned(), 1)]
    );
    assert_eq!(file.signal(Signal::DnsUpstreamOther).map(|hits| hits.count), Some(1));
    assert!(file.signal(Signal::DnsReadyWaiting).is_some());
    assert_eq!(file.signal(Signal::NetworkFailure), None);
}

#[test]
fn dmesg_in_both_forms() {
    let seconds = "[    0.000000] Linux version 5.15.0-1097-azure (buildd@x)\n[1454500.910215] INFO: task jbd2/sda1-8:312 blocked for more than 120 seconds.\n[1454501.000000] EXT4-fs error (device sda1): ext4_lookup:1\n[1454501.000000] EXT4-fs (sda1): Remounting filesystem read-only\n[1454501.000000] blk_update_request: I/O error, dev sdc, sector 5\n";
    let file = one(seconds);
    assert_eq!(file.origin.component, Component::Kernel);
    let detail = |file: &LogFile, signal| {
        file.signal(signal).and_then(|hits| hits.details.first().cloned()).map(|detail| detail.0)
    };
    assert_eq!(detail(&file, Signal::KernelBoot).as_deref(), Some("5.15.0-1097-azure"));
    assert_eq!(detail(&file, Signal::TaskHung).as_deref(), Some("jbd2/sda1-8:312"));
    assert_eq!(detail(&file, Signal::FilesystemError).as_deref(), Some("sda1"));
    assert!(file.signal(Signal::FilesystemReadOnly).is_some());
    assert_eq!(detail(&file, Signal::DiskIoError).as_deref(), Some("sdc"));
    let dated = "[Wed Jan  8 18:34:13 2025] eth0: renamed from vethfaa982c\n";
    let file = one(dated);
    assert_eq!(
        (file.origin.component, file.first),
        (Component::Kernel, at("2025-01-08T18:34:13Z"))
    );
}

#[test]
fn parts_and_continued_messages_are_joined() {
    let text = "2025-05-05T11:48:03.2Z stderr P failed to dial tcp 10.0.\n2025-05-05T11:48:03.2Z stderr F 0.1:5432: i/o timeout\n";
    let file = one(text);
    let failure = file.signal(Signal::NetworkFailure).expect("failure");
    assert_eq!(failure.details, [("10.0.0.1:5432".to_owned(), 1)]);
    let text = "E0113 16:02:43.934473    1450 kubelet.go:205] \"Failed\" err=<\n\tdial tcp 10.0.0.1:443: i/o timeout\n\tmore\n >\nI0113 16:02:44.934473    1450 kubelet.go:205] \"Starting kubelet main sync loop\"\n";
    let file = one(text);
    let failure = file.signal(Signal::NetworkFailure).expect("failure");
    let at = failure.hits.first().expect("hit").at;
    assert!(bytes_of(text, at).ends_with('>'));
    assert_eq!(file.signal(Signal::KubeletStarted).map(|hits| hits.count), Some(1));
}

#[test]
fn noise_of_a_start_is_no_fault() {
    let text = r#"I0113 16:02:43.934473    1450 kubelet.go:2055] "Skipping pod synchronization" err="[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"
E0113 16:02:43.934473    1450 kubelet.go:1302] "Image garbage collection failed once. Stats initialization may not have completed yet" err="failed to get imageFs info: unable to find data in memory cache"
E0113 16:02:43.934473    1450 upgradeaware.go:427] Error proxying data from client to backend: readfrom tcp 127.0.0.1:53764->127.0.0.1:56853: write tcp 127.0.0.1:53764->127.0.0.1:56853: write: broken pipe
"#;
    let file = one(text);
    let signals: Vec<_> = file.signals.iter().map(|hits| hits.signal).collect();
    assert_eq!(signals, [Signal::PlegStarting]);
}

#[test]
fn hits_are_the_first_and_the_last() {
    let mut text = String::new();
    for second in 0..40 {
        let line = format!(
            "2025-01-13T16:02:{second:02}Z stderr F dial tcp 10.0.0.{second}:443: i/o timeout\n"
        );
        text.push_str(&line);
    }
    let file = one(&text);
    let failure = file.signal(Signal::NetworkFailure).expect("failure");
    assert_eq!((failure.count, failure.hits.len(), failure.details.len()), (40, 16, 40));
    assert_eq!(failure.hits.last().map(|hit| hit.detail.as_str()), Some("10.0.0.39:443"));
    assert_eq!(failure.hits.get(8).map(|hit| hit.detail.as_str()), Some("10.0.0.32:443"));
}

#[test]
fn paths_name_containers_but_lines_decide() {
    let origin = |path: &str| read("hello\n", path).logs.remove(0).origin;
    let named = origin("logs/kube-system_coredns-786b78lbvh-xg7l2_coredns.log");
    assert_eq!(
        (named.namespace.as_str(), named.pod.as_str(), named.container.as_str()),
        ("kube-system", "coredns-786b78lbvh-xg7l2", "coredns")
    );
    assert_eq!(named.component, Component::CoreDns);
    let id = "0123456789abcdef".repeat(4);
    let named = origin(&format!("var/log/containers/api-x_payments_main-{id}.log"));
    assert_eq!((named.namespace.as_str(), named.pod.as_str()), ("payments", "api-x"));
    let named = origin("must/namespaces/openshift-dns/pods/dns-x/dns/dns/logs/previous.log");
    assert_eq!(
        (named.namespace.as_str(), named.pod.as_str(), named.container.as_str()),
        ("openshift-dns", "dns-x", "dns")
    );
    assert!(named.previous);
    assert_eq!(read(AGENT, "kubelet.log").logs[0].origin.component, Component::TunnelAgent);
    let empty = read("-- No entries --\n", "nodes/n1/kubelet-journal.log");
    assert_eq!(empty.logs[0].origin.component, Component::Kubelet);
    assert_eq!(empty.logs[0].origin.node, "n1");
}

#[test]
fn other_forms() {
    let zap = r#"{"level":"warn","ts":"2025-01-07T18:50:55.123Z","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"502.1ms","expected-duration":"100ms"}"#;
    let file = one(zap);
    assert_eq!(file.origin.component, Component::Etcd);
    assert_eq!(
        file.signal(Signal::EtcdSlowApply).map(|hits| hits.details.clone()),
        Some(vec![("502.1ms".to_owned(), 1)])
    );
    let google = r#"{"jsonPayload":{"message":"Start serving","serverID":"a","agentID":"b"},"timestamp":"2025-01-07T18:50:55.1Z","severity":"INFO","resource":{"labels":{"pod_name":"konnectivity-agent-x","namespace_name":"kube-system","container_name":"konnectivity-agent"}}}"#;
    let file = one(google);
    assert_eq!(file.origin.component, Component::TunnelAgent);
    assert_eq!(
        (file.origin.pod.as_str(), file.origin.namespace.as_str()),
        ("konnectivity-agent-x", "kube-system")
    );
    assert!(file.signal(Signal::AgentServing).is_some());
    let wrapped = "time=\"2025-01-07T18:50:55Z\" level=info msg=\"E0107 18:50:55.117021  630631 server.go:528] \\\"Failed to get a backend\\\" err=\\\"No agent available\\\" dialID=3\" component=konnectivity";
    let file = one(wrapped);
    assert_eq!(file.origin.component, Component::TunnelServer);
    assert!(file.signal(Signal::TunnelServerNoAgent).is_some());
    let scrape = r#"E0107 18:50:55.117021 1 scraper.go:149] "Failed to scrape node" err="Get \"https://10.224.0.6:10250/metrics/resource\": dial tcp 10.224.0.6:10250: i/o timeout" node="aks-1""#;
    let file = one(scrape);
    assert_eq!(file.origin.component, Component::MetricsServer);
    assert_eq!(
        file.signal(Signal::ScrapeFailed).map(|hits| hits.details.clone()),
        Some(vec![("aks-1".to_owned(), 1)])
    );
}
