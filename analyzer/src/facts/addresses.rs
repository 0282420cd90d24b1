//! IP addresses and CIDR ranges as Azure, Kubernetes and people write them.

use std::net::IpAddr;

/// True when a CIDR range, or a single address, holds the address; false when either is not one.
pub fn holds(range: &str, address: IpAddr) -> bool {
    let (base, length) = match range.trim().split_once('/') {
        Some((base, length)) => (base, length.parse::<u32>().ok()),
        None => (range.trim(), Some(if range.contains(':') { 128 } else { 32 })),
    };
    let (Ok(base), Some(length)) = (base.trim().parse::<IpAddr>(), length) else { return false };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            u32::from(base) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(base), IpAddr::V6(address)) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            u128::from(base) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

/// True for addresses that no public host has: private, shared, loopback and link-local ones.
pub fn is_private(address: &str) -> bool {
    match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
        Err(_) => false,
    }
}

/// True for an address that a host on the internet can have.
pub fn is_public(address: &str) -> bool {
    address.trim().parse::<IpAddr>().is_ok_and(|parsed| !parsed.is_unspecified())
        && !is_private(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_addresses() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(holds("10.0.0.0/8", ip("10.255.0.1")));
        assert!(holds("81.44.246.5", ip("81.44.246.5")));
        assert!(holds("0.0.0.0/0", ip("1.2.3.4")));
        assert!(holds("2001:db8::/32", ip("2001:db8:1::1")));
        assert!(!holds("0.0.0.0/32", ip("1.2.3.4")));
        assert!(!holds("52.104.115.16/28", ip("52.104.115.32")));
        assert!(!holds("any", ip("1.2.3.4")));
        assert!(!holds("1.2.3.4/99", ip("1.2.3.4")));
    }

    #[test]
    fn private_and_public() {
        assert!(is_private("172.31.255.1") && is_private("100.64.0.1") && is_private("fd00::1"));
        assert!(is_public("20.43.11.113") && !is_public("10.0.0.1") && !is_public("host"));
    }
}
