//! `earmark report merge`.

use earmark::report::merge;

use crate::cli::args_report::MergeArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Outcome;
use crate::cli::output::Output;
use crate::cli::tell::{counted, tell};

/// Joins the reports of shards.
pub fn run(args: &MergeArgs) -> Result<Outcome, CliError> {
    let mut output = Output::open(args.out.as_deref(), false)?;
    match merge(&args.reports, &mut output) {
        Ok(rows) => {
            output.finish(true)?;
            tell(format_args!(
                "{} of {}",
                counted(rows, "row"),
                counted(args.reports.len() as u64, "report")
            ));
            Ok(Outcome::default())
        }
        Err(error) => {
            output.discard();
            Err(error.into())
        }
    }
}
