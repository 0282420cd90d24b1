//! Checks an expression against the shape of the row: names, keys and functions that are not there.

use std::ops::Range;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};

use super::expression::{Fault, Scope};
use super::nearest;
use crate::facts::view::{Field, Shape};

/// What a part of an expression answers, as far as its shape tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Any,
    Truth,
    Text,
    Number,
    Row(&'static [Field]),
    Rows(&'static [Field]),
    Texts,
    Numbers,
    TextMap,
    NumberMap,
}

impl Kind {
    fn of(field: &Field) -> Self {
        match field.shape {
            _ if field.nullable => Self::Any,
            Shape::Text => Self::Text,
            Shape::Int | Shape::Number => Self::Number,
            Shape::Bool => Self::Truth,
            Shape::Texts => Self::Texts,
            Shape::Ints => Self::Numbers,
            Shape::TextMap => Self::TextMap,
            Shape::NumberMap => Self::NumberMap,
            Shape::List(fields) => Self::Rows(fields),
        }
    }

    /// What a loop over it sees; `None` when there is nothing to go through.
    fn element(self) -> Option<Self> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Rows(fields) => Some(Self::Row(fields)),
            Self::Texts | Self::TextMap | Self::NumberMap => Some(Self::Text),
            Self::Numbers => Some(Self::Number),
            Self::Truth | Self::Text | Self::Number | Self::Row(_) => None,
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Truth => "true or false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Row(_) => "a row",
            Self::Rows(_) | Self::Texts | Self::Numbers => "a list",
            Self::TextMap | Self::NumberMap => "a map",
        }
    }
}

pub(super) struct Checked {
    pub(super) kind: Kind,
    pub(super) faults: Vec<Fault>,
    /// The keys of the row that are read; `None` when the row is taken as a whole.
    pub(super) keys: Option<Vec<&'static str>>,
}

const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
];

const TYPES: &[&str] =
    &["int", "uint", "double", "string", "bool", "bytes", "list", "map", "null_type", "type"];

pub(super) fn check(
    root: &IdedExpr,
    text: &str,
    scope: Scope,
    place: &dyn Fn(u64) -> Option<Range<usize>>,
) -> Checked {
    let mut checker = Checker {
        text,
        scope,
        place,
        names: vec![(scope.variable.to_owned(), Kind::Row(scope.fields))],
        faults: Vec::new(),
        keys: Some(Vec::new()),
    };
    let kind = checker.node(root, &(0..text.len()));
    Checked { kind, faults: checker.faults, keys: checker.keys }
}

/// How deep an expression is, found without going down into it.
pub(super) fn depth(root: &IdedExpr) -> usize {
    let (mut deepest, mut open) = (0, vec![(root, 1)]);
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let mut next = |inner| open.push((inner, depth + 1));
        match &node.expr {
            Expr::Call(call) => {
                call.target.iter().for_each(|target| next(&**target));
                call.args.iter().for_each(next);
            }
            Expr::Comprehension(each) => {
                [&each.iter_range, &each.accu_init, &each.loop_cond, &each.loop_step, &each.result]
                    .into_iter()
                    .for_each(next);
            }
            Expr::List(list) => list.elements.iter().for_each(next),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        next(&entry.key);
                        next(&entry.value);
                    }
                }
            }
            Expr::Select(select) => next(&select.operand),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
    deepest
}

/// Goes through the parts of a node.
pub(super) fn each_mut(node: &mut IdedExpr, visit: &mut dyn FnMut(&mut IdedExpr)) {
    match &mut node.expr {
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|target| visit(target));
            call.args.iter_mut().for_each(visit);
        }
        Expr::Comprehension(each) => {
            let ComprehensionExpr { iter_range, accu_init, loop_cond, loop_step, result, .. } =
                &mut **each;
            [iter_range, accu_init, loop_cond, loop_step, result].into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter_mut().for_each(visit),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    visit(&mut entry.key);
                    visit(&mut entry.value);
                }
            }
        }
        Expr::Select(select) => visit(&mut select.operand),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

struct Checker<'a> {
    text: &'a str,
    scope: Scope,
    place: &'a dyn Fn(u64) -> Option<Range<usize>>,
    names: Vec<(String, Kind)>,
    faults: Vec<Fault>,
    keys: Option<Vec<&'static str>>,
}

impl Checker<'_> {
    fn fault(&mut self, range: &Range<usize>, message: String, help: Option<String>) {
        let fault = Fault { range: range.clone(), message, help };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The place of a word that stands at a node's mark or just before it.
    fn word(&self, word: &str, around: &Range<usize>) -> Range<usize> {
        let starts = [around.start, around.start + 1, around.start.saturating_sub(word.len())];
        let found = starts
            .into_iter()
            .map(|start| start..start + word.len())
            .find(|range| self.text.get(range.clone()) == Some(word));
        found.unwrap_or_else(|| around.clone())
    }

    fn node(&mut self, node: &IdedExpr, around: &Range<usize>) -> Kind {
        let around = &(self.place)(node.id).unwrap_or_else(|| around.clone());
        match &node.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Truth,
                LiteralValue::String(_) => Kind::Text,
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => {
                    Kind::Number
                }
                LiteralValue::Bytes(_) | LiteralValue::Null => Kind::Any,
            },
            Expr::Ident(name) => {
                if name == self.scope.variable {
                    self.keys = None;
                }
                self.name(name, around)
            }
            Expr::Select(select) => self.select(select, around),
            Expr::List(list) => {
                for element in &list.elements {
                    self.node(element, around);
                }
                Kind::Any
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.node(&entry.key, around);
                        self.node(&entry.value, around);
                    }
                }
                Kind::Any
            }
            Expr::Call(call) => self.call(call, around),
            Expr::Comprehension(each) => self.each(each, around),
            Expr::Struct(_) => {
                self.fault(around, "messages cannot be made here".to_owned(), None);
                Kind::Any
            }
            Expr::Unspecified => {
                self.fault(around, "nothing stands here".to_owned(), None);
                Kind::Any
            }
        }
    }

    fn name(&mut self, name: &str, around: &Range<usize>) -> Kind {
        if let Some((_, kind)) = self.names.iter().rev().find(|(known, _)| known == name) {
            return *kind;
        }
        if !name.starts_with('@') && !TYPES.contains(&name) {
            let help = format!("a row is called `{}` here", self.scope.variable);
            self.fault(around, format!("there is nothing called {name}"), Some(help));
        }
        Kind::Any
    }

    fn select(&mut self, select: &SelectExpr, around: &Range<usize>) -> Kind {
        let operand = if let Expr::Ident(name) = &select.operand.expr {
            let range = (self.place)(select.operand.id).unwrap_or_else(|| around.clone());
            let kind = self.name(name, &range);
            if name == self.scope.variable {
                self.read(&select.field);
            }
            kind
        } else {
            self.node(&select.operand, around)
        };
        let kind = self.key(operand, &select.field, &self.word(&select.field, around));
        if select.test { Kind::Truth } else { kind }
    }

    /// Notes that a key of the row is read.
    fn read(&mut self, key: &str) {
        let field = self.scope.fields.iter().find(|field| field.key == key);
        if let (Some(keys), Some(field)) = (&mut self.keys, field)
            && !keys.contains(&field.key)
        {
            keys.push(field.key);
        }
    }

    /// The kind of a key's value.
    fn key(&mut self, of: Kind, key: &str, around: &Range<usize>) -> Kind {
        match of {
            Kind::Any => Kind::Any,
            Kind::TextMap => Kind::Text,
            Kind::NumberMap => Kind::Number,
            Kind::Row(fields) => {
                if let Some(field) = fields.iter().find(|field| field.key == key) {
                    return Kind::of(field);
                }
                let all = || {
                    let keys: Vec<&str> = fields.iter().map(|field| field.key).collect();
                    format!("its keys are {}", keys.join(", "))
                };
                let near = nearest(key, fields.iter().map(|field| field.key));
                let help = near.map_or_else(all, |near| format!("did you mean `{near}`?"));
                self.fault(around, format!("there is no key {key}"), Some(help));
                Kind::Any
            }
            Kind::Rows(_) | Kind::Texts | Kind::Numbers => {
                let help = "go through it with exists, all or filter".to_owned();
                self.fault(around, format!("a list has no key {key}"), Some(help));
                Kind::Any
            }
            Kind::Truth | Kind::Text | Kind::Number => {
                self.fault(around, format!("{} has no key {key}", of.noun()), None);
                Kind::Any
            }
        }
    }

    fn call(&mut self, call: &CallExpr, around: &Range<usize>) -> Kind {
        let target = call.target.as_ref().map(|target| self.node(target, around));
        let arguments: Vec<Kind> =
            call.args.iter().map(|argument| self.node(argument, around)).collect();
        let name = call.func_name.as_str();
        let first = || target.or(arguments.first().copied()).unwrap_or(Kind::Any);
        match name {
            operators::INDEX => match (first(), call.args.get(1).map(|index| &index.expr)) {
                (row @ Kind::Row(_), Some(Expr::Literal(LiteralValue::String(key)))) => {
                    let key = key.inner().to_owned();
                    self.key(row, &key, around)
                }
                (Kind::TextMap, _) => Kind::Text,
                (Kind::NumberMap, _) => Kind::Number,
                (list, _) => list.element().unwrap_or(Kind::Any),
            },
            operators::CONDITIONAL => Kind::Any,
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::IN
            | "contains"
            | "startsWith"
            | "endsWith"
            | "matches" => Kind::Truth,
            "size" => Kind::Number,
            "string" => Kind::Text,
            _ if name.starts_with(['_', '@', '!', '-']) || FUNCTIONS.contains(&name) => Kind::Any,
            _ => {
                let help = nearest(name, FUNCTIONS.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
                self.fault(&self.word(name, around), format!("there is no function {name}"), help);
                Kind::Any
            }
        }
    }

    fn each(&mut self, each: &ComprehensionExpr, around: &Range<usize>) -> Kind {
        let range = self.node(&each.iter_range, around);
        let element = range.element().unwrap_or_else(|| {
            self.fault(around, format!("{} is nothing to go through", range.noun()), None);
            Kind::Any
        });
        self.node(&each.accu_init, around);
        let known = self.names.len();
        self.names.push((each.accu_var.clone(), Kind::Any));
        self.names.push((each.iter_var.clone(), element));
        self.node(&each.loop_cond, around);
        self.node(&each.loop_step, around);
        self.names.truncate(known + 1);
        self.node(&each.result, around);
        self.names.truncate(known);
        Kind::Any
    }
}
