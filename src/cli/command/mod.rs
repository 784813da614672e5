//! The commands, a file or a folder each.

pub mod check;
pub mod compare;
pub mod completions;
pub mod declare;
pub mod evidence;
pub mod fingerprint;
pub mod identify;
pub mod live;
pub mod register;
pub mod registry;
pub mod report;
pub mod rescan;
pub mod scan;
#[cfg(feature = "serve")]
pub mod serve;
