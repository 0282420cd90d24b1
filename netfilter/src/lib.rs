//! Netfilter dumps, ipset, nftables, UFW and Azure NSG rules parsed to one model and evaluated for one packet.
