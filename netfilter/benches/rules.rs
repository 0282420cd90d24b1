//! A large node's rules: parsed, indexed, and asked about one packet.
//!
//! `cargo bench -p konspect-netfilter`. Limits: 100 MB/s for the parser on one core, 50 µs for a verdict
//! after indexing. Processor time counts, so that a busy machine gives the same numbers.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::evaluate::Firewall;
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::node::Node;
use konspect_netfilter::packet::{Origin, Packet};
use konspect_netfilter::parse;

/// Rounds; the best one counts, since others share the machine.
const ROUNDS: usize = 9;

fn main() {
    let dump = kube_proxy(50_000);
    let megabytes = dump.len() as f64 / 1e6;
    let lines = best(|| black_box(dump.bytes().filter(|byte| *byte == b'\n').count()));
    let source = || Source::new(ArtifactId(0), dump.as_bytes());
    let parsed = best(|| black_box(parse::iptables_save(source())));
    let value = parse::iptables_save(source()).value;
    let rules: usize =
        value.tables.iter().flat_map(|table| &table.chains).map(|chain| chain.rules.len()).sum();
    let indexed = best(|| {
        black_box(Firewall::new(vec![value.clone()], IpSets::default(), Node::default()));
    });
    let node = Node::of_addresses(["10.224.0.4".parse().unwrap()]);
    let firewall = Firewall::new(vec![value], IpSets::default(), node);
    let to = |address: &str, port| {
        let pod = Origin::Interface("azv1".to_owned());
        Packet::tcp(pod, "10.244.0.9".parse().unwrap(), address.parse().unwrap(), port)
    };
    let kubelet = Packet::tcp(
        Origin::Interface("eth0".to_owned()),
        "10.224.0.5".parse().unwrap(),
        "10.224.0.4".parse().unwrap(),
        10250,
    );
    println!(
        "{rules} rules, {megabytes:.1} MB; counting its lines {:.0} MB/s",
        megabytes / lines.as_secs_f64()
    );
    println!("parse            {:8.1} MB/s (limit 100)", megabytes / parsed.as_secs_f64());
    println!("copy and index   {:8.1} ms", indexed.as_secs_f64() * 1e3);
    for (name, packet) in [
        ("kubelet", kubelet),
        ("first service", to("10.0.0.1", 80)),
        ("last service", to("10.0.48.211", 80)),
    ] {
        let asked = best(|| {
            for _ in 0..200 {
                black_box(firewall.verdict(&packet));
            }
        });
        println!("verdict {name:15} {:6.1} µs (limit 50)", asked.as_secs_f64() * 1e6 / 200.0);
    }
}

fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let begun = processor_time();
            black_box(run());
            processor_time().saturating_sub(begun)
        })
        .min()
        .unwrap_or_default()
}

/// What this thread has had of a core: others may share the machine.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// What kube-proxy writes for services of three endpoints each, until there are as many rules.
fn kube_proxy(wanted: usize) -> String {
    let mut nat = String::new();
    let mut heads = String::new();
    let (mut rules, mut service) = (0, 0_u32);
    let mut services = String::new();
    while rules < wanted {
        let name = format!("shop/web-{service}:http");
        let address = std::net::Ipv4Addr::from(0x0a00_0001 + service);
        let chain = format!("KUBE-SVC-{service:016X}");
        let _ = writeln!(heads, ":{chain} - [0:0]");
        let _ = writeln!(
            services,
            "-A KUBE-SERVICES -d {address}/32 -p tcp -m comment --comment \"{name} cluster IP\" -m tcp --dport 80 -j {chain}"
        );
        let _ = writeln!(
            nat,
            "-A {chain} ! -s 10.244.0.0/16 -d {address}/32 -p tcp -m comment --comment \"{name} cluster IP\" -m tcp --dport 80 -j KUBE-MARK-MASQ"
        );
        rules += 2;
        for endpoint in 0..3_u32 {
            let pod = std::net::Ipv4Addr::from(0x0af4_0000 + service * 3 + endpoint);
            let target = format!("KUBE-SEP-{:016X}", service * 3 + endpoint);
            let chance = if endpoint < 2 {
                format!(
                    " -m statistic --mode random --probability {:.11}",
                    1.0 / f64::from(3 - endpoint)
                )
            } else {
                String::new()
            };
            let _ = writeln!(heads, ":{target} - [0:0]");
            let _ = writeln!(
                nat,
                "-A {chain} -m comment --comment \"{name} -> {pod}:8080\"{chance} -j {target}"
            );
            let _ = writeln!(
                nat,
                "-A {target} -s {pod}/32 -m comment --comment \"{name}\" -j KUBE-MARK-MASQ"
            );
            let _ = writeln!(
                nat,
                "-A {target} -p tcp -m comment --comment \"{name}\" -m tcp -j DNAT --to-destination {pod}:8080"
            );
            rules += 3;
        }
        service += 1;
    }
    format!(
        "# Generated by iptables-save v1.8.9 on Thu Mar 12 09:14:02 2026\n*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:KUBE-MARK-MASQ - [0:0]\n:KUBE-SERVICES - [0:0]\n{heads}-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n{services}{nat}COMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:KUBE-FIREWALL - [0:0]\n-A INPUT -j KUBE-FIREWALL\n-A OUTPUT -j KUBE-FIREWALL\n-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\nCOMMIT\n"
    )
}
