//! A node's iptables rules stop TCP 10250 before anything accepts it.

use konspect_bundle::words;
use konspect_netfilter::change::ChangeKind;

use super::port_10250::{Ask, check, steps};
use crate::facts::firewalls::{Filter, NodeFirewall, Shut};
use crate::facts::{Firewalls, KubeletReach, Nodes};
use crate::finding::{Finding, Meta, Risk, Step};
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct Port10250Iptables;

static META: Meta =
    rule_meta!("KSP2103", "port-10250-iptables", Tunnel, Cause, Critical, "port_10250_iptables.md");

static ASK: Ask = Ask {
    meta: &META,
    by: Filter::Iptables,
    title: |node| words!("port-10250-iptables-title", node = node),
    many: |count| words!("port-10250-iptables-many", count = count),
    cleared: |node| words!("port-10250-iptables-cleared", node = node),
    remedy,
};

impl Rule for Port10250Iptables {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Firewalls, Option<&'f Nodes>, Option<&'f KubeletReach>);

    fn check((firewalls, nodes, reach): Self::Inputs<'_>, out: &mut Checked) {
        check(&ASK, firewalls, nodes, reach, out);
    }
}

fn remedy(finding: Finding, firewall: &NodeFirewall, shut: &Shut) -> Finding {
    let says = |kind| match kind {
        ChangeKind::Remove => words!("port-10250-iptables-delete"),
        ChangeKind::Insert | ChangeKind::Ufw => words!("port-10250-iptables-accept"),
    };
    let finding = if firewall.changes.is_empty() && shut.number > 0 {
        let number = shut.number.to_string();
        finding.step(Step::new(words!("port-10250-iptables-read")).run(
            Risk::Reads,
            command("iptables -t {} -L {} {} -n -v", &[&shut.table, &shut.chain, &number]),
        ))
    } else {
        steps(finding, firewall, says)
    };
    finding.step(Step::new(words!("port-10250-find-author")))
}
