//! Conditions of objects: what a cluster has most of, five in each of its Pods.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use super::{At, Text, When};

/// One entry of `status.conditions`, of any kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    pub kind: Text,
    pub status: Status,
    pub transition: When,
    pub at: At,
    pub told: Told,
}

/// What else a condition tells: one word where it is nothing, as in nearly all Pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told(Option<Box<Telling>>);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telling {
    pub reason: Text,
    pub message: Text,
    pub heartbeat: When,
}

impl From<Telling> for Told {
    fn from(telling: Telling) -> Self {
        Self((telling != Telling::default()).then(|| Box::new(telling)))
    }
}

impl Deref for Told {
    type Target = Telling;

    fn deref(&self) -> &Telling {
        static NOTHING: LazyLock<Telling> = LazyLock::new(Telling::default);
        self.0.as_deref().unwrap_or_else(|| &NOTHING)
    }
}

impl DerefMut for Told {
    fn deref_mut(&mut self) -> &mut Telling {
        self.0.get_or_insert_default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    True,
    False,
    #[default]
    Unknown,
}
