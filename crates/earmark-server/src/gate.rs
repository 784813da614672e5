//! How many searches run and wait at a time.
//!
//! A search takes a core. As many run as the operator says, a bounded number waits,
//! and one caller holds at most half of all places, so that nobody keeps the others
//! out. Whoever finds no place is told at once and tries again; nothing piles up.
//! (A concurrency limit of tower on a method router counts each request apart and
//! limits nothing, which is why this is one semaphore for all routes.)

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    running: Arc<Semaphore>,
    /// Places in all, running and waiting.
    places: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by_caller: HashMap<String, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// All places are taken.
    #[error("all places for searches are taken")]
    Full,
    /// This caller holds its share.
    #[error("this caller already holds its share of the places for searches")]
    Share,
}

/// A place among those that wait or run; given back when it is dropped.
pub struct Place {
    inner: Arc<Inner>,
    caller: String,
}

/// A search that may run now.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

impl Gate {
    /// A gate for `running` searches at a time and `waiting` behind them.
    pub fn new(running: usize, waiting: usize) -> Self {
        let running = running.max(1);
        Gate {
            inner: Arc::new(Inner {
                running: Arc::new(Semaphore::new(running)),
                places: running + waiting,
                held: Mutex::default(),
            }),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`NoPlace`], at once.
    pub fn enter(&self, caller: &str) -> Result<Place, NoPlace> {
        let mut held = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.all >= self.inner.places {
            return Err(NoPlace::Full);
        }
        let share = self.inner.places.div_ceil(2);
        let of_caller = held.by_caller.get(caller).copied().unwrap_or(0);
        if of_caller >= share {
            return Err(NoPlace::Share);
        }
        held.by_caller.insert(caller.to_owned(), of_caller + 1);
        held.all += 1;
        Ok(Place { inner: self.inner.clone(), caller: caller.to_owned() })
    }

    /// How many places are taken, and how many there are.
    pub fn load(&self) -> (usize, usize) {
        let held = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        (held.all, self.inner.places)
    }
}

impl Place {
    /// Waits until a search may run.
    pub async fn turn(self) -> Turn {
        let running = self.inner.running.clone();
        match running.acquire_owned().await {
            Ok(permit) => Turn { _permit: permit, _place: self },
            Err(_) => unreachable!("the semaphore is never closed"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(1);
        if let Some(count) = held.by_caller.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                held.by_caller.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_leaves_half_of_the_places() {
        let gate = Gate::new(2, 4);
        let mine: Vec<Place> = (0..3).map(|_| gate.enter("a").unwrap()).collect();
        assert_eq!(gate.enter("a").err(), Some(NoPlace::Share));
        let others: Vec<Place> = ["b", "c", "d"].map(|caller| gate.enter(caller).unwrap()).into();
        assert_eq!(gate.enter("e").err(), Some(NoPlace::Full));
        assert_eq!(gate.load(), (6, 6));
        drop(mine);
        drop(others);
        assert_eq!(gate.load(), (0, 6));
        gate.enter("a").unwrap();
    }

    #[tokio::test]
    async fn no_more_run_than_may() {
        let gate = Gate::new(1, 3);
        let first = gate.enter("a").unwrap().turn().await;
        let second = gate.enter("b").unwrap().turn();
        tokio::pin!(second);
        let waits = tokio::time::timeout(std::time::Duration::from_millis(50), &mut second).await;
        assert!(waits.is_err(), "the second search ran beside the first");
        drop(first);
        second.await;
    }
}
