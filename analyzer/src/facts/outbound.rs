//! What Azure's own configuration does to outbound connections of the nodes: network security groups and
//! default routes. It answers for one destination on TCP 443 and knows no service tag beyond those that
//! every destination on the internet or in the network has.

use std::net::IpAddr;

use konspect_bundle::{Source, Span};

use super::Facts;
use super::addresses::{holds, is_private};
use crate::model::azure::ManagedCluster;
use crate::parse::raw_json::RawJson;
use crate::parse::rows::NsgText;

/// Rules from here on are Azure's defaults.
const DEFAULTS: u64 = 65_000;

/// An outbound rule of a group that denies, before any that allows.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboundDeny {
    pub group: String,
    pub rule: String,
    pub priority: u64,
    /// Resource ids of the subnets that the group guards.
    pub subnets: Vec<String>,
    pub at: Span,
}

/// A default route that does not lead to the internet by Azure's own way.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultRoute {
    pub table: String,
    /// `VirtualAppliance`, or `None` for a black hole.
    pub next_hop_type: String,
    pub next_hop: String,
    pub at: Span,
}

/// Groups that deny TCP 443 to a destination; without an address, to the internet as a whole.
pub fn denies(facts: &Facts, destination: Option<IpAddr>) -> Vec<OutboundDeny> {
    let mut found = Vec::new();
    for text in facts.nsgs.ok().into_iter().flat_map(|nsgs| nsgs.iter()) {
        for document in RawJson::documents(&text.text) {
            collect(document, text, destination, 0, &mut found);
        }
    }
    found.sort_by(|a, b| (&a.group, a.priority).cmp(&(&b.group, b.priority)));
    found.dedup_by(|a, b| a.group == b.group && a.rule == b.rule);
    found
}

/// The default routes that route tables set.
pub fn default_routes(facts: &Facts) -> Vec<DefaultRoute> {
    let tables = facts.route_tables.ok().into_iter().flat_map(|tables| tables.iter());
    tables
        .flat_map(|table| {
            table.routes.iter().filter(|route| route.prefix == "0.0.0.0/0").map(|route| {
                DefaultRoute {
                    table: table.name.clone(),
                    next_hop_type: route.next_hop_type.clone(),
                    next_hop: route.next_hop.clone(),
                    at: route.at,
                }
            })
        })
        .filter(|route| matches!(route.next_hop_type.as_str(), "VirtualAppliance" | "None"))
        .collect()
}

/// Names of agent pools whose subnet is one of these.
pub fn pools_of<'a>(cluster: &'a ManagedCluster, subnets: &[String]) -> Vec<&'a str> {
    cluster
        .pools
        .iter()
        .filter(|pool| subnets.iter().any(|subnet| subnet.eq_ignore_ascii_case(&pool.subnet_id)))
        .map(|pool| pool.name.as_str())
        .collect()
}

fn collect(
    value: RawJson<'_>,
    text: &NsgText,
    destination: Option<IpAddr>,
    depth: usize,
    found: &mut Vec<OutboundDeny>,
) {
    if value.is_array() {
        let rules: Vec<RawJson<'_>> = value.items().collect();
        if rules.first().is_some_and(|rule| is_rule(*rule)) {
            decide(None, &rules, text, destination, found);
            return;
        }
        if depth < 4 {
            for item in rules {
                collect(item, text, destination, depth + 1, found);
            }
        }
        return;
    }
    let own = |name: &str| value.get(name).or_else(|| value.path(&["properties", name]));
    let rules: Vec<RawJson<'_>> = ["securityRules", "defaultSecurityRules"]
        .iter()
        .filter_map(|name| own(name))
        .flat_map(RawJson::items)
        .collect();
    if rules.is_empty() {
        if let Some(list) = own("value").filter(|_| depth < 4) {
            collect(list, text, destination, depth + 1, found);
        }
    } else {
        decide(Some(value), &rules, text, destination, found);
    }
}

fn is_rule(value: RawJson<'_>) -> bool {
    value.get("access").is_some() || value.path(&["properties", "access"]).is_some()
}

fn decide(
    group: Option<RawJson<'_>>,
    rules: &[RawJson<'_>],
    text: &NsgText,
    destination: Option<IpAddr>,
    found: &mut Vec<OutboundDeny>,
) {
    let field = |rule: RawJson<'_>, name: &str| {
        rule.get(name).or_else(|| rule.path(&["properties", name])).map(|v| v.text().into_owned())
    };
    let is = |rule: RawJson<'_>, name: &str, values: &[&str]| {
        field(rule, name)
            .is_some_and(|text| values.iter().any(|value| text.eq_ignore_ascii_case(value)))
    };
    let fits = |rule: &&RawJson<'_>| {
        is(**rule, "direction", &["Outbound"])
            && is(**rule, "protocol", &["Tcp", "*", "All"])
            && port_fits(**rule)
            && destination_fits(**rule, destination)
            && source_fits(**rule)
    };
    let priority = |rule: RawJson<'_>| {
        rule.whole_of("priority")
            .or_else(|| rule.get("properties").and_then(|inner| inner.whole_of("priority")))
            .unwrap_or(u64::MAX)
    };
    let Some(first) = rules.iter().filter(fits).min_by_key(|rule| priority(**rule)) else { return };
    if priority(*first) >= DEFAULTS || !is(*first, "access", &["Deny"]) {
        return;
    }
    let id = field(*first, "id").unwrap_or_default();
    let from_id = id
        .split_once("/networkSecurityGroups/")
        .and_then(|(_, rest)| rest.split('/').next())
        .unwrap_or_default();
    let group_name = group.map(|group| group.text_of("name")).filter(|name| !name.is_empty());
    let subnets = group
        .and_then(|group| group.get("subnets").or_else(|| group.path(&["properties", "subnets"])))
        .into_iter()
        .flat_map(RawJson::items)
        .map(|subnet| subnet.text_of("id"))
        .collect();
    let source = Source::new(text.at.artifact, &text.text);
    // The rule's name is what a reader looks for, so the span is the whole rule.
    found.push(OutboundDeny {
        group: group_name.unwrap_or_else(|| from_id.to_owned()),
        rule: field(*first, "name").unwrap_or_default(),
        priority: priority(*first),
        subnets,
        at: first
            .get("name")
            .map_or_else(|| source.span_of(first.bytes()), |name| source.span_of(name.bytes())),
    });
}

/// The values of a singular field and its plural twin.
fn values(rule: RawJson<'_>, singular: &str, plural: &str) -> Vec<String> {
    let own = |name: &str| rule.get(name).or_else(|| rule.path(&["properties", name]));
    let one = own(singular).filter(|value| !value.is_null()).map(|value| value.text().into_owned());
    let mut all: Vec<String> = one.into_iter().filter(|text| !text.is_empty()).collect();
    all.extend(own(plural).into_iter().flat_map(RawJson::texts));
    all
}

fn port_fits(rule: RawJson<'_>) -> bool {
    values(rule, "destinationPortRange", "destinationPortRanges").iter().any(|range| {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        range == "*"
            || low.trim().parse::<u16>().is_ok_and(|low| low <= 443)
                && high.trim().parse::<u16>().is_ok_and(|high| high >= 443)
    })
}

/// Rules for some sources only say nothing of the subnet as a whole.
fn source_fits(rule: RawJson<'_>) -> bool {
    let sources = values(rule, "sourceAddressPrefix", "sourceAddressPrefixes");
    sources.is_empty()
        || sources.iter().any(|source| {
            matches!(source.as_str(), "*" | "Any" | "0.0.0.0/0" | "VirtualNetwork")
                || source.contains('/') && source.parse::<IpAddr>().is_err()
        })
}

fn destination_fits(rule: RawJson<'_>, destination: Option<IpAddr>) -> bool {
    let prefixes = values(rule, "destinationAddressPrefix", "destinationAddressPrefixes");
    prefixes.iter().any(|prefix| {
        let everything = matches!(prefix.as_str(), "*" | "Any" | "0.0.0.0/0");
        match destination {
            None => everything || prefix.eq_ignore_ascii_case("Internet"),
            Some(address) => {
                let private = is_private(&address.to_string());
                let tag = prefix.to_ascii_lowercase();
                everything
                    || holds(prefix, address)
                    || tag == "internet" && !private
                    || tag == "virtualnetwork" && private
                    || tag.starts_with("azurecloud") && !private
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    fn denied(text: &str, destination: Option<&str>) -> Vec<(String, String)> {
        let nsg = NsgText { text: text.as_bytes().to_vec(), at: Span::start_of(ArtifactId(0)) };
        let mut found = Vec::new();
        for document in RawJson::documents(&nsg.text) {
            let address = destination.map(|address| address.parse().unwrap());
            collect(document, &nsg, address, 0, &mut found);
        }
        found.into_iter().map(|deny| (deny.group, deny.rule)).collect()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let text = r#"[{"name": "nsg-a", "securityRules": [
            {"name": "allow-api", "access": "Allow", "direction": "Outbound", "priority": 100, "protocol": "Tcp", "sourceAddressPrefix": "*", "destinationAddressPrefix": "20.78.157.0/24", "destinationPortRange": "443"},
            {"name": "deny-net", "access": "Deny", "direction": "Outbound", "priority": 200, "protocol": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "20.78.0.0/16", "destinationPortRanges": ["80", "400-500"]}]}]"#;
        assert!(denied(text, Some("20.78.157.168")).is_empty());
        assert_eq!(denied(text, Some("20.78.1.1")), [("nsg-a".to_owned(), "deny-net".to_owned())]);
        assert!(denied(text, None).is_empty());
        assert!(denied("[", Some("1.1.1.1")).is_empty());
    }
}
