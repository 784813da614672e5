//! An ordered parallel map over any number of items in bounded memory.
//!
//! The calling thread takes items from the source, hands them to a pool of
//! threads, and delivers the results in the order of the items. It stops
//! taking items while too many are under way or wait for their turn, so that
//! memory depends on the number of threads and not on the number of items.

use std::any::Any;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

/// Results that may wait for an earlier, slower item, per thread, unless told
/// otherwise. Results are usually small beside the work that makes them, and one hour-long file among short
/// ones must not leave the other threads idle.
const WAITING_PER_THREAD: usize = 64;

/// A request to stop, shared between threads (and a Ctrl-C handler).
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. There is no way back.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A job that panicked: a defect in the program or in a decoder, which costs
/// that item and no other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal error, please report it with the file: {message}")]
pub struct Panicked {
    /// What the panic said.
    pub message: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending<B> {
    /// Every item was delivered.
    Complete,
    /// The flag was raised: every item taken until then was delivered, the
    /// rest was not looked at.
    Stopped,
    /// The callback broke off with this value.
    Broken(B),
}

impl<B> Ending<B> {
    /// Whether every item was delivered.
    ///
    /// # Errors
    /// What the callback broke off with.
    pub fn whole(self) -> Result<bool, B> {
        match self {
            Self::Complete => Ok(true),
            Self::Stopped => Ok(false),
            Self::Broken(value) => Err(value),
        }
    }
}

/// Threads that run [`Pipeline::run`].
#[derive(Debug)]
pub struct Pipeline {
    pool: rayon::ThreadPool,
    waiting_per_thread: usize,
    stop: StopFlag,
}

impl Pipeline {
    /// A pipeline of `threads` threads, or of as many as there are cores.
    /// Fails when the system refuses to start them.
    pub fn new(threads: Option<NonZeroUsize>, stop: StopFlag) -> Result<Self, rayon::ThreadPoolBuildError> {
        // Zero lets rayon count the cores.
        let count = threads.map_or(0, NonZeroUsize::get);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|i| format!("scan-{i}"))
            .build()?;
        Ok(Self { pool, waiting_per_thread: WAITING_PER_THREAD, stop })
    }

    /// The same pipeline, in which up to `count` results per thread (64 unless
    /// told) may wait for an earlier one: fewer for large results.
    pub fn waiting_per_thread(self, count: usize) -> Self {
        Self { waiting_per_thread: count, ..self }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The flag that stops this pipeline.
    pub fn stop_flag(&self) -> &StopFlag {
        &self.stop
    }

    /// Calls `work` with every item on the pool's threads and `deliver` with
    /// every result on this thread, in the order of the items.
    ///
    /// At most [`threads`](Self::threads) + 1 items are under way, and at most
    /// [`waiting_per_thread`](Self::waiting_per_thread) results per thread wait
    /// for an earlier one; `items` is not asked for more until there is room. A panic in `work` becomes that
    /// item's result. When `deliver` breaks off, items under way are finished
    /// and dropped.
    pub fn run<T, R, B>(
        &self,
        items: impl IntoIterator<Item = T>,
        work: impl Fn(T) -> R + Sync,
        mut deliver: impl FnMut(Result<R, Panicked>) -> ControlFlow<B>,
    ) -> Ending<B>
    where
        T: Send,
        R: Send,
    {
        let most_under_way = self.threads() + 1;
        // Room for one at least: the result that comes next has to be taken in.
        let most_waiting = (self.threads() * self.waiting_per_thread).max(1);
        let mut items = items.into_iter();
        let (sender, receiver) = mpsc::channel::<(u64, Result<R, Panicked>)>();
        let work = &work;
        self.pool.in_place_scope(|scope| {
            let mut taken = 0;
            let mut delivered = 0;
            let mut under_way = 0;
            let mut waiting = BTreeMap::new();
            let mut exhausted = false;
            loop {
                while !exhausted
                    && under_way < most_under_way
                    && waiting.len() < most_waiting
                    && !self.stop.is_stopped()
                {
                    let Some(item) = items.next() else {
                        exhausted = true;
                        break;
                    };
                    let (number, sender) = (taken, sender.clone());
                    taken += 1;
                    under_way += 1;
                    scope.spawn(move |_| {
                        let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                        // Nobody listens any more after the callback broke off.
                        let _ = sender.send((number, result.map_err(|payload| panicked(payload.as_ref()))));
                    });
                }
                if under_way == 0 {
                    debug_assert!(waiting.is_empty() && delivered == taken);
                    return if exhausted { Ending::Complete } else { Ending::Stopped };
                }
                let (number, result) = receiver.recv().expect("this thread holds a sender itself");
                under_way -= 1;
                waiting.insert(number, result);
                while let Some(result) = waiting.remove(&delivered) {
                    delivered += 1;
                    if let ControlFlow::Break(value) = deliver(result) {
                        return Ending::Broken(value);
                    }
                }
            }
        })
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Panicked {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Panicked { message }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn pipeline(threads: usize) -> Pipeline {
        Pipeline::new(NonZeroUsize::new(threads), StopFlag::new()).expect("threads start")
    }

    /// The naive twin: one after another.
    fn sequential(items: &[u64], work: impl Fn(u64) -> u64) -> Vec<u64> {
        items.iter().map(|&item| work(item)).collect()
    }

    #[test]
    fn results_come_in_the_order_of_the_items_on_any_number_of_threads() {
        let work = |item: u64| {
            // The earlier of each seven takes the longer.
            thread::sleep(Duration::from_micros(300 * (7 - item % 7)));
            item * item
        };
        for count in [0, 1, 2, 300] {
            let items: Vec<u64> = (0..count).collect();
            let expected = sequential(&items, |item| item * item);
            for threads in [1, 2, 5] {
                let mut results = Vec::new();
                let ending = pipeline(threads).run(items.iter().copied(), work, |result| {
                    results.push(result.expect("no panic"));
                    ControlFlow::<()>::Continue(())
                });
                assert_eq!(
                    (ending, &results),
                    (Ending::Complete, &expected),
                    "{count} items on {threads} threads"
                );
            }
        }
    }

    #[test]
    fn no_more_is_taken_than_fits_while_the_first_item_is_slow() {
        let threads = 2;
        let room = threads * WAITING_PER_THREAD + threads + 1;
        let taken = AtomicUsize::new(0);
        let finished = AtomicUsize::new(0);
        let release = AtomicBool::new(false);
        let items = (0..10_000usize).inspect(|_| {
            taken.fetch_add(1, Ordering::SeqCst);
        });
        let mut most_ahead = 0;
        let mut delivered = 0;
        let ending = thread::scope(|scope| {
            scope.spawn(|| {
                // Wait until the others can get no further, then let go.
                while finished.load(Ordering::SeqCst) < room - threads - 1 {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(20));
                release.store(true, Ordering::SeqCst);
            });
            pipeline(threads).run(
                items,
                |item| {
                    while item == 0 && !release.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(1));
                    }
                    finished.fetch_add(1, Ordering::SeqCst);
                },
                |_| {
                    most_ahead = most_ahead.max(taken.load(Ordering::SeqCst) - delivered);
                    delivered += 1;
                    ControlFlow::<()>::Continue(())
                },
            )
        });
        assert_eq!(ending, Ending::Complete);
        assert_eq!(delivered, 10_000);
        assert!(most_ahead > threads + 1, "the other threads worked on: {most_ahead}");
        assert!(most_ahead <= room, "{most_ahead} items were ahead, there is room for {room}");
    }

    #[test]
    fn a_panic_costs_one_item() {
        let mut results = Vec::new();
        let work = |item: u64| {
            assert!(item != 3, "item {item} is bad");
            item
        };
        let ending = pipeline(2).run(0..6, work, |result| {
            results.push(result.map_err(|panic| panic.message));
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(ending, Ending::Complete);
        assert_eq!(results, [Ok(0), Ok(1), Ok(2), Err("item 3 is bad".to_owned()), Ok(4), Ok(5)]);
    }

    #[test]
    fn the_flag_stops_taking_and_what_was_taken_is_delivered() {
        let stop = StopFlag::new();
        let pipeline = Pipeline::new(NonZeroUsize::new(2), stop.clone()).expect("threads start");
        let taken = AtomicUsize::new(0);
        let items = (0u64..).inspect(|_| {
            taken.fetch_add(1, Ordering::SeqCst);
        });
        let mut results = Vec::new();
        let ending = pipeline.run(
            items,
            |item| item,
            |result| {
                results.push(result.expect("no panic"));
                if results.len() == 10 {
                    stop.stop();
                }
                ControlFlow::<()>::Continue(())
            },
        );
        assert_eq!(ending, Ending::Stopped);
        assert!(results.len() >= 10);
        assert_eq!(results.len(), taken.load(Ordering::SeqCst), "everything taken was delivered");
        assert!(results.iter().copied().eq(0..results.len() as u64));
    }

    #[test]
    fn the_callback_can_break_off() {
        let ending = pipeline(3).run(
            0u64..,
            |item| item,
            |result| match result {
                Ok(5) => ControlFlow::Break("five"),
                _ => ControlFlow::Continue(()),
            },
        );
        assert_eq!(ending, Ending::Broken("five"));
    }
}
