//! A network names Azure's own DNS server beside others, and clients ask them in no fixed order.

use konspect_bundle::{Span, words};

use crate::facts::Listing;
use crate::facts::inputs::AnyOf;
use crate::finding::{Confidence, Meta, Step, Subject};
use crate::model::azure::VirtualNetwork;
use crate::model::node_files::{OnNode, ResolvConf};
use crate::rule_meta;
use crate::rules::{Checked, Rule};

pub(super) struct VnetDnsServersMixed;

static META: Meta =
    rule_meta!("KSP6005", "vnet-dns-servers-mixed", Dns, Aggravating, Warning, "vnet_dns_servers_mixed.md");

/// Azure's DNS server, which knows nothing of a company's own names.
const AZURE: &str = "168.63.129.16";

impl Rule for VnetDnsServersMixed {
    const META: &'static Meta = &META;
    type Inputs<'f> = AnyOf<&'f Listing<VirtualNetwork>, &'f Listing<OnNode<ResolvConf>>>;

    fn check(AnyOf(networks, files): Self::Inputs<'_>, out: &mut Checked) {
        let networks = networks.into_iter().flat_map(|networks| networks.iter());
        let networks = networks.map(|network| ("VirtualNetwork", network.name.as_str(), &network.dns_servers, network.at));
        let files = files.into_iter().flat_map(|files| files.iter()).filter(|file| !file.node.is_empty());
        let files = files.map(|file| ("Node", file.node.as_str(), &file.value.nameservers, file.value.at));
        let lists: Vec<(&str, &str, &Vec<String>, Span)> =
            networks.chain(files).filter(|(_, _, servers, _)| !servers.is_empty()).collect();
        let mut mixed = lists.iter().filter(|(_, _, servers, _)| is_mixed(servers));
        let Some((kind, name, servers, at)) = mixed.next() else {
            if let Some((_, name, servers, at)) = lists.first() {
                let says = words!("vnet-dns-servers-mixed-cleared", name = *name, servers = servers.join(", "));
                out.cleared(*at, says);
            }
            return;
        };
        let mut finding = META
            .finding(
                Subject::new(kind, "", name),
                words!("vnet-dns-servers-mixed-title", name = *name),
                *at,
                words!("vnet-dns-servers-mixed-says", name = *name, servers = servers.join(", ")),
            )
            .confidence(Confidence::Proven);
        for (_, name, servers, at) in mixed.take(3) {
            finding.affected += 1;
            let says = words!("vnet-dns-servers-mixed-says", name = *name, servers = servers.join(", "));
            finding = finding.supported_by(*at, says);
        }
        out.found(finding.step(Step::new(words!("vnet-dns-servers-mixed-do"))));
    }
}

fn is_mixed(servers: &[String]) -> bool {
    servers.iter().any(|server| server == AZURE) && servers.iter().any(|server| server != AZURE)
}
