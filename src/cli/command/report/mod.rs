//! `earmark report`.

pub mod make;
mod merge;
pub mod sight;
mod verify;

use std::num::NonZeroUsize;

use crate::cli::args::report::{ReportArgs, ReportCommand};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::ui::exit::Outcome;

/// Makes what was asked for of a report.
pub fn run(args: ReportArgs, threads: Option<NonZeroUsize>, guard: &Guard) -> Result<Outcome, CliError> {
    match args.command {
        Some(ReportCommand::Verify(args)) => verify::run(args, threads),
        Some(ReportCommand::Merge(args)) => merge::run(&args),
        None => make::run(args.make, threads, guard),
    }
}
