//! `earmark report merge`.

use earmark::report::merge;

use super::args_report_merge::ReportMergeArgs;
use super::error::CliError;
use super::exit::Outcome;
use super::output::Output;
use super::tell::{counted, tell};

/// Joins the reports of shards.
pub fn run(args: &ReportMergeArgs) -> Result<Outcome, CliError> {
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
