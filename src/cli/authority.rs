//! Telling what changes who may speak for what.

use earmark::registry::{AuthorityChange, Consent};
use earmark::report::clean;

use crate::cli::ui::messages::{counted, tell};

/// Tells changes one by one, as applied or as held back.
pub fn tell_changes(changes: &[AuthorityChange], applied: bool) {
    let became = if applied { "applied" } else { "held back" };
    changes.iter().for_each(|change| tell(clean(&format!("{became}: {change}"))));
}

/// Tells how changes that are held back are applied; nothing where there are none.
pub fn tell_how_to_apply(changes: &[AuthorityChange], consent: &Consent) {
    if changes.is_empty() {
        return;
    }
    let allowed = |change: &AuthorityChange| consent.covers(std::slice::from_ref(change));
    let taken = changes.iter().filter(|change| !allowed(change)).flat_map(AuthorityChange::taken_over);
    let options: Vec<String> = std::iter::once("--confirm-authority".to_owned())
        .chain(taken.map(|carried| format!("--take-over '{}'", carried.name)))
        .collect();
    tell(clean(&format!(
        "{} of who may speak for what held back: look at each; {} applies what is shown",
        counted(changes.len() as u64, "change"),
        options.join(" ")
    )));
}
