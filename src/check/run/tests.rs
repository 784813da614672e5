//! Order, bounds, panics, stopping, and threads that never come back.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::*;

/// What ends a run in these tests.
#[derive(Debug, PartialEq)]
enum Broken {
    NoThreads,
    At(u64),
}

impl From<NoThreads> for Broken {
    fn from(_: NoThreads) -> Self {
        Self::NoThreads
    }
}

fn run(threads: usize) -> Run {
    Run::new(StopFlag::new()).threads(NonZeroUsize::new(threads))
}

fn name(item: &u64) -> PathBuf {
    PathBuf::from(item.to_string())
}

/// All results of a run, in the order in which they were delivered.
fn all<R: Send + 'static>(
    run: &Run,
    items: impl IntoIterator<Item = u64>,
    work: impl Fn(u64) -> R + Send + Sync + 'static,
) -> (Ending, Vec<Result<R, Lost>>) {
    let mut results = Vec::new();
    let mut sink = |_: PathBuf, result: Result<R, Lost>| -> Result<(), Broken> {
        results.push(result);
        Ok(())
    };
    let ending = run.each(items, name, work, &mut sink).expect("threads start");
    (ending, results)
}

#[test]
fn results_come_in_the_order_of_the_items_on_any_number_of_threads() {
    let work = |item: u64| {
        // The earlier of each seven takes the longer.
        thread::sleep(Duration::from_micros(300 * (7 - item % 7)));
        item * item
    };
    for count in [0, 1, 2, 300] {
        // The naive twin: one after another.
        let expected: Vec<_> = (0..count).map(|item| Ok(item * item)).collect();
        for threads in [1, 2, 5] {
            let found = all(&run(threads), 0..count, work);
            assert_eq!(found, (Ending::Complete, expected.clone()), "{count} items on {threads} threads");
        }
    }
}

#[test]
fn no_more_is_taken_than_fits_while_the_first_item_is_slow() {
    let threads = 2;
    let room = threads * WAITING_PER_THREAD + threads + 1;
    let taken = AtomicUsize::new(0);
    let finished = Arc::new(AtomicUsize::new(0));
    let release = Arc::new(AtomicBool::new(false));
    let items = (0..10_000u64).inspect(|_| {
        taken.fetch_add(1, Ordering::SeqCst);
    });
    let (counted, released) = (Arc::clone(&finished), Arc::clone(&release));
    let work = move |item| {
        while item == 0 && !released.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let mut most_ahead = 0;
    let mut delivered = 0;
    let mut sink = |_: PathBuf, _: Result<(), Lost>| -> Result<(), Broken> {
        most_ahead = most_ahead.max(taken.load(Ordering::SeqCst) - delivered);
        delivered += 1;
        Ok(())
    };
    let ending = thread::scope(|scope| {
        scope.spawn(|| {
            // Wait until the others can get no further, then let go.
            while finished.load(Ordering::SeqCst) < room - threads - 1 {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            release.store(true, Ordering::SeqCst);
        });
        run(threads).each(items, name, work, &mut sink)
    });
    assert_eq!(ending.expect("threads start"), Ending::Complete);
    assert_eq!(delivered, 10_000);
    assert!(most_ahead > threads + 1, "the other threads worked on: {most_ahead}");
    assert!(most_ahead <= room, "{most_ahead} items were ahead, there is room for {room}");
}

#[test]
fn a_panic_costs_one_item() {
    let work = |item: u64| {
        assert!(item != 3, "item {item} is bad");
        item
    };
    let (ending, results) = all(&run(2), 0..6, work);
    assert_eq!(ending, Ending::Complete);
    let lost = Err(Lost::Panicked { message: "item 3 is bad".to_owned() });
    assert_eq!(results, [Ok(0), Ok(1), Ok(2), lost, Ok(4), Ok(5)]);
}

#[test]
fn the_flag_stops_taking_and_what_ends_soon_is_delivered() {
    let stop = StopFlag::new();
    let taken = AtomicUsize::new(0);
    let items = (0u64..).inspect(|_| {
        taken.fetch_add(1, Ordering::SeqCst);
    });
    let mut results = Vec::new();
    let mut sink = |_: PathBuf, result: Result<u64, Lost>| -> Result<(), Broken> {
        results.push(result.expect("no panic"));
        if results.len() == 10 {
            stop.stop();
        }
        Ok(())
    };
    let run = Run::new(stop.clone()).threads(NonZeroUsize::new(2));
    let ending = run.each(items, name, |item| item, &mut sink);
    assert_eq!(ending, Ok(Ending::Stopped));
    assert!(results.len() >= 10);
    assert_eq!(results.len(), taken.load(Ordering::SeqCst), "everything taken was delivered");
    assert!(results.iter().copied().eq(0..results.len() as u64));
}

#[test]
fn the_sink_can_break_off() {
    let mut sink = |_: PathBuf, result: Result<u64, Lost>| match result {
        Ok(5) => Err(Broken::At(5)),
        _ => Ok(()),
    };
    assert_eq!(run(3).each(0u64.., name, |item| item, &mut sink), Err(Broken::At(5)));
}

/// Waits for ever, as far as a test is concerned.
fn hang() {
    thread::sleep(Duration::from_secs(600));
}

#[test]
fn what_hangs_is_given_up_and_the_run_goes_on() {
    let hanging = [0, 3, 4, 5, 6];
    for threads in [1, 4] {
        let began = Instant::now();
        let run = run(threads).limit(Some(Duration::from_millis(10)));
        let work = move |item: u64| {
            if hanging.contains(&item) {
                hang();
            }
            item
        };
        let (ending, results) = all(&run, 0..200, work);
        assert_eq!(ending, Ending::Complete);
        let lost = Lost::TimedOut { limit_s: 0 };
        let due = |item| if hanging.contains(&item) { Err(lost.clone()) } else { Ok(item) };
        assert!(results.into_iter().eq((0..200).map(due)), "{threads} threads");
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn what_comes_back_too_late_is_not_taken() {
    let run = run(2).limit(Some(Duration::ZERO));
    let work = |item: u64| {
        thread::sleep(Duration::from_millis(if item < 2 { 4_000 } else { 300 }));
        item
    };
    let (ending, results) = all(&run, 0..24, work);
    assert_eq!(ending, Ending::Complete);
    assert!(results[..2].iter().all(Result::is_err));
    assert!(results[2..].iter().cloned().eq((2..24).map(Ok)));
}

#[test]
fn stopping_does_not_wait_for_what_hangs() {
    let stop = StopFlag::new();
    let work = |item: u64| {
        if item == 5 {
            hang();
        }
        item
    };
    let mut results = Vec::new();
    let mut raised = None;
    let mut sink = |_: PathBuf, result: Result<u64, Lost>| -> Result<(), Broken> {
        results.push(result.expect("no panic"));
        if results.len() == 5 {
            stop.stop();
            raised = Some(Instant::now());
        }
        Ok(())
    };
    let run = Run::new(stop.clone()).threads(NonZeroUsize::new(2));
    assert_eq!(run.each(0u64.., name, work, &mut sink), Ok(Ending::Stopped));
    assert!(raised.expect("five came").elapsed() < Duration::from_secs(5));
    assert_eq!(results, [0, 1, 2, 3, 4], "nothing is delivered past a gap");
}

#[test]
fn suspects_are_alone_or_passed_over() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("x.in-work");
    let suspects = |names: &[u64], before: Suspects| {
        // What a process leaves that dies while it works on these.
        let marks = Marks::begin(&path, before).expect("written");
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let under_way: Vec<_> = names.iter().map(|name| marks.start(OsStr::new(name))).collect();
        let copy = folder.path().join("copy");
        std::fs::copy(&path, &copy).expect("a file");
        drop(under_way);
        Suspects::read(&copy).expect("a file")
    };
    let once = suspects(&[0, 7, 8, 20], Suspects::default());
    let twice = suspects(&[8, 30], suspects(&[8, 30], once));
    assert_eq!(twice.counts(), (3, 2));
    let marks = Marks::begin(&path, twice).expect("written");
    let run = run(3).marks(Some(Arc::new(marks)));
    let under_way = AtomicUsize::new(0);
    let work = move |item: u64| {
        let others = under_way.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(5));
        let more = under_way.fetch_sub(1, Ordering::SeqCst) - 1;
        (item, others.max(more))
    };
    let (ending, results) = all(&run, 0..40, work);
    assert_eq!(ending, Ending::Complete);
    assert!(results.iter().any(|result| matches!(result, Ok((_, others)) if *others > 0)), "most are not");
    for (item, result) in (0..).zip(results) {
        match result {
            Err(lost) => assert!(lost == Lost::PassedOver && [8, 30].contains(&item), "{item}: {lost}"),
            Ok((found, others)) => {
                assert_eq!(found, item);
                assert!(others == 0 || ![0, 7, 20].contains(&item), "{item} was not alone");
            }
        }
    }
}

#[test]
fn any_number_of_items_is_passed_over() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("x.in-work");
    let mut suspects = Suspects::default();
    let names: Vec<String> = (0..500).map(|name| name.to_string()).collect();
    for _ in 0..2 {
        let marks = Marks::begin(&path, suspects).expect("written");
        let under_way: Vec<_> = names.iter().map(|name| marks.start(OsStr::new(name))).collect();
        let copy = folder.path().join("copy");
        std::fs::copy(&path, &copy).expect("a file");
        drop(under_way);
        suspects = Suspects::read(&copy).expect("a file");
    }
    let marks = Marks::begin(&path, suspects).expect("written");
    let run = run(1).marks(Some(Arc::new(marks)));
    let (ending, results) = all(&run, 0..501, |item| item);
    assert_eq!(ending, Ending::Complete);
    assert!(results[..500].iter().all(Result::is_err));
    assert_eq!(results[500], Ok(500));
}
