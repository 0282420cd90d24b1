//! The packet's way through a node: hooks in the kernel's order, and what becomes of it.
//!
//! Three-valued: a match that nobody can decide offline forks the way, and the answer is the set of
//! outcomes, each with the reasons of its forks. Ways that meet again in the same state are walked
//! once, so a listing in which every rule is uncertain still takes linear time. Work is bounded by
//! [`Budget`]; loops and hostile dumps end in an [`Outcome`] that says so.

mod bytes;
mod classes;
mod conntrack;
mod engine;
mod flow;
mod index;
mod keys;
mod matches;
mod outcome;
mod sets;
mod stateful;
mod verdicts;

use std::collections::BTreeMap;

use crate::ipset::IpSets;
use crate::model::{Backend, Hook, Ruleset, Table};
use crate::node::Node;
use crate::packet::{Family, Packet};

use conntrack::Memory;
use engine::Engine;
use flow::Stage;
use index::ChainIndex;
pub use outcome::{
    Decision, Delivered, Outcome, Outcomes, RouteKind, Step, StepKind, Translated, What,
};

/// How much work one question may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Rules looked at, over all forks.
    pub rules: u64,
    /// Different outcomes kept.
    pub outcomes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { rules: 8_000_000, outcomes: 256 }
    }
}

/// A base chain in a hook.
#[derive(Clone, Copy, Debug)]
struct Entry {
    table: u32,
    chain: u32,
    priority: i32,
    nat: bool,
}

/// All rules of one node, ready to be asked.
#[derive(Debug)]
pub struct Firewall {
    tables: Vec<Table>,
    indexes: Vec<Vec<ChainIndex>>,
    named_sets: Vec<BTreeMap<Box<str>, usize>>,
    entries: [[Vec<Entry>; 5]; 2],
    sets: IpSets,
    node: Node,
    budget: Budget,
    more_elsewhere: bool,
}

impl Firewall {
    pub fn new(rulesets: Vec<Ruleset>, sets: IpSets, node: Node) -> Self {
        let more_elsewhere = rulesets.iter().any(|ruleset| ruleset.more_elsewhere);
        let tables: Vec<Table> = rulesets.into_iter().flat_map(|ruleset| ruleset.tables).collect();
        let indexes =
            tables.iter().map(|table| table.chains.iter().map(ChainIndex::new).collect()).collect();
        let named_sets = tables
            .iter()
            .map(|table| {
                table
                    .sets
                    .iter()
                    .enumerate()
                    .map(|(place, set)| (set.name.clone(), place))
                    .collect()
            })
            .collect();
        let entries = [entries(&tables, Family::Ipv4), entries(&tables, Family::Ipv6)];
        Self {
            tables,
            indexes,
            named_sets,
            entries,
            sets,
            node,
            budget: Budget::default(),
            more_elsewhere,
        }
    }

    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn set_node(&mut self, node: Node) {
        self.node = node;
    }

    pub fn sets(&self) -> &IpSets {
        &self.sets
    }

    /// Whether a dump says that another back-end has rules as well that were not collected.
    pub fn more_elsewhere(&self) -> bool {
        self.more_elsewhere
    }

    /// What becomes of a packet that meets no connection from before.
    pub fn verdict(&self, packet: &Packet) -> Outcomes {
        Engine::new(self, packet, Memory::default()).run().0
    }

    /// What becomes of a packet after others went the same way, beside connections that exist.
    pub fn verdict_after(
        &self,
        packet: &Packet,
        established: &[Packet],
        before: &[Packet],
    ) -> Outcomes {
        let mut memory = Memory::default();
        for connection in established {
            memory.insert_established(connection);
        }
        for earlier in before {
            let uncertain = memory.uncertain;
            let (outcomes, after) = Engine::new(self, earlier, memory).run();
            memory = after;
            memory.uncertain = uncertain || outcomes.outcomes.len() != 1;
        }
        Engine::new(self, packet, memory).run().0
    }

    fn stage_entries(&self, family: Family, stage: Stage) -> &[Entry] {
        let [four, six] = &self.entries;
        let [prerouting, input, forward, output, postrouting] = match family {
            Family::Ipv4 => four,
            Family::Ipv6 => six,
        };
        match stage {
            Stage::Prerouting => prerouting,
            Stage::Input => input,
            Stage::Forward => forward,
            Stage::Output => output,
            Stage::Postrouting => postrouting,
        }
    }
}

/// The nft back-end hooks the security table behind address translation; the legacy one before it.
fn priority(table: &Table, priority: i32) -> i32 {
    let moved = table.backend == Some(Backend::Nft) && &*table.name == "security";
    if moved { 150 } else { priority }
}

fn entries(tables: &[Table], family: Family) -> [Vec<Entry>; 5] {
    let mut all: [Vec<Entry>; 5] = Default::default();
    for (number, table) in
        tables.iter().enumerate().filter(|(_, table)| table.family.covers(family))
    {
        for (place, chain) in table.chains.iter().enumerate() {
            let Some(base) = chain.base else { continue };
            let [prerouting, input, forward, output, postrouting] = &mut all;
            let list = match base.hook {
                Hook::Prerouting => prerouting,
                Hook::Input => input,
                Hook::Forward => forward,
                Hook::Output => output,
                Hook::Postrouting => postrouting,
                Hook::Elsewhere => continue,
            };
            list.push(Entry {
                table: u32::try_from(number).unwrap_or(u32::MAX),
                chain: u32::try_from(place).unwrap_or(u32::MAX),
                priority: priority(table, base.priority),
                nat: base.kind == crate::model::Kind::Nat,
            });
        }
    }
    for list in &mut all {
        list.sort_by_key(|entry| entry.priority);
    }
    all
}
