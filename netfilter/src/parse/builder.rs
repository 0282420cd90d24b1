//! Collects chains of one table while its lines go by, whatever their order.

use hashbrown::HashMap;
use konspect_bundle::Span;

use crate::model::{Chain, ChainId, Policy, Rule, Statement, Table, TableFamily, Tool, builtin};

/// A table in the making.
pub(super) struct TableBuilder {
    pub table: Table,
    ids: HashMap<Box<str>, ChainId>,
    /// The chain asked for last: rules of one chain follow each other.
    last: ChainId,
    /// Where a rule's statements are collected, so that each rule keeps no more room than it needs.
    room: Vec<Statement>,
}

impl TableBuilder {
    pub(super) fn new(tool: Tool, family: TableFamily, name: &str, at: Span) -> Self {
        Self {
            table: Table::new(tool, family, name, at),
            ids: HashMap::new(),
            last: 0,
            room: Vec::new(),
        }
    }

    /// The chain of this name, made if need be.
    pub(super) fn chain(&mut self, name: &str, at: Span) -> ChainId {
        if self.table.chains.get(self.last as usize).is_some_and(|chain| *chain.name == *name) {
            return self.last;
        }
        if let Some(id) = self.ids.get(name) {
            self.last = *id;
            return *id;
        }
        let id = ChainId::try_from(self.table.chains.len()).unwrap_or(ChainId::MAX);
        let mut chain = Chain::new(name, at);
        if self.table.tool == Tool::Iptables {
            chain.base = builtin(&self.table.name, name);
        }
        self.table.chains.push(chain);
        self.ids.insert(name.into(), id);
        id
    }

    /// Room for the statements of the next rule.
    pub(super) fn lend(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.room)
    }

    /// Takes the room back and leaves the statements.
    pub(super) fn give_back(&mut self, statements: &mut Vec<Statement>) {
        let mut exact = Vec::with_capacity(statements.len());
        exact.append(statements);
        self.room = std::mem::replace(statements, exact);
    }

    pub(super) fn known(&self, name: &str) -> Option<ChainId> {
        self.ids.get(name).copied()
    }

    pub(super) fn get(&mut self, id: ChainId) -> Option<&mut Chain> {
        self.table.chains.get_mut(id as usize)
    }

    /// Declares a chain, with a policy if it is a base chain.
    pub(super) fn declare(&mut self, name: &str, policy: Option<Policy>, at: Span) -> ChainId {
        let id = self.chain(name, at);
        if let Some(chain) = self.get(id) {
            chain.declared = true;
            chain.at = at;
            if let (Some(base), Some(policy)) = (&mut chain.base, policy) {
                base.policy = Some(policy);
            }
        }
        id
    }

    pub(super) fn push(&mut self, id: ChainId, rule: Rule) {
        self.table.at = self.table.at.to(rule.at);
        if let Some(chain) = self.get(id) {
            chain.rules.push(rule);
        }
    }

    /// Ends the table; where the head is lost, every chain that was never declared lacks its
    /// beginning.
    pub(super) fn finish(mut self, cut: bool) -> Table {
        self.table.cut |= cut;
        if self.table.cut {
            for chain in &mut self.table.chains {
                if !chain.declared {
                    chain.cut = true;
                }
            }
        }
        self.table
    }
}
