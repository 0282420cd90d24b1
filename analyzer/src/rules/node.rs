//! Nodes: what makes one not ready, and what makes one slow.

mod node_disk_pressure;
mod node_memory_pressure;
mod node_not_ready;
mod node_pid_pressure;
mod signs;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<node_not_ready::NodeNotReady>(),
    Registered::of::<node_memory_pressure::NodeMemoryPressure>(),
    Registered::of::<node_disk_pressure::NodeDiskPressure>(),
    Registered::of::<node_pid_pressure::NodePidPressure>(),
];
