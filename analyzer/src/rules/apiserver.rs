//! The rules of the family `apiserver`.

use super::Registered;

pub static RULES: &[Registered] = &[];
