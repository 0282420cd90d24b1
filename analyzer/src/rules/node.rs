//! Nodes: what makes one not ready, and what makes one slow.

mod node_not_ready;

use super::Registered;

pub static RULES: &[Registered] = &[Registered::of::<node_not_ready::NodeNotReady>()];
