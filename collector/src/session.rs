//! One collection: runs jobs with bounded concurrency, puts their output into the bundle and
//! keeps a record of each, whatever came of it. It refuses to know what the jobs are for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use konspect_bundle::manifest::CommandRecord;
use konspect_bundle::writer::{Shape, WriteError, Writer};

use crate::clock;
use crate::kubectl::{self, Command, Outcome, Stop};
use crate::plan::Output;
use crate::progress::Progress;

/// Where a record stands in the manifest: phase, entry, repetition, page.
pub(crate) type Order = (u8, usize, usize, usize);

/// One command and what becomes of its output.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub order: Order,
    pub entry: String,
    pub program: PathBuf,
    /// The program's name in the manifest.
    pub shown: String,
    pub words: Vec<String>,
    pub member: String,
    pub shape: Shape,
    pub output: Output,
    pub deadline: Duration,
    /// Bytes.
    pub budget: u64,
    /// Lines stamped after this moment are not taken.
    pub until: Option<i128>,
    /// The node it runs on.
    pub node: Option<String>,
    /// The node that its answer tells something about.
    pub target: Option<String>,
}

/// What the caller of a job gets back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ran {
    pub exit: Option<i32>,
    pub stderr: String,
    pub skipped: bool,
}

pub(crate) struct Session<'a> {
    pub writer: &'a Writer,
    pub stop: &'a Stop,
    pub progress: &'a Progress,
    pub parallel: usize,
    records: Mutex<Vec<(Order, CommandRecord)>>,
    failed: Mutex<Option<WriteError>>,
    full: AtomicBool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        writer: &'a Writer,
        stop: &'a Stop,
        progress: &'a Progress,
        parallel: usize,
    ) -> Self {
        Self {
            writer,
            stop,
            progress,
            parallel,
            records: Mutex::default(),
            failed: Mutex::default(),
            full: AtomicBool::new(false),
        }
    }

    /// Runs a job; `inspect` sees the whole of a document before it is written.
    pub(crate) fn run(&self, job: &Job, inspect: &mut dyn FnMut(&[u8])) -> Ran {
        if let Some(reason) = self.over() {
            self.skip(job, reason);
            return Ran { skipped: true, ..Ran::default() };
        }
        let started = clock::now();
        match self.attempt(job, inspect) {
            Ok((outcome, member)) => {
                let stderr = String::from_utf8_lossy(&outcome.stderr);
                let stderr = if job.output == Output::Stderr {
                    String::new()
                } else {
                    self.writer.redactor().text(&stderr)
                };
                let record = CommandRecord {
                    started,
                    seconds: round(outcome.took.as_secs_f64()),
                    exit: outcome.exit,
                    ended: outcome.ended,
                    stderr: stderr.clone(),
                    member,
                    ..self.record(job)
                };
                self.push(job.order, record);
                Ran { exit: outcome.exit, stderr, skipped: false }
            }
            Err(error) => {
                self.give_up(error);
                self.skip(job, "interrupted");
                Ran { skipped: true, ..Ran::default() }
            }
        }
    }

    /// Records that a job was not run.
    pub(crate) fn skip(&self, job: &Job, reason: &str) {
        let record = CommandRecord {
            started: clock::now(),
            ended: Some(reason.to_owned()),
            ..self.record(job)
        };
        self.push(job.order, record);
    }

    /// Runs jobs on at most `parallel` threads; `act` runs one.
    pub(crate) fn pool<T: Sync>(jobs: &[T], parallel: usize, act: impl Fn(&T) + Sync) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..parallel.min(jobs.len()) {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        act(job);
                    }
                });
            }
        });
    }

    /// Adds a member that no command wrote.
    pub(crate) fn add(&self, path: &str, shape: Shape, bytes: &[u8]) -> Option<String> {
        match self.writer.add(path, shape, bytes) {
            Ok(name) => name,
            Err(error) => {
                self.give_up(error);
                None
            }
        }
    }

    /// Remembers an error of the disk and ends everything.
    pub(crate) fn give_up(&self, error: WriteError) {
        self.stop.interrupted.store(true, Ordering::Relaxed);
        if matches!(error, WriteError::Full { .. }) {
            self.full.store(true, Ordering::Relaxed);
            return;
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }

    pub(crate) fn push(&self, order: Order, record: CommandRecord) {
        self.progress.ended(&record);
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push((order, record));
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// All records in the plan's order, or the error that ended the writing.
    pub(crate) fn finish(self) -> Result<Vec<CommandRecord>, WriteError> {
        if let Some(error) = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut records = self.records.into_inner().unwrap_or_else(PoisonError::into_inner);
        records.sort_by_key(|record| record.0);
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    fn attempt(
        &self,
        job: &Job,
        inspect: &mut dyn FnMut(&[u8]),
    ) -> Result<(Outcome, Option<String>), WriteError> {
        let command = Command {
            program: job.program.clone(),
            words: job.words.clone(),
            deadline: job.deadline,
        };
        let mut member = self.writer.member(&job.member, job.shape, job.budget);
        let mut window = job.until.map(Window::until);
        let outcome =
            kubectl::run(&command, self.stop, &mut |piece| match (&mut window, job.output) {
                (_, Output::Stderr) => Ok(true),
                (Some(window), _) => member.write(&window.take(piece)),
                (None, _) => member.write(piece),
            })?;
        if let Some(window) = &mut window {
            member.write(&window.rest())?;
        }
        if job.output == Output::Stderr {
            member.write(&outcome.stderr)?;
        }
        inspect(member.held());
        let parts = member.finish(outcome.exit.is_none())?;
        Ok((outcome, parts.into_iter().next()))
    }

    fn over(&self) -> Option<&'static str> {
        if self.is_full() {
            Some("skipped: size limit")
        } else if self.stop.interrupted() {
            Some("interrupted")
        } else if self.stop.late() {
            Some("skipped: time budget")
        } else {
            None
        }
    }

    fn record(&self, job: &Job) -> CommandRecord {
        let argv: Vec<String> =
            std::iter::once(job.shown.clone()).chain(job.words.iter().cloned()).collect();
        CommandRecord {
            argv: self.writer.redactor().command(&argv),
            node: job.node.clone(),
            target: job.target.clone(),
            entry: Some(job.entry.clone()),
            ..CommandRecord::default()
        }
    }
}

/// Lets lines pass until one is stamped later than wanted.
struct Window {
    until: i128,
    held: Vec<u8>,
}

impl Window {
    fn until(until: i128) -> Self {
        Self { until, held: Vec::new() }
    }

    fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let whole = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = self.held.split_off(whole);
        let lines = std::mem::replace(&mut self.held, rest);
        self.pass(&lines)
    }

    fn rest(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.held);
        self.pass(&rest)
    }

    fn pass(&self, lines: &[u8]) -> Vec<u8> {
        let wanted = |line: &&[u8]| {
            let stamp = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            std::str::from_utf8(stamp)
                .ok()
                .and_then(clock::parse)
                .is_none_or(|time| time <= self.until)
        };
        lines.split_inclusive(|byte| *byte == b'\n').filter(wanted).collect::<Vec<_>>().concat()
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_ends_where_it_is_told() {
        let mut window = Window::until(clock::parse("2026-11-21T10:00:01Z").unwrap());
        let mut lines = window.take(b"2026-11-21T10:00:00.5Z a\n2026-11-21T10:0");
        lines.extend(window.take(b"0:02Z b\nno stamp\n2026-11-21T10:00:01Z c"));
        lines.extend(window.rest());
        assert_eq!(
            String::from_utf8(lines).unwrap(),
            "2026-11-21T10:00:00.5Z a\nno stamp\n2026-11-21T10:00:01Z c"
        );
    }
}
