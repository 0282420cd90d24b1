//! A certificate has expired: a kubelet's, a node's, a webhook's, or the client's own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use konspect_bundle::{Span, words};

use crate::facts::client::Outcome;
use crate::facts::webhooks::failing;
use crate::facts::{Events, Facts, Missing};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Severity, Step, Subject};
use crate::model::kube::{Status, Webhook};
use crate::model::log::{LogFile, Signal};
use crate::model::node_files::Certificate;
use crate::parse::TableKind;
use crate::parse::certificate::pem;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct CertificateExpired;

static META: Meta = rule_meta!(
    "KSP9001",
    "certificate-expired",
    Identity,
    Cause,
    Critical,
    "certificate_expired.md"
);

impl Rule for CertificateExpired {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let mut valid = None;
        let mut on_nodes: BTreeMap<String, (&Certificate, Timestamp)> = BTreeMap::new();
        let mut renewed = BTreeSet::new();
        for row in facts.certificates.ok().into_iter().flat_map(|rows| rows.iter()) {
            let (Some(end), Some(now)) = (row.value.not_after, facts.context.now) else { continue };
            if end > now {
                valid = valid.or(Some((row.value.at, end)));
                if is_kubelet(&row.value) {
                    renewed.insert(node_of(row.node.as_str(), &row.value));
                }
                continue;
            }
            let node = node_of(row.node.as_str(), &row.value);
            // What a client was shown over TLS is no node's file.
            if node.is_empty() && row.value.path.is_empty() {
                continue;
            }
            let entry = on_nodes.entry(node).or_insert((&row.value, end));
            // The kubelet's client certificate is the one that cuts a node off.
            if is_kubelet(&row.value) && !is_kubelet(entry.0) {
                *entry = (&row.value, end);
            }
        }
        // A file of an earlier rotation stays behind; the kubelet has a valid one.
        on_nodes.retain(|node, _| !renewed.contains(node));
        let mut told = refusals(facts);
        for (node, (certificate, end)) in &on_nodes {
            let log = told.remove(node);
            out.found(of_node(facts, node, certificate, *end, log));
        }
        for (node, (at, first, log)) in told {
            if let Some(log) = log {
                let finding = META
                    .finding(
                        Subject::node(&node),
                        words!("certificate-expired-node-title", node = &node),
                        at,
                        words!("certificate-expired-journal", node = &node),
                    )
                    .since(first)
                    .until(log.last)
                    .on_node(&node);
                out.found(steps_node(finding, &node));
            }
        }
        webhooks(facts, out);
        served(facts, out);
        client(facts, out);
        if !out.findings.is_empty() {
            return;
        }
        match valid {
            Some((at, end)) => {
                out.cleared(at, words!("certificate-expired-valid", until = end.to_string()));
            }
            None => out.blind(Missing::table(TableKind::NodeFiles)),
        }
    }
}

fn is_kubelet(certificate: &Certificate) -> bool {
    certificate.subject.contains("system:node:") || certificate.path.contains("kubelet-client")
}

/// The node of a certificate: the file's, else its own common name.
fn node_of(node: &str, certificate: &Certificate) -> String {
    if !node.is_empty() {
        return node.to_owned();
    }
    certificate
        .subject
        .split_once("system:node:")
        .map(|(_, rest)| rest.split([',', '/', ' ']).next().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

type Refusal<'f> = (Span, Option<Timestamp>, Option<&'f LogFile>);

/// What kubelets say: an expired certificate by name (with its log), or 401 alone (without).
fn refusals(facts: &Facts) -> BTreeMap<String, Refusal<'_>> {
    let mut told = BTreeMap::new();
    for (log, count) in
        facts.logs.ok().into_iter().flat_map(|logs| logs.signal(Signal::KubeletUnauthorized))
    {
        if let Some(hit) = count.hits.first() {
            told.insert(log.origin.node.clone(), (hit.at, count.first, None));
        }
    }
    for (log, count) in
        facts.logs.ok().into_iter().flat_map(|logs| logs.signal(Signal::KubeletCertificateExpired))
    {
        let hit = count.hits.iter().find(|hit| {
            let text = hit.text.to_ascii_lowercase();
            text.contains("expired") && !text.contains(" is before ") && !foreign(&text)
        });
        if let Some(hit) = hit {
            told.insert(log.origin.node.clone(), (hit.at, count.first, Some(log)));
        }
    }
    told
}

/// A registry's or an application's certificate, which a kubelet merely reports.
fn foreign(text: &str) -> bool {
    ["pull", "image", "registry", "probe", "webhook"].iter().any(|word| text.contains(word))
}

fn of_node(
    facts: &Facts,
    node: &str,
    certificate: &Certificate,
    end: Timestamp,
    log: Option<Refusal<'_>>,
) -> Finding {
    let ready = facts.nodes.ok().and_then(|nodes| nodes.get(node)?.condition("Ready"));
    // A node that was lost before the end was lost for another reason.
    let lost = ready.filter(|ready| {
        ready.status != Status::True && ready.transition.get().is_none_or(|lost| lost >= end)
    });
    let kubelet = is_kubelet(certificate);
    let says = words!(
        "certificate-expired-date",
        path = &certificate.path,
        until = end.to_string()
    );
    let mut finding = META
        .finding(
            Subject::node(node),
            words!("certificate-expired-node-title", node = node),
            certificate.at,
            says,
        )
        .since(Some(end));
    if !node.is_empty() {
        finding = finding.on_node(node);
    }
    if let Some((at, ..)) = log {
        finding = finding
            .confidence(Confidence::Proven)
            .supported_by(at, words!("certificate-expired-refused", node = node));
    }
    if let Some(ready) = lost {
        finding = finding
            .confidence(Confidence::Proven)
            .supported_by(ready.at.get(), words!("certificate-expired-lost", node = node));
    }
    // An old file that nothing uses any more stands there expired while the node is well.
    let well = ready.is_some() && lost.is_none() && log.is_none();
    if well || !kubelet && log.is_none() {
        finding = finding.confidence(Confidence::Possible).severity(Severity::Warning);
    }
    steps_node(finding, node)
}

fn steps_node(finding: Finding, node: &str) -> Finding {
    finding
        .step(Step::new(words!("certificate-expired-requests")).run(
            Risk::Reads,
            Some("kubectl get certificatesigningrequests".to_owned()),
        ))
        .step(Step::new(words!("certificate-expired-renew", node = node)))
}

fn webhooks(facts: &Facts, out: &mut Checked) {
    let Some(now) = facts.context.now else { return };
    for webhook in facts.webhooks.ok().into_iter().flat_map(|rows| rows.iter()) {
        let Some(end) = bundle_end(webhook).filter(|end| *end <= now) else { continue };
        let name = &webhook.configuration.name;
        let failed = facts.events.ok().into_iter().flat_map(Events::iter).find(|event| {
            event.message.contains("failed calling webhook")
                && event.message.contains(&webhook.name)
                && event.message.contains("x509")
        });
        let mut finding = META
            .finding(
                Subject::new("Webhook", "", name),
                words!("certificate-expired-webhook-title", name = &webhook.name),
                webhook.at,
                words!("certificate-expired-bundle", until = end.to_string()),
            )
            .since(Some(end))
            .severity(if webhook.fails_closed { Severity::Critical } else { Severity::Warning });
        finding = match failed {
            Some(event) => finding
                .confidence(Confidence::Proven)
                .supported_by(event.at, words!("certificate-expired-call")),
            None => finding.confidence(Confidence::Possible),
        };
        if let Some(service) = &webhook.service {
            finding = finding.scope(Scope::Cluster).step(
                Step::new(words!("certificate-expired-webhook-renew", name = name)).run(
                    Risk::Reads,
                    command("kubectl get secret -n {}", &[&service.namespace]),
                ),
            );
        }
        out.found(finding);
    }
}

/// A service's own certificate, where the API server says that it ended: of a webhook, of an aggregated API.
fn served(facts: &Facts, out: &mut Checked) {
    let expired = |text: &str| text.contains("certificate has expired") && text.contains(" is after ");
    let known: Vec<String> = out.findings.iter().map(|finding| finding.subject.name.clone()).collect();
    for webhook in failing(facts) {
        let Some(witness) = webhook.witnesses.iter().find(|witness| expired(&witness.text)) else { continue };
        let name = webhook.entries.first().map_or(webhook.name.as_str(), |entry| entry.configuration.name.as_str());
        if known.iter().any(|known| known == name) {
            continue;
        }
        let title = words!("certificate-expired-service-title", name = &webhook.name);
        let says = words!("certificate-expired-served", name = &webhook.name);
        let mut finding = META
            .finding(Subject::new("Webhook", "", name), title, witness.at, says)
            .confidence(Confidence::Proven)
            .since(webhook.since());
        if let Some(service) = webhook.service() {
            finding = finding.step(
                Step::new(words!("certificate-expired-webhook-renew", name = name))
                    .run(Risk::Reads, command("kubectl get secret -n {}", &[&service.namespace])),
            );
        }
        out.found(finding);
    }
    for service in facts.api_services.ok().into_iter().flat_map(|rows| rows.iter()) {
        let Some(condition) = service.available.as_ref().filter(|condition| expired(&condition.told.message)) else { continue };
        let name = &service.meta.name;
        let namespace = service.service.as_ref().map_or("", |backend| backend.namespace.as_str());
        out.found(
            META.finding(
                Subject::new("APIService", "", name),
                words!("certificate-expired-service-title", name = name),
                condition.at.get(),
                words!("certificate-expired-served", name = name),
            )
            .confidence(Confidence::Proven)
            .since(condition.transition.get())
            .step(
                Step::new(words!("certificate-expired-webhook-renew", name = name))
                    .run(Risk::Reads, command("kubectl get secret -n {}", &[namespace])),
            ),
        );
    }
}

/// When the last of a webhook's authorities ends; none when the bundle holds none that can be read.
fn bundle_end(webhook: &Webhook) -> Option<Timestamp> {
    let text = crate::parse::certificate::pem_of_base64(&webhook.ca_bundle)?;
    pem(&text).into_iter().filter_map(|certificate| certificate.not_after).max()
}

fn client(facts: &Facts, out: &mut Checked) {
    let Some(client) = facts.client.ok() else { return };
    let Some(attempt) =
        client.attempts_with(|outcome| outcome == Outcome::CertificateExpired).next()
    else {
        return;
    };
    let finding = META
        .finding(
            Subject::new("Client", "", ""),
            words!("certificate-expired-client-title"),
            attempt.at,
            words!("certificate-expired-client"),
        )
        .since(attempt.time)
        .confidence(Confidence::Proven);
    let step = Step::new(words!("certificate-expired-credentials"));
    let step = match facts.clusters.ok().and_then(|clusters| clusters.first()) {
        Some(cluster) => step.run(
            Risk::Changes,
            command(
                "az aks get-credentials -g {} -n {} --overwrite-existing",
                &[&cluster.resource_group, &cluster.name],
            ),
        ),
        None => step,
    };
    out.found(finding.step(step));
}
