//! The cluster is private and the client stands outside its network.

use konspect_bundle::{Span, words};

use crate::facts::addresses::is_private;
use crate::facts::apiserver_path::NodeVerdict;
use crate::facts::client::{ClientAttempt, Outcome};
use crate::facts::{ApiServerPath, Client, Context, Listing, Missing};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::model::client::KubeconfigServer;
use crate::model::node_files::{Lookup, LookupResult, OnNode};
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct PrivateClusterClientOutside;

static META: Meta = rule_meta!(
    "KSP1005",
    "private-cluster-client-outside",
    Path,
    Cause,
    Critical,
    "private_cluster_client_outside.md"
);

type Inputs<'f> = (
    &'f Context,
    Option<&'f Listing<ManagedCluster>>,
    Option<&'f Client>,
    Option<&'f Listing<KubeconfigServer>>,
    Option<&'f Listing<OnNode<Lookup>>>,
    Option<&'f ApiServerPath>,
);

impl Rule for PrivateClusterClientOutside {
    const META: &'static Meta = &META;
    type Inputs<'f> = Inputs<'f>;

    fn check((context, clusters, client, configs, lookups, path): Inputs<'_>, out: &mut Checked) {
        let cluster = clusters.and_then(|clusters| clusters.first());
        let private = match cluster {
            Some(cluster) if !cluster.private_cluster => {
                return out.cleared(cluster.at, words!("private-cluster-client-outside-public"));
            }
            Some(cluster) => Some(cluster.at),
            None => private_by_name(configs, client),
        };
        let Some(at) = private else {
            return out.blind(Missing::table(TableKind::AzureCluster));
        };
        if let Some(answer) = client.and_then(Client::answer) {
            return out.cleared(answer.at, words!("private-cluster-client-outside-answered"));
        }
        let failed = client.and_then(|client| {
            client.attempts.iter().find(|attempt| {
                matches!(
                    attempt.outcome,
                    Outcome::Unresolved | Outcome::TimedOut | Outcome::NoRoute
                )
            })
        });
        let Some(failed) = failed else {
            return out.blind(Missing::table(TableKind::ClientErrors));
        };
        // Nodes that do not resolve the name either have another fault.
        if failed.outcome == Outcome::Unresolved && nodes_cannot_resolve(context, lookups) {
            return;
        }
        let healthy = path.and_then(|path| {
            let node = path.with(NodeVerdict::Reached).into_iter().next()?.to_owned();
            Some((path.witness(&node, NodeVerdict::Reached)?.at, node))
        });
        if failed.outcome != Outcome::Unresolved
            && healthy.is_none()
            && path.is_some_and(|path| !path.with(NodeVerdict::Blocked).is_empty())
        {
            return;
        }
        let name = client
            .into_iter()
            .flat_map(|client| &client.lookups)
            .map(|lookup| lookup.name.as_str())
            .chain([failed.host.as_str()])
            .find(|name| !name.is_empty())
            .unwrap_or_default();
        let confidence = if cluster.is_some() || healthy.is_some() {
            Confidence::Proven
        } else {
            Confidence::Likely
        };
        let mut finding = META
            .finding(
                Subject::new("Client", "", &context.cluster),
                words!("private-cluster-client-outside-title", cluster = &context.cluster),
                at,
                words!("private-cluster-client-outside-private"),
            )
            .confidence(confidence)
            .since(failed.time)
            .scope(Scope::Client(String::new()))
            .supported_by(failed.at, says(failed));
        for (at, says) in client.into_iter().flat_map(client_lookups).take(2) {
            finding = finding.supported_by(at, says);
        }
        if let Some((at, node)) = healthy {
            finding = finding
                .supported_by(at, words!("private-cluster-client-outside-node", node = node));
        }
        out.found(steps(finding, cluster, name));
    }
}

fn steps(
    finding: crate::finding::Finding,
    cluster: Option<&ManagedCluster>,
    name: &str,
) -> crate::finding::Finding {
    let invoke = cluster.and_then(|cluster| {
        command(
            "az aks command invoke -g {} -n {} --command \"kubectl get nodes\"",
            &[&cluster.resource_group, &cluster.name],
        )
    });
    let step = Step::new(words!("private-cluster-client-outside-invoke"));
    let step = if cluster.is_some() { step.run(Risk::Reads, invoke) } else { step };
    finding
        .step(step)
        .step(Step::new(words!("private-cluster-client-outside-network", name = name)))
}

/// The span of what names a private cluster without `az aks show`: the private zone in the kubeconfig,
/// in a look-up or in an error.
fn private_by_name(
    configs: Option<&Listing<KubeconfigServer>>,
    client: Option<&Client>,
) -> Option<Span> {
    let zone = |name: &str| name.contains(".privatelink.") || name.contains(".private.");
    let config = configs
        .into_iter()
        .flat_map(|configs| configs.iter())
        .find(|config| zone(&config.server) && config.server.contains("azmk8s"))
        .map(|config| config.at);
    let attempt = || {
        client?.attempts.iter().find(|attempt| zone(&attempt.host)).map(|attempt| attempt.at)
    };
    config.or_else(attempt)
}

fn nodes_cannot_resolve(
    context: &Context,
    lookups: Option<&Listing<OnNode<Lookup>>>,
) -> bool {
    let mut failed = false;
    for lookup in lookups.into_iter().flat_map(|lookups| lookups.iter()) {
        if lookup.node.is_empty() || !context.is_apiserver(&lookup.value.name) {
            continue;
        }
        match lookup.value.result {
            LookupResult::Answer { .. } => return false,
            LookupResult::Unknown => {}
            _ => failed = true,
        }
    }
    failed
}

fn says(attempt: &ClientAttempt) -> konspect_bundle::Words {
    let host = &attempt.host;
    match attempt.outcome {
        Outcome::Unresolved => words!("private-cluster-client-outside-unresolved", host = host),
        _ => words!("private-cluster-client-outside-timeout", host = host),
    }
}

/// What the client's own look-ups say of the private name.
fn client_lookups(client: &Client) -> Vec<(Span, konspect_bundle::Words)> {
    client
        .lookups
        .iter()
        .filter_map(|lookup| match &lookup.result {
            LookupResult::NoSuchName => Some((
                lookup.at,
                words!("private-cluster-client-outside-unresolved", host = &lookup.name),
            )),
            LookupResult::Answer { addresses, .. } => {
                let address = addresses.iter().find(|address| is_private(address))?;
                Some((
                    lookup.at,
                    words!("private-cluster-client-outside-address", address = address),
                ))
            }
            _ => None,
        })
        .collect()
}
