//! Ctrl-C: the first one ends a run in order, the second at once.

use std::process;

use earmark::check::StopFlag;

use crate::cli::error::CliError;
use crate::cli::ui::messages::tell;

/// What shells report for a program that Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// From now on Ctrl-C (and, where there are such, SIGTERM and SIGHUP) raises
/// the flag; once it is raised, the process ends at once, which a registry
/// survives at any instant.
pub fn watch() -> Result<StopFlag, CliError> {
    watch_and_say("stopping; press Ctrl-C again to end at once")
}

/// The same with other words for the first one.
pub fn watch_and_say(words: &'static str) -> Result<StopFlag, CliError> {
    let flag = StopFlag::new();
    let raised = flag.clone();
    ctrlc::set_handler(move || {
        if raised.is_stopped() {
            process::exit(INTERRUPTED);
        }
        raised.stop();
        tell(words);
    })?;
    Ok(flag)
}
