//! Passes over a solid archive: one thread decompresses it, the others work on what it has found,
//! and the bytes between them are bounded.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Scope;

use crate::limits::Limits;
use crate::store::tar::{Member, Tar};
use crate::store::{Blob, Raw};

/// Bytes of a large member that travel together.
const CHUNK: usize = 1 << 20;
const CHUNKS: usize = 4;
const JOBS: usize = 64;

/// One member on its way to a worker.
pub(crate) struct Job {
    pub(crate) slot: usize,
    pub(crate) raw: Raw,
    /// Held until the bytes are gone.
    pub(crate) permit: Option<Permit>,
}

/// Starts the decompressor; `wanted` lists the slots to send, absent means all.
pub(crate) fn pump<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    tar: &'env Tar,
    limits: &'env Limits,
    wanted: Option<&'env BTreeSet<usize>>,
) -> Receiver<Job> {
    let (jobs, receiver) = sync_channel(JOBS);
    let budget = Arc::new(Budget {
        free: Mutex::new(limits.whole.saturating_mul(2)),
        freed: Condvar::new(),
    });
    let last = wanted.map(|wanted| wanted.last().copied());
    scope.spawn(move || {
        tar.each(limits, |slot, member| {
            if last.is_some_and(|last| last.is_none_or(|last| slot > last)) {
                return ControlFlow::Break(());
            }
            if wanted.is_some_and(|wanted| !wanted.contains(&slot)) {
                return ControlFlow::Continue(());
            }
            if member.length > limits.whole {
                return stream(&jobs, slot, member);
            }
            let permit = Budget::take(&budget, member.length);
            let (bytes, damage) = member.read_all();
            send(
                &jobs,
                Job { slot, raw: Raw::Whole(Blob::Owned(bytes), damage), permit: Some(permit) },
            )
        });
    });
    receiver
}

fn send(jobs: &SyncSender<Job>, job: Job) -> ControlFlow<()> {
    match jobs.send(job) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// Sends a large member in chunks while a worker already reads it.
fn stream(jobs: &SyncSender<Job>, slot: usize, member: Member<'_>) -> ControlFlow<()> {
    let (chunks, receiver) = sync_channel(CHUNKS);
    let reader = Chunks { receiver, current: Cursor::new(Vec::new()), left: member.length };
    send(jobs, Job { slot, raw: Raw::Stream(Box::new(reader)), permit: None })?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let outcome = member.content.take(CHUNK as u64).read_to_end(&mut chunk);
        let ended = chunk.len() < CHUNK;
        // A worker that has seen enough drops its end; the rest of the member is skipped.
        if chunks.send(Ok(chunk)).is_err() {
            return ControlFlow::Continue(());
        }
        if let Err(error) = outcome {
            let _ = chunks.send(Err(error));
            return ControlFlow::Continue(());
        }
        if ended {
            return ControlFlow::Continue(());
        }
    }
}

/// The worker's end of a large member.
struct Chunks {
    receiver: Receiver<io::Result<Vec<u8>>>,
    current: Cursor<Vec<u8>>,
    left: u64,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let length = self.current.read(buffer)?;
            if length > 0 {
                self.left = self.left.saturating_sub(length as u64);
                return Ok(length);
            }
            match self.receiver.recv() {
                Ok(chunk) => self.current = Cursor::new(chunk?),
                Err(_) if self.left > 0 => {
                    self.left = 0;
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Err(_) => return Ok(0),
            }
        }
    }
}

/// Bytes that may be between the decompressor and the workers.
struct Budget {
    free: Mutex<u64>,
    freed: Condvar,
}

impl Budget {
    fn take(budget: &Arc<Self>, bytes: u64) -> Permit {
        let free = budget.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = budget
            .freed
            .wait_while(free, |free| *free < bytes)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Permit { budget: Arc::clone(budget), bytes }
    }
}

/// A share of the budget, given back when dropped.
pub(crate) struct Permit {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.freed.notify_one();
    }
}
