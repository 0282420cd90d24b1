//! What a process and its children hold, as Linux counts it.

use std::collections::BTreeSet;
use std::process::Child;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// High-water marks in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    /// Of the process itself.
    pub own: u64,
    /// Of the largest of its children.
    pub child: u64,
    /// Of all of them together at one moment.
    pub all: u64,
}

/// Looks at a child until it ends. High-water marks are the kernel's own: only `all` is sampled.
pub(crate) fn watch(child: &mut Child) -> (Peak, std::process::ExitStatus) {
    let (_sender, tick) = sync_channel::<()>(0);
    let mut peak = Peak::default();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (peak, status);
        }
        let own = child.id();
        peak.own = peak.own.max(field(own, "VmHWM:"));
        let mut all = field(own, "VmRSS:");
        for child in children(own) {
            peak.child = peak.child.max(field(child, "VmHWM:"));
            all += field(child, "VmRSS:");
        }
        peak.all = peak.all.max(all);
        let _ = tick.recv_timeout(Duration::from_millis(10));
    }
}

fn field(process: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The direct children of all threads of a process.
fn children(process: u32) -> BTreeSet<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let paths = threads.into_iter().flatten().flatten().map(|thread| thread.path());
    paths
        .filter_map(|path| std::fs::read_to_string(path.join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
        })
        .collect()
}
