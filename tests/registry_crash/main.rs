//! What a registry is after its writer was killed, or the power was cut.
//!
//! **Killed** (`kill`, `program`): a child process is sent SIGKILL at random
//! instants, while it creates a registry, registers, removes, declares or merges.
//! What it wrote is all in the system's memory and reaches the disk later, so
//! this shows the order of steps to be right and nothing about syncing.
//!
//! **Power cut** (`power`): states are put together of what a disk may hold when
//! the power goes. All that was synced before is there. Of what was written since,
//! any part is: SQLite's log is cut, filled with zeros, or misses sectors; the new
//! segment is missing, cut, empty or zeroed, under its temporary or its final
//! name; deleted files are back. Not simulated: a disk that reports a sync it did
//! not do and then keeps later writes (no order of steps helps against it; `verify`
//! tells what is missing), and a power cut in the midst of SQLite's checkpoint,
//! which is SQLite's own to survive.
//!
//! Whatever happened, the registry opens with a committed state, `verify` finds
//! nothing but harmless leftovers, and doing the same work again completes it.
//!
//! `EARMARK_TEST_KILLS=500` makes it that many kills and power cuts of each kind.

#![cfg(unix)]

mod kill;
mod power;
mod program;
mod work;

/// How often something is tried: `EARMARK_TEST_KILLS`, or else `usual`.
fn times(usual: u64) -> u64 {
    match std::env::var("EARMARK_TEST_KILLS") {
        Ok(number) => number.parse().expect("EARMARK_TEST_KILLS is a number"),
        Err(_) => usual,
    }
}

/// The same numbers in every run: xorshift64 (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
