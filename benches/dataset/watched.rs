//! A program that runs, and what the system says about it meanwhile.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// Time between two samples of memory that are kept.
const SAMPLE: Duration = Duration::from_secs(1);
/// Ticks of a second in `/proc/PID/stat` (`USER_HZ`: 100 on all that runs Linux today).
const TICKS: f64 = 100.0;

/// Memory at an instant, in MiB.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Sample {
    /// Seconds since the start.
    pub at_s: f64,
    /// Resident.
    pub resident: f64,
    /// Resident, and in no file.
    pub anonymous: f64,
}

/// What a run took.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Taken {
    /// Wall clock, in seconds.
    pub wall_s: f64,
    /// Processor time of all threads, in seconds.
    pub cpu_s: f64,
    /// Most that was ever resident, in MiB.
    pub peak: f64,
    /// Memory, each second.
    pub samples: Vec<Sample>,
    /// How it ended; `None` if it was killed.
    pub code: Option<i32>,
}

/// Runs `command` to its end or for `life`, when it is killed (SIGKILL); what it
/// says is added to the file at `log`.
///
/// # Errors
/// If it cannot be started, or there is no `/proc`.
pub fn run(mut command: Command, life: Option<Duration>, log: &Path) -> Result<Taken, Failure> {
    let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
    let mut taken = Taken::default();
    let mut last: Option<Instant> = None;
    loop {
        let folder = format!("/proc/{}", child.id());
        let stat = fs::read_to_string(format!("{folder}/stat")).map_err(|error| {
            format!("{folder}: {error}: memory and processor time are measured on Linux only")
        })?;
        let (state, cpu_s) = state(&stat);
        taken.cpu_s = cpu_s;
        if state == Some('Z') {
            break;
        }
        if life.is_some_and(|life| started.elapsed() >= life) {
            child.kill()?;
            break;
        }
        // What has ended has none.
        let status = fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
        };
        if let (Some(peak), Some(resident), Some(anonymous)) = (mib("VmHWM:"), mib("VmRSS:"), mib("RssAnon:"))
        {
            taken.peak = taken.peak.max(peak);
            if last.is_none_or(|last| last.elapsed() >= SAMPLE) {
                last = Some(Instant::now());
                taken.samples.push(Sample { at_s: started.elapsed().as_secs_f64(), resident, anonymous });
            }
        }
        thread::sleep(INTERVAL);
    }
    taken.wall_s = started.elapsed().as_secs_f64();
    taken.code = end(child)?;
    Ok(taken)
}

fn end(mut child: Child) -> Result<Option<i32>, Failure> {
    Ok(child.wait()?.code())
}

/// The state of a process and its processor time in seconds, children left out
/// (proc(5), /proc/PID/stat: fields 3, 14 and 15).
fn state(stat: &str) -> (Option<char>, f64) {
    // The second field is the name of the program, which may hold anything.
    let Some((_, rest)) = stat.rsplit_once(')') else { return (None, 0.0) };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (fields.first().and_then(|field| field.chars().next()), (ticks(11) + ticks(12)) / TICKS)
}
