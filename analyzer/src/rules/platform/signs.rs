//! Texts that several platform rules look for, wherever Azure's answers are quoted: events, CLI errors,
//! logs, activity.

use konspect_bundle::Span;

use crate::facts::{Facts, Phrases};
use crate::model::log::Signal;

/// One place that quotes an answer of Azure.
pub(super) struct Sign {
    pub(super) at: Span,
    pub(super) text: String,
    pub(super) time: Option<jiff::Timestamp>,
}

/// Every place whose text carries one of `texts`, events first.
pub(super) fn signs(facts: &Facts, texts: &[&str], signals: &[Signal]) -> Vec<Sign> {
    let phrases = Phrases::new(texts);
    let says = |text: &str| phrases.stand_in(text);
    let mut found = Vec::new();
    for event in facts.events.ok().into_iter().flat_map(crate::facts::Events::iter).filter(|event| says(&event.message)) {
        let text = format!("{}: {}", event.reason, event.message);
        found.push(Sign { at: event.at, text, time: event.first.get().or(event.last.get()) });
    }
    for error in facts.azure_errors.ok().into_iter().flat_map(|errors| errors.iter()) {
        if says(&error.code) || says(&error.message) {
            found.push(Sign { at: error.at, text: format!("{} {}", error.code, error.message), time: None });
        }
    }
    for command in facts.commands.ok().into_iter().flat_map(|commands| commands.iter()) {
        if says(&command.error_text) {
            found.push(Sign { at: command.at, text: command.error_text.clone(), time: command.started });
        }
    }
    for signal in signals {
        for (_, hit) in facts.logs.ok().into_iter().flat_map(|logs| logs.hits(*signal)).filter(|(_, hit)| says(&hit.text)) {
            found.push(Sign { at: hit.at, text: hit.text.clone(), time: hit.time });
        }
    }
    found
}

/// When the first of them was said.
pub(super) fn first(signs: &[Sign]) -> Option<jiff::Timestamp> {
    signs.iter().filter_map(|sign| sign.time).min()
}
