//! What the system counts about this process. All is 0 where `/proc` is not.

use std::fs;

/// Counters that only rise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Page faults of this thread without reading from the disk: a page that is in
    /// memory, or one that begins to be used.
    pub minor_faults: u64,
    /// Page faults of this thread that read from the disk.
    pub major_faults: u64,
    /// Bytes that this process had read from the disk, by page faults as well.
    pub read_bytes: u64,
}

impl Counters {
    /// The present state.
    pub fn now() -> Counters {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
        // The second field is the name of the program, which may hold anything; of
        // those behind it, the 8th and 10th (10 and 12 in proc(5)) are the faults.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let field = |n: usize| fields.get(n).and_then(|f| f.parse().ok()).unwrap_or(0);
        let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
        Counters { minor_faults: field(7), major_faults: field(9), read_bytes: value(&io, "read_bytes:") }
    }

    /// What was counted since an earlier state.
    pub fn since(&self, earlier: &Counters) -> Counters {
        Counters {
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            read_bytes: self.read_bytes.saturating_sub(earlier.read_bytes),
        }
    }
}

/// Memory in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Most that was ever resident, mapped files included.
    pub peak: f64,
    /// Resident and in no file.
    pub anonymous: f64,
    /// Resident pages of mapped files, which the system takes back when it needs to.
    pub file: f64,
}

impl Memory {
    /// The present state.
    pub fn now() -> Memory {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mib = |name: &str| value(&status, name) as f64 / 1024.0;
        Memory { peak: mib("VmHWM:"), anonymous: mib("RssAnon:"), file: mib("RssFile:") }
    }
}

fn value(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
