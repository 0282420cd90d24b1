//! CEL expressions over rows: compiled once, checked against the row's shape, bounded in cost.
//!
//! The only folder that knows the CEL crate. An expression is refused when it is compiled if it names
//! a key that rows do not have, so that a typo is never a silent no.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelNull, CelString, CelUInt};
use cel::common::value::Val;
use cel::parser::ParseErrors;
use cel::{Context, Env};

use super::check::{self, Kind};
use super::cost;
use super::record::{self, Pattern};
use crate::facts::view::{Field, Keys, Value};

/// The longest expression that is compiled.
const LONGEST: usize = 4096;
/// The deepest expression that is walked.
const DEEPEST: usize = 150;
/// The greatest compiled size of one pattern.
const PATTERN_BYTES: usize = 256 * 1024;
/// Patterns in one expression.
const PATTERNS: usize = 32;
/// What one row may cost, by `cost`'s measure.
const ROW_COST: u64 = 1_000_000;

/// What is wrong with an expression, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// The variable that an expression may name, and the row's keys.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) variable: &'static str,
    pub(super) fields: &'static [Field],
}

/// What an expression must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Truth,
    Text,
}

/// An expression that can be asked about rows.
pub(super) struct Expression {
    root: IdedExpr,
    variable: &'static str,
    patterns: Vec<Arc<Pattern>>,
    /// The keys of the row that it reads; `None` when it takes the row as a whole.
    keys: Option<Vec<&'static str>>,
}

/// What a row answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Truth(bool),
    Text(String),
}

/// Standard CEL without times, and with patterns that are compiled once.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(false);
    record::add_matches(&mut environment);
    Arc::new(environment)
});

impl Expression {
    pub(super) fn compile(text: &str, scope: Scope, wants: Wants) -> Result<Self, Vec<Fault>> {
        let whole = 0..text.len();
        if text.len() > LONGEST {
            let message = format!("longer than {LONGEST} bytes: split it into several rules");
            return Err(vec![Fault { range: whole, message, help: None }]);
        }
        let program = ENVIRONMENT.compile(text).map_err(|errors| syntax(text, &errors))?;
        if check::depth(program.expression()) > DEEPEST {
            let message = format!("nested deeper than {DEEPEST}: split it into several rules");
            return Err(vec![Fault { range: whole, message, help: None }]);
        }
        let info = program.source_info();
        // The crate's offsets count characters; both ends of a node are inside it.
        let place = |id: u64| {
            let (start, stop) = info.offset_for(id)?;
            Some(at_characters(text, start as usize, stop as usize + 1))
        };
        let mut root = program.expression().clone();
        let mut patterns = Patterns::default();
        let mut faults = patterns.take(&mut root, &place, &whole);
        let checked = check::check(&root, text, scope, &place);
        faults.extend(checked.faults);
        if wants == Wants::Truth
            && !matches!(checked.kind, Kind::Truth | Kind::Any)
            && faults.is_empty()
        {
            let message = format!("answers {}, not true or false", checked.kind.noun());
            faults.push(Fault {
                range: whole,
                message,
                help: Some("compare it, as in `… == …`".to_owned()),
            });
        }
        faults.sort_by_key(|fault| (fault.range.start, fault.range.end));
        if faults.is_empty() {
            Ok(Self {
                root,
                variable: scope.variable,
                patterns: patterns.compiled,
                keys: checked.keys,
            })
        } else {
            Err(faults)
        }
    }

    /// The keys that a row must be filled with.
    pub(super) fn keys(&self) -> Keys<'_> {
        self.keys.as_ref().map_or(Keys::All, |keys| Keys::These(keys))
    }

    /// The greatest cost of a row of this size; `Err` when it is more than a row may cost.
    pub(super) fn cost(&self, row: &Value<'_>) -> Result<u64, String> {
        let cost = cost::of(&self.root, self.variable, cost::size(row));
        if cost > ROW_COST {
            return Err(format!("could take {cost} steps on this row, more than {ROW_COST}"));
        }
        Ok(cost)
    }

    /// Asks about one row; an error says why there is no answer.
    pub(super) fn ask(&self, row: &Value<'_>, wants: Wants) -> Result<Answer, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.add_variable_as_val(self.variable, record::value(row));
        for (number, pattern) in self.patterns.iter().enumerate() {
            context.add_variable_as_val(pattern_name(number), Box::new(Pattern::clone(pattern)));
        }
        let found =
            cel::Value::resolve_val(&self.root, &context).map_err(|error| record::told(&error))?;
        match wants {
            Wants::Truth => found
                .downcast_ref::<CelBool>()
                .map(|truth| Answer::Truth(*truth.inner()))
                .ok_or_else(|| {
                    format!("answered a {}, not true or false", found.get_type().name())
                }),
            Wants::Text => {
                let mut text = String::new();
                show(&*found, &mut text)?;
                Ok(Answer::Text(text))
            }
        }
    }
}

/// A value as a title shows it.
fn show(value: &dyn Val, out: &mut String) -> Result<(), String> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        out.push_str(text.inner());
    } else if let Some(number) = value.downcast_ref::<CelInt>() {
        out.push_str(&number.inner().to_string());
    } else if let Some(number) = value.downcast_ref::<CelUInt>() {
        out.push_str(&number.inner().to_string());
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        out.push_str(&number.inner().to_string());
    } else if let Some(truth) = value.downcast_ref::<CelBool>() {
        out.push_str(if *truth.inner() { "true" } else { "false" });
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        for (place, item) in list.inner().iter().enumerate() {
            if place > 0 {
                out.push_str(", ");
            }
            show(&**item, out)?;
        }
    } else if value.downcast_ref::<CelNull>().is_none() {
        return Err(format!("answered a {}, which is no text", value.get_type().name()));
    }
    Ok(())
}

fn pattern_name(number: usize) -> String {
    format!("@pattern{number}")
}

/// Patterns of `matches`, compiled once and taken out of the expression.
#[derive(Default)]
struct Patterns {
    compiled: Vec<Arc<Pattern>>,
}

impl Patterns {
    fn take(
        &mut self,
        node: &mut IdedExpr,
        place: &dyn Fn(u64) -> Option<Range<usize>>,
        around: &Range<usize>,
    ) -> Vec<Fault> {
        let around = place(node.id).unwrap_or_else(|| around.clone());
        let mut faults = Vec::new();
        if let Expr::Call(call) = &mut node.expr
            && call.func_name == "matches"
        {
            faults.extend(self.take_one(call, place, &around));
        }
        check::each_mut(node, &mut |inner| faults.extend(self.take(inner, place, &around)));
        faults
    }

    fn take_one(
        &mut self,
        call: &mut CallExpr,
        place: &dyn Fn(u64) -> Option<Range<usize>>,
        around: &Range<usize>,
    ) -> Option<Fault> {
        let fault =
            |range: Range<usize>, message: String| Some(Fault { range, message, help: None });
        let argument = call.args.last_mut()?;
        let range = place(argument.id).unwrap_or_else(|| around.clone());
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else {
            return fault(range, "the pattern of matches must be a text in quotes".to_owned());
        };
        if self.compiled.len() == PATTERNS {
            return fault(range, format!("more than {PATTERNS} patterns in one expression"));
        }
        let mut builder = regex::RegexBuilder::new(text.inner());
        match builder.size_limit(PATTERN_BYTES).build() {
            Ok(pattern) => {
                argument.expr = Expr::Ident(pattern_name(self.compiled.len()));
                self.compiled.push(Arc::new(Pattern::new(pattern)));
                None
            }
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                let reason = last.trim_start_matches("error: ");
                fault(range, format!("no pattern: {reason}"))
            }
        }
    }
}

/// What the parser stumbled over, without all that it would have liked better.
fn stumbled(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    if message.contains("'<EOF>'") {
        return "no CEL: the expression ends too early".to_owned();
    }
    let quoted = message.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\''));
    match quoted {
        Some((found, _)) => format!("no CEL: {found} does not belong here"),
        None => format!("no CEL: {message}"),
    }
}

/// The byte range of a range of characters.
fn at_characters(text: &str, start: usize, end: usize) -> Range<usize> {
    let byte =
        |character: usize| text.char_indices().nth(character).map_or(text.len(), |(at, _)| at);
    let (start, end) = (byte(start), byte(end));
    start..end.max(start)
}

/// Syntax errors, at the characters that the parser stumbled over.
fn syntax(text: &str, errors: &ParseErrors) -> Vec<Fault> {
    let mut faults: Vec<Fault> = errors
        .errors
        .iter()
        .take(3)
        .map(|error| {
            let line = usize::try_from(error.pos.0).unwrap_or(0).max(1);
            let column = usize::try_from(error.pos.1).unwrap_or(0).max(1);
            let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
            let rest = text.get(before..).unwrap_or_default();
            let inside = at_characters(rest, column - 1, column);
            let range = before + inside.start..before + inside.end.max(inside.start);
            Fault { range, message: stumbled(&error.msg), help: None }
        })
        .collect();
    if faults.is_empty() {
        faults.push(Fault { range: 0..text.len(), message: "no CEL".to_owned(), help: None });
    }
    faults
}
