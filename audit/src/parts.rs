//! Puts lines together that a container runtime cut, stream by stream.

use konspect_bundle::{Source, Span};

use crate::container::{Part, Wrapped, chunk};
use crate::form::Form;
use crate::record::Reader;

/// The parts of one line so far.
#[derive(Default)]
struct Run {
    text: Vec<u8>,
    at: Option<Span>,
    lines: u64,
    time: Option<i64>,
}

impl Run {
    /// Takes what was put together; without its end when the log lost that.
    fn give(&mut self, part: Part, reader: &mut Reader<'_>) {
        let Some(at) = self.at.take() else { return };
        let line = Wrapped { text: &self.text, time: self.time, part: Some(part) };
        reader.joined(&line, at, self.lines);
        self.text.clear();
        self.lines = 0;
    }
}

/// Takes lines of which some are parts of longer ones; no run goes on behind them.
pub(crate) fn take(source: Source<'_>, reader: &mut Reader<'_>) {
    let (mut output, mut errors) = (Run::default(), Run::default());
    for line in source.lines() {
        let Some(chunk) = chunk(line.bytes) else {
            reader.record(line.bytes, line.at, Form::Lines);
            continue;
        };
        let part = chunk.part;
        let run = if part.errors { &mut errors } else { &mut output };
        if chunk.begins_event() {
            run.give(Part { ends: false, ..part }, reader);
        }
        if part.ends && run.at.is_none() {
            reader.record(line.bytes, line.at, Form::Lines);
            continue;
        }
        chunk.append_to(&mut run.text);
        let start = run.at.map_or(line.at.start, |at| at.start);
        run.at = Some(Span { start, ..line.at });
        run.lines += 1;
        run.time = chunk.time;
        if part.ends {
            run.give(part, reader);
        }
    }
    for (errors, mut run) in [(false, output), (true, errors)] {
        run.give(Part { errors, ends: false }, reader);
    }
}
