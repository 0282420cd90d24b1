//! What the analyzer proposes against a client is taken by a real kubectl, in the version that the
//! cluster serves; only the bytes of an audit log go in.

use konspect_audit::containment::containment;
use konspect_audit::counterfactual::suspect;
use konspect_audit::{Shared, fold_bytes};
use konspect_bundle::{ArtifactId, Source};
use serde_json::{Value, json};

use crate::stub::{Act, Request, Stub, status};

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const KINDS: [(&str, &str); 2] =
    [("flowschemas", "FlowSchema"), ("prioritylevelconfigurations", "PriorityLevelConfiguration")];

/// The objects that would contain a client, in the version of Kubernetes 1.`minor`.
fn yaml(user: &str, minor: u32) -> String {
    let event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a", "stage": "ResponseComplete",
        "requestURI": "/apis/apps/v1/namespaces/shop/deployments/web/scale", "verb": "patch",
        "user": {"username": user}, "userAgent": "storm/1: \"no\"", "sourceIPs": ["10.0.0.9"],
        "objectRef": {"resource": "deployments", "subresource": "scale", "apiGroup": "apps", "apiVersion": "v1", "namespace": "shop", "name": "web"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2025-06-11T15:00:00.000000Z", "stageTimestamp": "2025-06-11T15:00:00.020000Z"
    });
    let mut discovery = event.clone();
    discovery["auditID"] = "b".into();
    discovery["requestURI"] = "/apis?timeout=32s".into();
    discovery["verb"] = "get".into();
    if let Some(discovery) = discovery.as_object_mut() {
        discovery.remove("objectRef");
    }
    let line = format!("{event}\n{discovery}\n");
    let shared = Shared::new();
    let mut fold = fold_bytes(Source::new(ArtifactId(0), line.as_bytes()), &shared);
    shared.close(&mut fold);
    containment(suspect(&fold.finish()).unwrap(), minor).unwrap()
}

/// Discovery of a server that serves flow control in one version and nothing else.
fn discovery(request: &Request, version: &str) -> Act {
    let served = format!("{GROUP}/{version}");
    let answer = |body: Value| Act::Answer(200, "application/json", body.to_string());
    let patch = |(plural, kind): &(&str, &str)| {
        let patch = json!({
            "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-group-version-kind": {"group": GROUP, "kind": kind, "version": version}
        });
        (format!("/apis/{served}/{plural}/{{name}}"), json!({"patch": patch}))
    };
    let own = format!("/apis/{served}");
    match request.path.as_str() {
        "/api" => answer(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/api/v1" => {
            answer(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": []}))
        }
        "/apis" => answer(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{
            "name": GROUP, "versions": [{"groupVersion": served, "version": version}],
            "preferredVersion": {"groupVersion": served, "version": version}}]})),
        path if path == own => {
            answer(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": served,
            "resources": KINDS.map(|(plural, kind)| json!({"name": plural, "singularName": "", "namespaced": false, "kind": kind, "verbs": ["create", "get", "list", "patch"]}))}))
        }
        "/openapi/v3" => answer(
            json!({"paths": {format!("apis/{served}"): {"serverRelativeURL": format!("/openapi/v3/apis/{served}?hash=1")}}}),
        ),
        path if path == format!("/openapi/v3/apis/{served}") => {
            answer(json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"},
            "paths": KINDS.iter().map(patch).collect::<serde_json::Map<_, _>>()}))
        }
        _ => status(404, "NotFound", "the server could not find the requested resource"),
    }
}

/// What a real kubectl says to `kubectl apply --dry-run=client`, and whether it is content.
fn applied(version: &'static str, yaml: &str) -> (bool, String) {
    kubectl(version, &["apply", "--dry-run=client"], yaml)
}

fn kubectl(version: &'static str, command: &[&str], yaml: &str) -> (bool, String) {
    let server = Stub::serve(move |request| discovery(request, version));
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = server.kubeconfig(home.path());
    let done = assert_cmd::Command::new("kubectl")
        .args(command)
        .args(["-f", "-", "--kubeconfig"])
        .arg(kubeconfig)
        .env("HOME", home.path())
        .write_stdin(yaml)
        .output()
        .unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

#[test]
fn kubectl_takes_what_contains_a_client_in_the_version_that_is_served() {
    let created = "prioritylevelconfiguration.flowcontrol.apiserver.k8s.io/konspect-contained created (dry run)\n\
        flowschema.flowcontrol.apiserver.k8s.io/konspect-contained created (dry run)\n";
    for (version, minor, other) in
        [("v1", 33, 28), ("v1beta3", 28, 33), ("v1beta2", 25, 28), ("v1beta1", 22, 25)]
    {
        for user in ["system:serviceaccount:shop:stock", "jane: \"#{}\\ @contoso.com"] {
            let (taken, said) = applied(version, &yaml(user, minor));
            assert_eq!((taken, said.as_str()), (true, created), "{version}: {user}");
        }
        assert!(!applied(version, &yaml("jane", other)).0, "{version} is not that of 1.{other}");
        let torn = yaml("jane", minor).replacen("spec:", "spec", 1);
        assert!(!applied(version, &torn).0, "no YAML: {torn}");
    }
}

/// What kubectl would send is what stands in the YAML, field for field.
#[test]
fn kubectl_would_create_what_is_written() {
    for (version, minor) in [("v1", 33), ("v1beta3", 28), ("v1beta2", 25), ("v1beta1", 22)] {
        let yaml = yaml("system:serviceaccount:shop:stock", minor);
        let (taken, said) = kubectl(version, &["create", "--dry-run=client", "-o", "json"], &yaml);
        assert!(taken, "{said}");
        let written: Vec<Value> =
            yaml.split("---\n").map(|object| serde_yaml::from_str(object).unwrap()).collect();
        let sent: Vec<Value> = serde_json::Deserializer::from_str(&said)
            .into_iter::<Value>()
            .flat_map(|object| match object.unwrap() {
                Value::Object(mut list) if list.contains_key("items") => {
                    list.remove("items").unwrap().as_array().unwrap().clone()
                }
                object => vec![object],
            })
            .collect();
        let of = |objects: &[Value]| -> Vec<[Value; 4]> {
            let fields =
                |object: &Value| ["apiVersion", "kind", "spec"].map(|field| object[field].clone());
            let all = objects.iter().map(|object| {
                let [version, kind, spec] = fields(object);
                [version, kind, object["metadata"]["name"].clone(), spec]
            });
            all.collect()
        };
        assert_eq!(of(&sent), of(&written), "{version}");
    }
}

/// The API's own fields; kubectl leaves them to the server, so that a wrong one would be found too late.
#[test]
fn the_objects_have_the_fields_of_their_version_and_no_others() {
    for (minor, shares) in [(33, "nominalConcurrencyShares"), (25, "assuredConcurrencyShares")] {
        let yaml = yaml("system:serviceaccount:shop:stock", minor);
        let objects: Vec<Value> =
            yaml.split("---\n").map(|object| serde_yaml::from_str(object).unwrap()).collect();
        let level = json!({"type": "Limited", "limited": {shares: 5,
            "limitResponse": {"type": "Queue", "queuing": {"queues": 16, "handSize": 4, "queueLengthLimit": 50}}}});
        let schema = json!({
            "matchingPrecedence": 1000, "priorityLevelConfiguration": {"name": "konspect-contained"},
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [{
                "subjects": [{"kind": "ServiceAccount", "serviceAccount": {"namespace": "shop", "name": "stock"}}],
                "resourceRules": [{"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments/scale"], "namespaces": ["*"], "clusterScope": true}],
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/apis", "/apis/*"]}]
            }]
        });
        let specs: Vec<&Value> = objects.iter().map(|object| &object["spec"]).collect();
        assert_eq!(specs, [&level, &schema]);
    }
}
