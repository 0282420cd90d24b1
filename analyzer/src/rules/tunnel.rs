//! The tunnel from the control plane to the nodes, and the kubelets' port behind it.

mod kubelet_unreachable;
mod tunnel_agents_not_running;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<tunnel_agents_not_running::TunnelAgentsNotRunning>(),
    Registered::of::<kubelet_unreachable::KubeletUnreachable>(),
];
