//! An nftables table of its own stops TCP 10250 on a node, unseen by iptables.

use konspect_bundle::words;
use konspect_netfilter::change::ChangeKind;

use super::port_10250::{Ask, check, steps};
use crate::facts::firewalls::{Filter, NodeFirewall, Shut};
use crate::facts::{Firewalls, KubeletReach, Nodes};
use crate::finding::{Finding, Meta, Risk, Step};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct Port10250Nftables;

static META: Meta =
    rule_meta!("KSP2104", "port-10250-nftables", Tunnel, Cause, Critical, "port_10250_nftables.md");

static ASK: Ask = Ask {
    meta: &META,
    by: Filter::Nftables,
    title: |node| words!("port-10250-nftables-title", node = node),
    many: |count| words!("port-10250-nftables-many", count = count),
    cleared: |node| words!("port-10250-nftables-cleared", node = node),
    remedy,
};

impl Rule for Port10250Nftables {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Firewalls, Option<&'f Nodes>, Option<&'f KubeletReach>);

    fn check((firewalls, nodes, reach): Self::Inputs<'_>, out: &mut Checked) {
        check(&ASK, firewalls, nodes, reach, out);
    }
}

fn remedy(finding: Finding, firewall: &NodeFirewall, shut: &Shut) -> Finding {
    let names = [shut.family.as_str(), shut.table.as_str(), shut.chain.as_str()];
    let says = |kind| match kind {
        ChangeKind::Remove => words!("port-10250-nftables-delete"),
        ChangeKind::Insert | ChangeKind::Ufw => words!("port-10250-nftables-accept"),
    };
    let finding = if firewall.changes.is_empty() {
        finding.step(
            Step::new(words!("port-10250-nftables-handle"))
                .run(Risk::Reads, command("nft -a list chain {} {} {}", &names)),
        )
    } else {
        steps(finding, firewall, says)
    };
    finding.step(Step::new(words!("port-10250-find-author")))
}
