//! Matches that remember packets. On a laboratory's quiet node everything starts empty and the answer
//! is exact; on a real one the fill is unknown, and so is the answer.

use super::conntrack::Tuple;
use super::engine::{Engine, Truth};
use super::flow::Flow;
use crate::model::{Recent, RecentAction, Stateful, Statement, Unknown};
use crate::packet::Family;

/// The most stamps that `xt_recent` keeps of one address.
const STAMPS: u64 = 20;

impl<'a> Engine<'a> {
    pub(super) fn stateful(
        &self,
        stateful: &Stateful,
        flow: &mut Flow<'a>,
        at: (u32, u32, u32, u32),
    ) -> Truth {
        let quiet = self.firewall.node().quiet && !flow.memory.uncertain;
        match stateful {
            Stateful::Recent(recent) => Self::recent(recent, flow, quiet),
            Stateful::Limit { .. } if !quiet => Truth::Unknown(Unknown::State("limit")),
            Stateful::HashLimit { .. } if !quiet => Truth::Unknown(Unknown::State("hashlimit")),
            Stateful::Nth { every: 1, invert, .. } => Truth::of(!invert),
            Stateful::Nth { .. } if !quiet => Truth::Unknown(Unknown::State("nth")),
            Stateful::Quota { .. } if !quiet => Truth::Unknown(Unknown::State("quota")),
            Stateful::Connlimit { .. } if !quiet => Truth::Unknown(Unknown::State("connlimit")),
            Stateful::Connbytes { .. } if !quiet => Truth::Unknown(Unknown::State("connbytes")),
            Stateful::Limit { burst, over, .. } => {
                let used = flow.memory.used.entry(at).or_default();
                let within = *used < *burst;
                *used += u64::from(within);
                Truth::of(within != *over)
            }
            Stateful::HashLimit { name, above, .. } => {
                let (burst, by, masks) = self.hash_table(name, stateful);
                let key = self.hash_key(by, masks, flow);
                let used = flow.memory.hash_limits.entry((name.clone(), key)).or_default();
                let within = *used < burst;
                *used += u64::from(within);
                Truth::of(within != *above)
            }
            Stateful::Nth { every, packet, invert } => {
                let seen = flow.memory.used.entry(at).or_default();
                let holds = *seen % (*every).max(1) == *packet;
                *seen += 1;
                Truth::of(holds != *invert)
            }
            Stateful::Quota { bytes, over } => {
                let length = self.packet.length() as u64;
                let used = flow.memory.used.entry(at).or_default();
                let within = bytes.saturating_sub(*used) >= length;
                *used = if within { *used + length } else { *bytes };
                Truth::of(within != *over)
            }
            Stateful::Connlimit { above, count, mask, destination } => {
                self.connlimit((*above, *count), *mask, *destination, flow, at)
            }
            Stateful::Connbytes { range, packets, invert } => {
                let Some(connection) = flow.core.tracked.connection() else { return Truth::No };
                let known = flow
                    .memory
                    .connections
                    .iter()
                    .find(|known| known.original == connection.original);
                let length = self.packet.length() as u64;
                let value = match (known, packets) {
                    (Some(known), true) => known.packets,
                    (Some(known), false) => known.bytes,
                    (None, true) => 1,
                    (None, false) => length,
                };
                Truth::of((range.0..=range.1).contains(&value) != *invert)
            }
        }
    }

    /// Rules of one name share a table, which is made as the first of them says.
    fn hash_table<'s>(&'s self, name: &str, own: &'s Stateful) -> (u64, &'s [Box<str>], (u8, u8)) {
        let rules = self.firewall.tables().iter().flat_map(|table| &table.chains);
        let mut statements = rules.flat_map(|chain| &chain.rules).flat_map(|rule| &rule.statements);
        let of_name = |statement: &'s Statement| match statement {
            Statement::Stateful(other) => match &**other {
                Stateful::HashLimit { name: other_name, .. } if **other_name == *name => {
                    Some(&**other)
                }
                _ => None,
            },
            _ => None,
        };
        match statements.find_map(of_name).unwrap_or(own) {
            Stateful::HashLimit { burst, by, masks, .. } => (*burst, by, *masks),
            _ => (0, &[], (0, 0)),
        }
    }

    fn hash_key(&self, by: &[Box<str>], masks: (u8, u8), flow: &Flow<'_>) -> Vec<u128> {
        by.iter()
            .map(|part| match &**part {
                "srcip" => self.masked(flow.core.source, masks.0),
                "dstip" => self.masked(flow.core.destination, masks.1),
                "srcport" => flow.core.source_port.map_or(0, |ports| ports.first.into()),
                "dstport" => flow.core.destination_port.unwrap_or(0).into(),
                _ => 0,
            })
            .collect()
    }

    fn masked(&self, address: u128, length: u8) -> u128 {
        let bits = if self.family == Family::Ipv4 { 32 } else { 128 };
        let host = bits - u32::from(length).min(bits);
        if host >= 128 { 0 } else { address >> host << host }
    }

    fn connlimit(
        &self,
        (above, count): (bool, u64),
        mask: u8,
        destination: bool,
        flow: &mut Flow<'_>,
        at: (u32, u32, u32, u32),
    ) -> Truth {
        let tuple = flow
            .core
            .tracked
            .connection()
            .map_or_else(|| Tuple::of(self.packet), |known| known.original);
        let side = |tuple: &Tuple| {
            self.masked(if destination { tuple.destination } else { tuple.source }, mask)
        };
        let alive = &flow.memory.connections;
        let seen = flow.memory.counted.entry(at).or_default();
        seen.retain(|other| *other == tuple || alive.iter().any(|known| known.original == *other));
        seen.insert(tuple);
        let connections = seen.iter().filter(|other| side(other) == side(&tuple)).count() as u64;
        Truth::of((connections > count) == above)
    }

    fn recent(recent: &Recent, flow: &mut Flow<'_>, quiet: bool) -> Truth {
        let address = if recent.destination { flow.core.destination } else { flow.core.source };
        let address = match recent.mask {
            Some(mask) => address & crate::parse::address_number(mask),
            None => address,
        };
        let key = (recent.name.clone(), address);
        let known = flow.memory.recent.get(&key).copied();
        if !quiet && known.is_none() && recent.action != RecentAction::Set {
            return Truth::Unknown(Unknown::State("recent"));
        }
        let hit = match (recent.action, known) {
            (RecentAction::Set, _) => {
                let stamps = known.unwrap_or(0).saturating_add(1).min(STAMPS);
                flow.memory.recent.insert(key, stamps);
                true
            }
            (_, None) => false,
            (RecentAction::Remove, Some(_)) => {
                flow.memory.recent.remove(&key);
                true
            }
            (RecentAction::Check | RecentAction::Update, Some(stamps)) => stamps >= recent.hitcount,
        };
        let holds = hit != recent.invert;
        if recent.action == RecentAction::Update
            && holds
            && let Some(stamps) = flow.memory.recent.get_mut(&(recent.name.clone(), address))
        {
            *stamps = stamps.saturating_add(1).min(STAMPS);
        }
        Truth::of(holds)
    }
}
