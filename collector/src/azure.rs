//! The Azure side, on request: read-only calls of the caller's own az, each in `profiles/azure.yaml`
//! with the role it needs. It refuses to change anything and to log in.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use konspect_bundle::writer::Shape;
use serde_json::Value;

use crate::client::host_and_port;
use crate::kubectl;
use crate::plan::{Each, Entry, Plan, Target, fill_words};
use crate::session::{Job, Session};

const ORDER: u8 = 35;

/// Asks Azure about the cluster, named as `GROUP/NAME` or found by its server's address.
pub(crate) fn collect(session: &Session<'_>, name: &str, server: &str) {
    let Ok(plan) = Plan::load("azure", &[], &[]) else { return };
    let Some(first) = plan.entries.first() else { return };
    if kubectl::find("az").is_none() {
        session.skip(&job(0, 0, first, &Target::default()), "not found");
        return;
    }
    session.progress.phase("Azure", plan.entries.len());
    let found = match name.split_once('/') {
        Some((group, cluster)) => Some((group.to_owned(), cluster.to_owned())),
        None => search(session, first, server),
    };
    if let Some((group, cluster)) = found {
        let words = BTreeMap::from([("group", group), ("cluster", cluster)]);
        ask(session, &plan, words);
    } else {
        session.progress.say("no cluster of this subscription has this API server: name it with --azure GROUP/CLUSTER");
    }
    session.progress.end();
}

fn ask(session: &Session<'_>, plan: &Plan, mut words: BTreeMap<&'static str, String>) {
    let answers: Mutex<BTreeMap<String, Value>> = Mutex::default();
    let run = |job: &Job| {
        session.run(job, &mut |bytes| {
            if let Ok(value) = serde_json::from_slice(bytes)
                && let Ok(mut answers) = answers.lock()
            {
                answers.insert(job.entry.clone(), value);
            }
        });
    };
    let target =
        |words: &BTreeMap<&'static str, String>| Target { words: words.clone(), node: None };
    if let Some(first) = plan.entries.first() {
        run(&job(0, 0, first, &target(&words)));
    }
    let group = answers
        .lock()
        .ok()
        .and_then(|answers| text(answers.get("azure-cluster")?, "nodeResourceGroup"));
    let Some(group) = group else { return };
    words.insert("node-group", group);
    let plain: Vec<Job> = (plan.entries.iter().enumerate().skip(1))
        .filter(|(_, entry)| entry.each.is_none())
        .map(|(at, entry)| job(at, 0, entry, &target(&words)))
        .collect();
    Session::pool(&plain, session.parallel, run);
    let known = answers.lock().map(|answers| answers.clone()).unwrap_or_default();
    let mut more = Vec::new();
    for (at, entry) in plan.entries.iter().enumerate() {
        let Some(each) = entry.each else { continue };
        for (number, (word, value)) in
            named(each, &known).into_iter().take(entry.most.unwrap_or(1)).enumerate()
        {
            let mut words = words.clone();
            words.extend([(word, value), ("number", number.to_string())]);
            more.push(job(at, number, entry, &target(&words)));
        }
    }
    Session::pool(&more, session.parallel, run);
}

/// What an entry is repeated for, from the answers so far.
fn named(each: Each, answers: &BTreeMap<String, Value>) -> Vec<(&'static str, String)> {
    let rows =
        |entry: &str| answers.get(entry).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = |entry: &str, key: &str| -> Vec<String> {
        rows(entry).iter().filter_map(|row| text(row, key)).collect()
    };
    let mut subnets = all("azure-node-pools", "vnetSubnetId");
    subnets.sort();
    subnets.dedup();
    let (word, mut values) = match each {
        Each::AzureZone => ("zone", all("azure-private-zones", "name")),
        Each::AzureSubnet => ("subnet", subnets),
        Each::AzureVnet => {
            let networks =
                subnets.iter().filter_map(|id| Some(id.split_once("/subnets/")?.0.to_owned()));
            ("vnet", networks.collect())
        }
        Each::AzureBalancer => ("balancer", all("azure-load-balancers", "id")),
        Each::AzureScaleSet => ("scale-set", all("azure-scale-sets", "id")),
        _ => return Vec::new(),
    };
    values.dedup();
    values.into_iter().map(|value| (word, value)).collect()
}

/// Finds group and name of the cluster whose address is the server's.
fn search(session: &Session<'_>, like: &Entry, server: &str) -> Option<(String, String)> {
    let (host, _) = host_and_port(server)?;
    let mut search = job(0, 1, like, &Target::default());
    "azure-clusters".clone_into(&mut search.entry);
    search.words = [
        "aks",
        "list",
        "-o",
        "json",
        "--query",
        "[].{name:name, group:resourceGroup, fqdn:fqdn, privateFqdn:privateFqdn}",
    ]
    .map(str::to_owned)
    .to_vec();
    "azure/aks-list.json".clone_into(&mut search.member);
    let mut found = None;
    session.run(&search, &mut |bytes| {
        let clusters: Vec<Value> = serde_json::from_slice(bytes).unwrap_or_default();
        found = clusters.iter().find_map(|cluster| {
            let mine = ["fqdn", "privateFqdn"]
                .iter()
                .any(|key| text(cluster, key).as_deref() == Some(host.as_str()));
            mine.then(|| Some((text(cluster, "group")?, text(cluster, "name")?))).flatten()
        });
    });
    found
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn job(at: usize, number: usize, entry: &Entry, target: &Target) -> Job {
    Job {
        order: (ORDER, at, number, 0),
        entry: entry.name.clone(),
        program: "az".into(),
        shown: "az".to_owned(),
        words: fill_words(&entry.argv, target, &[]),
        member: target.fill(&entry.member),
        shape: Shape::Document,
        output: entry.output,
        deadline: Duration::from_secs(entry.timeout),
        budget: entry.budget << 20,
        until: None,
        node: None,
        target: None,
    }
}
