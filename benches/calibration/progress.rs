//! How far it is, on standard error.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between two lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// Counts the steps of one task; used by several threads at once.
pub struct Progress {
    task: String,
    total: usize,
    started: Instant,
    /// Steps done, and when the last line was written.
    state: Mutex<(usize, Instant)>,
}

impl Progress {
    /// A task of `total` steps.
    pub fn new(task: String, total: usize) -> Self {
        let started = Instant::now();
        Progress { task, total, started, state: Mutex::new((0, started)) }
    }

    /// One step is done.
    pub fn step(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        state.0 += 1;
        if state.0 == self.total || state.1.elapsed() >= INTERVAL {
            state.1 = Instant::now();
            let seconds = self.started.elapsed().as_secs();
            eprintln!("{}: {} of {} after {seconds} s", self.task, state.0, self.total);
        }
    }
}
