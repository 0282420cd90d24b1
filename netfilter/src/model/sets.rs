//! nft's sets and maps.

use konspect_bundle::Span;

use super::Pattern;
use super::Verdict;

/// A field of a set's element.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Range(u128, u128),
    Name(Pattern),
    Any,
    /// A word that is not understood.
    Unknown(Box<str>),
}

pub type Element = Vec<Field>;

#[derive(Clone, Debug, PartialEq)]
pub enum SetRef {
    Anonymous(Vec<Element>),
    Named(Box<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Mapped {
    Verdict(Verdict),
    /// Address, port, both, or a mark.
    Value(Element),
}

#[derive(Clone, Debug, PartialEq)]
pub enum MapRef {
    Anonymous(Vec<(Element, Mapped)>),
    Named(Box<str>),
}

/// A named nft set or map.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSet {
    pub name: Box<str>,
    pub elements: Vec<(Element, Option<Mapped>)>,
    /// Filled by packets, so that its content now is not its content then.
    pub dynamic: bool,
    pub at: Span,
}
