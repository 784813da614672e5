//! Registries that hold nothing: what is searched in one passes, whatever it is.

use earmark::registry::Snapshot;
use earmark::report::clean;

use crate::cli::args::EmptyArgs;
use crate::cli::error::CliError;
use crate::cli::ui::messages::tell;

/// What a command looks for in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Recordings alone.
    Sound,
    /// Recordings, and what was declared about the ISRCs in the tags.
    SoundOrTags,
}

/// Refuses a registry in which nothing can be found, unless that is allowed. One
/// with declarations and no recordings still answers for the ISRCs in tags, and is
/// told about.
pub fn check(registry: &Snapshot, wanted: Wanted, args: &EmptyArgs) -> Result<(), CliError> {
    if registry.recording_count() > 0 {
        return Ok(());
    }
    let holds_something = wanted == Wanted::SoundOrTags && !registry.log().declarations.is_empty();
    if !holds_something && !args.allow_empty_registry {
        return Err(CliError::EmptyRegistry { path: registry.folder().to_owned() });
    }
    tell(clean(&format!(
        "the registry in {} holds no recordings: nothing is recognised by its sound",
        registry.folder().display()
    )));
    Ok(())
}
