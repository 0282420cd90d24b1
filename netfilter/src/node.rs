//! The machine that has the rules: its interfaces, addresses and routes, as far as they were
//! collected.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::model::address_type;
use crate::packet::Family;

#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    pub name: Arc<str>,
    /// Addresses with their prefix lengths, in the kernel's order.
    pub addresses: Vec<IpNet>,
    pub mac: Option<[u8; 6]>,
    /// The neighbour's hardware address, where there is only one.
    pub peer_mac: Option<[u8; 6]>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub destination: IpNet,
    pub interface: Arc<str>,
}

/// What is known of a node. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub interfaces: Vec<Interface>,
    pub routes: Vec<Route>,
    /// Every address of the node is listed, so that any other one is foreign.
    pub addresses_complete: bool,
    /// Every route is listed, so that an address without one is unreachable.
    pub routes_complete: bool,
    /// Nothing listens and nothing is bridged, and all rates, counters and lists are empty: the
    /// laboratory's node, not one from a bundle.
    pub quiet: bool,
}

/// Where the routing decision sends a packet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    Local,
    /// To the own stack as well as to all others of the link.
    Broadcast,
    Out(Arc<str>),
    /// Out, by an interface that nobody can name from what was collected.
    Somewhere,
    Unreachable,
}

impl Node {
    /// A node of which only its addresses are known; the interface is called `eth0` as on AKS.
    pub fn of_addresses(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().map(IpNet::from).collect();
        Self {
            interfaces: vec![Interface {
                name: "eth0".into(),
                addresses,
                mac: None,
                peer_mac: None,
            }],
            ..Self::default()
        }
    }

    pub(crate) fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| &*interface.name == name)
    }

    pub(crate) fn is_own(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.interfaces.iter().any(|interface| has(interface, address))
    }

    /// Whether this is the directed broadcast address of a connected network, or everybody's.
    fn is_broadcast(&self, address: IpAddr) -> bool {
        let IpAddr::V4(four) = address else { return false };
        four.is_broadcast()
            || four.is_unspecified()
            || self.connected().any(|(_, network)| {
                network.prefix_len() < 31
                    && network.addr().is_ipv4()
                    && network.broadcast() == address
            })
    }

    fn connected(&self) -> impl Iterator<Item = (&Interface, IpNet)> {
        self.interfaces.iter().flat_map(|interface| {
            interface.addresses.iter().map(move |network| (interface, network.trunc()))
        })
    }

    /// The types of an IPv4 address, or of an IPv6 one, as bits; absent where the node is not known
    /// well enough.
    pub(crate) fn address_type(&self, address: IpAddr, only: Option<&str>) -> Option<u32> {
        let multicast = address.is_multicast();
        if multicast {
            return Some(address_type::MULTICAST);
        }
        if let Some(name) = only {
            let own = name == "lo" && address.is_loopback()
                || self.interface(name).is_some_and(|interface| has(interface, address));
            if own {
                return Some(address_type::LOCAL);
            }
            if address.is_loopback() && name != "lo" {
                return Some(address_type::UNICAST);
            }
        } else if self.is_own(address) {
            return Some(address_type::LOCAL);
        }
        if self.is_broadcast(address) {
            return Some(address_type::BROADCAST);
        }
        (self.addresses_complete || self.is_foreign(address)).then_some(address_type::UNICAST)
    }

    /// An address that no node has for itself, whatever its list of addresses lacks.
    fn is_foreign(&self, address: IpAddr) -> bool {
        // Addresses of the networks that the node's own addresses are in belong to neighbours; a
        // node may have a second one there, but then it would be among the collected ones.
        self.connected().any(|(_, network)| network.contains(&address) && network.prefix_len() < 31)
    }

    pub(crate) fn way(&self, address: IpAddr) -> Way {
        if self.is_own(address) {
            return Way::Local;
        }
        if self.is_broadcast(address) {
            return Way::Broadcast;
        }
        let mut best: Option<(u8, Arc<str>)> = None;
        let mut consider = |length: u8, name: &Arc<str>| {
            if best.as_ref().is_none_or(|(known, _)| length > *known) {
                best = Some((length, Arc::clone(name)));
            }
        };
        for (interface, network) in self.connected() {
            let single = network.prefix_len() == if network.addr().is_ipv4() { 32 } else { 128 };
            if network.contains(&address) && !single {
                consider(network.prefix_len(), &interface.name);
            }
        }
        for route in &self.routes {
            if route.destination.contains(&address) {
                consider(route.destination.prefix_len(), &route.interface);
            }
        }
        match best {
            Some((_, name)) => Way::Out(name),
            None if self.routes_complete => Way::Unreachable,
            None => Way::Somewhere,
        }
    }

    /// The address that MASQUERADE takes for packets that leave by this interface.
    pub(crate) fn masquerade_address(&self, name: &str, destination: IpAddr) -> Option<IpAddr> {
        let family = Family::of(destination);
        // IPv6 chooses as for any packet, and prefers the destination itself where it is its own.
        if family == Family::Ipv6 && self.is_own(destination) {
            return Some(destination);
        }
        let usable = |network: &&IpNet| {
            Family::of(network.addr()) == family
                && match network.addr() {
                    IpAddr::V6(six) => !six.is_unicast_link_local(),
                    IpAddr::V4(_) => true,
                }
        };
        let mut own = self
            .interface(name)
            .into_iter()
            .flat_map(|interface| &interface.addresses)
            .filter(usable);
        let first = own.clone().next();
        own.find(|network| network.contains(&destination))
            .or(first)
            .or_else(|| {
                self.interfaces.iter().flat_map(|interface| &interface.addresses).find(usable)
            })
            .map(IpNet::addr)
    }

    /// The first address of an interface, which REDIRECT takes.
    pub(crate) fn redirect_address(&self, name: &str, family: Family) -> Option<IpAddr> {
        self.interface(name)?
            .addresses
            .iter()
            .map(IpNet::addr)
            .find(|address| Family::of(*address) == family)
    }
}

fn has(interface: &Interface, address: IpAddr) -> bool {
    interface.addresses.iter().any(|network| network.addr() == address)
}
