//! The rules of the family `etcd`.

use super::Registered;

pub static RULES: &[Registered] = &[];
