//! Names do not resolve in pods.

use std::collections::BTreeSet;

use konspect_bundle::words;

use crate::facts::dns::{Asker, NameKind, Outcome, Question, Resolver, questions};
use crate::facts::{Facts, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Severity, Step, Subject};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PodDnsFailing;

static META: Meta = rule_meta!("KSP6003", "pod-dns-failing", Dns, CauseOrSymptom, Critical, "pod_dns_failing.md");

impl Rule for PodDnsFailing {
    const META: &'static Meta = &META;
    type Inputs<'f> = &'f Facts;

    fn check(facts: Self::Inputs<'_>, out: &mut Checked) {
        let asked = questions(facts);
        let of_pods: Vec<&Question> = asked
            .iter()
            .filter(|question| matches!(question.asker, Asker::Pod(_)) && question.resolver == Resolver::Own)
            .collect();
        let mut failed: Vec<&Question> = of_pods.iter().copied().filter(|question| fails(question)).collect();
        failed.sort_by_key(|question| (!question.direct, question.time, question.at));
        let Some(first) = failed.first() else {
            match of_pods.iter().find(|question| question.direct && question.outcome == Outcome::Resolved) {
                Some(question) => out.cleared(question.at, words!("pod-dns-failing-cleared", pod = pod(question), name = &question.name)),
                None => out.blind(Missing::table(TableKind::DnsLookups)),
            }
            return;
        };
        let pods: BTreeSet<&str> = failed.iter().map(|question| pod(question)).collect();
        let works = of_pods.iter().find(|question| question.outcome == Outcome::Resolved && !pods.contains(pod(question)));
        // A program's complaint of one pod may be its own; a look-up made by hand is not.
        let sure = first.direct || pods.len() > 2;
        let mut finding = META
            .finding(
                Subject::cluster(""),
                words!("pod-dns-failing-title", count = pods.len()),
                first.at,
                words!("pod-dns-failing-lookup", pod = pod(first), name = &first.name),
            )
            .confidence(if first.direct { Confidence::Proven } else { Confidence::Likely })
            .severity(if sure { Severity::Critical } else { Severity::Warning })
            .affected(pods.len())
            .since(failed.iter().filter_map(|question| question.time).min())
            .until(failed.iter().filter_map(|question| question.last).max())
            .scope(scope(facts, &pods, works.is_some()));
        for question in failed.iter().filter(|question| question.at != first.at).take(5) {
            finding = finding.supported_by(question.at, words!("pod-dns-failing-lookup", pod = pod(question), name = &question.name));
        }
        if let Some(question) = works {
            finding.differs.push(words!("pod-dns-failing-cleared", pod = pod(question), name = &question.name));
        }
        out.found(
            finding
                .step(
                    Step::new(words!("pod-dns-failing-pods"))
                        .run(Risk::Reads, command("kubectl get pods -n kube-system -l k8s-app=kube-dns -o wide", &[])),
                )
                .step(Step::new(words!("pod-dns-failing-layers"))),
        );
    }
}

fn pod(question: &Question) -> &str {
    match &question.asker {
        Asker::Pod(pod) => pod,
        _ => "",
    }
}

/// A name outside the cluster that does not exist is a fault of whoever asks for it; so is any other
/// name that a program merely complains of.
fn fails(question: &Question) -> bool {
    match question.outcome {
        Outcome::Resolved => false,
        Outcome::NoSuchName => question.direct && question.kind == NameKind::Cluster && question.name.contains("kubernetes"),
        Outcome::Silent | Outcome::Failed => true,
    }
}

/// One namespace or one node, when pods elsewhere resolve.
fn scope(facts: &Facts, pods: &BTreeSet<&str>, elsewhere: bool) -> Scope {
    let namespaces: BTreeSet<&str> = pods.iter().filter_map(|pod| pod.split_once('/')).map(|(namespace, _)| namespace).collect();
    let nodes: BTreeSet<String> = pods
        .iter()
        .filter_map(|pod| pod.split_once('/'))
        .filter_map(|(namespace, name)| Some(facts.pods.ok()?.get(namespace, name)?.node.to_string()))
        .collect();
    match (namespaces.first(), nodes.len()) {
        _ if !elsewhere => Scope::Cluster,
        (Some(namespace), _) if namespaces.len() == 1 && !namespace.is_empty() => Scope::Namespace((*namespace).to_owned()),
        (_, 1) => Scope::Nodes(nodes),
        _ => Scope::Cluster,
    }
}
