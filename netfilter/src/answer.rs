//! One question to one node: what its firewalls do to a packet, which line decides, whose it is, and
//! whether it belongs there.
//!
//! This file refuses to know which packets are worth asking about and what a finding is.

use std::net::IpAddr;
use std::sync::Arc;

use konspect_bundle::Span;

use crate::evaluate::{Firewall, Outcome, Outcomes, Step, StepKind, What};
use crate::ipset::IpSets;
use crate::model::{Counters, Policy, Reject, Ruleset, Statement, Table, Tool, Unknown};
use crate::node::Node;
use crate::packet::Packet;
use crate::ufw::{Ufw, UfwVerdict};

/// Everything that was collected of one node's packet filters.
#[derive(Debug)]
pub struct Host {
    firewall: Firewall,
    ufw: Option<Ufw>,
}

/// Collects dumps of one node, in any order and any mix.
#[derive(Debug, Default)]
pub struct Dumps {
    rulesets: Vec<Ruleset>,
    sets: IpSets,
    ufw: Option<Ufw>,
}

/// Who put the deciding rule there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Ufw,
    Firewalld,
    Fail2ban,
    Docker,
    KubeProxy,
    Kubelet,
    Calico,
    Cilium,
    AzureNpm,
    IpMasqAgent,
    Flannel,
    Antrea,
    Istio,
    /// A rule of a built-in or self-named chain.
    Iptables,
    /// An nft table of this name.
    Nft(Arc<str>),
}

/// What the deciding rule means, if it is one that clusters have by design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// KUBE-FIREWALL: localnet guard and packets marked for dropping.
    KubernetesGuard,
    /// A service without endpoints.
    NoEndpoints,
    /// Outside a load balancer's source ranges.
    SourceRanges,
    /// Packets that conntrack calls invalid.
    InvalidState,
    /// A network policy decided.
    NetworkPolicy,
}

/// The rule or policy that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Deciding {
    pub step: Step,
    /// The line of the rule, or of the chain for a policy.
    pub at: Span,
    pub counters: Option<Counters>,
    pub policy: bool,
    pub owner: Owner,
    /// Harmless by design where present.
    pub meaning: Option<Meaning>,
    /// The service or policy that the rule's comment names.
    pub subject: Option<String>,
    /// From the base chain to the deciding rule: chain, rule number (0 for a policy), line.
    pub chain_path: Vec<(Arc<str>, u32, Span)>,
}

/// The answer for one packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The same for all ways, or [`What::Unknown`].
    pub what: What,
    /// Rules were there to be asked; without any the answer is unknown.
    pub asked: bool,
    pub outcomes: Outcomes,
    /// Of the first outcome that drops or rejects, else of the first one.
    pub deciding: Option<Deciding>,
    pub reject: Option<Reject>,
    /// What `ufw status` says of the packet, if it was collected.
    pub ufw: Option<UfwVerdict>,
    /// `ufw status numbered`'s number of the deciding rule, and its line.
    pub ufw_rule: Option<(Option<u32>, Span)>,
    /// Why the answer is not one.
    pub reasons: Vec<Unknown>,
    /// Tables of which nothing was collected, so that they may still drop the packet.
    pub unseen: Vec<&'static str>,
    /// Another back-end has rules that were not collected.
    pub more_elsewhere: bool,
}

impl Dumps {
    pub fn ruleset(&mut self, ruleset: Ruleset) -> &mut Self {
        self.rulesets.push(ruleset);
        self
    }

    pub fn sets(&mut self, sets: IpSets) -> &mut Self {
        self.sets.sets.extend(sets.sets);
        self
    }

    /// Adds a status; one with defaults (verbose) and one with numbers complete each other.
    pub fn ufw(&mut self, status: Ufw) -> &mut Self {
        match &mut self.ufw {
            Some(known) => {
                known.defaults = known.defaults.or(status.defaults);
                known.active = known.active.or(status.active);
                let numbered = status.rules.iter().any(|rule| rule.number.is_some());
                if known.rules.is_empty() || numbered {
                    known.rules = status.rules;
                }
            }
            None => self.ufw = Some(status),
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.rulesets.is_empty() && self.ufw.is_none()
    }

    /// Keeps the best form of each table and makes the host.
    pub fn host(self, node: Node) -> Host {
        let more_elsewhere = self.rulesets.iter().any(|ruleset| ruleset.more_elsewhere);
        let mut best: Vec<Table> = Vec::new();
        for table in self.rulesets.into_iter().flat_map(|ruleset| ruleset.tables) {
            match best.iter_mut().find(|known| same_table(known, &table)) {
                Some(known) if rank(&table) > rank(known) => *known = table,
                Some(_) => {}
                None => best.push(table),
            }
        }
        let merged = Ruleset { tables: best, more_elsewhere };
        Host { firewall: Firewall::new(vec![merged], self.sets, node), ufw: self.ufw }
    }
}

/// Two dumps of one table: of one family and name, and not of two back-ends.
fn same_table(one: &Table, other: &Table) -> bool {
    one.family == other.family
        && one.name == other.name
        && (one.backend == other.backend || one.backend.is_none() || other.backend.is_none())
}

/// Forms that lose less rank higher; of equals the longer dump wins.
fn rank(table: &Table) -> (bool, bool, bool, usize) {
    let lost = |rule: &crate::model::Rule| {
        matches!(rule.statements.first(), Some(Statement::Unknown(Unknown::InterfacesNotShown)))
    };
    let interfaces = !table.chains.iter().flat_map(|chain| &chain.rules).any(lost);
    let rules = table.chains.iter().map(|chain| chain.rules.len()).sum();
    (!table.cut, interfaces, table.tool == Tool::Iptables, rules)
}

impl Host {
    /// The same rules on a machine of which something else is known.
    #[must_use]
    pub fn on(mut self, node: Node) -> Self {
        self.firewall.set_node(node);
        self
    }

    pub fn firewall(&self) -> &Firewall {
        &self.firewall
    }

    pub fn ufw(&self) -> Option<&Ufw> {
        self.ufw.as_ref()
    }

    /// What becomes of a packet at this node.
    pub fn ask(&self, packet: &Packet) -> Answer {
        self.tell(packet, self.firewall.verdict(packet))
    }

    /// What becomes of a packet of a connection whose packets came by before: those of `established` in
    /// both directions, those of `before` in this order and through the same rules.
    pub fn ask_after(&self, packet: &Packet, established: &[Packet], before: &[Packet]) -> Answer {
        self.tell(packet, self.firewall.verdict_after(packet, established, before))
    }

    fn tell(&self, packet: &Packet, outcomes: Outcomes) -> Answer {
        let family = packet.family();
        let covered = |name: &str| {
            self.firewall
                .tables()
                .iter()
                .any(|table| table.family.covers(family) && &*table.name == name)
        };
        let iptables = self.firewall.tables().iter().any(|table| table.tool == Tool::Iptables);
        let asked = self.firewall.tables().iter().any(|table| {
            table.family.covers(family) && (table.tool == Tool::Nft || &*table.name == "filter")
        });
        // A listing shows only the table that was asked for; a save without the others may be cut to one.
        let unseen: Vec<&'static str> =
            match (iptables, covered("filter"), covered("nat") || covered("mangle")) {
                (true, true, false) => vec!["raw", "mangle", "nat"],
                (true, false, _) if !asked => vec!["filter"],
                _ => Vec::new(),
            };
        let forwarded =
            !self.is_local(packet.destination) && packet.origin != crate::packet::Origin::Node;
        let ufw = self.ufw.as_ref().map(|ufw| ufw.verdict(packet, forwarded));
        let blamed = outcomes
            .outcomes
            .iter()
            .find(|outcome| matches!(outcome.what, What::Drop | What::Reject))
            .or(outcomes.outcomes.first());
        let deciding = blamed.and_then(|outcome| self.deciding(outcome));
        let reject = blamed.and_then(|outcome| outcome.reject);
        let mut reasons: Vec<Unknown> = Vec::new();
        for reason in outcomes.outcomes.iter().flat_map(|outcome| &outcome.reasons) {
            if !reasons.contains(reason) && reasons.len() < 16 {
                reasons.push(reason.clone());
            }
        }
        let mut what = if asked { outcomes.what() } else { What::Unknown };
        if !asked && outcomes.may(What::Drop) {
            // A table before the filter may already decide.
            what = outcomes.what();
        }
        if !asked && let Some(ufw) = &ufw {
            // UFW alone is the whole answer only where it says no.
            what = if ufw.what == What::Accept { What::Unknown } else { ufw.what };
            reasons.clone_from(&ufw.reasons);
        }
        let ufw_rule = self.ufw_rule(ufw.as_ref(), deciding.as_ref());
        Answer {
            what,
            asked,
            outcomes,
            deciding,
            reject,
            ufw,
            ufw_rule,
            reasons,
            unseen,
            more_elsewhere: self.firewall.more_elsewhere(),
        }
    }

    fn is_local(&self, address: IpAddr) -> bool {
        self.firewall.node().is_own(address)
    }

    fn ufw_rule(
        &self,
        verdict: Option<&UfwVerdict>,
        deciding: Option<&Deciding>,
    ) -> Option<(Option<u32>, Span)> {
        let verdict = verdict?;
        if deciding.is_some_and(|deciding| deciding.owner != Owner::Ufw) {
            return None;
        }
        let rule = self.ufw.as_ref()?.rules.get(verdict.rule?)?;
        Some((rule.number, rule.at))
    }

    fn deciding(&self, outcome: &Outcome) -> Option<Deciding> {
        let decision = outcome.decision.as_ref()?;
        let step = decision.step.clone();
        let mut chain_path: Vec<(Arc<str>, u32, Span)> = Vec::new();
        // The chain of jumps that led here: walked back from the decision within its table.
        let mut wanted = Arc::clone(&step.chain);
        let number = match &step.kind {
            StepKind::Rule { number, .. } => *number,
            _ => 0,
        };
        chain_path.push((Arc::clone(&step.chain), number, step.at));
        for earlier in outcome.path.iter().take(decision.place).rev() {
            if earlier.table != step.table || earlier.family != step.family {
                break;
            }
            if let StepKind::Rule { number, target: Some(target), .. } = &earlier.kind {
                let name = target
                    .strip_prefix("jump ")
                    .or_else(|| target.strip_prefix("goto "))
                    .unwrap_or(target);
                if name == &*wanted {
                    chain_path.push((Arc::clone(&earlier.chain), *number, earlier.at));
                    wanted = Arc::clone(&earlier.chain);
                }
            }
        }
        chain_path.reverse();
        let owner = self.owner(&step, &chain_path);
        let comment = match &step.kind {
            StepKind::Rule { comment, .. } => comment.as_deref(),
            _ => None,
        };
        Some(Deciding {
            at: step.at,
            counters: step.counters,
            policy: matches!(step.kind, StepKind::Policy(_)),
            meaning: self.meaning(&step, &owner, comment),
            subject: comment.and_then(subject),
            owner,
            chain_path,
            step,
        })
    }

    fn owner(&self, step: &Step, path: &[(Arc<str>, u32, Span)]) -> Owner {
        for (chain, _, _) in path.iter().rev() {
            if let Some(owner) = owner_of_chain(chain) {
                return owner;
            }
        }
        let table = self.firewall.tables().iter().find(|table| {
            table.name == step.table && table.family == step.family && table.tool == step.tool
        });
        if step.tool == Tool::Nft {
            return match &*step.table {
                "kube-proxy" => Owner::KubeProxy,
                "firewalld" => Owner::Firewalld,
                name if name.starts_with("calico") => Owner::Calico,
                name if name.starts_with("f2b") => Owner::Fail2ban,
                _ => Owner::Nft(Arc::clone(&step.table)),
            };
        }
        // UFW sets the built-in chains' policies; a policy there is its own when its chains hang in.
        if let (StepKind::Policy(Some(Policy::Drop)), Some(table)) = (&step.kind, table) {
            let chains = table.chains.iter().find(|chain| chain.name == step.chain);
            let ufw = chains.is_some_and(|chain| {
                chain.rules.iter().any(|rule| {
                    rule.target.as_deref().is_some_and(|target| target.starts_with("ufw-"))
                })
            });
            if ufw {
                return Owner::Ufw;
            }
        }
        Owner::Iptables
    }

    fn meaning(&self, step: &Step, owner: &Owner, comment: Option<&str>) -> Option<Meaning> {
        let invalid = || {
            let table = self
                .firewall
                .tables()
                .iter()
                .find(|table| table.name == step.table && table.family == step.family)?;
            let chain = table.chains.iter().find(|chain| chain.name == step.chain)?;
            let StepKind::Rule { number, .. } = &step.kind else { return None };
            let rule = chain.rules.get((*number as usize).checked_sub(1)?)?;
            rule.statements
                .iter()
                .any(|statement| {
                    matches!(
                        statement,
                        Statement::CtState { bits: crate::model::state::INVALID, invert: false }
                    )
                })
                .then_some(Meaning::InvalidState)
        };
        match owner {
            Owner::Calico | Owner::Cilium | Owner::AzureNpm | Owner::Antrea => {
                Some(Meaning::NetworkPolicy)
            }
            Owner::KubeProxy | Owner::Kubelet => {
                if comment.is_some_and(|comment| {
                    comment.contains("no endpoints") || comment.contains("no local endpoints")
                }) || step.chain.contains("reject-chain")
                {
                    Some(Meaning::NoEndpoints)
                } else if step.chain.contains("PROXY-FIREWALL")
                    || step.chain.starts_with("KUBE-FW-")
                    || step.chain.starts_with("firewall")
                {
                    Some(Meaning::SourceRanges)
                } else {
                    invalid().or(Some(Meaning::KubernetesGuard))
                }
            }
            _ => invalid(),
        }
    }
}

fn owner_of_chain(chain: &str) -> Option<Owner> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| chain.starts_with(prefix));
    Some(match () {
        () if begins(&["ufw-", "ufw6-"]) => Owner::Ufw,
        () if begins(&["KUBE-FIREWALL", "KUBE-KUBELET"]) => Owner::Kubelet,
        () if begins(&["KUBE-"]) => Owner::KubeProxy,
        () if begins(&["cali-", "cali:", "felix-"]) => Owner::Calico,
        () if begins(&["CILIUM_", "OLD_CILIUM_"]) => Owner::Cilium,
        () if begins(&["AZURE-NPM"]) => Owner::AzureNpm,
        () if begins(&["IP-MASQ"]) => Owner::IpMasqAgent,
        () if begins(&["FLANNEL-"]) => Owner::Flannel,
        () if begins(&["ANTREA-"]) => Owner::Antrea,
        () if begins(&["ISTIO_"]) => Owner::Istio,
        () if begins(&["DOCKER"]) => Owner::Docker,
        () if begins(&["f2b-", "fail2ban-"]) => Owner::Fail2ban,
        () if begins(&[
            "IN_", "FWDI_", "FWDO_", "FORWARD_", "INPUT_", "OUTPUT_", "POST_", "PRE_",
        ]) && (chain.contains("ZONE")
            || chain.contains("direct")
            || chain.contains("public")
            || chain.contains("_allow")
            || chain.contains("_deny")) =>
        {
            Owner::Firewalld
        }
        () => return None,
    })
}

/// `default/web:http has no endpoints`, `cali:… Policy ns/name`: the object named.
fn subject(comment: &str) -> Option<String> {
    comment
        .split_whitespace()
        .find(|word| word.contains('/') && !word.starts_with('/') && !word.ends_with('/'))
        .map(|word| word.trim_matches(['"', ',', ';']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Origin;
    use crate::parse;
    use konspect_bundle::{ArtifactId, Source};

    fn kubelet() -> Packet {
        Packet::tcp(
            Origin::SomeInterface,
            "10.1.0.5".parse().unwrap(),
            "10.1.0.4".parse().unwrap(),
            10250,
        )
    }

    fn node() -> Node {
        Node::of_addresses(["10.1.0.4".parse().unwrap()])
    }

    fn source(text: &str) -> Source<'_> {
        Source::new(ArtifactId(0), text.as_bytes())
    }

    #[test]
    fn the_default_of_ufw_is_named_with_its_chain() {
        let mut dumps = Dumps::default();
        dumps.ruleset(
            parse::iptables_save(source(
                "*filter\n:INPUT DROP [7:420]\n:ufw-user-input - [0:0]\n-A INPUT -j ufw-user-input\n\
                 -A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n",
            ))
            .value,
        );
        let answer = dumps.host(node()).ask(&kubelet());
        let deciding = answer.deciding.unwrap();
        assert_eq!((answer.what, deciding.owner, deciding.policy), (What::Drop, Owner::Ufw, true));
        assert_eq!(deciding.counters.unwrap().packets, 7);
    }

    #[test]
    fn a_better_form_of_a_table_replaces_a_worse_one() {
        let mut dumps = Dumps::default();
        let list = "Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination         \n\
                    DROP       tcp  --  anywhere             anywhere             tcp dpt:10250\n";
        dumps.ruleset(parse::iptables_list(source(list)).value);
        let alone = {
            let mut dumps = Dumps::default();
            dumps.ruleset(parse::iptables_list(source(list)).value);
            dumps.host(node()).ask(&kubelet())
        };
        assert_eq!(
            (alone.what, alone.reasons.as_slice()),
            (What::Unknown, &[Unknown::InterfacesNotShown][..])
        );
        assert_eq!(alone.deciding.unwrap().chain_path.len(), 1);
        dumps.ruleset(
            parse::iptables_save(source(
                "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i eth0 -p tcp -m tcp --dport 10250 -j DROP\nCOMMIT\n",
            ))
            .value,
        );
        assert_eq!(dumps.host(node()).ask(&kubelet()).what, What::Drop);
    }

    #[test]
    fn kubernetes_own_drops_are_harmless() {
        let mut dumps = Dumps::default();
        dumps.ruleset(
            parse::iptables_save(source(
                "*filter\n:INPUT ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n-A INPUT -j KUBE-SERVICES\n\
                 -A KUBE-SERVICES -d 10.1.0.4/32 -p tcp -m comment --comment \"default/web:http has no endpoints\" \
                 -m tcp --dport 10250 -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n",
            ))
            .value,
        );
        let deciding = dumps.host(node()).ask(&kubelet()).deciding.unwrap();
        assert_eq!(deciding.meaning, Some(Meaning::NoEndpoints));
        assert_eq!(deciding.subject.as_deref(), Some("default/web:http"));
        let chains: Vec<_> = deciding
            .chain_path
            .iter()
            .map(|(chain, number, _)| format!("{chain}:{number}"))
            .collect();
        assert_eq!(chains, ["INPUT:1", "KUBE-SERVICES:1"]);
    }

    #[test]
    fn a_nat_table_alone_answers_nothing() {
        let mut dumps = Dumps::default();
        dumps.ruleset(
            parse::iptables_save(source("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")).value,
        );
        let answer = dumps.host(node()).ask(&kubelet());
        assert_eq!(
            (answer.what, answer.asked, answer.unseen),
            (What::Unknown, false, vec!["filter"])
        );
    }
}
