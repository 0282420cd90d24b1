//! `audit --without`: what everybody else would have seen without one client, or why that is not told.

use std::fmt::Write as _;

use anyhow::anyhow;
use konspect::render::table;
use konspect::report::audit::{Without, without};
use konspect_audit::ClientSummary;
use konspect_bundle::words;

use super::Page;
use crate::{Exit, Failure};

/// So many of the clients that a text names are listed.
const NAMED: usize = 4;

/// The first minor version with priority and fairness that is on unless somebody turns it off.
const FIRST_FAIR: u32 = 20;

impl Page<'_> {
    /// The client that a text names, and how others are called that it names as well: the one that
    /// costs most is taken. Any name of a user's programs whose names change again and again names all of them.
    pub(super) fn client(&self, wanted: &str) -> Result<(&ClientSummary, Vec<String>), Failure> {
        let lower = wanted.to_lowercase();
        let mut named: Vec<&ClientSummary> = self
            .summary
            .clients
            .iter()
            .filter(|client| !client.other_agents && name(client).to_lowercase().contains(&lower))
            .collect();
        // What is called exactly so is meant, whatever else contains it.
        let exact = |client: &&ClientSummary| {
            client.agent == wanted || client.user == wanted || name(client) == wanted
        };
        if named.iter().any(exact) {
            named.retain(exact);
        }
        named.sort_by_key(|client| {
            std::cmp::Reverse((client.total.latency_sum, client.total.requests))
        });
        let crowds: Vec<&ClientSummary> =
            self.summary.crowds.iter().map(|crowd| &crowd.client).collect();
        let crowd_of =
            |client: &ClientSummary| crowds.iter().find(|crowd| crowd.user == client.user).copied();
        let called = crowds.iter().find(|crowd| name(crowd).to_lowercase().contains(&lower));
        let first = named.first().map(|first| crowd_of(first).unwrap_or(first));
        let first = first.or(called.copied()).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                anyhow!(
                    "no client {wanted}: `konspect audit … -r user-agents` and `-r users` list them"
                ),
            )
        })?;
        named.retain(|client| crowd_of(client).is_none_or(|crowd| crowd.user != first.user));
        let others = named.into_iter().filter(|client| !std::ptr::eq(*client, first));
        Ok((first, others.map(name).collect()))
    }

    /// Says that a text names several clients.
    pub(super) fn ambiguous(&self, first: &ClientSummary, others: &[String]) -> Option<String> {
        let more = others.len().saturating_sub(NAMED);
        let shown: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
        let more = if more > 0 { format!(" … +{more}") } else { String::new() };
        (!others.is_empty()).then(|| {
            self.language.say(&words!(
                "audit-without-several",
                client = name(first),
                others = shown.join(" · ") + &more
            ))
        })
    }

    pub(super) fn counterfactual(&self, wanted: &str) -> Result<String, Failure> {
        let (client, others) = self.client(wanted)?;
        let minor = self.minor()?;
        let mut out = String::from("\n");
        if let Some(note) = self.ambiguous(client, &others) {
            let _ = writeln!(out, "{} {note}", self.language.label("audit-note"));
        }
        let name = name(client);
        let Some(outcome) = without(self.summary, &client.user, &client.agent, minor) else {
            let said = self.language.say(&words!("audit-without-too-little", client = &name));
            let _ = writeln!(out, "{said}");
            return Ok(out);
        };
        let mut lines = Vec::new();
        if outcome.user_agents > 1 {
            let count = outcome.user_agents;
            lines.push(self.language.say(&words!(
                "audit-without-crowd",
                client = &name,
                count = count
            )));
        }
        lines.extend(self.estimated(&name, &outcome));
        let estimated = outcome.not_estimated.is_none();
        match outcome.containment {
            Some(yaml) => {
                let key = if estimated {
                    "audit-without-contain"
                } else {
                    "audit-without-contain-anyway"
                };
                lines.push(self.language.label(key));
                lines.push(format!("\n{yaml}"));
            }
            None if minor.is_some_and(|minor| minor < FIRST_FAIR) => {
                lines.push(self.language.label("audit-without-version"));
            }
            None => lines.push(self.language.label("audit-without-system")),
        }
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        Ok(out)
    }

    /// What everybody else would have seen, or why nothing is said of it, and what was measured.
    fn estimated(&self, name: &str, outcome: &Without) -> Vec<String> {
        let (from, share) = (span(outcome.others_p99_ms), percent(outcome.share_of_work));
        let error = outcome.model.as_ref().map_or(0.0, |model| model.error);
        let mut lines = Vec::new();
        if let (None, Some(to)) = (&outcome.not_estimated, outcome.others_p99_without_ms) {
            lines.push(self.language.say(&words!(
                "audit-without",
                client = name,
                from = from,
                to = span(to),
                share = share
            )));
        } else {
            let reason = match outcome.not_estimated.as_deref() {
                Some("unaffected") => words!("audit-without-unaffected", client = name),
                Some("elsewhere") => words!(
                    "audit-without-elsewhere",
                    client = name,
                    part = outcome.most_in.clone().unwrap_or_default(),
                    most = percent(outcome.most_share.unwrap_or(0.0)),
                    queued = percent(outcome.queued_share.unwrap_or(0.0))
                ),
                Some("never-quiet") => words!("audit-without-never-quiet", client = name),
                Some("waits-less") => words!("audit-without-waits-less", client = name),
                Some("no-gain") => words!("audit-without-no-gain", client = name),
                _ => words!("audit-without-misfit", client = name, error = percent(error)),
            };
            lines.push(self.language.say(&reason));
            lines.push(self.language.say(&words!(
                "audit-without-seen",
                from = from,
                share = share
            )));
        }
        match outcome.others_p99_in_quiet_bins_ms {
            Some(quiet) => lines.push(self.language.say(&words!(
                "audit-without-quiet",
                quiet = span(quiet),
                bins = outcome.quiet_bins,
                seconds = outcome.bin_seconds.unsigned_abs()
            ))),
            None if outcome.not_estimated.as_deref() == Some("never-quiet") => {}
            None => lines.push(self.language.label("audit-without-no-quiet")),
        }
        if let (None, Some(model)) = (&outcome.not_estimated, &outcome.model) {
            lines.push(self.language.say(&words!(
                "audit-without-model",
                seats = model.seats,
                error = percent(model.error)
            )));
        }
        lines
    }
}

fn name(client: &ClientSummary) -> String {
    format!("{} ({})", client.agent, client.user)
}

/// Milliseconds as a span of time.
fn span(millis: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a latency is neither"
    )]
    table::duration((millis * 1000.0) as u64)
}

fn percent(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}
