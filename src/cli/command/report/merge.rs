//! `earmark report merge`.

use earmark::report::merge;

use crate::cli::args::report::MergeArgs;
use crate::cli::error::CliError;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::{counted, tell};
use crate::cli::ui::output::Output;

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
