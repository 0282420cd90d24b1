//! What follows from what: cause and effect between rules, with how often and where.
//!
//! The edges are the causal map of the knowledge behind the rules; a rule's page tells each in words.

use crate::finding::Meta;

mod control_plane;
mod node;
mod path;
mod platform;
mod tunnel;

/// How surely the effect follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    Weak,
    Medium,
    Strong,
}

impl Strength {
    pub fn points(self) -> i64 {
        match self {
            Self::Weak => 2,
            Self::Medium => 5,
            Self::Strong => 8,
        }
    }
}

/// One edge of the causal map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub strength: Strength,
    /// Both must be on the same node, or in the same namespace: the effect is local to its cause.
    pub same_place: bool,
    /// How long after the cause was last seen an effect may still begin.
    pub tail_seconds: i64,
}

/// Ten minutes: pods are evicted five minutes after their node was lost, and back-offs take five more.
const TAIL: i64 = 600;

/// `(causes, effects, strength, same place)`: each of the causes can bring each of the effects.
type Row = (&'static [&'static str], &'static [&'static str], Strength, bool);

/// The map, chain by chain.
static CHAINS: [&[Row]; 5] =
    [node::ROWS, tunnel::ROWS, path::ROWS, control_plane::ROWS, platform::ROWS];

/// The strongest edge between two rules, if one follows from the other: of the map, or of users' own rules, which tell
/// that it follows, not how often.
pub fn edge(cause: &Meta, effect: &Meta) -> Option<Edge> {
    let own = (cause.explains.contains(&effect.slug) || effect.explained_by.contains(&cause.slug))
        .then_some((Strength::Medium, false));
    rows()
        .filter(|(causes, effects, ..)| {
            causes.contains(&cause.slug) && effects.contains(&effect.slug)
        })
        .map(|&(_, _, strength, same_place)| (strength, same_place))
        .chain(own)
        .map(|(strength, same_place)| Edge { strength, same_place, tail_seconds: TAIL })
        .max_by_key(|edge| edge.strength)
}

/// Every slug the map names.
pub fn slugs() -> impl Iterator<Item = &'static str> {
    rows().flat_map(|(causes, effects, ..)| causes.iter().chain(effects.iter()).copied())
}

fn rows() -> impl Iterator<Item = &'static Row> {
    CHAINS.into_iter().flatten()
}
