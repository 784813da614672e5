//! earmark finds registered recordings inside untagged audio and says what
//! their owners declared about AI training.

pub mod audio;
pub mod fingerprint;
pub mod index;
pub mod isrc;
pub mod landmarks;
pub mod matching;
pub mod params;
pub mod peaks;
pub mod registry;
pub mod report;
pub mod scan;
pub mod spectrum;
pub mod units;
pub mod verdict;
