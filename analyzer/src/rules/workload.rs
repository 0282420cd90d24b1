//! The rules of the family `workload`.

use super::Registered;

pub static RULES: &[Registered] = &[];
