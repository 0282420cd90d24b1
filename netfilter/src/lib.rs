//! Netfilter dumps, ipset, nftables, UFW and Azure NSG rules parsed to one model and evaluated for one packet.

pub mod evaluate;
pub mod ipset;
pub mod model;
pub mod names;
pub mod node;
pub mod packet;
pub mod parse;
