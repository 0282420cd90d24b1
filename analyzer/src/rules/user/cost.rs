//! How much an expression can cost on one row, before it is asked: the greatest number of steps, by
//! the lengths of lists and texts. CEL ends always, but nested loops and texts that double do not end soon.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::facts::view::Value;

/// How large a value can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// The longest list or map in it, at any depth.
    length: u64,
    /// All of its text, and a few bytes for every value.
    bytes: u64,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            length: self.length.saturating_add(other.length),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn or(self, other: Self) -> Self {
        Self { length: self.length.max(other.length), bytes: self.bytes.max(other.bytes) }
    }

    fn times(self, count: u64) -> Self {
        Self { length: self.length.saturating_mul(count), bytes: self.bytes.saturating_mul(count) }
    }
}

/// The size of a row.
pub(super) fn size(value: &Value<'_>) -> Size {
    let count = |length: usize| length as u64;
    match value {
        Value::Text(text) => Size { length: 0, bytes: 8 + count(text.len()) },
        Value::List(items) => {
            items.iter().map(size).fold(Size { length: count(items.len()), bytes: 8 }, within)
        }
        Value::Map(entries) => entries
            .iter()
            .map(|(key, inner)| size(inner).and(Size { length: 0, bytes: count(key.len()) }))
            .fold(Size { length: count(entries.len()), bytes: 8 }, within),
        _ => Size { length: 0, bytes: 8 },
    }
}

/// A container and one more value in it.
fn within(container: Size, inner: Size) -> Size {
    Size {
        length: container.length.max(inner.length),
        bytes: container.bytes.saturating_add(inner.bytes),
    }
}

/// The greatest cost of an expression on a row of a size.
pub(super) fn of(root: &IdedExpr, variable: &str, row: Size) -> u64 {
    let mut estimate = Estimate { names: vec![(variable.to_owned(), row)], steps: 0 };
    estimate.node(root);
    estimate.steps
}

struct Estimate {
    names: Vec<(String, Size)>,
    steps: u64,
}

impl Estimate {
    fn step(&mut self, size: Size) {
        self.steps = self.steps.saturating_add(1 + size.bytes / 32);
    }

    fn node(&mut self, node: &IdedExpr) -> Size {
        match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => {
                Size { length: 0, bytes: text.inner().len() as u64 }
            }
            Expr::Literal(_) | Expr::Unspecified => Size { length: 0, bytes: 8 },
            Expr::Ident(name) => {
                let known = self.names.iter().rev().find(|(known, _)| known == name);
                known.map_or(Size::default(), |(_, size)| *size)
            }
            Expr::Select(select) => {
                let size = self.node(&select.operand);
                self.steps = self.steps.saturating_add(1);
                size
            }
            Expr::List(list) => {
                let length = list.elements.len() as u64;
                let size = list
                    .elements
                    .iter()
                    .map(|element| self.node(element))
                    .fold(Size { length, bytes: 8 }, within);
                self.step(size);
                size
            }
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(made) => self.entries(made.entries.iter().map(|entry| &entry.expr)),
            Expr::Call(call) => {
                let target = call.target.as_ref().map(|target| self.node(target));
                let arguments: Vec<Size> =
                    call.args.iter().map(|argument| self.node(argument)).collect();
                let all = arguments.iter().copied().chain(target).fold(Size::default(), Size::and);
                match call.func_name.as_str() {
                    operators::CONDITIONAL => {
                        self.steps = self.steps.saturating_add(1);
                        arguments.iter().skip(1).copied().fold(Size::default(), Size::or)
                    }
                    operators::INDEX => {
                        self.steps = self.steps.saturating_add(1);
                        arguments.first().copied().unwrap_or_default()
                    }
                    "matches" => {
                        self.steps = self.steps.saturating_add(8 + all.bytes / 2);
                        Size { length: 0, bytes: 8 }
                    }
                    operators::ADD | "string" | "bytes" | "dyn" => {
                        self.step(all);
                        all.and(Size { length: 0, bytes: 32 })
                    }
                    _ => {
                        self.step(all);
                        Size { length: 0, bytes: 8 }
                    }
                }
            }
            Expr::Comprehension(each) => {
                let range = self.node(&each.iter_range);
                let start = self.node(&each.accu_init);
                let before = self.steps;
                self.steps = 0;
                self.names.push((each.iter_var.clone(), range));
                if let Some(second) = &each.iter_var2 {
                    self.names.push((second.clone(), range));
                }
                self.names.push((each.accu_var.clone(), Size::default()));
                self.node(&each.loop_cond);
                let added = self.node(&each.loop_step);
                // The element is copied for each round.
                self.step(range);
                let round = self.steps;
                let grown = start.and(added.times(range.length));
                if let Some((_, size)) = self.names.last_mut() {
                    *size = grown;
                }
                self.steps = before.saturating_add(round.saturating_mul(range.length));
                let result = self.node(&each.result);
                self.names.truncate(self.names.len() - 2 - usize::from(each.iter_var2.is_some()));
                result
            }
        }
    }

    fn entries<'e>(&mut self, entries: impl Iterator<Item = &'e EntryExpr>) -> Size {
        let mut size = Size { length: 0, bytes: 8 };
        let mut length = 0;
        for entry in entries {
            length += 1;
            let inner = match entry {
                EntryExpr::StructField(field) => self.node(&field.value),
                EntryExpr::MapEntry(entry) => self.node(&entry.key).and(self.node(&entry.value)),
            };
            size = within(size, inner);
        }
        size.length = size.length.max(length);
        self.step(size);
        size
    }
}
