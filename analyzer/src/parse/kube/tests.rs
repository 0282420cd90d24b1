//! Shapes of JSON, each in small, and a sweep over real captures.

use rayon::prelude::*;

use konspect_bundle::diagnostic::Code;
use konspect_bundle::{ArtifactId, Source};

use super::{Streaming, json};
use crate::model::kube::{ContainerState, Status};
use crate::parse::rows::{Hint, Kind, Rows, TableKind};

fn read_as(text: &str, command: &str, path: &str) -> (Kind, Rows) {
    let mut rows = Rows::default();
    let hint = Hint { path, command, ..Hint::default() };
    let kind = json(&Source::new(ArtifactId(1), text.as_bytes()), &hint, &mut rows);
    (kind, rows)
}

fn read(text: &str) -> (Kind, Rows) {
    read_as(text, "", "")
}

fn codes(rows: &Rows) -> Vec<Code> {
    rows.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"web","managedFields":[{"f:x":{}}],"creationTimestamp":null},
"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","resources":{"limits":{"memory":"128Mi","cpu":"500m"}},"ports":[{"containerPort":8080}]}],"volumes":[{"persistentVolumeClaim":{"claimName":"data"}}]},
"status":{"phase":"Running","podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2025-06-10T12:00:00Z"}],
"containerStatuses":[{"name":"c","ready":false,"restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","finishedAt":"2025-06-10T11:59:00Z"}}}]}}"#;

#[test]
fn a_pod_of_a_list_has_places_for_its_parts() {
    let text = format!("{{\"apiVersion\":\"v1\",\"items\":[{POD}],\"kind\":\"List\"}}");
    let (kind, rows) = read_as(&text, "kubectl get pods -A -o json", "");
    assert_eq!(kind, Kind::KubernetesObjects);
    let pod = &rows.pods[0];
    let cut = |at: konspect_bundle::Span| {
        &text[usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap()]
    };
    assert_eq!(cut(pod.at), POD);
    let container = &pod.containers[0];
    assert!(cut(container.at.get()).starts_with("{\"name\":\"c\",\"ready\""));
    assert!(cut(pod.conditions[0].at.get()).ends_with("12:00:00Z\"}"));
    assert_eq!((container.restarts, container.ports[0]), (7, 8080));
    assert_eq!(container.state.waiting_reason(), Some("CrashLoopBackOff"));
    assert_eq!(container.last.terminated().unwrap().exit_code, 137);
    assert!((container.limits["cpu"] - 0.5).abs() < 1e-9);
    assert_eq!(pod.claims[..], ["data"]);
    assert_eq!(pod.condition("Ready").unwrap().status, Status::False);
    let covered = &rows.collected[0];
    assert_eq!((covered.table, covered.complete), (TableKind::Pods, true));
    let count = &rows.object_counts[0];
    assert_eq!((count.resource.as_str(), count.count, count.lower_bound), ("pods", 1, false));
    assert!(rows.diagnostics.is_empty());
}

#[test]
fn items_of_typed_lists_need_no_kind() {
    let text = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"x","remainingItemCount":499},"items":[{"metadata":{"name":"a"}}]}"#;
    let (_, rows) = read(text);
    assert_eq!(rows.pods[0].meta.name, "a");
    assert_eq!((rows.object_counts[0].count, rows.object_counts[0].lower_bound), (500, false));
    assert!(!rows.collected[0].complete);
    let (_, rows) = read(r#"{"kind":"PodList","metadata":{"continue":"x"},"items":null}"#);
    assert_eq!((rows.object_counts[0].count, rows.object_counts[0].lower_bound), (0, true));
}

#[test]
fn an_empty_list_covers_what_was_asked_for() {
    let empty = r#"{"apiVersion":"v1","items":[],"kind":"List"}"#;
    let (_, rows) = read_as(empty, "kubectl get networkpolicies -A -o json", "");
    assert_eq!(rows.collected[0].table, TableKind::NetworkPolicies);
    assert!(rows.collected[0].complete && rows.collected[0].namespace.is_empty());
    let (_, rows) = read_as(empty, "kubectl get pods,deploy -n web -o json", "");
    assert_eq!(rows.collected.len(), 2);
    assert_eq!(rows.collected[1].resource, "deployments");
    assert_eq!(rows.collected[1].namespace, "web");
    let (_, rows) = read_as(empty, "", "get/jobs.json");
    assert_eq!(
        (rows.collected[0].table, rows.collected[0].resource.as_str()),
        (TableKind::Jobs, "jobs")
    );
    assert!(read(empty).1.collected.is_empty());
}

#[test]
fn lines_documents_arrays_and_watches_are_lists_too() {
    let line = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}"#;
    for text in [
        format!("{line}\n{line}\n"),
        format!("{line}{line}"),
        format!("[{line},{line}]"),
        format!(
            "{{\"type\":\"ADDED\",\"object\":{line}}}\n{{\"type\":\"MODIFIED\",\"object\":{line}}}\n{{\"type\":\"DELETED\",\"object\":{line}}}"
        ),
        format!(
            "[{{\"kind\":\"NodeList\",\"items\":[{line}]}},{{\"kind\":\"List\",\"items\":[{line}]}}]"
        ),
    ] {
        let (kind, rows) = read(&text);
        assert_eq!((kind, rows.nodes.len()), (Kind::KubernetesObjects, 2), "{text}");
        assert_eq!(rows.diagnostics, [], "{text}");
    }
}

#[test]
fn a_bad_line_costs_only_itself() {
    let line = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}"#;
    let (_, rows) = read(&format!("{line}\n{{\"apiVersion\":\"v1\",\"ki\n{line}\n"));
    assert_eq!((rows.nodes.len(), codes(&rows)), (2, vec![Code::Refused]));
}

#[test]
fn warnings_before_the_json_are_skipped_and_told() {
    let text = format!(
        "Warning: v1 ComponentStatus is deprecated in v1.19+\nE1121 memcache.go:265] x\n{POD}"
    );
    let (_, rows) = read(&text);
    assert_eq!((rows.pods.len(), codes(&rows)), (1, vec![Code::SkippedPreamble]));
}

#[test]
fn a_cut_list_keeps_its_whole_items() {
    let text = format!(
        "{{\"apiVersion\":\"v1\",\"items\":[{POD},{POD},{{\"apiVersion\":\"v1\",\"kind\":\"Po"
    );
    let (kind, rows) = read_as(&text, "kubectl get pods -A -o json", "");
    assert_eq!((kind, rows.pods.len()), (Kind::KubernetesObjects, 2));
    assert_eq!(codes(&rows), [Code::Truncated]);
    assert!(!rows.collected[0].complete && rows.object_counts[0].lower_bound);
}

#[test]
fn a_failure_status_is_a_failed_command() {
    let text = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403}"#;
    let (kind, rows) = read_as(text, "kubectl get --raw /api/v1/pods", "");
    assert_eq!(kind, Kind::FailedCommand);
    assert!(rows.commands[0].failed() && rows.collected.is_empty());
    assert_eq!(codes(&rows), [Code::FailedCollection]);
}

#[test]
fn odd_types_and_duplicate_keys_cost_no_object() {
    let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b","labels":["x"]},"spec":[1],"status":{"phase":7,"containerStatuses":"?"}}"#;
    let (_, rows) = read(text);
    assert_eq!((rows.pods[0].meta.name.as_str(), rows.pods[0].phase.as_str()), ("b", "7"));
    assert!(rows.diagnostics.is_empty());
}

#[test]
fn both_event_apis_give_one_row() {
    let old = r#"{"apiVersion":"v1","kind":"Event","metadata":{"namespace":"d"},"involvedObject":{"kind":"Pod","name":"p","namespace":"d"},"message":"m","type":"Warning","source":{"component":"kubelet","host":"n1"},"count":3,"firstTimestamp":"2025-06-10T11:00:00Z","lastTimestamp":"2025-06-10T12:00:00Z","eventTime":null}"#;
    let new = r#"{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"namespace":"d"},"regarding":{"kind":"Pod","name":"p","namespace":"d"},"note":"m","type":"Warning","deprecatedSource":{"component":"kubelet","host":"n1"},"deprecatedCount":3,"deprecatedFirstTimestamp":"2025-06-10T11:00:00Z","deprecatedLastTimestamp":"2025-06-10T12:00:00Z","eventTime":null}"#;
    let (mut one, mut other) = (read(old).1.events.remove(0), read(new).1.events.remove(0));
    (one.at, other.at) = (konspect_bundle::Span::default(), konspect_bundle::Span::default());
    assert_eq!(one, other);
    assert_eq!((one.count, one.warning, one.host.as_str()), (3, true, "n1"));
}

#[test]
fn webhook_defaults_follow_the_version() {
    let text = |version: &str| {
        format!(
            r#"{{"apiVersion":"admissionregistration.k8s.io/{version}","kind":"ValidatingWebhookConfiguration","metadata":{{"name":"c"}},"webhooks":[{{"name":"w","clientConfig":{{"service":{{"name":"s","namespace":"n"}}}},"rules":[{{"operations":["*"],"apiGroups":[""],"resources":["pods"]}}]}}]}}"#
        )
    };
    let (_, v1) = read(&text("v1"));
    let hook = &v1.webhooks[0];
    assert_eq!((hook.fails_closed, hook.timeout_seconds), (true, 10));
    assert_eq!(hook.service.as_ref().unwrap().port, 443);
    let (_, beta) = read(&text("v1beta1"));
    assert_eq!((beta.webhooks[0].fails_closed, beta.webhooks[0].timeout_seconds), (false, 30));
}

#[test]
fn values_of_secrets_are_only_measured() {
    let text = r#"{"kind":"List","items":[
{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"type":"Opaque","data":{"x":"<removed 24 bytes>","y":"c2VjcmV0"}},
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"coredns","namespace":"kube-system"},"data":{"Corefile":".:53 {}","big":"<removed 9000 bytes>"}},
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","namespace":"web"},"data":{"password":"x"}}]}"#;
    let (_, rows) = read(text);
    assert_eq!((rows.secrets[0].bytes, rows.config_maps[0].bytes), (30, 9007));
    assert_eq!(rows.config_maps[0].data.keys().collect::<Vec<_>>(), ["Corefile"]);
    assert!(rows.config_maps[1].data.is_empty());
    assert_eq!(rows.config_maps[1].keys, ["password"]);
}

#[test]
fn metadata_only_lists_are_read_by_what_was_asked_for() {
    let text = r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","items":[{"metadata":{"name":"sh.helm.release.v1.x.v3","namespace":"d","labels":{"owner":"helm"}}}]}"#;
    assert_eq!(read(text).1.secrets.len(), 1);
    let (_, rows) = read_as(text, "kubectl get --raw /api/v1/pods", "");
    assert_eq!((rows.pods.len(), rows.others[0].kind.as_str()), (0, "Pod"));
}

#[test]
fn versions_are_read_in_both_shapes() {
    let (kind, rows) = read(
        r#"{"clientVersion":{"gitVersion":"v1.31.0"},"serverVersion":{"gitVersion":"v1.30.6"}}"#,
    );
    assert_eq!((kind, rows.versions[0].server.as_str()), (Kind::ApiVersion, "v1.30.6"));
    assert_eq!(read(r#"{"major":"1","gitVersion":"v1.30.6"}"#).1.versions[0].server, "v1.30.6");
    let (_, rows) = read(r#"{"clientVersion":{"gitVersion":"v1.31.0"}}"#);
    assert!(rows.collected.is_empty());
}

#[test]
fn usage_of_the_metrics_api_fills_the_table_of_top() {
    let (_, rows) = read(
        r#"{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","items":[{"metadata":{"name":"n"},"usage":{"cpu":"250000000n","memory":"1Ki"}}]}"#,
    );
    assert_eq!((rows.node_usage[0].cpu, rows.node_usage[0].memory), (Some(0.25), Some(1024.0)));
    assert_eq!(
        (rows.collected[0].table, rows.collected[0].resource.as_str()),
        (TableKind::Top, "nodes")
    );
    assert!(rows.object_counts.is_empty());
}

#[test]
fn endpoints_of_both_kinds_have_one_shape() {
    let (_, rows) = read(
        r#"{"kind":"List","items":[
{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s-x","labels":{"kubernetes.io/service-name":"s"}},"endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":false},"nodeName":"n"}],"ports":[{"name":"h","port":80}]},
{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"s"},"subsets":[{"addresses":[{"ip":"10.0.0.2"}],"notReadyAddresses":[{"ip":"10.0.0.1","nodeName":"n"}],"ports":[{"name":"h","port":80}]}]}]}"#,
    );
    for slice in &rows.endpoint_slices {
        assert_eq!((slice.service.as_str(), &slice.ports[0]), ("s", &("h".to_owned(), 80)));
        let bad = slice.endpoints.iter().find(|endpoint| !endpoint.ready).unwrap();
        assert_eq!((bad.addresses[0].as_str(), bad.node.as_str()), ("10.0.0.1", "n"));
    }
}

#[test]
fn policies_without_types_isolate_ingress() {
    let (_, rows) = read(
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}],"ports":[{"port":53,"protocol":"UDP"},{"port":"dns"}]}]}}"#,
    );
    let policy = &rows.network_policies[0];
    assert!(policy.ingress_isolated && policy.egress_isolated && policy.pod_selector.is_empty());
    assert_eq!(policy.egress[0].ports[1].protocol, "TCP");
    assert_eq!(policy.egress[0].peers[0].cidr, "10.0.0.0/8");
}

#[test]
fn the_table_form_of_the_api_gives_rows() {
    let text = r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":[{"name":"Name"},{"name":"Ready"},{"name":"Status"},{"name":"Restarts"},{"name":"Age"},{"name":"IP"},{"name":"Node"}],"rows":[{"cells":["a","0/1","ImagePullBackOff","2 (5m ago)","1d",null,"n1"],"object":{"kind":"PartialObjectMetadata","metadata":{"name":"a","namespace":"web"}}}]}"#;
    let (kind, rows) = read_as(text, "kubectl get --raw /api/v1/pods", "");
    assert_eq!(kind, Kind::KubernetesTable);
    let pod = &rows.pods[0];
    assert_eq!((pod.meta.namespace.as_str(), pod.node.as_str(), pod.restarts()), ("web", "n1", 2));
    assert_eq!(rows.collected[0].table, TableKind::Pods);
}

#[test]
fn blocks_of_any_size_give_the_same_rows() {
    let item = serde_json::from_str::<serde_json::Value>(POD).unwrap();
    let list = serde_json::json!({"apiVersion": "v1", "items": [item, {}, item], "kind": "List"});
    for text in [list.to_string(), serde_json::to_string_pretty(&list).unwrap()] {
        let hint = Hint { command: "kubectl get pods -A", ..Hint::default() };
        let mut whole = Rows::default();
        json(&Source::new(ArtifactId(1), text.as_bytes()), &hint, &mut whole);
        assert_eq!(whole.pods.len(), 3);
        for size in [1, 7, 64, 1000] {
            let (mut rows, mut offset) = (Rows::default(), 0);
            let mut streaming = Streaming::new(ArtifactId(1), &hint);
            for block in text.as_bytes().chunks(size) {
                streaming.block(offset, block, &mut rows);
                offset += block.len() as u64;
            }
            assert_eq!(streaming.finish(&mut rows), Kind::KubernetesObjects);
            assert_eq!(rows.pods, whole.pods, "{size}");
            assert_eq!(rows.object_counts[0].count, whole.object_counts[0].count);
        }
    }
}

#[test]
fn large_lists_keep_their_order() {
    let items: Vec<String> = (0..3000)
        .map(|number| POD.replace("\"name\":\"a\"", &format!("\"name\":\"a{number}\"")))
        .collect();
    let (_, rows) = read(&format!("{{\"kind\":\"List\",\"items\":[{}]}}", items.join(",")));
    assert_eq!(rows.pods.len(), 3000);
    assert!(
        rows.pods.iter().enumerate().all(|(number, pod)| pod.meta.name == format!("a{number}"))
    );
    assert!(matches!(rows.pods[0].containers[0].state, ContainerState::Waiting(_)));
}

#[test]
fn hostile_bytes_give_less_and_never_a_panic() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "{",
        "[",
        "{}",
        "[]",
        "[[[",
        "{\"items\":[",
        "{\"items\":[{\"a\":NaN}]}",
        "\u{0}\u{1}",
        &deep,
        "{\"items\":[1,2]}",
        "{\"kind\":\"List\",\"items\":{}}",
    ] {
        let (_, rows) = read(text);
        assert!(rows.pods.is_empty());
    }
}

/// Every file below a folder, unpacked, in the order of their names.
fn files(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found);
            continue;
        }
        let Ok(mut bytes) = std::fs::read(&path) else {
            continue;
        };
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            let mut decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice());
            if std::io::Read::read_to_end(&mut decoder, &mut plain).is_err() {
                continue;
            }
            bytes = plain;
        }
        if bytes.len() < 32 << 20 && std::str::from_utf8(&bytes).is_ok() {
            found.push((path.to_string_lossy().into_owned(), bytes));
        }
    }
}

/// Reads every truth file with every parser here: none panics, and no span leaves its file.
#[test]
fn real_captures_give_rows_inside_their_files() {
    #[expect(clippy::disallowed_methods, reason = "a test may be told where more truth lies")]
    let Ok(truth) = std::env::var("KONSPECT_TRUTH") else {
        eprintln!("KONSPECT_TRUTH not set: no sweep");
        return;
    };
    let mut found = Vec::new();
    for folder in ["corpus", "incidents", "foreign"] {
        files(&std::path::Path::new(&truth).join(folder), &mut found);
    }
    let pods: usize = found
        .par_iter()
        .map(|(path, bytes)| {
            let hint = Hint { path, ..Hint::default() };
            let mut pods = 0;
            for (index, (name, parser)) in super::PARSERS.iter().enumerate() {
                // The first is the one that most files are for; the others get enough to be led astray.
                let bytes =
                    if index == 0 { bytes } else { bytes.get(..128 << 10).unwrap_or(bytes) };
                let mut rows = Rows::default();
                parser(&Source::new(ArtifactId(1), bytes), &hint, &mut rows);
                let spans = rows
                    .pods
                    .iter()
                    .flat_map(|pod| pod.containers.iter().map(|it| it.at.get()).chain([pod.at]))
                    .chain(rows.nodes.iter().map(|node| node.at))
                    .chain(rows.events.iter().map(|event| event.at))
                    .chain(rows.others.iter().map(|other| other.at))
                    .chain(rows.collected.iter().map(|it| it.at))
                    .chain(rows.diagnostics.iter().map(|it| it.at));
                for span in spans {
                    let inside = span.start <= span.end && span.end <= bytes.len() as u64;
                    assert!(inside, "{path} {name}");
                }
                pods += rows.pods.len();
            }
            pods
        })
        .sum();
    assert!(pods > 1000, "{pods} pods in {} files", found.len());
}
