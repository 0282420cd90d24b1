//! The rules of the family `platform`.

use super::Registered;

pub static RULES: &[Registered] = &[];
