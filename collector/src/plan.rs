//! What to ask the cluster, as data: profiles, their entries, and the rights each one takes.
//!
//! Pure: it knows neither processes nor files. What depends on answers (which pods have logs) is
//! an entry with `each`, filled in by `targets`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::profile;

/// The profiles that come with the program, by name.
pub(crate) const PROFILES: &[(&str, &str)] = &[
    ("default", include_str!("../profiles/default.yaml")),
    ("quick", include_str!("../profiles/quick.yaml")),
    ("deep", include_str!("../profiles/deep.yaml")),
    ("audit", include_str!("../profiles/audit.yaml")),
    ("node", include_str!("../profiles/node.yaml")),
    ("azure", include_str!("../profiles/azure.yaml")),
];

#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("no profile is named {0}: there are default, quick, deep, audit and node")]
    UnknownProfile(String),
    #[error("profile {name}: {reason}")]
    Broken { name: String, reason: String },
    #[error("no entry of the profile is named {0}")]
    UnknownEntry(String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(rename = "profile")]
    name: String,
    summary: String,
    /// Profiles whose entries come first.
    extends: Vec<String>,
    /// The names of the extended profiles' entries that are kept; all when absent.
    only: Option<Vec<String>>,
    entries: Vec<Entry>,
}

/// When an entry is run: each phase knows what the one before it learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Does the API server answer, and what may the caller ask?
    Reach,
    Lists,
    Derived,
    /// A second look, some seconds after the first.
    Late,
    /// On the nodes themselves.
    Node,
    /// With the caller's az.
    Azure,
    /// Files that the caller names.
    Files,
}

impl Phase {
    const ALL: [Self; 7] =
        [Self::Reach, Self::Lists, Self::Derived, Self::Late, Self::Node, Self::Azure, Self::Files];

    fn program(self) -> &'static str {
        match self {
            Self::Reach | Self::Lists | Self::Derived | Self::Late => "kubectl ",
            Self::Azure => "az ",
            Self::Files => "konspect-collect ",
            Self::Node => "",
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reach => "reach",
            Self::Lists => "lists",
            Self::Derived => "logs, probes and descriptions",
            Self::Late => "second look",
            Self::Node => "nodes",
            Self::Azure => "Azure",
            Self::Files => "audit logs",
        }
    }
}

/// What an entry gives, and so how its bytes may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    /// Pages of one list, a member each.
    List,
    Document,
    Text,
    Metrics,
    Log,
    /// One line of a log: it is the failure that counts.
    Probe,
    /// What kubectl says of its own requests.
    Trace,
}

/// What an entry is repeated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Each {
    /// One running pod on each node.
    NodeProbe,
    NodeSample,
    UnreadyNode,
    UnhealthyPod,
    SystemContainer,
    RestartedContainer,
    CustomResource,
    AzureZone,
    AzureSubnet,
    AzureVnet,
    AzureBalancer,
    AzureScaleSet,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Output {
    #[default]
    Stdout,
    Stderr,
}

/// One command or one paged list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub name: String,
    pub phase: Phase,
    pub class: Class,
    /// Paths of the API, each the fallback of the one before it when the server does not know that.
    #[serde(default)]
    pub list: Vec<String>,
    /// True when the list can be asked of one namespace.
    #[serde(default)]
    pub namespaced: bool,
    #[serde(default)]
    pub argv: Vec<String>,
    /// The member's path; pages of a list are numbered below it.
    pub member: String,
    pub each: Option<Each>,
    /// How many repetitions at most.
    pub most: Option<usize>,
    #[serde(default)]
    pub output: Output,
    /// Seconds.
    pub timeout: u64,
    /// MiB.
    pub budget: u64,
    /// KiB of a cluster of some dozen nodes, for `--dry-run`.
    pub estimate: u64,
    /// The tables of the analyzer that it fills.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the cross-test of rules and inputs reads it")
    )]
    pub feeds: Vec<String>,
    /// Rights, as `verb resource.group` or `get /path`.
    pub needs: Vec<String>,
    /// Why `deploy/rbac.yaml` leaves its rights out; such an entry is one that the owner must want.
    pub beyond: Option<String>,
    /// The role that Azure asks for.
    pub role: Option<String>,
}

/// A profile with everything it extends.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub profile: String,
    pub summary: String,
    pub entries: Vec<Entry>,
}

impl Plan {
    /// Reads a profile; `skip` and `only` name entries that are left out or alone kept.
    pub(crate) fn load(name: &str, only: &[String], skip: &[String]) -> Result<Self, PlanError> {
        let mut plan = load(name, 0)?;
        let names: BTreeSet<&str> = plan.entries.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(unknown) = only.iter().chain(skip).find(|name| !names.contains(name.as_str())) {
            return Err(PlanError::UnknownEntry(unknown.clone()));
        }
        // Without the first contact nothing is known of the rest.
        plan.entries.retain(|entry| {
            !skip.contains(&entry.name)
                && (only.is_empty() || entry.phase == Phase::Reach || only.contains(&entry.name))
        });
        Ok(plan)
    }

    pub(crate) fn of_phase(&self, phase: Phase) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter(move |(_, entry)| entry.phase == phase)
    }

    /// What a dry run prints: commands, rights, bytes.
    pub(crate) fn describe(&self, window: &[String], namespace: Option<&str>) -> String {
        let mut lines = vec![format!("profile {}: {}\n", self.profile, self.summary)];
        for phase in Phase::ALL {
            if self.of_phase(phase).next().is_some() {
                lines.push(format!("{}:", phase.as_str()));
            }
            for (_, entry) in self.of_phase(phase) {
                let times = match (entry.each, entry.most) {
                    (Some(each), Some(most)) => {
                        format!("  (each {}, at most {most})", words_of(each))
                    }
                    _ => String::new(),
                };
                let role =
                    entry.role.as_ref().map_or_else(String::new, |role| format!("  ({role})"));
                let commands = entry.commands(window, namespace);
                lines.extend(
                    commands.iter().map(|words| {
                        format!("  {}{}{times}{role}", phase.program(), words.join(" "))
                    }),
                );
            }
        }
        let rights: BTreeSet<&str> =
            self.entries.iter().flat_map(|entry| entry.needs.iter().map(String::as_str)).collect();
        if !rights.is_empty() {
            lines.push("\nrights:".to_owned());
        }
        lines.extend(rights.iter().map(|right| format!("  {right}")));
        let beyond: Vec<String> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let why = entry.beyond.as_ref()?;
                Some(format!("  {}: {} ({why})", entry.name, entry.needs.join(", ")))
            })
            .collect();
        if !beyond.is_empty() {
            lines.push("\nnot in deploy/rbac.yaml, skipped without the right:".to_owned());
        }
        lines.extend(beyond);
        let kibibytes: u64 =
            self.entries.iter().map(|entry| entry.estimate * entry.repetitions()).sum();
        let size = kibibytes.div_ceil(1024);
        lines.push(format!(
            "\nestimated: {size} MiB before compression, for a cluster of some dozen nodes\n"
        ));
        lines.join("\n")
    }
}

impl Entry {
    /// The arguments of kubectl before anything is known of the cluster.
    pub(crate) fn commands(&self, window: &[String], namespace: Option<&str>) -> Vec<Vec<String>> {
        if let [path, ..] = self.list.as_slice() {
            return vec![vec![
                "get".into(),
                "--raw".into(),
                page_path(&self.scoped(path, namespace), None),
            ]];
        }
        vec![fill_words(&self.argv, &Target::default(), window)]
    }

    /// The path of a list in one namespace, when one is asked for.
    pub(crate) fn scoped(&self, path: &str, namespace: Option<&str>) -> String {
        match (namespace, path.rsplit_once('/')) {
            (Some(namespace), Some((head, resource))) if self.namespaced => {
                format!("{head}/namespaces/{namespace}/{resource}")
            }
            _ => path.to_owned(),
        }
    }

    fn repetitions(&self) -> u64 {
        if self.each.is_some() { self.most.unwrap_or(1).min(12) as u64 } else { 1 }
    }
}

/// What fills the braces of an entry's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub words: BTreeMap<&'static str, String>,
    /// The node that the answer tells something about.
    pub node: Option<String>,
}

impl Target {
    pub(crate) fn fill(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// Fills the braces; `{window}` becomes the options of the time window.
pub(crate) fn fill_words(words: &[String], target: &Target, window: &[String]) -> Vec<String> {
    words
        .iter()
        .flat_map(|word| if word == "{window}" { window.to_vec() } else { vec![target.fill(word)] })
        .collect()
}

/// The path of one page of a list.
pub(crate) fn page_path(path: &str, token: Option<&str>) -> String {
    match token {
        None => format!("{path}?limit=500"),
        Some(token) => format!("{path}?limit=500&continue={}", percent(token)),
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            text + &format!("%{byte:02X}")
        }
    })
}

fn words_of(each: Each) -> &'static str {
    match each {
        Each::NodeProbe | Each::NodeSample => "node",
        Each::UnreadyNode => "node that is not ready",
        Each::UnhealthyPod => "pod that is not healthy",
        Each::SystemContainer => "container of the tunnel, DNS, metrics, proxy and network pods",
        Each::RestartedContainer => "such container that restarted",
        Each::CustomResource => "custom resource",
        Each::AzureZone => "private DNS zone",
        Each::AzureSubnet => "subnet of a node pool",
        Each::AzureVnet => "virtual network of a node pool",
        Each::AzureBalancer => "load balancer",
        Each::AzureScaleSet => "scale set",
    }
}

fn load(name: &str, depth: usize) -> Result<Plan, PlanError> {
    let text = PROFILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let text =
        text.filter(|_| depth < 4).ok_or_else(|| PlanError::UnknownProfile(name.to_owned()))?;
    let broken = |reason: String| PlanError::Broken { name: name.to_owned(), reason };
    let value = profile::read(text).map_err(broken)?;
    let profile: Profile =
        serde_json::from_value(value).map_err(|error| broken(error.to_string()))?;
    let mut entries: Vec<Entry> = Vec::new();
    for base in &profile.extends {
        let kept =
            |entry: &Entry| profile.only.as_ref().is_none_or(|only| only.contains(&entry.name));
        entries.extend(load(base, depth + 1)?.entries.into_iter().filter(kept));
    }
    for entry in profile.entries {
        match entries.iter_mut().find(|known| known.name == entry.name) {
            Some(known) => *known = entry,
            None => entries.push(entry),
        }
    }
    Ok(Plan { profile: profile.name, summary: profile.summary, entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::Parser;
    use konspect::parse::TableKind;
    use konspect::report::collect::recipe_of;

    use crate::cli::Cli;

    /// What the roles of `deploy/rbac.yaml` grant, as entries spell it.
    fn granted() -> BTreeSet<String> {
        let text = include_str!("../../deploy/rbac.yaml");
        let rules = text.split("\n---\n").filter_map(|document| {
            let document: serde_json::Value = serde_yaml::from_str(document).unwrap();
            Some(document.get("rules")?.as_array()?.clone())
        });
        let texts = |rule: &serde_json::Value, key: &str| -> Vec<String> {
            let values = rule.get(key).and_then(serde_json::Value::as_array);
            values.into_iter().flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
        };
        let mut granted = BTreeSet::new();
        for rule in rules.flatten() {
            let mut things = texts(&rule, "nonResourceURLs");
            for group in texts(&rule, "apiGroups") {
                let named = |resource: &String| {
                    if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") }
                };
                things.extend(texts(&rule, "resources").iter().map(named));
            }
            for verb in texts(&rule, "verbs") {
                granted.extend(things.iter().map(|thing| format!("{verb} {thing}")));
            }
        }
        granted
    }

    #[test]
    fn the_roles_grant_what_the_profiles_need_and_nothing_else() {
        let mut needed = BTreeSet::new();
        let granted = granted();
        for name in ["quick", "default", "deep", "audit"] {
            for entry in Plan::load(name, &[], &[]).unwrap().entries {
                let inside = entry.needs.iter().all(|need| granted.contains(need));
                assert_eq!(inside, entry.beyond.is_none(), "{}: {:?}", entry.name, entry.needs);
                if entry.beyond.is_none() {
                    needed.extend(entry.needs);
                }
            }
        }
        assert_eq!(granted, needed);
        assert!(
            granted.iter().all(|right| right.starts_with("get ") || right.starts_with("list "))
        );
        assert!(!granted.iter().any(|right| right.contains("secrets") || right.contains("proxy")));
    }

    fn tables(plan: &Plan) -> BTreeSet<String> {
        plan.entries.iter().flat_map(|entry| entry.feeds.clone()).collect()
    }

    #[test]
    fn every_input_of_a_rule_is_produced_by_an_entry() {
        let fed: BTreeSet<String> = PROFILES
            .iter()
            .flat_map(|(name, _)| tables(&Plan::load(name, &[], &[]).unwrap()))
            .collect();
        for rule in konspect::rules::all() {
            let needs = rule.needs();
            for table in needs.required.iter().flatten().chain(&needs.optional) {
                assert!(fed.contains(table.as_str()), "{}: {}", rule.meta().slug, table.as_str());
            }
        }
        // What a rule asks for while it runs is a table too, and no entry feeds what is none.
        let known: BTreeSet<String> =
            TableKind::ALL.iter().map(|table| table.as_str().to_owned()).collect();
        assert_eq!(fed, known);
    }

    #[test]
    fn every_command_that_a_report_proposes_collects_what_it_is_for() {
        for table in TableKind::ALL {
            let command = recipe_of(*table).command;
            let words: Vec<&str> = command.split_whitespace().collect();
            let fed = match words.as_slice() {
                ["kubectl", "get", names, ..] if !names.starts_with('-') => {
                    Some(fed_by_lists(names))
                }
                ["kubectl", rest @ ..] => Some(fed_by_argv(rest)),
                _ => fed_by_collector(command),
            };
            // What is packed is handed over by somebody, and may be anything.
            let fed = fed.unwrap_or_else(|| BTreeSet::from([table.as_str().to_owned()]));
            assert!(fed.contains(table.as_str()), "{command} does not collect {}", table.as_str());
        }
    }

    /// The tables that entries fill with the lists of these resources, each of which an entry has.
    fn fed_by_lists(names: &str) -> BTreeSet<String> {
        let plan = Plan::load("default", &[], &[]).unwrap();
        let entry_of = |name: &str| {
            let name = match name {
                "pv" => "persistentvolumes",
                "pvc" => "persistentvolumeclaims",
                name => name,
            };
            let mut entries = plan.entries.iter();
            let found = entries.find(|entry| {
                entry.list.first().is_some_and(|path| path.rsplit('/').next() == Some(name))
            });
            found.unwrap_or_else(|| panic!("no entry lists {name}")).feeds.clone()
        };
        names.split(',').flat_map(entry_of).collect()
    }

    /// The tables that the entry of this very command fills.
    fn fed_by_argv(words: &[&str]) -> BTreeSet<String> {
        let plan = Plan::load("default", &[], &[]).unwrap();
        let words: Vec<&str> = words.iter().map(|word| word.trim_matches('\'')).collect();
        let entry = plan.entries.iter().find(|entry| entry.argv == words);
        let entry = entry.unwrap_or_else(|| panic!("no entry runs kubectl {words:?}"));
        entry.feeds.iter().cloned().collect()
    }

    /// The tables that a collection with these options fills; nothing for a folder that is packed.
    fn fed_by_collector(command: &str) -> Option<BTreeSet<String>> {
        let cli = Cli::try_parse_from(command.split_whitespace())
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        if cli.command.is_some() {
            return None;
        }
        let asked = &cli.collect;
        let plan = Plan::load(&asked.profile, &asked.only, &asked.skip).unwrap();
        // What is repeated is of no use without what it is repeated for.
        for each in plan.entries.iter().filter_map(|entry| entry.each) {
            let source =
                if each == Each::CustomResource { "customresourcedefinitions" } else { "pods" };
            assert!(plan.entries.iter().any(|entry| entry.name == source), "{command}");
        }
        let mut fed = tables(&plan);
        if asked.nodes.is_some() {
            assert_ne!(asked.via, crate::cli::Via::None, "{command} reaches no node");
            fed.extend(tables(&Plan::load("node", &[], &[]).unwrap()));
        }
        if asked.azure.is_some() {
            fed.extend(tables(&Plan::load("azure", &[], &[]).unwrap()));
        }
        if !asked.audit.is_empty() {
            fed.extend(tables(&Plan::load("audit", &[], &[]).unwrap()));
        }
        Some(fed)
    }

    #[test]
    fn every_profile_is_whole() {
        for (name, _) in PROFILES {
            let plan = Plan::load(name, &[], &[]).unwrap();
            let names: BTreeSet<_> = plan.entries.iter().map(|entry| &entry.name).collect();
            assert_eq!(names.len(), plan.entries.len(), "{name}: two entries of one name");
            for entry in &plan.entries {
                assert!(!entry.feeds.is_empty(), "{}", entry.name);
                assert_eq!(entry.list.is_empty(), entry.class != Class::List, "{}", entry.name);
                assert!(!entry.list.is_empty() || !entry.argv.is_empty(), "{}", entry.name);
                assert!(
                    entry
                        .needs
                        .iter()
                        .all(|need| need.starts_with("get ") || need.starts_with("list ")),
                    "{}",
                    entry.name
                );
            }
        }
        assert_eq!(
            Plan::load("audit", &[], &[]).unwrap().entries.len(),
            13,
            "every name in `only` is an entry"
        );
    }

    #[test]
    fn secrets_are_asked_for_as_a_table_only() {
        for (name, _) in PROFILES {
            for entry in Plan::load(name, &[], &[]).unwrap().entries {
                assert!(!entry.list.iter().any(|path| path.contains("/secrets")), "{}", entry.name);
                if entry.argv.iter().any(|word| word.contains("secrets")) {
                    assert!(
                        !entry
                            .argv
                            .iter()
                            .any(|word| word.starts_with("-o") || word.starts_with("--output")),
                        "{}",
                        entry.name
                    );
                }
            }
        }
    }

    #[test]
    fn pages_and_namespaces_are_part_of_the_path() {
        let plan = Plan::load("quick", &[], &[]).unwrap();
        let pods = plan.entries.iter().find(|entry| entry.name == "pods").unwrap();
        assert_eq!(
            pods.commands(&[], Some("x")),
            [["get", "--raw", "/api/v1/namespaces/x/pods?limit=500"]]
        );
        assert_eq!(
            page_path("/api/v1/pods", Some("a+b=")),
            "/api/v1/pods?limit=500&continue=a%2Bb%3D"
        );
    }
}
