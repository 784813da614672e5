//! One run: the threads that work, and the one that gives them items and takes their
//! results in order.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Care, Ending, Lost, Marks, NoThreads, Run, Sink};

/// How long an item may take beyond its time before it is given up. Work that looks
/// at its clock ends within it, with more to tell.
const GRACE: Duration = Duration::from_secs(2);

/// How long items under way may take to end when somebody asked to stop: most clips
/// do, and nobody waits longer than a second for a program to end.
const LAST_CALL: Duration = Duration::from_millis(500);

/// How often the calling thread looks at clocks and at the stop flag.
const TICK: Duration = Duration::from_millis(50);

/// What threads tell the one that called.
pub(super) enum Event<R> {
    /// The work on this item began.
    Began(u64),
    /// It ended.
    Ended(u64, Result<R, Lost>),
}

/// An item with its number in the run, and its name where that is noted.
pub(super) struct Job<T> {
    number: u64,
    name: OsString,
    item: T,
}

/// Items whose threads are not needed any more when they come back.
pub(super) type GivenUp = Arc<Mutex<BTreeSet<u64>>>;

/// What the threads share.
pub(super) struct Crew<T, W> {
    queue: Mutex<Receiver<Job<T>>>,
    given_up: GivenUp,
    marks: Option<Arc<Marks>>,
    work: W,
}

impl<T, W> Crew<T, W> {
    pub(super) fn new(queue: Mutex<Receiver<Job<T>>>, marks: Option<Arc<Marks>>, work: W) -> Self {
        Self { queue, given_up: GivenUp::default(), marks, work }
    }

    pub(super) fn given_up(&self) -> GivenUp {
        Arc::clone(&self.given_up)
    }

    /// Works on items until there are no more, or nobody waits for them.
    pub(super) fn toil<R>(&self, events: &Sender<Event<R>>)
    where
        W: Fn(T) -> R,
    {
        loop {
            let job = locked(&self.queue).recv();
            let Ok(Job { number, name, item }) = job else { return };
            if events.send(Event::Began(number)).is_err() {
                return;
            }
            let mark = self.marks.as_ref().map(|marks| marks.start(&name));
            let result = catch_unwind(AssertUnwindSafe(|| (self.work)(item)));
            drop(mark);
            let result = result.map_err(|payload| panicked(payload.as_ref()));
            let told = events.send(Event::Ended(number, result));
            if told.is_err() || locked(&self.given_up).contains(&number) {
                return;
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is shared here is ever half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The calling thread's side of a run.
pub(super) struct Foreman<'a, T, K, R, H> {
    run: &'a Run,
    /// Starts a thread.
    hire: H,
    /// Threads that are not left behind.
    workers: usize,
    jobs: Sender<Job<T>>,
    told: Receiver<Event<R>>,
    /// Tells threads that nobody waits for them.
    leave: GivenUp,
    /// Items of which nothing is taken any more.
    given_up: BTreeSet<u64>,
    began: BTreeMap<u64, Instant>,
    /// The tickets of items that were not delivered yet, in order.
    tickets: VecDeque<K>,
    waiting: BTreeMap<u64, Result<R, Lost>>,
    taken: u64,
    delivered: u64,
    under_way: usize,
    /// Whether what is under way is to be alone.
    exclusive: bool,
    /// The item that is to be alone, when others are under way.
    pending: Option<T>,
    exhausted: bool,
}

impl<'a, T, K: AsRef<Path>, R, H: FnMut() -> io::Result<()>> Foreman<'a, T, K, R, H> {
    pub(super) fn new(
        run: &'a Run,
        jobs: Sender<Job<T>>,
        told: Receiver<Event<R>>,
        leave: GivenUp,
        hire: H,
    ) -> Self {
        Foreman {
            run,
            hire,
            workers: 0,
            jobs,
            told,
            leave,
            given_up: BTreeSet::new(),
            began: BTreeMap::new(),
            tickets: VecDeque::new(),
            waiting: BTreeMap::new(),
            taken: 0,
            delivered: 0,
            under_way: 0,
            exclusive: false,
            pending: None,
            exhausted: false,
        }
    }

    pub(super) fn run<S: Sink<K, R>>(
        mut self,
        mut items: impl Iterator<Item = T>,
        ticket: impl Fn(&T) -> K,
        sink: &mut S,
    ) -> Result<Ending, S::Error> {
        for _ in 0..self.run.threads {
            self.hire()?;
        }
        let mut last_call = None;
        loop {
            let stopped = self.run.stop.is_stopped();
            if stopped {
                let since = *last_call.get_or_insert_with(Instant::now);
                if since.elapsed() >= LAST_CALL {
                    return Ok(Ending::Stopped);
                }
            } else {
                self.take(&mut items, &ticket);
            }
            self.deliver(sink)?;
            if self.under_way > 0 {
                if !self.listen() {
                    return Ok(Ending::Stopped);
                }
                self.give_up()?;
            } else if self.exhausted && self.pending.is_none() {
                return Ok(Ending::Complete);
            } else if stopped {
                return Ok(Ending::Stopped);
            }
        }
    }

    /// Starts a thread. Where the system starts no more, those that there are go on.
    fn hire(&mut self) -> Result<(), NoThreads> {
        match (self.hire)() {
            Ok(()) => self.workers += 1,
            Err(error) if self.workers == 0 => return Err(error.into()),
            Err(_) => {}
        }
        Ok(())
    }

    /// Takes items while there is room.
    fn take(&mut self, items: &mut impl Iterator<Item = T>, ticket: &impl Fn(&T) -> K) {
        let most_under_way = self.run.threads + 1;
        // Room for one at least: the result that comes next has to be taken in.
        let most_waiting = (self.run.threads * self.run.waiting_per_thread).max(1);
        while !self.exhausted
            && !self.exclusive
            && self.under_way < most_under_way
            && self.waiting.len() < most_waiting
            && !self.run.stop.is_stopped()
        {
            let Some(item) = self.pending.take().or_else(|| items.next()) else {
                // A source may end because somebody asked to stop.
                self.exhausted = !self.run.stop.is_stopped();
                break;
            };
            let kept = ticket(&item);
            let name = kept.as_ref().as_os_str();
            let care = self.run.marks.as_ref().map_or(Care::None, |marks| marks.suspects().care(name));
            if care == Care::Alone && self.under_way > 0 {
                self.pending = Some(item);
                break;
            }
            let number = self.taken;
            if care == Care::PassOver {
                self.waiting.insert(number, Err(Lost::PassedOver));
            } else {
                let name = if self.run.marks.is_some() { name.to_owned() } else { OsString::new() };
                // The threads hold the other end as long as there is one.
                if self.jobs.send(Job { number, name, item }).is_err() {
                    break;
                }
                self.exclusive = care == Care::Alone;
                self.under_way += 1;
            }
            self.tickets.push_back(kept);
            self.taken += 1;
        }
    }

    /// Takes in what threads have to tell, and waits a moment where that is nothing;
    /// false if there is no thread any more.
    fn listen(&mut self) -> bool {
        let mut event = self.told.recv_timeout(TICK);
        loop {
            match event {
                Ok(Event::Began(number)) => drop(self.began.insert(number, Instant::now())),
                Ok(Event::Ended(number, result)) => self.end(number, result),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            // Who is late is known when all was heard.
            event = self.told.try_recv().map_err(|_| RecvTimeoutError::Timeout);
        }
    }

    fn deliver<S: Sink<K, R>>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        while let Some(result) = self.waiting.remove(&self.delivered) {
            self.delivered += 1;
            if let Some(ticket) = self.tickets.pop_front() {
                sink.take(ticket, result)?;
            }
        }
        Ok(())
    }

    fn end(&mut self, number: u64, result: Result<R, Lost>) {
        self.began.remove(&number);
        // What was given up has its result.
        if self.given_up.remove(&number) {
            return;
        }
        self.under_way -= 1;
        self.exclusive &= self.under_way > 0;
        self.waiting.insert(number, result);
    }

    /// Gives up what takes too long, and starts a thread in the place of each that is
    /// left with it.
    fn give_up(&mut self) -> Result<(), NoThreads> {
        let Some(limit) = self.run.limit else { return Ok(()) };
        let late = self.began.iter().filter(|(_, began)| began.elapsed() >= limit.saturating_add(GRACE));
        let late: Vec<u64> = late.map(|(number, _)| *number).collect();
        for number in late {
            self.end(number, Err(Lost::TimedOut { limit_s: limit.as_secs() }));
            self.given_up.insert(number);
            locked(&self.leave).insert(number);
            self.workers -= 1;
            self.hire()?;
        }
        Ok(())
    }
}

fn panicked(payload: &(dyn Any + Send)) -> Lost {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    Lost::Panicked { message }
}
