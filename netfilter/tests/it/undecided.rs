//! What a dump of a real node cannot decide is unknown, and never quietly a yes or a no.

use konspect_bundle::{ArtifactId, Source};
use konspect_netfilter::evaluate::{Firewall, What};
use konspect_netfilter::ipset::IpSets;
use konspect_netfilter::node::Node;
use konspect_netfilter::packet::{Origin, Packet};
use konspect_netfilter::parse;

/// What becomes of a datagram to port 53 where these rules stand before a policy that accepts.
fn asked(rules: &[&str]) -> What {
    let text =
        format!("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT {}\nCOMMIT\n", rules.join("\n-A INPUT "));
    let ruleset = parse::iptables_save(Source::new(ArtifactId(0), text.as_bytes())).value;
    let address = |text: &str| text.parse().unwrap();
    let node = Node::of_addresses([address("10.1.0.4")]);
    let packet = Packet::udp(Origin::SomeInterface, address("10.1.0.5"), address("10.1.0.4"), 53);
    Firewall::new(vec![ruleset], IpSets::default(), node).verdict(&packet).what()
}

#[test]
fn matches_that_no_dump_decides_are_unknown() {
    for text in [
        "-m bpf --bytecode \"4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0\"",
        "-m cgroup --cgroup 5",
        "-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef",
        "-m connbytes --connbytes 100 --connbytes-mode avgpkt --connbytes-dir both",
        "-m connlabel --label 3",
        "-m connlimit --connlimit-above 10 --connlimit-mask 32 --connlimit-saddr",
        "-m cpu --cpu 0",
        "-m devgroup --src-group 0x1",
        "-m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-name x",
        "-m ipvs --ipvs",
        "-m length --length 100:200",
        "-m limit --limit 5/min",
        "-m madeup --option 1",
        "-m physdev --physdev-in eth0",
        "-m policy --dir in --pol ipsec",
        "-m quota --quota 1000",
        "-m quota --quota many",
        "-m rateest --rateest1 x --rateest-lt --rateest-bps2 1",
        "-m realm --realm 0x1",
        "-m recent --rcheck --seconds 60 --name x --rsource",
        "-m socket --transparent",
        "-m statistic --mode random --probability 0.5",
        "-m string --string \"admin\" --algo bm --to 65535",
        "-m time --timestart 08:00:00 --timestop 17:00:00",
        "-m ttl --ttl-lt 10",
        "-m u32 --u32 \"0>>22&0x3C@8=0x1\"",
    ] {
        assert_eq!(asked(&[&format!("{text} -j DROP")]), What::Unknown, "{text}");
        assert_eq!(asked(&[&format!("{text} -j ACCEPT")]), What::Accept, "{text}: either way");
    }
}

/// Rules as nft lists what iptables-nft made of `-m multiport ! --ports 1024,2000:3000` and of
/// `-m ecn --ecn-tcp-ece ! --ecn-tcp-cwr`: neither says what the match asks.
#[test]
fn translations_that_say_something_else_are_unknown() {
    let address = |text: &str| text.parse().unwrap();
    let asked = |chain: &str, matches: &str| {
        let text = format!(
            "table ip filter {{\n\tchain {chain} {{\n\t\ttype filter hook input priority filter; policy accept;\n\t\tmeta l4proto tcp {matches} counter packets 0 bytes 0 drop\n\t}}\n}}\n"
        );
        let ruleset = parse::nft_text(Source::new(ArtifactId(0), text.as_bytes())).value;
        let node = Node::of_addresses([address("10.1.0.4")]);
        let packet =
            Packet::tcp(Origin::SomeInterface, address("10.1.0.5"), address("10.1.0.4"), 9);
        Firewall::new(vec![ruleset], IpSets::default(), node).verdict(&packet).what()
    };
    let ports = "tcp sport . tcp dport { 0-65535 . 1024, 1024 . 0-65535, 0-65535 . 2000, 2000 . 0-65535, 0-65535 . 3000, 3000 . 0-65535 }";
    let congestion = "tcp flags != ecn tcp flags != cwr";
    for (matches, native) in [(ports, What::Accept), (congestion, What::Drop)] {
        assert_eq!(asked("INPUT", matches), What::Unknown, "{matches}");
        assert_eq!(
            asked("incoming", matches),
            native,
            "{matches}: what nobody translated is meant"
        );
    }
}

#[test]
fn targets_that_write_what_nobody_knows_leave_it_unknown() {
    let marked = "-m mark --mark 0x1 -j DROP";
    for text in [
        "-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0x1",
        "-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0x1\n-A INPUT -j CONNMARK --save-mark\n-A INPUT -j MARK --set-xmark 0x1/0xffffffff\n-A INPUT -j CONNMARK --restore-mark",
        "-j CONNMARK --set-xmark 0x1/0xff --left-shift-mark 2\n-A INPUT -j CONNMARK --restore-mark",
    ] {
        assert_eq!(asked(&[text, marked]), What::Unknown, "{text}");
    }
    for text in ["-j LOG --log-prefix x", "-j NFLOG --nflog-group 1", "-j TEE --gateway 10.1.0.9"] {
        assert_eq!(asked(&[text, marked]), What::Accept, "{text}: the packet goes on as it was");
        assert_eq!(asked(&[text, "-p udp -j DROP"]), What::Drop, "{text}: the next rule is asked");
    }
}

#[test]
fn what_a_first_packet_cannot_have_is_decided() {
    assert_eq!(asked(&["-m helper --helper ftp -j DROP"]), What::Accept);
    assert_eq!(asked(&["-m helper ! --helper ftp -j DROP"]), What::Drop);
    assert_eq!(asked(&["-p esp -m esp --espspi 1:100 -j DROP"]), What::Accept);
    assert_eq!(asked(&["-m length --length 0:20 -j DROP"]), What::Accept);
    assert_eq!(asked(&["-m time -j DROP"]), What::Drop);
    assert_eq!(asked(&["-m time --datestop 2038-01-19T03:14:07 -j DROP"]), What::Drop);
    assert_eq!(
        asked(&[
            "-j MARK --set-xmark 0x1/0xffffffff",
            "-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00 --left-shift-mark 8",
            "-m connmark --mark 0x100 -j DROP"
        ]),
        What::Drop
    );
}
