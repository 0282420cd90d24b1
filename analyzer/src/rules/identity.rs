//! The rules of the family `identity`.

use super::Registered;

pub static RULES: &[Registered] = &[];
