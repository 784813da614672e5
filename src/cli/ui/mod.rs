//! What people see of a run: messages, progress, outputs, exit codes.

pub mod error_kinds;
pub mod exit;
pub mod interrupt;
pub mod messages;
pub mod output;
pub mod progress;
pub mod stdin;
