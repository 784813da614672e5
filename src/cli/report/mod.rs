//! `earmark report`.

pub mod make;
mod merge;
pub mod sight;
mod verify;

use std::num::NonZeroUsize;

use super::args_report::{ReportArgs, ReportCommand};
use super::error::CliError;
use super::exit::Outcome;

/// Makes what was asked for of a report.
pub fn run(args: ReportArgs, threads: Option<NonZeroUsize>) -> Result<Outcome, CliError> {
    match args.command {
        Some(ReportCommand::Verify(args)) => verify::run(args, threads),
        Some(ReportCommand::Merge(args)) => merge::run(&args),
        None => make::run(args.make, threads),
    }
}
