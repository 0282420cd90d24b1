//! The authorized IP ranges of the API server leave out the client's public address.

use konspect_bundle::words;

use crate::facts::addresses::{holds, is_public};
use crate::facts::{Client, Listing, Missing, Nodes};
use crate::finding::{Confidence, Meta, Risk, Scope, Step, Subject};
use crate::model::azure::ManagedCluster;
use crate::parse::TableKind;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct AuthorizedIpRangeMissingClient;

static META: Meta = rule_meta!(
    "KSP1003",
    "authorized-ip-range-missing-client",
    Path,
    Cause,
    Critical,
    "authorized_ip_range_missing_client.md"
);

impl Rule for AuthorizedIpRangeMissingClient {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Listing<ManagedCluster>, Option<&'f Client>, Option<&'f Nodes>);

    fn check((clusters, client, nodes): Self::Inputs<'_>, out: &mut Checked) {
        let Some(cluster) = clusters.first() else { return };
        let Some((ranges, at)) = &cluster.authorized_ip_ranges else {
            out.cleared(cluster.at, words!("authorized-ip-range-off"));
            return;
        };
        if ranges.is_empty() || cluster.private_cluster {
            out.cleared(*at, words!("authorized-ip-range-off"));
            return;
        }
        if let Some(answer) = client.and_then(Client::answer) {
            out.cleared(answer.at, words!("authorized-ip-range-missing-client-answered"));
            return;
        }
        let public = client.into_iter().flat_map(|client| &client.public_ips);
        let addresses: Vec<_> = public.filter(|(ip, _)| is_public(ip)).collect();
        let cut_off = client.and_then(Client::cut_off);
        if cut_off.is_none()
            && let Some(nodes) = nodes.filter(|nodes| !nodes.is_empty())
        {
            out.cleared(nodes.at(), words!("authorized-ip-range-missing-client-answered"));
            return;
        }
        let inside = addresses.iter().find(|(ip, _)| {
            ip.parse().is_ok_and(|ip| ranges.iter().any(|range| holds(range, ip)))
        });
        if let Some((ip, seen)) = inside {
            out.cleared(*seen, words!("authorized-ip-range-missing-client-inside", ip = ip));
            return;
        }
        let Some((ip, seen)) = addresses.first() else {
            out.blind(Missing::table(TableKind::ClientErrors));
            return;
        };
        let only_own = ranges.iter().all(|range| range == "0.0.0.0/32");
        let says = if only_own {
            words!("authorized-ip-range-only-own", ip = ip)
        } else {
            words!("authorized-ip-range-missing-client-ranges", ip = ip, count = ranges.len())
        };
        let mut finding = META
            .finding(
                Subject::new("Client", "", ip),
                words!("authorized-ip-range-missing-client-title", ip = ip),
                *at,
                says,
            )
            .scope(Scope::Client(ip.clone()))
            .supported_by(*seen, words!("authorized-ip-range-missing-client-address", ip = ip));
        if let Some(attempt) = cut_off {
            finding = finding.since(attempt.time).confidence(Confidence::Proven).supported_by(
                attempt.at,
                words!("authorized-ip-range-missing-client-dial", host = &attempt.host),
            );
        }
        out.found(finding.step(update(cluster, ranges, ip)));
    }
}

const TEMPLATE: &str = "az aks update -g {} -n {} --api-server-authorized-ip-ranges {}";

/// Adds an address to the ranges: the flag replaces the whole list, so the old entries are repeated.
pub(super) fn update(cluster: &ManagedCluster, ranges: &[String], ip: &str) -> Step {
    let old = ranges.join(",");
    let new =
        if ranges.is_empty() { format!("{ip}/32") } else { format!("{old},{ip}/32") };
    let group = cluster.resource_group.as_str();
    Step::new(words!("authorized-ip-range-add", ip = ip))
        .run(Risk::Changes, command(TEMPLATE, &[group, &cluster.name, &new]))
        .undone_by(command(TEMPLATE, &[group, &cluster.name, &old]))
}
