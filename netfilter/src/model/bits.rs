//! The bits of states, headers and address types.

/// The bits of a connection's state, as nft numbers them; the last two are iptables' virtual states.
pub mod state {
    pub const INVALID: u32 = 1;
    pub const ESTABLISHED: u32 = 2;
    pub const RELATED: u32 = 4;
    pub const NEW: u32 = 8;
    pub const UNTRACKED: u32 = 64;
    pub const SNAT: u32 = 128;
    pub const DNAT: u32 = 256;
}

/// The bits of a connection's status.
pub mod status {
    pub const EXPECTED: u32 = 1;
    pub const SEEN_REPLY: u32 = 2;
    pub const ASSURED: u32 = 4;
    pub const CONFIRMED: u32 = 8;
    pub const SNAT: u32 = 16;
    pub const DNAT: u32 = 32;
}

/// IPv6 headers as `ipv6header` counts them, as bits.
pub mod ipv6_header {
    pub const PROTOCOL: u8 = 1;
    pub const NONE: u8 = 2;
    pub const ESP: u8 = 4;
    pub const AH: u8 = 8;
    pub const FRAGMENT: u8 = 16;
    pub const ROUTING: u8 = 32;
    pub const DESTINATION: u8 = 64;
    pub const HOP_BY_HOP: u8 = 128;
}

/// The types of an address, as bits.
pub mod address_type {
    pub const UNSPEC: u32 = 1;
    pub const UNICAST: u32 = 2;
    pub const LOCAL: u32 = 4;
    pub const BROADCAST: u32 = 8;
    pub const ANYCAST: u32 = 16;
    pub const MULTICAST: u32 = 32;
    pub const BLACKHOLE: u32 = 64;
    pub const UNREACHABLE: u32 = 128;
    pub const PROHIBIT: u32 = 256;
}
