//! Every probe of the network security group truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::nsg::{Access, Context, Direction, Flow, Level, Nsg, NsgVerdict, verdict};
use konspect_netfilter::parse;
use serde_json::Value;

use crate::netfilter_truth::truth_folder;

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .map(|all| all.iter().map(|item| item.as_str().unwrap().to_owned()).collect())
        .unwrap_or_default()
}

fn context(value: &Value) -> Context {
    let mut virtual_network = Vec::new();
    for list in ["vnetAddressSpace", "peeredAddressSpaces", "onPremAddressSpaces", "udrPrefixes"] {
        virtual_network.extend(
            strings(&value[list]).iter().map(|prefix| prefix.parse::<ipnet::IpNet>().unwrap()),
        );
    }
    let map = |name: &str| -> BTreeMap<String, Vec<String>> {
        value[name]
            .as_object()
            .map(|all| all.iter().map(|(k, v)| (k.clone(), strings(v))).collect())
            .unwrap_or_default()
    };
    Context {
        virtual_network,
        virtual_network_complete: true,
        service_tags: map("serviceTags")
            .into_iter()
            .map(|(tag, list)| (tag, list.iter().map(|prefix| prefix.parse().unwrap()).collect()))
            .collect(),
        application_groups: map("asgMembers")
            .into_iter()
            .map(|(group, list)| {
                (group, list.iter().map(|address| address.parse().unwrap()).collect())
            })
            .collect(),
    }
}

fn flow(value: &Value) -> Flow {
    let port = |name: &str| value[name].as_u64().map(|port| u16::try_from(port).unwrap());
    Flow {
        direction: if value["direction"] == "Inbound" {
            Direction::Inbound
        } else {
            Direction::Outbound
        },
        protocol: match value["protocol"].as_str().unwrap().to_lowercase().as_str() {
            "tcp" => 6,
            "udp" => 17,
            "icmp" => 1,
            "esp" => 50,
            "ah" => 51,
            other => panic!("protocol {other}"),
        },
        source: value["src"].as_str().unwrap().parse().unwrap(),
        destination: value["dst"].as_str().unwrap().parse().unwrap(),
        source_port: port("sport"),
        destination_port: port("dport"),
    }
}

fn told(level: Level, group: &Nsg, rule: usize) -> String {
    let rule = &group.rules[rule];
    let level = if level == Level::Subnet { "subnet" } else { "nic" };
    let access = if rule.access == Access::Allow { "Allow" } else { "Deny" };
    format!("{level} {} {} {} {access}", group.name, rule.name, rule.priority)
}

fn wanted(value: &Value) -> String {
    let word = |name: &str| value[name].as_str().unwrap().to_owned();
    format!(
        "{} {} {} {} {}",
        word("level"),
        word("nsg"),
        word("rule"),
        value["priority"],
        word("access")
    )
}

fn ask(path: &Path, probes: &mut usize, misses: &mut Vec<String>) {
    let text = std::fs::read(path).unwrap();
    let truth: Value = serde_json::from_slice(&text).unwrap();
    // The groups are read out of the whole file, so that spans can be held against its bytes.
    let list = serde_json::to_vec(&truth["nsgs"]).unwrap();
    let source = Source::new(ArtifactId(0), &list);
    let groups = parse::nsg_rules(source).value;
    for rule in groups.iter().flat_map(|group| &group.rules).filter(|rule| !rule.default) {
        let text =
            &list[usize::try_from(rule.at.start).unwrap()..usize::try_from(rule.at.end).unwrap()];
        let object: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(object["name"].as_str(), Some(&*rule.name));
    }
    let named = |name: &Value| groups.iter().find(|group| Some(&*group.name) == name.as_str());
    let (subnet, nic) = (named(&truth["attached"]["subnet"]), named(&truth["attached"]["nic"]));
    let context = context(&truth["context"]);
    for probe in truth["probes"].as_array().unwrap() {
        *probes += 1;
        let answer = verdict(subnet, nic, &flow(&probe["packet"]), &context);
        let said = match answer.verdict {
            NsgVerdict::Allow => "Allow",
            NsgVerdict::Deny => "Deny",
            NsgVerdict::Unknown => "Unknown",
        };
        let levels: Vec<String> = answer
            .levels
            .iter()
            .map(|(level, judged)| {
                let group = if *level == Level::Subnet { subnet } else { nic };
                told(*level, group.unwrap(), judged.rule.unwrap())
            })
            .collect();
        let expected = &probe["expected"];
        let want: Vec<String> = expected["levels"].as_array().unwrap().iter().map(wanted).collect();
        if said != expected["verdict"] || levels != want {
            misses.push(format!(
                "{} {}: want {} {want:?} got {said} {levels:?}",
                path.display(),
                probe["id"],
                expected["verdict"]
            ));
        }
    }
}

#[test]
fn nsg_truth() {
    let folder: PathBuf = truth_folder().join("nsg");
    let (mut probes, mut misses) = (0, Vec::new());
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("no nsg truth in {}", folder.display());
        return;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in
        files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json"))
    {
        ask(file, &mut probes, &mut misses);
    }
    println!("nsg truth: {probes} probes, {} right", probes - misses.len());
    for miss in &misses {
        println!("  {miss}");
    }
    assert!(probes > 0);
    assert!(misses.is_empty());
}
