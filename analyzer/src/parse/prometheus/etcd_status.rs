//! `etcdctl endpoint status -w json`: the sizes it tells, as the samples that etcd's metrics have.

use konspect_bundle::Source;

use super::super::raw_json::RawJson;
use super::super::{Hint, Kind, Rows, TableKind};
use crate::model::Labels;
use crate::model::metrics::{MetricsComponent, Sample, Scrape};

/// Where a member's status says what a metric says.
const FIELDS: &[(&[&str], &str)] = &[
    (&["dbSize"], "etcd_mvcc_db_total_size_in_bytes"),
    (&["dbSizeInUse"], "etcd_mvcc_db_total_size_in_use_in_bytes"),
    (&["dbSizeQuota"], "etcd_server_quota_backend_bytes"),
];

/// Reads the status of every endpoint.
pub fn etcd_status(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let root = RawJson::new(source.bytes);
    let mut scrape = Scrape {
        component: MetricsComponent::Etcd,
        at: source.span_of(root.bytes()),
        ..Scrape::default()
    };
    let lone = root.is_object().then_some(root);
    for member in root.items().chain(lone) {
        let Some(status) = member.get("Status") else {
            continue;
        };
        for (path, family) in FIELDS {
            let Some(value) = status.path(path).filter(|value| value.number().is_some()) else {
                continue;
            };
            scrape.series += 1;
            scrape.families.entry((*family).to_owned()).or_default().push(Sample {
                name: (*family).into(),
                labels: Labels::from_iter([("endpoint", member.text_of("Endpoint"))]),
                value: value.number().unwrap_or_default(),
                at: source.span_of(value.bytes()),
            });
        }
    }
    rows.covers(TableKind::Metrics, scrape.at);
    rows.scrapes.push(scrape);
    Kind::Metrics
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    #[test]
    fn sizes_become_samples() {
        let text = br#"[{"Endpoint":"http://127.0.0.1:2379","Status":{"header":{},"version":"3.5.30","dbSize":24000000,"dbSizeInUse":9000000}}]"#;
        let mut rows = Rows::default();
        etcd_status(&Source::new(ArtifactId(0), text), &Hint::default(), &mut rows);
        let size = &rows.scrapes[0].families["etcd_mvcc_db_total_size_in_bytes"][0];
        assert_eq!((size.value, size.label("endpoint")), (24e6, "http://127.0.0.1:2379"));
    }
}
