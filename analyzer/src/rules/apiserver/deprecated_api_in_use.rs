//! Clients call API versions that a later Kubernetes removes.

use konspect_audit::AuditSummary;
use konspect_bundle::words;

use crate::facts::clients::is_system;
use crate::facts::metrics::Metrics;
use crate::facts::{AnyOf, Listing};
use crate::finding::{Confidence, Meta, Severity, Step, Subject};
use crate::model::metrics::Scrape;
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct DeprecatedApiInUse;

static META: Meta =
    rule_meta!("KSP3010", "deprecated-api-in-use", ApiServer, Aggravating, Info, "deprecated_api_in_use.md");

impl Rule for DeprecatedApiInUse {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f AuditSummary, &'f Listing<Scrape>>;

    fn check(AnyOf(audit, scrapes): Self::Inputs<'_>, out: &mut Checked) {
        let collector = |user: &str, agent: &str| {
            audit.into_iter().flat_map(|audit| &audit.clients).any(|client| client.collector && client.user == user && client.agent == agent)
        };
        // Without a release that removes it (`v1/endpoints`), a deprecation breaks nobody.
        let named = audit.into_iter().flat_map(|audit| &audit.deprecated).filter(|row| {
            !row.removed_release.is_empty() && !is_system(&row.user, &row.agent) && !collector(&row.user, &row.agent)
        });
        for row in named.take(5) {
            let Some((_, at)) = row.first else { continue };
            out.found(
                META.finding(
                    Subject::new("Client", "", &row.user),
                    words!("deprecated-api-in-use-title", user = &row.user, api = &row.api, release = &row.removed_release),
                    at,
                    words!("deprecated-api-in-use-call", agent = &row.agent, count = row.count),
                )
                .confidence(Confidence::Proven)
                .severity(Severity::Info)
                .step(Step::new(words!("deprecated-api-in-use-advice"))),
            );
        }
        if !out.findings.is_empty() {
            return;
        }
        let metrics = scrapes.map(Metrics::new);
        let used = metrics.as_ref().map(Metrics::deprecated).unwrap_or_default();
        for (api, release, at) in used.iter().take(5) {
            out.found(
                META.finding(
                    Subject::new("API", "", api),
                    words!("deprecated-api-in-use-api", api = api, release = release),
                    *at,
                    words!("deprecated-api-in-use-metric"),
                )
                .confidence(Confidence::Likely)
                .severity(Severity::Info)
                .step(Step::new(words!("deprecated-api-in-use-advice"))),
            );
        }
        // Calls of none are counted by no series: only a whole scrape tells that there are none.
        let whole = metrics.as_ref().filter(|metrics| metrics.is_whole());
        if let Some(at) = whole.and_then(Metrics::apiserver_at).filter(|_| used.is_empty()) {
            out.cleared(at, words!("deprecated-api-in-use-cleared"));
        }
    }
}
