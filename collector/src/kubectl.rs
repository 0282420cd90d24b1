//! The only file that starts processes: kubectl, az, ssh and the client's own tools.
//!
//! Every child gets nothing on standard input, its own process group and a hard deadline; its
//! output is handed on as it comes, and what it said on standard error and how it ended is kept:
//! a failed command is evidence. It refuses to know what the commands mean.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use konspect_bundle::writer::WriteError;

/// How much of standard error is kept: its end.
const STDERR: usize = 64 << 10;

/// How long the pipes of a killed child are read before they are left to their fate.
const GRACE: Duration = Duration::from_secs(1);

/// When everything is to end: asked by a signal, or by the clock.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub interrupted: Arc<AtomicBool>,
    pub until: Instant,
}

impl Stop {
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    pub(crate) fn late(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits, unless the end comes first.
    pub(crate) fn wait(&self, time: Duration) {
        let (sender, receiver) = sync_channel::<()>(0);
        let until = self.until.min(Instant::now() + time);
        while !self.interrupted() && Instant::now() < until {
            // Nothing is ever sent: the timeout is the tick.
            let _ = receiver.recv_timeout(
                Duration::from_millis(50).min(until.saturating_duration_since(Instant::now())),
            );
        }
        drop(sender);
    }
}

/// A program and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub program: PathBuf,
    pub words: Vec<String>,
    pub deadline: Duration,
}

/// How a command ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub exit: Option<i32>,
    /// Why there is no exit code.
    pub ended: Option<String>,
    pub stderr: Vec<u8>,
    pub took: Duration,
    /// True when the sink took no more.
    pub full: bool,
}

/// Finds a program on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| executable(path))
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(path: &Path) -> bool {
    path.is_file() || path.with_extension("exe").is_file()
}

enum Said {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Closed,
    Ended(std::io::Result<ExitStatus>),
}

/// Runs a command to its end, its deadline or the end of everything.
///
/// `sink` gets standard output in pieces and returns false when it takes no more.
pub(crate) fn run(
    command: &Command,
    stop: &Stop,
    sink: &mut dyn FnMut(&[u8]) -> Result<bool, WriteError>,
) -> Result<Outcome, WriteError> {
    let begun = Instant::now();
    let mut outcome = Outcome::default();
    let mut child = match spawn(command) {
        Ok(child) => child,
        Err(error) => {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            outcome.ended = Some(if missing {
                "not found".to_owned()
            } else {
                format!("not started: {error}")
            });
            return Ok(outcome);
        }
    };
    let group = child.id();
    // Bounded, so that a fast child waits for the disk and not the other way round.
    let (sender, receiver) = sync_channel(8);
    if let Some(stdout) = child.stdout.take() {
        read(stdout, sender.clone(), Said::Out);
    }
    if let Some(stderr) = child.stderr.take() {
        read(stderr, sender.clone(), Said::Err);
    }
    std::thread::spawn(move || sender.send(Said::Ended(child.wait())));
    let failed = follow(&receiver, begun + command.deadline, stop, sink, &mut outcome);
    if outcome.exit.is_none() || failed.is_err() {
        kill(group);
    }
    outcome.took = begun.elapsed();
    failed.map(|()| outcome)
}

fn spawn(command: &Command) -> std::io::Result<std::process::Child> {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that starts processes")]
    let mut process = std::process::Command::new(&command.program);
    process
        .args(&command.words)
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    process.spawn()
}

fn read(mut pipe: impl Read + Send + 'static, sender: SyncSender<Said>, said: fn(Vec<u8>) -> Said) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 32 << 10];
        while let Ok(count) = pipe.read(&mut buffer) {
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if count == 0 || sender.send(said(piece)).is_err() {
                break;
            }
        }
        let _ = sender.send(Said::Closed);
    });
}

/// Takes what the child says until both pipes are closed and it ended, or time is up.
fn follow(
    receiver: &Receiver<Said>,
    deadline: Instant,
    stop: &Stop,
    sink: &mut dyn FnMut(&[u8]) -> Result<bool, WriteError>,
    outcome: &mut Outcome,
) -> Result<(), WriteError> {
    let (mut open, mut status) = (2, None);
    let mut until = deadline.min(stop.until);
    loop {
        match receiver.recv_timeout(
            Duration::from_millis(100).min(until.saturating_duration_since(Instant::now())),
        ) {
            Ok(Said::Out(piece)) => {
                if !outcome.full && !sink(&piece)? {
                    outcome.full = true;
                    outcome.ended = Some("size budget".to_owned());
                    return Ok(());
                }
            }
            Ok(Said::Err(piece)) => {
                outcome.stderr.extend(piece);
                let excess = outcome.stderr.len().saturating_sub(STDERR);
                outcome.stderr.drain(..excess);
            }
            Ok(Said::Closed) => open -= 1,
            Ok(Said::Ended(ended)) => {
                status = Some(ended);
                // A grandchild may hold the pipes for ever.
                until = until.min(Instant::now() + GRACE * 5);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                if status.is_some() && Instant::now() >= until {
                    break;
                }
                if stop.interrupted() {
                    outcome.ended = Some("interrupted".to_owned());
                    return Ok(());
                }
                if Instant::now() >= until {
                    outcome.ended =
                        Some(if stop.late() { "time budget" } else { "deadline" }.to_owned());
                    return Ok(());
                }
            }
        }
        if open == 0 && status.is_some() {
            break;
        }
    }
    match status {
        Some(Ok(status)) => {
            outcome.exit = status.code();
            outcome.ended = signal(status);
        }
        Some(Err(error)) => outcome.ended = Some(format!("lost: {error}")),
        None => {}
    }
    Ok(())
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<String> {
    std::os::unix::process::ExitStatusExt::signal(&status).map(|number| format!("signal {number}"))
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<String> {
    None
}

/// Ends the whole group: kubectl's helpers for credentials go with it.
#[cfg(unix)]
fn kill(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop() -> Stop {
        Stop { interrupted: Arc::default(), until: Instant::now() + Duration::from_mins(1) }
    }

    fn shell(script: &str, deadline: u64) -> (Outcome, String) {
        let words = vec!["-c".to_owned(), script.to_owned()];
        let command =
            Command { program: "/bin/sh".into(), words, deadline: Duration::from_millis(deadline) };
        let mut out = Vec::new();
        let outcome = run(&command, &stop(), &mut |piece| {
            out.extend_from_slice(piece);
            Ok(out.len() < 1_000_000)
        });
        (outcome.unwrap(), String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn output_error_and_exit_code_are_kept() {
        let (outcome, out) = shell("cat; echo out; echo err >&2; exit 3", 20_000);
        assert_eq!(
            (out.as_str(), outcome.stderr.as_slice(), outcome.exit),
            ("out\n", b"err\n".as_slice(), Some(3))
        );
        let (outcome, _) = shell("kill -TERM $$", 20_000);
        assert_eq!(outcome.ended.as_deref(), Some("signal 15"));
    }

    #[test]
    fn the_deadline_ends_the_whole_group_and_keeps_what_was_said() {
        let begun = Instant::now();
        let (outcome, out) = shell("echo begun; sleep 50 & sleep 50", 300);
        assert_eq!(
            (out.as_str(), outcome.ended.as_deref(), outcome.exit),
            ("begun\n", Some("deadline"), None)
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn budgets_interrupts_and_missing_programs_are_told_apart() {
        assert_eq!(shell("yes", 20_000).0.ended.as_deref(), Some("size budget"));
        let stop = stop();
        stop.interrupted.store(true, Ordering::Relaxed);
        let mut command = Command {
            program: "/bin/sh".into(),
            words: vec!["-c".into(), "sleep 50".into()],
            deadline: Duration::from_secs(50),
        };
        assert_eq!(
            run(&command, &stop, &mut |_| Ok(true)).unwrap().ended.as_deref(),
            Some("interrupted")
        );
        command.program = "/nonexistent/kubectl".into();
        assert_eq!(
            run(&command, &stop, &mut |_| Ok(true)).unwrap().ended.as_deref(),
            Some("not found")
        );
    }
}
