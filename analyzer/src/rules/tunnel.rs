//! The tunnel from the control plane to the nodes, and the kubelets' port behind it.

mod kubelet_unreachable;
mod node_to_node_traffic_blocked;
mod port_10250;
mod port_10250_iptables;
mod port_10250_nftables;
mod port_10250_nsg;
mod port_10250_ufw;
mod symptoms;
mod tunnel_agent_hosts_overloaded;
mod tunnel_agents_not_connected;
mod tunnel_agents_not_running;
mod tunnel_agents_on_one_node;
mod tunnel_agents_under_scaled;
mod tunnel_alpn_stripped;
mod tunnel_egress_port_closed;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<tunnel_agents_not_running::TunnelAgentsNotRunning>(),
    Registered::of::<tunnel_agent_hosts_overloaded::TunnelAgentHostsOverloaded>(),
    Registered::of::<tunnel_alpn_stripped::TunnelAlpnStripped>(),
    Registered::of::<tunnel_egress_port_closed::TunnelEgressPortClosed>(),
    Registered::of::<tunnel_agents_not_connected::TunnelAgentsNotConnected>(),
    Registered::of::<tunnel_agents_under_scaled::TunnelAgentsUnderScaled>(),
    Registered::of::<tunnel_agents_on_one_node::TunnelAgentsOnOneNode>(),
    Registered::of::<port_10250_nsg::Port10250Nsg>(),
    Registered::of::<port_10250_ufw::Port10250Ufw>(),
    Registered::of::<port_10250_iptables::Port10250Iptables>(),
    Registered::of::<port_10250_nftables::Port10250Nftables>(),
    Registered::of::<node_to_node_traffic_blocked::NodeToNodeTrafficBlocked>(),
    Registered::of::<kubelet_unreachable::KubeletUnreachable>(),
];
