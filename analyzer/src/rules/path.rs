//! The rules of the family `path`.

use super::Registered;

pub static RULES: &[Registered] = &[];
