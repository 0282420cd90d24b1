//! Names that rows refer to by number.

use std::sync::Arc;

use hashbrown::HashTable;

use super::{BYTES, NAMES, NONE};
use crate::client::{Resource, Scope, SeriesKey};
use crate::event::Verb;
use crate::watches::{Owner, Whose, owner_hash};

/// What is numbered in the order of its first appearance, which nothing depends on.
#[derive(Clone, Debug)]
pub(super) struct Numbered<T> {
    pub(super) values: Vec<T>,
    numbers: HashTable<(u64, u32)>,
    bytes: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashTable::new(), bytes: 0 }
    }
}

impl<T> Numbered<T> {
    pub(super) fn number(
        &mut self,
        hash: u64,
        bytes: usize,
        same: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        let Self { values, numbers, .. } = self;
        let at = |number: u32| usize::try_from(number).ok().and_then(|at| values.get(at));
        let equal = |(known, number): &(u64, u32)| *known == hash && at(*number).is_some_and(&same);
        if let Some((_, number)) = numbers.find(hash, equal) {
            return *number;
        }
        let number = u32::try_from(values.len()).unwrap_or(NONE);
        values.push(make());
        numbers.insert_unique(hash, (hash, number), |(known, _)| *known);
        self.bytes += bytes;
        number
    }

    pub(super) fn full(&self) -> bool {
        self.values.len() >= NAMES || self.bytes >= BYTES
    }
}

/// One program of one user at one address.
#[derive(Clone, Debug)]
pub(super) struct KnownClient {
    pub(super) user: Arc<str>,
    pub(super) agent: Arc<str>,
    pub(super) address: Box<str>,
    pub(super) user_hash: u64,
    pub(super) client_hash: u64,
    pub(super) agent_hash: u64,
    pub(super) polls_count: bool,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) verb: Verb,
    pub(super) scope: Scope,
    pub(super) group: Box<str>,
    pub(super) resource: Box<str>,
    pub(super) subresource: Box<str>,
    /// Resource and group.
    pub(super) joined: Arc<str>,
    /// Of verb, resource and group.
    pub(super) hash: u64,
}

impl Shape {
    pub(super) fn key(&self) -> SeriesKey<'_> {
        SeriesKey {
            verb: self.verb,
            scope: self.scope,
            resource: Resource { group: &self.group, name: &self.resource },
            subresource: &self.subresource,
        }
    }
}

/// Whose a request is that has started; its texts are those that are held here.
pub(super) struct Waiting<'a> {
    pub(super) client: &'a KnownClient,
    pub(super) shape: &'a Shape,
    pub(super) namespace: &'a (u64, Arc<str>),
}

impl Whose for Waiting<'_> {
    fn hash(&self) -> u64 {
        owner_hash(self.client.client_hash, self.shape.hash, self.namespace.0)
    }

    fn is(&self, owner: &Owner) -> bool {
        let same = |left: &Arc<str>, right: &Arc<str>| Arc::ptr_eq(left, right) || left == right;
        owner.verb == self.shape.verb as u8
            && same(&owner.user, &self.client.user)
            && same(&owner.agent, &self.client.agent)
            && same(&owner.resource, &self.shape.joined)
            && same(&owner.namespace, &self.namespace.1)
    }

    fn owner(&self) -> Owner {
        Owner {
            user: Arc::clone(&self.client.user),
            agent: Arc::clone(&self.client.agent),
            verb: self.shape.verb as u8,
            resource: Arc::clone(&self.shape.joined),
            namespace: Arc::clone(&self.namespace.1),
        }
    }
}
