//! A node's iptables rules stop TCP 10250 before anything accepts it.

use konspect_bundle::words;

use super::port_10250::{Ask, check};
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

fn remedy(finding: Finding, _: &NodeFirewall, shut: &Shut) -> Finding {
    let number = shut.number.to_string();
    let accept = "iptables -I INPUT -p tcp --dport 10250 -j ACCEPT";
    let finding = if shut.number == 0 {
        finding.step(
            Step::new(words!("port-10250-iptables-accept"))
                .run(Risk::Changes, Some(accept.to_owned()))
                .undone_by(Some("iptables -D INPUT -p tcp --dport 10250 -j ACCEPT".to_owned())),
        )
    } else {
        finding.step(Step::new(words!("port-10250-iptables-delete")).run(
            Risk::Changes,
            command("iptables -t {} -D {} {}", &[&shut.table, &shut.chain, &number]),
        ))
    };
    finding.step(Step::new(words!("port-10250-find-author")))
}
