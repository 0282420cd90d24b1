//! Events, and what is read of them: whole, in blocks and in steps, which must be the same.

use konspect_audit::{
    AuditFold, AuditSummary, Fold, Folds, Form, Shared, Verb, fold_blocks, fold_bytes, in_lines,
    sniff,
};
use konspect_bundle::{ArtifactId, Source};

pub(crate) fn event(id: &str, extra: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500\u0026labelSelector=a%3Db","verb":"list","user":{{"username":"system:serviceaccount:shop:app","groups":["system:authenticated"]}},"sourceIPs":["10.0.0.7"],"userAgent":"app/1.0","objectRef":{{"resource":"pods","namespace":"shop","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":200}}{extra},"requestReceivedTimestamp":"2025-06-02T16:55:47.100000Z","stageTimestamp":"2025-06-02T16:55:47.350000Z","annotations":{{"authorization.k8s.io/decision":"allow"}}}}"#
    )
}

pub(crate) fn read(text: impl AsRef<[u8]>) -> AuditSummary {
    let bytes = text.as_ref();
    let shared = Shared::new();
    let mut fold = fold_bytes(Source::new(ArtifactId(0), bytes), &shared);
    shared.close(&mut fold);
    let whole = fold.finish();
    for block in [701, 70_000] {
        let blocks = bytes
            .chunks(block)
            .enumerate()
            .map(move |(number, bytes)| ((number * block) as u64, bytes.to_vec()));
        let shared = Shared::new();
        let mut fold = AuditFold::default();
        fold.merge(fold_blocks(ArtifactId(0), blocks.collect::<Vec<_>>().into_iter(), &shared));
        shared.close(&mut fold);
        assert_eq!(fold.finish(), whole, "blocks of {block}");
    }
    if in_lines(bytes) {
        let folds = Folds::new();
        folds.take_steps(ArtifactId(0), |each| {
            let (mut base, mut step) = (0, Vec::new());
            for line in bytes.split_inclusive(|byte| *byte == b'\n').chain([&b""[..]]) {
                if step.len() > 10_000 || line.is_empty() {
                    each(base, &step);
                    base += step.len() as u64;
                    step.clear();
                }
                step.extend_from_slice(line);
            }
        });
        assert_eq!(folds.close().map(AuditFold::finish), Some(whole.clone()), "in steps");
    }
    let reading = whole.reading;
    assert_eq!(reading.records, reading.events + reading.refused + reading.foreign + reading.empty);
    whole
}

pub(crate) fn escaped(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('/', "\\/")
}

pub(crate) fn azure(log: &str) -> String {
    format!(
        r#"{{ "category": "kube-audit", "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "properties": {{"pod":"kube-apiserver-1","containerID":"c2","log":{},"stream":"stdout"}}, "resourceId": "/SUBSCRIPTIONS/0", "time": "2025-06-02T16:55:47.400000000Z"}}"#,
        escaped(&format!("{log}\n"))
    )
}

pub(crate) fn check(name: &str, text: impl AsRef<[u8]>, form: Form) {
    assert_eq!(sniff(text.as_ref()), Some(form), "{name}");
    let summary = read(text);
    assert_eq!(
        (summary.reading.events, summary.reading.refused),
        (2, 0),
        "{name}: {:?}",
        summary.refusals
    );
    let [client] = summary.clients.as_slice() else { panic!("{name}: {:?}", summary.clients) };
    assert_eq!(
        (client.user.as_str(), client.agent.as_str()),
        ("system:serviceaccount:shop:app", "app/1.0"),
        "{name}"
    );
    assert_eq!(client.total.requests, 2, "{name}");
    assert_eq!(client.addresses, [("10.0.0.7".to_owned(), 2)], "{name}");
    assert_eq!(client.total.latency_sum, 500_000, "{name}");
    assert_eq!((client.total.lists.paged, client.total.lists.selected), (2, 2), "{name}");
    assert_eq!(client.total.codes.as_slice(), [(200, 2)], "{name}");
    let [series] = client.series.as_slice() else { panic!("{name}") };
    assert_eq!(
        (series.verb, series.resource.as_str(), series.scope.as_str()),
        (Verb::List, "pods", "namespace"),
        "{name}"
    );
    assert_eq!(summary.window, Some((1_748_883_347_100_000, 1_748_883_347_350_000)), "{name}");
}
