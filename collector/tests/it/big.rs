//! A cluster of many nodes and pods, for the stub to serve: the size of real objects, page by page.

use std::sync::OnceLock;

use crate::stub::{Act, Request};

pub(crate) const NODES: usize = 500;
pub(crate) const PODS: usize = 5000;
const NAMESPACES: usize = 50;

/// Answers what a big cluster answers; the rest is the recording's.
pub(crate) fn serve(request: &Request) -> Act {
    static NODE: OnceLock<Vec<String>> = OnceLock::new();
    static POD: OnceLock<Vec<String>> = OnceLock::new();
    let nodes = || NODE.get_or_init(|| (0..NODES).map(node).collect());
    let pods = || POD.get_or_init(|| (0..PODS).map(pod).collect());
    if request.accept.contains("as=Table") {
        return Act::Replay;
    }
    let path = request.path.as_str();
    if let Some((_, rest)) = path.split_once("/api/v1/namespaces/namespace-") {
        return match rest.split('/').collect::<Vec<_>>().as_slice() {
            [namespace, "pods"] => {
                let of: Vec<&String> =
                    pods().iter().skip(number(namespace)).step_by(NAMESPACES).collect();
                list("PodList", &of, request)
            }
            [_, "pods", name] => Act::Answer(
                200,
                "application/json",
                pods().get(number(name)).cloned().unwrap_or_default(),
            ),
            _ => Act::Replay,
        };
    }
    match path {
        "/api/v1/nodes" => list("NodeList", &nodes().iter().collect::<Vec<_>>(), request),
        "/api/v1/pods" => list("PodList", &pods().iter().collect::<Vec<_>>(), request),
        "/api/v1/namespaces" => {
            let name = |at| {
                format!(
                    r#"{{"metadata":{{"name":"namespace-{at:02}"}},"status":{{"phase":"Active"}}}}"#
                )
            };
            let all: Vec<String> = (0..NAMESPACES).map(name).collect();
            list("NamespaceList", &all.iter().collect::<Vec<_>>(), request)
        }
        _ => Act::Replay,
    }
}

fn number(name: &str) -> usize {
    name.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// One page of a list, as `limit` and `continue` ask for it.
fn list(kind: &str, items: &[&String], request: &Request) -> Act {
    let option = |name: &str| -> Option<usize> {
        request.query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse().ok())
    };
    let from = option("continue=").unwrap_or(0).min(items.len());
    let to = option("limit=").map_or(items.len(), |limit| (from + limit).min(items.len()));
    let next = if to < items.len() { to.to_string() } else { String::new() };
    let body = items[from..to].iter().map(|item| item.as_str()).collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"kind":"{kind}","apiVersion":"v1","metadata":{{"resourceVersion":"1","continue":"{next}"}},"items":[{body}]}}"#
    );
    Act::Answer(200, "application/json", text)
}

fn managed() -> String {
    let field = |at: usize| {
        format!(
            r#""k:{{\"type\":\"Condition{at}\"}}":{{".":{{}},"f:lastTransitionTime":{{}},"f:status":{{}}}}"#
        )
    };
    let fields = (0..12).map(field).collect::<Vec<_>>().join(",");
    format!(
        r#"[{{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-11-21T10:49:00Z","fieldsType":"FieldsV1","fieldsV1":{{"f:status":{{"f:conditions":{{{fields}}}}}}}}}]"#
    )
}

fn node(at: usize) -> String {
    let image = |image: usize| {
        format!(
            r#"{{"names":["registry.example/team-{image}/service-{image}@sha256:{image:064x}","registry.example/team-{image}/service-{image}:1.{image}"],"sizeBytes":{}}}"#,
            100_000_000 + image
        )
    };
    let images = (0..25).map(image).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"metadata":{{"name":"aks-np1-12345678-vmss{at:06}","uid":"00000000-0000-4000-8000-{at:012}","managedFields":{}}},"spec":{{"podCIDR":"10.{}.{}.0/24"}},"status":{{"conditions":[{{"type":"Ready","status":"True","reason":"KubeletReady","lastHeartbeatTime":"2026-11-21T10:49:00Z","lastTransitionTime":"2026-11-20T10:49:00Z"}}],"addresses":[{{"type":"InternalIP","address":"10.224.{}.{}"}}],"images":[{images}]}}}}"#,
        managed(),
        at / 250,
        at % 250,
        at / 250,
        at % 250 + 4,
    )
}

fn pod(at: usize) -> String {
    let name = format!("service-{:03}-5f7d8c9b6-{at:05}", at % 200);
    let variable =
        |at: usize| format!(r#"{{"name":"SETTING_{at}","value":"value-of-setting-{at}"}}"#);
    let variables = (0..20).map(variable).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"namespace-{:02}","uid":"00000000-0000-4000-9000-{at:012}","labels":{{"app":"service-{}"}},"managedFields":{}}},"spec":{{"nodeName":"aks-np1-12345678-vmss{:06}","containers":[{{"name":"main","image":"registry.example/team/service:1.{}","env":[{variables},{{"name":"DB_PASSWORD","value":"Onyx*lMfG8qY{}"}}]}}]}},"status":{{"phase":"Running","podIP":"10.1.{}.{}","containerStatuses":[{{"name":"main","ready":true,"restartCount":0,"image":"registry.example/team/service:1","imageID":"","state":{{"running":{{"startedAt":"2026-11-20T10:00:00Z"}}}}}}]}}}}"#,
        at % NAMESPACES,
        at % 200,
        managed(),
        at % NODES,
        at % 7,
        at % 200,
        at / 250,
        at % 250,
    )
}
