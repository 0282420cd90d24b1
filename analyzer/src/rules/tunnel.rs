//! The rules of the family `tunnel`.

use super::Registered;

pub static RULES: &[Registered] = &[];
