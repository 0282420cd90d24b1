//! The commands of `konspect`, one file each family.

pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod info;
pub(crate) mod next;
pub(crate) mod path;
pub(crate) mod rules;
pub(crate) mod user_rules;
