//! Nodes: what makes one not ready, and what makes one slow.

mod container_runtime_down;
mod disk_io_throttled;
mod kubelet_unhealthy;
mod node_cpu_starved;
mod node_disk_pressure;
mod node_kernel_or_filesystem_fault;
mod node_memory_pressure;
mod node_not_ready;
mod node_pid_pressure;
mod node_vm_event;
mod pods_per_node_over_limit;
mod signs;
mod system_pods_on_spot_nodes;

use super::Registered;

pub static RULES: &[Registered] = &[
    Registered::of::<node_not_ready::NodeNotReady>(),
    Registered::of::<node_memory_pressure::NodeMemoryPressure>(),
    Registered::of::<node_disk_pressure::NodeDiskPressure>(),
    Registered::of::<node_pid_pressure::NodePidPressure>(),
    Registered::of::<kubelet_unhealthy::KubeletUnhealthy>(),
    Registered::of::<container_runtime_down::ContainerRuntimeDown>(),
    Registered::of::<node_kernel_or_filesystem_fault::NodeKernelOrFilesystemFault>(),
    Registered::of::<node_vm_event::NodeVmEvent>(),
    Registered::of::<disk_io_throttled::DiskIoThrottled>(),
    Registered::of::<node_cpu_starved::NodeCpuStarved>(),
    Registered::of::<system_pods_on_spot_nodes::SystemPodsOnSpotNodes>(),
    Registered::of::<pods_per_node_over_limit::PodsPerNodeOverLimit>(),
];
