//! Skips rules that cannot match a packet's addresses, so that a chain with a rule per service costs
//! what its few candidates cost.

use std::collections::HashMap;

use crate::model::{Chain, Compare, Key, Ranges, Statement};

/// Chains shorter than this are walked.
const SHORT: usize = 24;

/// The rules of one chain by the one address they demand.
#[derive(Debug, Default)]
pub(super) struct ChainIndex {
    /// Absent for short chains.
    lists: Option<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    destination: HashMap<u128, Vec<u32>>,
    source: HashMap<u128, Vec<u32>>,
    /// Rules that demand no single address.
    open: Vec<u32>,
}

impl ChainIndex {
    pub(super) fn new(chain: &Chain) -> Self {
        if chain.rules.len() < SHORT {
            return Self::default();
        }
        let mut lists = Lists::default();
        for (place, rule) in chain.rules.iter().enumerate() {
            let number = u32::try_from(place).unwrap_or(u32::MAX);
            // Only matches before any statement that may act or be uncertain are safe to look at; an
            // address that differs makes the rule fail whatever the others say.
            let demanded =
                rule.statements.iter().take_while(|statement| passive(statement)).find_map(demands);
            match demanded {
                Some((true, address)) => lists.destination.entry(address).or_default().push(number),
                Some((false, address)) => lists.source.entry(address).or_default().push(number),
                None => lists.open.push(number),
            }
        }
        Self { lists: Some(lists) }
    }

    /// The first rule from `from` on that may match.
    pub(super) fn next(&self, from: usize, destination: u128, source: u128) -> Option<usize> {
        let Some(lists) = &self.lists else { return Some(from) };
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        let first = |list: Option<&Vec<u32>>| {
            let list = list?;
            list.get(list.partition_point(|number| *number < from)).copied()
        };
        [
            first(lists.destination.get(&destination)),
            first(lists.source.get(&source)),
            first(Some(&lists.open)),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|number| number as usize)
    }
}

/// A match that depends on nothing but this packet, so that skipping the rule skips no effect.
fn passive(statement: &Statement) -> bool {
    !matches!(statement, Statement::Effect(_) | Statement::Verdict(_) | Statement::Stateful(_))
}

fn demands(statement: &Statement) -> Option<(bool, u128)> {
    match statement {
        Statement::Compare(Compare { key, invert: false, ranges: Ranges::One(first, last) })
            if first == last =>
        {
            match key {
                Key::Destination(_) => Some((true, *first)),
                Key::Source(_) => Some((false, *first)),
                _ => None,
            }
        }
        _ => None,
    }
}
