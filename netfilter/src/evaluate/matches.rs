//! Whether one match holds for the packet as it stands.

use super::Entry;
use super::bytes::{bpf_match, contains, u32_match};
use super::conntrack::Tracked;
use super::engine::{Engine, Truth};
use super::flow::{Device, Flow};
use super::keys::{Value, mac_number};
use crate::model::{
    Compare, Conntrack, Element, Field, Key, LimitInterface, Mapped, Pattern, SetRef, Statement,
    Unknown, address_type, ipv6_header, state, status,
};
use crate::node::Way;
use crate::packet::{Family, has_ports, protocol};

/// Turns a truth round where the match is negated.
pub(super) fn inverted(truth: Truth, invert: bool) -> Truth {
    match (truth, invert) {
        (Truth::Yes, true) => Truth::No,
        (Truth::No, true) => Truth::Yes,
        (other, _) => other,
    }
}

impl<'a> Engine<'a> {
    pub(super) fn holds(
        &mut self,
        statement: &Statement,
        flow: &mut Flow<'a>,
        at: (u32, u32, u32, u32),
        entry: Entry,
    ) -> Truth {
        match statement {
            Statement::Compare(compare) => self.compare(compare, flow),
            Statement::Interface { outgoing, pattern, invert } => {
                let device = if *outgoing { &flow.core.output } else { &flow.core.input };
                inverted(on_device(device, pattern), *invert)
            }
            Statement::CtState { bits, invert } => inverted(Self::state(*bits, flow), *invert),
            Statement::Conntrack(conntrack) => self.conntrack_match(conntrack, flow),
            Statement::TcpFlags { mask, value, invert }
                if self.packet.protocol == protocol::TCP =>
            {
                Truth::of((self.packet.flags & mask == *value) != *invert)
            }
            Statement::TcpFlags { .. } => Truth::No,
            Statement::TcpOption { number, invert } => {
                let has = *number == 2 && self.packet.mss().is_some();
                Truth::of(self.packet.protocol == protocol::TCP && has != *invert)
            }
            Statement::Icmp { six, number, codes, invert } => {
                let wanted = if *six { protocol::ICMPV6 } else { protocol::ICMP };
                if self.packet.protocol != wanted {
                    return Truth::No;
                }
                let holds = (*number == 255 && *codes == (0, 255))
                    || (*number == self.packet.icmp_type
                        && (codes.0..=codes.1).contains(&self.packet.icmp_code));
                Truth::of(holds != *invert)
            }
            Statement::Mark { connection, value, mask, invert } => {
                let mark = if *connection {
                    match flow.core.tracked.connection() {
                        Some(connection) if connection.mark_unknown => {
                            return Truth::Unknown(Unknown::State("mark"));
                        }
                        Some(connection) => connection.mark,
                        None => return Truth::No,
                    }
                } else if flow.core.mark_unknown {
                    return Truth::Unknown(Unknown::State("mark"));
                } else {
                    flow.core.mark
                };
                Truth::of((mark & mask == *value) != *invert)
            }
            Statement::EitherPort { ranges, invert } => self.either_port(ranges, *invert, flow),
            Statement::AddressType { source, bits, invert, limit } => {
                inverted(self.address_type(*source, *bits, *limit, flow), *invert)
            }
            Statement::IpSet { name, directions, invert, return_nomatch } => {
                self.ip_set(name, directions, *invert, *return_nomatch, flow)
            }
            Statement::Lookup { keys, invert, set } => self.lookup(keys, *invert, set, flow, entry),
            Statement::Bits { key, mask, value, invert, any } => {
                self.bits(key, (*mask, *value), *invert, *any, flow)
            }
            Statement::Owner { group, ids, invert } => self.owner(*group, *ids, *invert, flow),
            Statement::SocketExists { invert } => {
                Truth::of((flow.core.own && !flow.core.looped) != *invert)
            }
            Statement::Stateful(stateful) => self.stateful(stateful, flow, at),
            Statement::Random { probability } if *probability <= 0.0 => Truth::No,
            Statement::Random { probability } if *probability >= 1.0 => Truth::Yes,
            Statement::Random { .. } => Truth::Unknown(Unknown::Random),
            Statement::Contains { pattern, ignore_case, from, to, invert } => {
                match contains(&self.bytes_now(flow), pattern, *ignore_case, *from, *to) {
                    false if !self.payload_known() => Truth::Unknown(Unknown::Packet("payload")),
                    found => Truth::of(found != *invert),
                }
            }
            Statement::U32 { tests, invert } => match u32_match(&self.bytes_now(flow), tests) {
                None if !self.payload_known() => Truth::Unknown(Unknown::Packet("payload")),
                holds => Truth::of(holds.unwrap_or(false) != *invert),
            },
            Statement::Bpf(_) if !self.payload_known() => {
                Truth::Unknown(Unknown::Packet("payload"))
            }
            Statement::Bpf(program) => match bpf_match(&self.bytes_now(flow), program) {
                Some(holds) => Truth::of(holds),
                None => Truth::Unknown(Unknown::NotUnderstood("-m bpf".into())),
            },
            Statement::Mac { address, invert } => match self.value(&Key::SourceMac, flow) {
                Value::Range(mac, _) => Truth::of((mac == mac_number(*address)) != *invert),
                Value::Unknown(reason) => Truth::Unknown(reason),
                _ => Truth::No,
            },
            Statement::Mss { range, invert } => match self.packet.mss() {
                Some(mss) => Truth::of((range.0..=range.1).contains(&mss) != *invert),
                None => Truth::of(*invert && self.packet.protocol == protocol::TCP),
            },
            Statement::Ecn { mask, value, invert } => {
                Truth::of((flow.core.tos & mask == *value) != *invert)
            }
            Statement::Spi { range: (0, u32::MAX), invert } => Truth::of(!*invert),
            Statement::Spi { .. } if !self.firewall.node().quiet => {
                Truth::Unknown(Unknown::Packet("SPI"))
            }
            Statement::Spi { range, invert } => Truth::of((range.0 == 0) != *invert),
            Statement::Realm { .. } if !self.firewall.node().quiet => {
                Truth::Unknown(Unknown::Node("routes"))
            }
            Statement::Realm { value, mask, invert } => Truth::of((*value & mask == 0) != *invert),
            Statement::Physdev { invert } if self.firewall.node().quiet => Truth::of(*invert),
            Statement::Physdev { .. } => Truth::Unknown(Unknown::Node("bridges")),
            Statement::ReversePath { loose, invert, accept_local } => {
                inverted(self.reverse_path(*loose, *accept_local, flow), *invert)
            }
            Statement::Socket if self.firewall.node().quiet => Truth::No,
            Statement::Socket => Truth::Unknown(Unknown::Node("sockets")),
            // Only what another connection expected has a helper's master; a first packet has none.
            Statement::Helper { invert } => Truth::of(*invert),
            Statement::Xfrm { .. } if !self.firewall.node().quiet => {
                Truth::Unknown(Unknown::Node("IPsec"))
            }
            Statement::Xfrm { invert } => Truth::of(!*invert),
            // First fragments and whole packets are asked about, never later fragments.
            Statement::Fragment { invert } => Truth::of(*invert),
            Statement::ChunkTypes { all, any, only, types, invert } => {
                self.chunks((*all, *any, *only), types, *invert)
            }
            Statement::Time { always: true } => Truth::Yes,
            Statement::Time { always: false } => Truth::Unknown(Unknown::Time),
            Statement::Ipv6Headers { mask, soft, invert } => {
                let has = match self.packet.protocol {
                    50 => ipv6_header::ESP,
                    59 => ipv6_header::NONE,
                    // What follows these headers is not known.
                    0 | 43 | 44 | 51 | 60 => {
                        return Truth::Unknown(Unknown::Packet("extension headers"));
                    }
                    _ => ipv6_header::PROTOCOL,
                };
                // Softly: all of them, others besides; inverted: none of them.
                Truth::of(match (*soft, *invert) {
                    (true, false) => has & mask == *mask,
                    (true, true) => has & mask == 0,
                    (false, invert) => (has == *mask) != invert,
                })
            }
            Statement::ExtensionHeader { invert } => Truth::of(*invert),
            Statement::Unknown(reason) => Truth::Unknown(reason.clone()),
            Statement::Effect(_) | Statement::Verdict(_) => Truth::Yes,
        }
    }

    /// Whether the bytes behind the headers are those of the packet asked about: a first TCP packet has
    /// none, and of any other packet on a real node nobody knows them.
    pub(super) fn payload_known(&self) -> bool {
        self.firewall.node().quiet
            || self.packet.protocol == protocol::TCP
            || !self.packet.payload.is_empty()
    }

    pub(super) fn bytes_now(&self, flow: &Flow<'_>) -> Vec<u8> {
        let mut packet = self.packet.clone();
        packet.source = self.address(flow.core.source);
        packet.destination = self.address(flow.core.destination);
        packet.source_port = flow.core.source_port;
        packet.destination_port = flow.core.destination_port;
        packet.ttl = flow.core.ttl;
        packet.tos = flow.core.tos;
        packet.bytes()
    }

    /// Whether a value lies in one of the ranges, whatever it is between its bounds.
    fn compare(&self, compare: &Compare, flow: &Flow<'_>) -> Truth {
        let value = self.value(&compare.key, flow);
        inverted_value(&value, compare.ranges.as_slice(), compare.invert, &compare.key)
    }

    fn either_port(&self, ranges: &[(u128, u128)], invert: bool, flow: &Flow<'_>) -> Truth {
        if !has_ports(self.packet.protocol) {
            return Truth::No;
        }
        let both = [Key::SourcePort(None), Key::DestinationPort(None)];
        let mut result = Truth::No;
        for key in both {
            match inverted_value(&self.value(&key, flow), ranges.iter().copied(), false, &key) {
                Truth::Yes => return Truth::of(!invert),
                Truth::Unknown(reason) => result = Truth::Unknown(reason),
                Truth::No => {}
            }
        }
        inverted(result, invert)
    }

    fn state(bits: u32, flow: &Flow<'_>) -> Truth {
        let mut actual = flow.core.tracked.state();
        if let Some(connection) = flow.core.tracked.connection() {
            if connection.status & status::SNAT != 0 {
                actual |= state::SNAT;
            }
            if connection.status & status::DNAT != 0 {
                actual |= state::DNAT;
            }
        }
        Truth::of(bits & actual != 0)
    }

    fn conntrack_match(&self, conntrack: &Conntrack, flow: &Flow<'_>) -> Truth {
        if let Some((bits, invert)) = conntrack.state
            && inverted(Self::state(bits, flow), invert) != Truth::Yes
        {
            return Truth::No;
        }
        let Some(connection) = flow.core.tracked.connection() else {
            // Without a connection the kernel looks at nothing but the state.
            return Truth::of(conntrack.state.is_some());
        };
        if let Some((bits, invert)) = conntrack.status {
            // NONE is the empty mask, which the kernel finds in no status.
            if (connection.status & bits != 0) == invert {
                return Truth::No;
            }
        }
        if let Some((reply, invert)) = conntrack.reply
            && (connection.reply == reply) == invert
        {
            return Truth::No;
        }
        let mut result = Truth::Yes;
        for compare in &conntrack.compares {
            match self.compare(compare, flow) {
                Truth::No => return Truth::No,
                Truth::Unknown(reason) => result = Truth::Unknown(reason),
                Truth::Yes => {}
            }
        }
        match &conntrack.unknown {
            Some(text) => Truth::Unknown(Unknown::NotUnderstood(text.clone())),
            None => result,
        }
    }

    fn address_type(
        &self,
        source: bool,
        bits: u32,
        limit: LimitInterface,
        flow: &Flow<'_>,
    ) -> Truth {
        let address = self.address(if source { flow.core.source } else { flow.core.destination });
        let device = match limit {
            LimitInterface::None => None,
            LimitInterface::In => Some(&flow.core.input),
            LimitInterface::Out => Some(&flow.core.output),
        };
        let only = match device {
            None | Some(Device::None) => None,
            Some(Device::Named(name)) => Some(name),
            Some(Device::Some) => return Truth::Unknown(Unknown::Packet("interface")),
        };
        let Some(actual) = self.firewall.node().address_type(address, only.map(|name| &**name))
        else {
            return Truth::Unknown(Unknown::Node("addresses"));
        };
        if self.family == Family::Ipv6 {
            return Truth::of(six_type(bits, actual));
        }
        Truth::of(bits & actual != 0)
    }

    fn bits(
        &self,
        key: &Key,
        (mask, value): (u128, u128),
        invert: bool,
        any: bool,
        flow: &Flow<'_>,
    ) -> Truth {
        match self.value(key, flow) {
            Value::Range(first, last) if first == last => {
                let holds = if any { first & mask != 0 } else { first & mask == value };
                Truth::of(holds != invert)
            }
            Value::Range(..) => Truth::Unknown(Unknown::Packet("port")),
            Value::Absent | Value::Name(_) => Truth::No,
            Value::Unknown(reason) => Truth::Unknown(reason),
        }
    }

    fn owner(&self, group: bool, ids: (u32, u32), invert: bool, flow: &Flow<'_>) -> Truth {
        if !flow.core.own || flow.core.looped {
            return Truth::of(false);
        }
        let id = if group { self.packet.gid } else { self.packet.uid };
        match id {
            Some(id) => Truth::of((ids.0..=ids.1).contains(&id) != invert),
            None => Truth::Unknown(Unknown::Packet("user")),
        }
    }

    fn reverse_path(&self, loose: bool, accept_local: bool, flow: &Flow<'_>) -> Truth {
        let source = self.address(flow.core.source);
        if matches!(&flow.core.input, Device::Named(name) if &**name == "lo")
            || source.is_unspecified()
        {
            return Truth::Yes;
        }
        match (self.firewall.node().way(source), &flow.core.input) {
            (Way::Local, _) => Truth::of(accept_local),
            (Way::Broadcast | Way::Unreachable, _) => Truth::No,
            (Way::Out(name), Device::Named(input)) => Truth::of(loose || name == *input),
            (Way::Out(_), _) if loose => Truth::Yes,
            // Without any collected route, the packet asked about is taken to come the way its answer
            // goes: every Calico node would be uncertain otherwise.
            (Way::Somewhere, _) if self.firewall.node().routes.is_empty() => Truth::Yes,
            _ => Truth::Unknown(Unknown::Node("routes")),
        }
    }

    fn chunks(&self, (all, any, only): (bool, bool, bool), types: &[u8], invert: bool) -> Truth {
        if self.packet.protocol != protocol::SCTP {
            return Truth::No;
        }
        // The packet that opens an association carries one INIT chunk.
        let holds = if all { types == [1] } else { (any || only) && types.contains(&1) };
        Truth::of(holds != invert)
    }

    fn lookup(
        &self,
        keys: &[Key],
        invert: bool,
        set: &SetRef,
        flow: &Flow<'_>,
        entry: Entry,
    ) -> Truth {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            match self.value(key, flow) {
                Value::Absent => return Truth::No,
                value => values.push(value),
            }
        }
        let truth = match set {
            SetRef::Anonymous(elements) => find(elements.iter(), &values, keys),
            SetRef::Named(name) => match self.named(entry, name) {
                Some(set) => {
                    let added = flow.memory.added.get(name).is_some_and(|added| {
                        let key: Option<Vec<u128>> = values
                            .iter()
                            .map(|value| match value {
                                Value::Range(first, _) => Some(*first),
                                _ => None,
                            })
                            .collect();
                        key.is_some_and(|key| added.contains(&key))
                    });
                    if added {
                        Truth::Yes
                    } else {
                        let found =
                            find(set.elements.iter().map(|(element, _)| element), &values, keys);
                        if found == Truth::No && set.dynamic && !self.firewall.node().quiet {
                            Truth::Unknown(Unknown::Set(name.clone()))
                        } else {
                            found
                        }
                    }
                }
                None => Truth::Unknown(Unknown::Set(name.clone())),
            },
        };
        inverted(truth, invert)
    }

    pub(super) fn named(&self, entry: Entry, name: &str) -> Option<&'a crate::model::NamedSet> {
        let place = self.firewall.named_sets.get(entry.table as usize)?.get(name)?;
        self.firewall.tables.get(entry.table as usize)?.sets.get(*place)
    }

    /// What a map gives for the packet: every element that may be the one.
    pub(super) fn mapped<'m>(
        &self,
        keys: &[Key],
        elements: impl Iterator<Item = (&'m Element, &'m Mapped)>,
        flow: &Flow<'_>,
    ) -> Candidates<'m> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            match self.value(key, flow) {
                Value::Absent => return Candidates::default(),
                value => values.push(value),
            }
        }
        let mut all = Candidates::default();
        let mut covered = false;
        for (element, mapped) in elements {
            match element_holds(element, &values, keys) {
                Truth::Yes => {
                    all.sure = Some(mapped);
                    covered = true;
                    break;
                }
                Truth::Unknown(reason) => all.possible.push((mapped, reason)),
                Truth::No => {}
            }
        }
        // A chance number lies in one of the elements for sure if they are as many as it has values.
        if let ([Key::Random { modulus, .. } | Key::Increment { modulus, .. }], false) =
            (keys, covered)
        {
            all.exhaustive = u64::try_from(all.possible.len()).is_ok_and(|count| count >= *modulus);
        }
        all
    }
}

/// What a map may give.
#[derive(Default)]
pub(super) struct Candidates<'m> {
    pub sure: Option<&'m Mapped>,
    pub possible: Vec<(&'m Mapped, Unknown)>,
    /// One of the possible ones is it.
    pub exhaustive: bool,
}

pub(super) fn on_device(device: &Device, pattern: &Pattern) -> Truth {
    match device {
        Device::None => Truth::of(pattern.name.is_empty()),
        Device::Named(name) => Truth::of(pattern.matches(name)),
        Device::Some if pattern.name.is_empty() && pattern.prefix => Truth::Yes,
        Device::Some if !pattern.prefix && &*pattern.name == "lo" => Truth::No,
        Device::Some => Truth::Unknown(Unknown::Packet("interface")),
    }
}

fn inverted_value(
    value: &Value,
    ranges: impl Iterator<Item = (u128, u128)>,
    invert: bool,
    key: &Key,
) -> Truth {
    let (low, high) = match value {
        Value::Range(low, high) => (*low, *high),
        Value::Absent | Value::Name(_) => return Truth::No,
        Value::Unknown(reason) => return Truth::Unknown(reason.clone()),
    };
    let mut partly = false;
    for (first, last) in ranges {
        if first <= low && high <= last {
            return Truth::of(!invert);
        }
        partly |= first <= high && low <= last;
    }
    if partly { Truth::Unknown(open(key)) } else { Truth::of(invert) }
}

fn open(key: &Key) -> Unknown {
    match key {
        Key::Random { .. } => Unknown::Random,
        Key::Increment { .. } => Unknown::State("numgen"),
        Key::Length | Key::TransportLength => Unknown::Packet("length"),
        _ => Unknown::Packet("source port"),
    }
}

fn find<'e>(elements: impl Iterator<Item = &'e Element>, values: &[Value], keys: &[Key]) -> Truth {
    let mut result = Truth::No;
    for element in elements {
        match element_holds(element, values, keys) {
            Truth::Yes => return Truth::Yes,
            Truth::Unknown(reason) => result = Truth::Unknown(reason),
            Truth::No => {}
        }
    }
    result
}

fn element_holds(element: &Element, values: &[Value], keys: &[Key]) -> Truth {
    let mut result = Truth::Yes;
    if let [Field::Any] = element.as_slice() {
        return Truth::Yes;
    }
    if element.len() != values.len() {
        return Truth::No;
    }
    for ((field, value), key) in element.iter().zip(values).zip(keys) {
        let truth = match (field, value) {
            (Field::Any, _) => Truth::Yes,
            (Field::Unknown(text), _) => Truth::Unknown(Unknown::NotUnderstood(text.clone())),
            (Field::Name(pattern), Value::Name(device)) => on_device(device, pattern),
            (Field::Range(first, last), value) => {
                inverted_value(value, std::iter::once((*first, *last)), false, key)
            }
            (Field::Name(_), Value::Unknown(reason)) => Truth::Unknown(reason.clone()),
            (Field::Name(_), _) => Truth::No,
        };
        match truth {
            Truth::No => return Truth::No,
            Truth::Unknown(reason) => result = Truth::Unknown(reason),
            Truth::Yes => {}
        }
    }
    result
}

/// The IPv6 addrtype asks all wanted types at once, not any of them.
fn six_type(wanted: u32, actual: u32) -> bool {
    let unicast = actual & (address_type::UNICAST | address_type::LOCAL) != 0;
    if wanted & address_type::MULTICAST != 0 && actual & address_type::MULTICAST == 0 {
        return false;
    }
    if wanted & address_type::UNICAST != 0 && !unicast {
        return false;
    }
    let looked_up = address_type::LOCAL | address_type::ANYCAST | address_type::UNREACHABLE;
    if wanted & looked_up != 0 {
        wanted & looked_up & actual != 0
    } else {
        wanted & address_type::UNSPEC == 0
    }
}

impl Engine<'_> {
    /// Whether conntrack has a connection for the packet.
    pub(super) fn tracks(flow: &Flow<'_>) -> bool {
        matches!(flow.core.tracked, Tracked::Connection(_))
    }
}
