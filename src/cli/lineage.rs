//! That a registry is what became of the one that a report names.

use std::path::Path;

use earmark::registry::{Lineage, RegistryState, Snapshot};

use crate::cli::args::judging::LineageArgs;
use crate::cli::error::CliError;
use crate::cli::ui::messages::tell;

/// Whether `registry` continues the state `then`, which the report at `report` names.
/// A break ends the command, or is told and gone on with where that was asked for.
pub fn of(
    registry: &Snapshot,
    then: &RegistryState,
    report: &Path,
    args: &LineageArgs,
) -> Result<Lineage, CliError> {
    let lineage = registry.lineage(then);
    if let Lineage::Broken(reason) = &lineage {
        let error = CliError::NotContinued {
            path: registry.folder().to_owned(),
            report: report.to_owned(),
            reason: reason.clone(),
            remedy: "give the registry that the report names, or ask its keeper what happened; \
                     --allow-other-registry goes on all the same",
        };
        if !args.allow_other_registry {
            return Err(error);
        }
        tell(format_args!("WARNING: {error}"));
    }
    Ok(lineage)
}
