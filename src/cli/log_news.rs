//! What somebody should know about rows that were stored.

use earmark::registry::{Appended, Registry};

use crate::cli::error::CliError;
use crate::cli::ui::messages::{counted, tell};

/// Says which rows the log says already.
pub fn tell_known(appended: &Appended, kind: &str) {
    match (appended.known.first(), appended.known.last()) {
        (Some(first), Some(last)) if first == last => {
            tell(format_args!("row {first} of the log says that already: nothing is added for it"));
        }
        (Some(first), Some(last)) => tell(format_args!(
            "{} are in the log already, as rows {first} to {last}: nothing is added for them",
            counted(appended.known.len() as u64, kind)
        )),
        _ => {}
    }
}

/// Tells when a row that was stored now, from number `first` on, was received before
/// one that stands before it, by the clocks of both.
pub fn tell_of_clock(registry: &Registry, first: Option<u64>) -> Result<(), CliError> {
    let Some(first) = first else { return Ok(()) };
    if let Some(late) = registry.log()?.out_of_order().into_iter().find(|late| late.seq >= first) {
        tell(format_args!(
            "row {} of the log was received at {}, and a row before it at {}: look at the clock of this \
             machine. The row is stored, and the order of the rows counts",
            late.seq, late.received_at, late.latest_before
        ));
    }
    Ok(())
}
