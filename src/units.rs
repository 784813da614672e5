//! Units that must not be mixed up.
//!
//! Frame (an index on the STFT time axis), bin (an index on its linear
//! frequency axis) and sample (an index into audio) are three different
//! things. A constellation measures time in ticks and pitch in sixteenths of a
//! semitone, so that every later stage works in integers and is exact.

use serde::{Deserialize, Serialize};

/// Seconds, as `f64`: time inside a file or a recording, or a duration.
pub type Seconds = f64;

/// Identifies a recording inside one registry. Assigned once, in order of
/// registration, and never reused, not even after removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordingKey(pub u32);
