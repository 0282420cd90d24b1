//! The tunnel from the control plane to the nodes, and the kubelets' port behind it.

mod kubelet_unreachable;
mod node_to_node_traffic_blocked;
mod port_10250;
mod port_10250_iptables;
mod port_10250_nftables;
mod port_10250_ufw;
mod tunnel_agents_not_running;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<tunnel_agents_not_running::TunnelAgentsNotRunning>(),
    Registered::of::<port_10250_ufw::Port10250Ufw>(),
    Registered::of::<port_10250_iptables::Port10250Iptables>(),
    Registered::of::<port_10250_nftables::Port10250Nftables>(),
    Registered::of::<node_to_node_traffic_blocked::NodeToNodeTrafficBlocked>(),
    Registered::of::<kubelet_unreachable::KubeletUnreachable>(),
];
