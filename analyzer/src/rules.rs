//! Rules: from facts to findings, in parallel, one file and one page each.
//!
//! A rule finds, clears (with the line that clears it), or says what it could not see. Nothing passes
//! silently.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use konspect_bundle::{Diagnostic, Span, Words};
use rayon::prelude::*;

use crate::facts::{Facts, FromFacts, Missing, Needs};
use crate::finding::{Evidence, Finding, Meta, Role};

/// One root cause, symptom or aggravating circumstance.
pub trait Rule {
    const META: &'static Meta;
    /// The declaration of what it needs.
    type Inputs<'f>: FromFacts<'f>;
    fn check(inputs: Self::Inputs<'_>, out: &mut Checked);
}

/// What a rule that ran has to say.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub findings: Vec<Finding>,
    /// Lines that exclude the fault; they must cover the window.
    pub cleared: Vec<Evidence>,
    pub blind_to: Vec<Missing>,
    /// What the rule itself could not answer: of users' own rules.
    pub notes: Vec<Diagnostic>,
}

impl Checked {
    pub fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Excludes the fault by a line that shows the healthy value.
    pub fn cleared(&mut self, at: Span, says: Words) {
        self.cleared.push(Evidence { at, says, role: Role::Primary });
    }

    /// Notes a blind spot and goes on.
    pub fn see<T>(&mut self, row: Result<T, Missing>) -> Option<T> {
        row.map_err(|missing| self.blind_to.push(missing)).ok()
    }

    pub fn blind(&mut self, missing: Missing) {
        self.blind_to.push(missing);
    }
}

/// What came of one rule.
#[derive(Clone, Debug)]
pub enum Outcome {
    Checked(Checked),
    Skipped(Missing),
    Crashed(String),
}

/// The rule's verdict in three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Found,
    RuledOut,
    Unknown,
}

impl Outcome {
    /// Found beats everything; it is ruled out only when a line clears it and nothing was unseen.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Checked(checked) if !checked.findings.is_empty() => Standing::Found,
            Self::Checked(checked)
                if !checked.cleared.is_empty() && checked.blind_to.is_empty() =>
            {
                Standing::RuledOut
            }
            _ => Standing::Unknown,
        }
    }
}

/// Anything that the engine can run: our rules and users' own.
pub trait Run: Sync {
    fn meta(&self) -> &'static Meta;
    fn needs(&self) -> Needs;
    fn run(&self, facts: &Facts) -> Outcome;
}

/// A rule behind plain function pointers, so that a family's registry can be a `static`.
pub struct Registered {
    meta: &'static Meta,
    needs: fn(&mut Needs),
    run: for<'f> fn(&'f Facts) -> Result<Checked, Missing>,
}

impl Registered {
    pub const fn of<R: Rule>() -> Self {
        Self { meta: R::META, needs: needs_of::<R>, run: run_of::<R> }
    }
}

fn needs_of<R: Rule>(out: &mut Needs) {
    <R::Inputs<'_> as FromFacts<'_>>::needs(out);
}

fn run_of<R: Rule>(facts: &Facts) -> Result<Checked, Missing> {
    let inputs = <R::Inputs<'_> as FromFacts<'_>>::from_facts(facts)?;
    let mut out = Checked::default();
    R::check(inputs, &mut out);
    Ok(out)
}

impl Run for Registered {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        (self.needs)(&mut needs);
        needs
    }

    fn run(&self, facts: &Facts) -> Outcome {
        match (self.run)(facts) {
            Ok(checked) => Outcome::Checked(checked),
            Err(missing) => Outcome::Skipped(missing),
        }
    }
}

pub mod user;

macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(pub mod $family;)*

        /// Every rule of ours, by code.
        pub fn all() -> Vec<&'static dyn Run> {
            let families: &[&'static [Registered]] = &[$($family::RULES),*];
            let mut rules: Vec<&'static dyn Run> = Vec::new();
            for family in families {
                rules.extend(family.iter().map(|rule| rule as &'static dyn Run));
            }
            rules.sort_by_key(|rule| rule.meta().code);
            rules
        }
    };
}
families!(path, tunnel, apiserver, etcd, node, dns, workload, platform, identity);

/// Runs rules in parallel; outcomes stand in the order of the rules, whatever finished first.
pub fn run_all(rules: &[&dyn Run], facts: &Facts) -> Vec<Outcome> {
    rules
        .par_iter()
        .map(|rule| {
            catch_unwind(AssertUnwindSafe(|| rule.run(facts))).unwrap_or_else(|payload| {
                let text = payload
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Outcome::Crashed(text.unwrap_or_default())
            })
        })
        .collect()
}

/// Finds a rule by code or slug, whatever the case.
pub fn find(name: &str) -> Option<&'static dyn Run> {
    all().into_iter().find(|rule| {
        rule.meta().code.eq_ignore_ascii_case(name) || rule.meta().slug.eq_ignore_ascii_case(name)
    })
}

/// Slugs named in the graph or in tests that no rule carries.
pub fn unknown_slugs<'a>(slugs: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let known: BTreeSet<&str> = all().iter().map(|rule| rule.meta().slug).collect();
    slugs.filter(|slug| !known.contains(slug)).collect()
}

/// Declares a rule's constant: its page stands beside its code under the same name.
#[macro_export]
macro_rules! rule_meta {
    ($code:literal, $slug:literal, $family:ident, $part:ident, $severity:ident, $page:literal) => {
        $crate::finding::Meta {
            code: $code,
            slug: $slug,
            family: $crate::finding::Family::$family,
            part: $crate::finding::Part::$part,
            severity: $crate::finding::Severity::$severity,
            page: include_str!($page),
            explains: &[],
            explained_by: &[],
        }
    };
}
