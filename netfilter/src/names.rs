//! The names that the tools print for numbers: protocols, services, ICMP types, TCP flags.
//!
//! Only names whose number is the same on every system; a name that is not here is unknown, never
//! guessed.

use crate::packet::flag;

/// A protocol by name or number; `all` and 0 are 0.
pub fn protocol(word: &str) -> Option<u8> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "all" | "any" | "ip" => 0,
        "icmp" => 1,
        "igmp" => 2,
        "ipencap" | "ip4" | "ipip" => 4,
        "tcp" => 6,
        "egp" => 8,
        "igp" => 9,
        "udp" => 17,
        "dccp" => 33,
        "ipv6" => 41,
        "ipv6-route" => 43,
        "ipv6-frag" => 44,
        "rsvp" => 46,
        "gre" => 47,
        "esp" | "ipv6-crypt" => 50,
        "ah" | "ipv6-auth" => 51,
        "ipv6-icmp" | "icmpv6" | "icmp6" => 58,
        "ipv6-nonxt" => 59,
        "ipv6-opts" => 60,
        "eigrp" => 88,
        "ospf" | "ospfigp" => 89,
        "pim" => 103,
        "vrrp" | "carp" => 112,
        "l2tp" => 115,
        "sctp" => 132,
        "mh" | "mobility-header" | "ipv6-mh" => 135,
        "udplite" => 136,
        "mptcp" => 6,
        _ => return None,
    })
}

/// A port by number or by its name in `/etc/services`.
pub fn port(word: &str) -> Option<u16> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    Some(match word {
        "tcpmux" => 1,
        "echo" => 7,
        "discard" => 9,
        "systat" => 11,
        "daytime" => 13,
        "netstat" => 15,
        "qotd" => 17,
        "chargen" => 19,
        "ftp-data" => 20,
        "ftp" | "fsp" => 21,
        "ssh" => 22,
        "telnet" => 23,
        "smtp" | "mail" => 25,
        "time" => 37,
        "whois" => 43,
        "tacacs" => 49,
        "domain" => 53,
        "bootps" => 67,
        "bootpc" => 68,
        "tftp" => 69,
        "gopher" => 70,
        "finger" => 79,
        "http" | "www" => 80,
        "kerberos" => 88,
        "pop2" => 109,
        "pop3" => 110,
        "sunrpc" => 111,
        "auth" | "ident" => 113,
        "nntp" => 119,
        "ntp" => 123,
        "epmap" | "loc-srv" => 135,
        "netbios-ns" => 137,
        "netbios-dgm" => 138,
        "netbios-ssn" => 139,
        "imap2" | "imap" => 143,
        "snmp" => 161,
        "snmp-trap" | "snmptrap" => 162,
        "xdmcp" => 177,
        "bgp" => 179,
        "irc" => 194,
        "imap3" => 220,
        "ldap" => 389,
        "svrloc" => 427,
        "https" => 443,
        "snpp" => 444,
        "microsoft-ds" => 445,
        "kpasswd" => 464,
        "submissions" | "ssmtp" | "smtps" | "urd" => 465,
        "saft" => 487,
        "isakmp" => 500,
        "rtsp" => 554,
        "exec" | "biff" => 512,
        "login" | "who" => 513,
        "shell" | "syslog" => 514,
        "printer" => 515,
        "route" | "router" => 520,
        "dhcpv6-client" => 546,
        "dhcpv6-server" => 547,
        "submission" => 587,
        "ipp" => 631,
        "ldaps" => 636,
        "domain-s" => 853,
        "rsync" => 873,
        "ftps-data" => 989,
        "ftps" => 990,
        "telnets" => 992,
        "imaps" => 993,
        "pop3s" => 995,
        "socks" => 1080,
        "openvpn" => 1194,
        "ms-sql-s" => 1433,
        "ms-sql-m" => 1434,
        "datametrics" | "old-radius" => 1645,
        "l2f" | "l2tp" => 1701,
        "radius" => 1812,
        "radius-acct" => 1813,
        "nfs" => 2049,
        "gnunet" => 2086,
        "cvspserver" => 2401,
        "mysql" => 3306,
        "ms-wbt-server" => 3389,
        "nut" => 3493,
        "icpv2" => 3130,
        "ipsec-nat-t" => 4500,
        "iax" => 4569,
        "sip" => 5060,
        "sip-tls" => 5061,
        "xmpp-client" => 5222,
        "xmpp-server" => 5269,
        "mdns" => 5353,
        "postgresql" => 5432,
        "amqps" => 5671,
        "amqp" => 5672,
        "x11" => 6000,
        "x11-1" => 6001,
        "redis" => 6379,
        "bbs" => 7000,
        "http-alt" | "webcache" => 8080,
        "puppet" => 8140,
        "bacula-dir" => 9101,
        "bacula-fd" => 9102,
        "bacula-sd" => 9103,
        "git" => 9418,
        "zabbix-agent" => 10050,
        "zabbix-trapper" => 10051,
        "webmin" => 10000,
        "amanda" => 10080,
        _ => return None,
    })
}

/// An ICMP type name of either family: type and, where the name says one, code.
pub fn icmp(word: &str, six: bool) -> Option<(u8, Option<u8>)> {
    if six {
        return Some(match word {
            "destination-unreachable" => (1, None),
            "no-route" => (1, Some(0)),
            "communication-prohibited" => (1, Some(1)),
            "beyond-scope" => (1, Some(2)),
            "address-unreachable" => (1, Some(3)),
            "port-unreachable" => (1, Some(4)),
            "failed-policy" => (1, Some(5)),
            "reject-route" => (1, Some(6)),
            "packet-too-big" => (2, None),
            "time-exceeded" | "ttl-exceeded" => (3, None),
            "ttl-zero-during-transit" => (3, Some(0)),
            "ttl-zero-during-reassembly" => (3, Some(1)),
            "parameter-problem" => (4, None),
            "bad-header" => (4, Some(0)),
            "unknown-header-type" => (4, Some(1)),
            "unknown-option" => (4, Some(2)),
            "echo-request" | "ping" => (128, None),
            "echo-reply" | "pong" => (129, None),
            "mld-listener-query" => (130, None),
            "mld-listener-report" => (131, None),
            "mld-listener-done" | "mld-listener-reduction" => (132, None),
            "router-solicitation" | "nd-router-solicit" => (133, None),
            "router-advertisement" | "nd-router-advert" => (134, None),
            "neighbour-solicitation" | "neighbor-solicitation" | "nd-neighbor-solicit" => {
                (135, None)
            }
            "neighbour-advertisement" | "neighbor-advertisement" | "nd-neighbor-advert" => {
                (136, None)
            }
            "redirect" | "nd-redirect" => (137, None),
            "router-renumbering" => (138, None),
            "ind-neighbor-solicit" => (141, None),
            "ind-neighbor-advert" => (142, None),
            "mld2-listener-report" => (143, None),
            _ => return None,
        });
    }
    Some(match word {
        "echo-reply" | "pong" => (0, None),
        "destination-unreachable" => (3, None),
        "network-unreachable" | "net-unreachable" => (3, Some(0)),
        "host-unreachable" => (3, Some(1)),
        "protocol-unreachable" | "prot-unreachable" => (3, Some(2)),
        "port-unreachable" => (3, Some(3)),
        "fragmentation-needed" | "frag-needed" => (3, Some(4)),
        "source-route-failed" => (3, Some(5)),
        "network-unknown" => (3, Some(6)),
        "host-unknown" => (3, Some(7)),
        "network-prohibited" | "net-prohibited" => (3, Some(9)),
        "host-prohibited" => (3, Some(10)),
        "TOS-network-unreachable" => (3, Some(11)),
        "TOS-host-unreachable" => (3, Some(12)),
        "communication-prohibited" | "admin-prohibited" => (3, Some(13)),
        "host-precedence-violation" => (3, Some(14)),
        "precedence-cutoff" => (3, Some(15)),
        "source-quench" => (4, None),
        "redirect" => (5, None),
        "network-redirect" => (5, Some(0)),
        "host-redirect" => (5, Some(1)),
        "TOS-network-redirect" => (5, Some(2)),
        "TOS-host-redirect" => (5, Some(3)),
        "echo-request" | "ping" => (8, None),
        "router-advertisement" => (9, None),
        "router-solicitation" => (10, None),
        "time-exceeded" | "ttl-exceeded" => (11, None),
        "ttl-zero-during-transit" => (11, Some(0)),
        "ttl-zero-during-reassembly" => (11, Some(1)),
        "parameter-problem" => (12, None),
        "ip-header-bad" => (12, Some(0)),
        "required-option-missing" => (12, Some(1)),
        "timestamp-request" => (13, None),
        "timestamp-reply" => (14, None),
        "info-request" => (15, None),
        "info-reply" => (16, None),
        "address-mask-request" => (17, None),
        "address-mask-reply" => (18, None),
        _ => return None,
    })
}

/// A list of TCP flags, as `SYN,ACK`, `ALL` or `NONE`; any case.
pub fn tcp_flags(list: &str) -> Option<u8> {
    let mut bits = 0;
    for word in list.split([',', '|']).map(str::trim).filter(|word| !word.is_empty()) {
        bits |= match word.to_ascii_lowercase().as_str() {
            "fin" => flag::FIN,
            "syn" => flag::SYN,
            "rst" => flag::RST,
            "psh" => flag::PSH,
            "ack" => flag::ACK,
            "urg" => flag::URG,
            "ecn" | "ece" => flag::ECE,
            "cwr" => flag::CWR,
            "all" => 0x3f,
            "none" => 0,
            _ => return None,
        };
    }
    Some(bits)
}

/// A differentiated services class name.
pub fn dscp(word: &str) -> Option<u8> {
    let lower = word.to_ascii_lowercase();
    Some(match lower.as_str() {
        "be" | "df" | "cs0" => 0,
        "cs1" => 8,
        "cs2" => 16,
        "cs3" => 24,
        "cs4" => 32,
        "cs5" => 40,
        "cs6" => 48,
        "cs7" => 56,
        "af11" => 10,
        "af12" => 12,
        "af13" => 14,
        "af21" => 18,
        "af22" => 20,
        "af23" => 22,
        "af31" => 26,
        "af32" => 28,
        "af33" => 30,
        "af41" => 34,
        "af42" => 36,
        "af43" => 38,
        "ef" => 46,
        _ => return number(&lower).and_then(|value| u8::try_from(value).ok()),
    })
}

/// A type of service name.
pub fn tos(word: &str) -> Option<u8> {
    Some(match word {
        "Minimize-Delay" => 0x10,
        "Maximize-Throughput" => 0x08,
        "Maximize-Reliability" => 0x04,
        "Minimize-Cost" => 0x02,
        "Normal-Service" => 0,
        _ => return number(word).and_then(|value| u8::try_from(value).ok()),
    })
}

/// A decimal, `0x…` or `0…` octal number, as the tools read them.
pub fn number(word: &str) -> Option<u64> {
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    word.parse().ok()
}

/// A counter as `-v` prints it: `12K` is 12,000 (the tools divide by 1,000).
pub fn counter(word: &str) -> Option<u64> {
    let (digits, factor) = match word.as_bytes() {
        [.., b'K'] => (word.get(..word.len() - 1)?, 1_000),
        [.., b'M'] => (word.get(..word.len() - 1)?, 1_000_000),
        [.., b'G'] => (word.get(..word.len() - 1)?, 1_000_000_000),
        [.., b'T'] => (word.get(..word.len() - 1)?, 1_000_000_000_000),
        _ => (word, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
