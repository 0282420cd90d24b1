//! The rules of the family `dns`.

use super::Registered;

pub static RULES: &[Registered] = &[];
