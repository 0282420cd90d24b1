//! The API server answers and refuses: what looks like an outage is a matter of credentials or rights.

use konspect_bundle::words;

use crate::facts::client::{ClientAttempt, Outcome};
use crate::facts::{Client, Listing, Nodes};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct AccessDeniedNotUnreachable;

static META: Meta = rule_meta!(
    "KSP9003",
    "access-denied-not-unreachable",
    Identity,
    Cause,
    Critical,
    "access_denied_not_unreachable.md"
);

impl Rule for AccessDeniedNotUnreachable {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Client, Option<&'f Listing<ManagedCluster>>, Option<&'f Nodes>);

    fn check((client, clusters, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let cluster = clusters.and_then(|clusters| clusters.first());
        let worked = client.attempts_with(|outcome| outcome == Outcome::Answered).find(|attempt| {
            !attempt.probe
        });
        let denied = |wanted: Outcome| client.attempts_with(move |outcome| outcome == wanted).next();
        let unauthorized = denied(Outcome::Unauthorized);
        let forbidden = denied(Outcome::Forbidden);
        if let Some(worked) = worked {
            // Somebody without rights on a few things is not locked out.
            out.cleared(worked.at, words!("access-denied-not-unreachable-worked"));
            return;
        }
        // Errors of its own are answers too: whoever gets them is not locked out.
        if client.attempts_with(Outcome::worked).any(|attempt| !attempt.probe) {
            return;
        }
        let Some(first) = unauthorized.or(forbidden) else {
            if let Some(attempt) = client.attempts_with(Outcome::dial_failed).next() {
                out.cleared(attempt.at, words!("access-denied-not-unreachable-dial"));
            }
            return;
        };
        let count = client.attempts_with(|outcome| {
            matches!(outcome, Outcome::Unauthorized | Outcome::Forbidden)
        });
        let mut finding = META
            .finding(
                Subject::new("Client", "", ""),
                if unauthorized.is_some() {
                    words!("access-denied-not-unreachable-title")
                } else {
                    words!("access-denied-not-unreachable-no-right")
                },
                first.at,
                says(first),
            )
            .confidence(Confidence::Proven)
            .since(first.time)
            .affected(count.count())
            .scope(Scope::Client(String::new()));
        // Whoever took the bundle had access; the session of somebody else did not.
        if let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty()) {
            finding = finding
                .severity(Severity::Warning)
                .confidence(Confidence::Possible)
                .contradicted_by(nodes.at(), words!("access-denied-not-unreachable-worked"));
        } else if unauthorized.is_none() {
            finding = finding.severity(Severity::Warning).confidence(Confidence::Likely);
        }
        if let Some(cluster) = cluster.filter(|cluster| cluster.local_accounts_disabled) {
            finding = finding
                .supported_by(cluster.at, words!("access-denied-not-unreachable-local"));
        }
        let names =
            cluster.map(|cluster| [cluster.resource_group.as_str(), cluster.name.as_str()]);
        let renew = Step::new(words!("access-denied-not-unreachable-credentials"));
        let renew = match names {
            Some(names) => renew.run(
                Risk::Changes,
                command("az aks get-credentials -g {} -n {} --overwrite-existing", &names),
            ),
            None => renew,
        };
        let who = Step::new(words!("access-denied-not-unreachable-who"))
            .run(Risk::Reads, Some("kubectl auth whoami".to_owned()));
        if unauthorized.is_none() {
            let role = Step::new(words!("access-denied-not-unreachable-role"));
            return out.found(finding.step(who).step(role));
        }
        finding = finding.step(renew).step(who);
        if cluster.is_none_or(|cluster| cluster.entra_integration) {
            finding = finding.step(
                Step::new(words!("access-denied-not-unreachable-kubelogin")).run(
                    Risk::Changes,
                    Some("kubelogin convert-kubeconfig -l azurecli".to_owned()),
                ),
            );
        }
        out.found(finding);
    }
}

fn says(attempt: &ClientAttempt) -> konspect_bundle::Words {
    match attempt.outcome {
        Outcome::Forbidden => words!("access-denied-not-unreachable-forbidden"),
        _ => words!("access-denied-not-unreachable-unauthorized"),
    }
}
