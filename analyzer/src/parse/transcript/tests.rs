use konspect_bundle::ArtifactId;

use super::*;
use crate::model::network_error::{NetworkError, Target};

fn read(text: &str) -> Rows {
    let mut rows = Rows::default();
    transcript(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
    rows
}

#[test]
fn logs_of_several_nodes() {
    let text = "$ kubectl logs -n tenant-a mailer-1 --tail=1   # node aks-apps-1-vmss000000\nError from server: Get \"https://aks-apps-1-vmss000000:10250/containerLogs/tenant-a/mailer-1/mailer?tailLines=1\": dial tcp 192.168.0.7:10250: i/o timeout\n$ kubectl logs -n reporting render-1 --tail=1   # node aks-apps-1-vmss000003\n2025-06-04T16:08:14Z INFO request served status=200 duration=48ms\n";
    let rows = read(text);
    let [failed, worked] = rows.commands.as_slice() else { panic!("{:?}", rows.commands) };
    let target = Target { host: "192.168.0.7".into(), port: 10250 };
    assert_eq!(failed.errors, [NetworkError::DialTimeout { target }]);
    assert_eq!(
        (failed.node.as_str(), failed.pod.as_str()),
        ("aks-apps-1-vmss000000", "tenant-a/mailer-1")
    );
    assert!(failed.failed());
    assert_eq!(
        (worked.node.as_str(), worked.pod.as_str()),
        ("aks-apps-1-vmss000003", "reporting/render-1")
    );
    assert!(!worked.failed() && worked.output.ends_with("48ms"));
    let start = usize::try_from(worked.at.start).expect("start");
    let place = &text[start..];
    assert!(place.starts_with("$ kubectl logs -n reporting"), "{place}");
}

#[test]
fn other_commands_go_to_their_parsers() {
    let rows = read(
        "$ curl -s https://ifconfig.me\n93.45.76.47\n$ nslookup a.io\nServer:\t\t192.168.1.1\nAddress:\t192.168.1.1#53\n\nName:\ta.io\nAddress: 20.1.1.1\n\n$ kubectl config view --minify -o jsonpath=\"{.clusters[0].cluster.server}\"\nhttps://a.azmk8s.io:443\n$ kubectl get certificaterequests -A --no-headers | wc -l\n27000\n$ cat /etc/resolv.conf\nnameserver 10.0.0.10\n$ kubectl exec -n web shell -- nslookup b.io\n;; connection timed out; no servers could be reached\n$ kubectl debug node/aks-1 -it --image=busybox -- chroot /host df -P\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/root 10 9 1 91% /\n",
    );
    assert_eq!(rows.client_facts[0].value, "93.45.76.47");
    assert_eq!(rows.lookups.len(), 2);
    assert_eq!(rows.lookups[1].value.pod, "web/shell");
    assert_eq!(rows.kubeconfigs[0].server, "https://a.azmk8s.io:443");
    assert_eq!(rows.object_counts[0].count, 27000);
    assert_eq!(rows.resolv_confs[0].value.nameservers, ["10.0.0.10"]);
    assert_eq!(
        (rows.filesystems[0].node.as_str(), rows.filesystems[0].value.used_percent),
        ("aks-1", 91.0)
    );
}

#[test]
fn errors_of_azure() {
    let rows = read(
        "$ az aks nodepool scale -g rg -n workload -c 7\n(SubnetIsFull) Subnet system with address prefix 10.50.0.0/22 does not have enough capacity.\nCode: SubnetIsFull\n",
    );
    assert_eq!(rows.azure_errors[0].code, "SubnetIsFull");
    assert!(rows.commands[0].failed());
}

#[test]
fn files_that_hold_only_an_error() {
    for text in [
        "Error from server (Forbidden): nodes is forbidden: User \"x\" cannot list resource \"nodes\"",
        "error: the server doesn't have a resource type \"foo\"",
        "bash: ufw: command not found\n",
        "ERROR: Please run 'az login' to setup account.",
        "E1108 01:39:03.463317   20411 memcache.go:265] couldn't get current server API group list: x\nUnable to connect to the server: dial tcp 20.197.47.105:443: i/o timeout\n",
    ] {
        assert!(is_failure(text), "{text}");
    }
    for text in [
        "",
        "Warning: v1 ComponentStatus is deprecated in v1.19+\n{\"kind\":\"List\"}",
        "NAME STATUS\nerror: no\n",
        "sh: 3\n",
    ] {
        assert!(!is_failure(text), "{text}");
    }
    let mut rows = Rows::default();
    let text = "Unable to connect to the server: dial tcp 20.1.1.1:443: i/o timeout\n";
    let source = Source::new(ArtifactId(0), text.as_bytes());
    assert_eq!(failed_command(&source, &Hint::default(), &mut rows), Kind::FailedCommand);
    assert_eq!(rows.commands[0].errors.len(), 1);
    let mut rows = Rows::default();
    side_file(&Source::new(ArtifactId(0), b"1\n"), &Hint::default(), &mut rows);
    assert_eq!(rows.commands[0].exit, Some(1));
}
