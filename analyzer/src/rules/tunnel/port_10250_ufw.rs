//! UFW is active on a node and lets nothing in on TCP 10250.

use konspect_bundle::words;

use super::port_10250::{Ask, check, steps};
use crate::facts::firewalls::{Filter, NodeFirewall, Shut};
use crate::facts::{Firewalls, KubeletReach, Nodes};
use crate::finding::{Finding, Meta, Risk, Step};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct Port10250Ufw;

static META: Meta =
    rule_meta!("KSP2102", "port-10250-ufw", Tunnel, Cause, Critical, "port_10250_ufw.md");

static ASK: Ask = Ask {
    meta: &META,
    by: Filter::Ufw,
    title: |node| words!("port-10250-ufw-title", node = node),
    many: |count| words!("port-10250-ufw-many", count = count),
    cleared: |node| words!("port-10250-ufw-cleared", node = node),
    remedy,
};

impl Rule for Port10250Ufw {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Firewalls, Option<&'f Nodes>, Option<&'f KubeletReach>);

    fn check((firewalls, nodes, reach): Self::Inputs<'_>, out: &mut Checked) {
        check(&ASK, firewalls, nodes, reach, out);
    }
}

fn remedy(finding: Finding, firewall: &NodeFirewall, _: &Shut) -> Finding {
    // Where only UFW's own word was collected there is nothing to try a change on.
    let finding = if firewall.changes.is_empty() {
        finding.step(
            Step::new(words!("port-10250-ufw-allow"))
                .run(Risk::Changes, Some("ufw insert 1 allow 10250/tcp".to_owned()))
                .undone_by(Some("ufw delete allow 10250/tcp".to_owned())),
        )
    } else {
        steps(finding, firewall, |_| words!("port-10250-ufw-allow"))
    };
    finding
        .step(
            Step::new(words!("port-10250-ufw-disable"))
                .run(Risk::Changes, Some("ufw disable".to_owned()))
                .undone_by(Some("ufw --force enable".to_owned())),
        )
        .step(Step::new(words!("port-10250-find-author")))
}
