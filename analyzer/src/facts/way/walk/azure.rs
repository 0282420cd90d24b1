//! Azure's filters on the way: network security groups, route tables and authorised ranges.

use std::net::IpAddr;

use konspect_bundle::{Words, words};
use konspect_netfilter::change;
use konspect_netfilter::nsg::{Direction, Flow, NsgVerdict};

use super::Walk;
use crate::facts::addresses::{holds, is_public};
use crate::facts::context::Platform;
use crate::facts::way::hop::unseen;
use crate::facts::way::traveller::Traveller;
use crate::facts::way::{Deciding, Hop, Place, Verdict, Way};
use crate::facts::{Facts, outbound};

impl Walk<'_, '_> {
    pub(super) fn groups(
        &self,
        way: &mut Way,
        traveller: &Traveller,
        node: &str,
        direction: Direction,
    ) {
        let facts = self.hosts.facts;
        let inbound = direction == Direction::Inbound;
        let Some(groups) = facts.network_groups.ok() else {
            if facts.context.platform == Platform::Aks {
                let place = Place::Group { name: String::new(), subnet: true, inbound };
                way.hops.push(unseen(place, traveller, words!("way-no-groups", node = node)));
            }
            return;
        };
        let pool = facts.nodes.ok().and_then(|nodes| nodes.get(node)?.pool()).unwrap_or_default();
        let around = groups.around(pool);
        let flow = Flow {
            direction,
            protocol: traveller.protocol,
            source: traveller.source,
            destination: traveller.destination,
            source_port: None,
            destination_port: traveller.port,
        };
        let mut levels = vec![(around.subnet, true), (around.interface, false)];
        if !inbound {
            levels.reverse();
        }
        let loose = around.loose.iter().map(|group| (Some(*group), true));
        let known = levels.iter().any(|(group, _)| group.is_some());
        for (group, subnet) in levels.clone().into_iter().chain(loose) {
            let Some(group) = group else { continue };
            let judged = group.judge(&flow, &groups.context);
            let sure = around.loose.iter().all(|loose| !std::ptr::eq(*loose, group));
            let rule = judged.rule.and_then(|place| group.rules.get(place));
            let mut because: Vec<Words> = judged
                .uncertain
                .iter()
                .take(3)
                .map(|(_, reason)| words!("way-group-open", reason = &**reason))
                .collect();
            let verdict = match judged.verdict {
                NsgVerdict::Allow => Verdict::Accept,
                NsgVerdict::Deny if sure => Verdict::Drop,
                NsgVerdict::Deny => {
                    because.push(words!("way-group-loose", group = &*group.name));
                    Verdict::Unknown
                }
                NsgVerdict::Unknown => Verdict::Unknown,
            };
            let changes = (verdict == Verdict::Drop)
                .then(|| {
                    let pair = if subnet { (Some(group), None) } else { (None, Some(group)) };
                    let set = resource_group(facts);
                    change::for_nsg(pair, &flow, &groups.context, &set, false)
                })
                .flatten();
            way.hops.push(Hop {
                place: Place::Group { name: group.name.to_string(), subnet, inbound },
                reply: false,
                packet: traveller.text(),
                verdict,
                deciding: rule.map(|rule| Deciding {
                    place: format!("{} {}", rule.name, rule.priority),
                    at: rule.at,
                    jumps: Vec::new(),
                    packets: None,
                    ufw: None,
                    owner: "nsg",
                    meaning: None,
                }),
                to: None,
                from: None,
                because,
                changes: changes.into_iter().collect(),
            });
            if verdict == Verdict::Drop {
                return;
            }
        }
        if !known && around.loose.is_empty() && groups.partial {
            let place = Place::Group { name: String::new(), subnet: true, inbound };
            way.hops.push(unseen(place, traveller, words!("way-no-groups", node = node)));
        }
    }

    /// User-defined routes on the way out.
    pub(super) fn routes(&self, way: &mut Way, traveller: &Traveller, node: &str) {
        let Some(route) = outbound::route_for(self.hosts.facts, node, traveller.destination) else {
            return;
        };
        let (verdict, because) = match route.next_hop_type.as_str() {
            "None" => (Verdict::Drop, Vec::new()),
            "VirtualAppliance" => {
                (Verdict::Unknown, vec![words!("way-appliance", hop = &route.next_hop)])
            }
            _ => (Verdict::Accept, Vec::new()),
        };
        way.hops.push(Hop {
            place: Place::Routes,
            reply: false,
            packet: traveller.text(),
            verdict,
            deciding: Some(Deciding {
                place: format!("{} {} → {}", route.table, route.prefix, route.next_hop_type),
                at: route.at,
                jumps: Vec::new(),
                packets: None,
                ufw: None,
                owner: "route-table",
                meaning: None,
            }),
            to: None,
            from: None,
            because,
            changes: Vec::new(),
        });
    }

    /// The API server lets in only some public addresses.
    pub(super) fn ranges(&self, way: &mut Way, traveller: &Traveller) {
        let facts = self.hosts.facts;
        let cluster = facts.clusters.ok().and_then(|clusters| clusters.first());
        let ranges = cluster.and_then(|cluster| cluster.authorized_ip_ranges.as_ref());
        let Some((ranges, at)) = ranges.filter(|(ranges, _)| !ranges.is_empty()) else { return };
        if !is_public(&traveller.destination.to_string()) {
            return;
        }
        let leaves: Vec<IpAddr> = if is_public(&traveller.source.to_string()) {
            vec![traveller.source]
        } else {
            outbound::egress_addresses(facts)
        };
        let inside = |ip: &IpAddr| ranges.iter().any(|range| holds(range, *ip));
        let (verdict, because) = match leaves.as_slice() {
            [] => (Verdict::Unknown, vec![words!("way-no-egress")]),
            all if all.iter().all(inside) => (Verdict::Accept, Vec::new()),
            all if all.iter().any(inside) => (Verdict::Unknown, vec![words!("way-some-egress")]),
            _ => (Verdict::Drop, Vec::new()),
        };
        let text: Vec<String> = leaves.iter().map(ToString::to_string).collect();
        way.hops.push(Hop {
            place: Place::Ranges,
            reply: false,
            packet: traveller.text(),
            verdict,
            deciding: Some(Deciding {
                place: ranges.join(" "),
                at: *at,
                jumps: Vec::new(),
                packets: None,
                ufw: None,
                owner: "authorized-ip-ranges",
                meaning: None,
            }),
            to: None,
            from: (!text.is_empty()).then(|| text.join(" ")),
            because,
            changes: Vec::new(),
        });
    }
}

fn resource_group(facts: &Facts) -> String {
    facts
        .clusters
        .ok()
        .and_then(|clusters| clusters.first())
        .map(|cluster| cluster.node_resource_group.clone())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "RESOURCE_GROUP".to_owned())
}
