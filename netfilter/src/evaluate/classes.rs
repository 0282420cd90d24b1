//! Which of many addresses no rule can tell apart, so that one of them answers for all.

use std::net::IpAddr;

use super::Firewall;
use crate::ipset::Part;
use crate::model::{
    Compare, Conntrack, Element, Field, Key, MapRef, Mapped, SetRef, Statement, Translate,
    TranslateAddress, Verdict,
};
use crate::parse::address_number;

impl Firewall {
    /// The class of each address: two addresses of one class meet the same rules, as long as neither is
    /// the node's own. Classes are numbered in the order of the addresses' values.
    pub fn classes(&self, addresses: &[IpAddr]) -> Vec<u32> {
        let mut sorted: Vec<u128> = addresses.iter().copied().map(address_number).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut cuts = Cuts { begins: vec![false; sorted.len()], each: false, sorted: &sorted };
        for table in self.tables() {
            for rule in table.chains.iter().flat_map(|chain| &chain.rules) {
                rule.statements.iter().for_each(|statement| cuts.statement(statement));
            }
            for (element, mapped) in table.sets.iter().flat_map(|set| &set.elements) {
                cuts.element(element);
                cuts.mapped(mapped.as_ref());
            }
        }
        for part in
            self.sets().sets.values().flat_map(|set| &set.members).flat_map(|member| &member.parts)
        {
            if let Part::Addresses { first, last, .. } = part {
                cuts.range(*first, *last);
            }
        }
        for network in self.networks() {
            cuts.range(address_number(network.network()), address_number(network.broadcast()));
        }
        let (begins, each) = (cuts.begins, cuts.each);
        let mut class = 0;
        let classes: Vec<u32> = begins
            .iter()
            .enumerate()
            .map(|(place, begins)| {
                class += u32::from(place > 0 && (*begins || each));
                class
            })
            .collect();
        addresses
            .iter()
            .map(|address| {
                let place = sorted.binary_search(&address_number(*address)).unwrap_or_default();
                classes.get(place).copied().unwrap_or_default()
            })
            .collect()
    }

    /// Networks that the node itself tells apart: its own and those of its routes.
    fn networks(&self) -> impl Iterator<Item = ipnet::IpNet> {
        let node = self.node();
        let own = node.interfaces.iter().flat_map(|interface| &interface.addresses).copied();
        own.chain(node.routes.iter().map(|route| route.destination))
    }
}

/// Where among the sorted addresses a new class begins.
struct Cuts<'a> {
    sorted: &'a [u128],
    begins: Vec<bool>,
    /// A match looks at addresses in a way that ranges do not tell.
    each: bool,
}

impl Cuts<'_> {
    fn range(&mut self, first: u128, last: u128) {
        let low = self.sorted.partition_point(|address| *address < first);
        let high = self.sorted.partition_point(|address| *address <= last);
        if low == high {
            return;
        }
        for place in [low, high] {
            if let Some(begins) = self.begins.get_mut(place) {
                *begins = true;
            }
        }
    }

    fn compare(&mut self, compare: &Compare) {
        if is_address(&compare.key) {
            for (first, last) in compare.ranges.as_slice() {
                self.range(first, last);
            }
        }
    }

    fn element(&mut self, element: &Element) {
        for field in element {
            if let Field::Range(first, last) = field {
                self.range(*first, *last);
            }
        }
    }

    fn mapped(&mut self, mapped: Option<&Mapped>) {
        if let Some(Mapped::Value(element)) = mapped {
            self.element(element);
        }
    }

    fn map(&mut self, map: &MapRef) {
        if let MapRef::Anonymous(elements) = map {
            for (element, mapped) in elements {
                self.element(element);
                self.mapped(Some(mapped));
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Compare(compare) => self.compare(compare),
            Statement::Conntrack(conntrack) => {
                let Conntrack { compares, .. } = &**conntrack;
                for compare in compares {
                    self.compare(compare);
                }
            }
            Statement::Lookup { set: SetRef::Anonymous(elements), .. } => {
                for element in elements {
                    self.element(element);
                }
            }
            Statement::Bits { key, .. } if is_address(key) => self.each = true,
            Statement::U32 { .. } | Statement::Bpf(_) | Statement::Contains { .. } => {
                self.each = true;
            }
            Statement::Verdict(Verdict::Map { map, .. }) => self.map(map),
            Statement::Verdict(Verdict::Netmap { network, .. }) => {
                self.range(address_number(network.network()), address_number(network.broadcast()));
            }
            Statement::Verdict(Verdict::Translate(Translate {
                address: TranslateAddress::Map { map, .. },
                ..
            })) => self.map(map),
            _ => {}
        }
    }
}

fn is_address(key: &Key) -> bool {
    matches!(
        key,
        Key::Source(_)
            | Key::Destination(_)
            | Key::OriginalSource(_)
            | Key::OriginalDestination(_)
            | Key::ReplySource(_)
            | Key::ReplyDestination(_)
    )
}

#[cfg(test)]
mod tests {
    use konspect_bundle::{ArtifactId, Source};

    use super::*;
    use crate::ipset::IpSets;
    use crate::node::Node;
    use crate::parse;

    fn classes(rules: &str, addresses: &[&str]) -> Vec<u32> {
        let text = format!("*filter\n:INPUT ACCEPT [0:0]\n{rules}COMMIT\n");
        let ruleset = parse::iptables_save(Source::new(ArtifactId(0), text.as_bytes())).value;
        let firewall = Firewall::new(vec![ruleset], IpSets::default(), Node::default());
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        firewall.classes(&addresses)
    }

    #[test]
    fn only_what_a_rule_names_stands_apart() {
        let four = ["10.0.0.4", "10.0.0.7", "10.0.0.9", "10.0.1.1"];
        assert_eq!(classes("-A INPUT -p tcp --dport 22 -j DROP\n", &four), [0, 0, 0, 0]);
        assert_eq!(classes("-A INPUT -s 10.0.0.7/32 -j DROP\n", &four), [0, 1, 2, 2]);
        assert_eq!(classes("-A INPUT -s 10.0.0.0/24 -j DROP\n", &four), [0, 0, 0, 1]);
        assert_eq!(classes("-A INPUT -s 10.9.0.0/16 -j DROP\n", &four), [0, 0, 0, 0]);
        assert_eq!(classes("-A INPUT -m u32 --u32 12=0x1 -j DROP\n", &four), [0, 1, 2, 3]);
    }
}
