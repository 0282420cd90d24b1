//! Why a packet filter's answer is open, in words.

use konspect_bundle::{Words, words};
use konspect_netfilter::answer::{Meaning, Owner};
use konspect_netfilter::model::Unknown;

pub(super) fn reason(unknown: &Unknown) -> Words {
    match unknown {
        Unknown::InterfacesNotShown => words!("way-interfaces-not-shown"),
        Unknown::NotUnderstood(text) => words!("way-not-understood", text = &**text),
        Unknown::Name(text) => words!("way-name", text = &**text),
        Unknown::Set(name) => words!("way-set", name = &**name),
        Unknown::Chain(name) => words!("way-chain", name = &**name),
        Unknown::State(what) => words!("way-state", what = *what),
        Unknown::Random => words!("way-random"),
        Unknown::Time => words!("way-time"),
        Unknown::Packet(what) => words!("way-packet", what = *what),
        Unknown::Node(what) => words!("way-node", what = *what),
        Unknown::HeadLost => words!("way-head-lost"),
        Unknown::Policy => words!("way-policy"),
        Unknown::Budget => words!("way-budget"),
        Unknown::Queue => words!("way-queue"),
        Unknown::AddressChoice => words!("way-address-choice"),
    }
}

pub(super) fn meaning(meaning: Meaning, subject: Option<&str>) -> Words {
    let subject = subject.unwrap_or("-");
    match meaning {
        Meaning::KubernetesGuard => words!("way-means-guard"),
        Meaning::NoEndpoints => words!("way-means-no-endpoints", subject = subject),
        Meaning::SourceRanges => words!("way-means-source-ranges", subject = subject),
        Meaning::InvalidState => words!("way-means-invalid"),
        Meaning::NetworkPolicy => words!("way-means-policy", subject = subject),
    }
}

pub(super) fn owner(owner: &Owner) -> &'static str {
    match owner {
        Owner::Ufw => "ufw",
        Owner::Firewalld => "firewalld",
        Owner::Fail2ban => "fail2ban",
        Owner::Docker => "docker",
        Owner::KubeProxy => "kube-proxy",
        Owner::Kubelet => "kubelet",
        Owner::Calico => "calico",
        Owner::Cilium => "cilium",
        Owner::AzureNpm => "azure-npm",
        Owner::IpMasqAgent => "ip-masq-agent",
        Owner::Flannel => "flannel",
        Owner::Antrea => "antrea",
        Owner::Istio => "istio",
        Owner::Iptables => "iptables",
        Owner::Nft(_) => "nftables",
    }
}
