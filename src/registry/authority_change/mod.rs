//! What changes who may speak for what, before and after.
//!
//! Owners, mandates, declarations and the owners of recordings decide whose word
//! counts. None of them changes by the way, as part of taking in something else: each
//! change is told by name with what holds before and after, and is applied where
//! [`Consent`] is given. A name that recordings or rows carry becomes another name of
//! an owner only where that name itself is consented to.

mod look_alikes;
mod of_recordings;
mod of_rows;

use std::fmt;

use jiff::civil::Date;

use crate::declarations::{MandateAct, NewDeclaration, Subject, name_key};
use crate::isrc::Isrc;

pub(in crate::registry) use look_alikes::Known;
pub use look_alikes::LookAlike;
pub(in crate::registry) use of_recordings::Spoken;
pub(in crate::registry) use of_rows::changes_of;

/// Whether changes of who may speak for what are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// They are held back and told. The default.
    #[default]
    Withheld,
    /// They are applied.
    Given {
        /// Names that may become other names of an owner although recordings or rows
        /// carry them.
        take_over: Vec<String>,
    },
}

impl Consent {
    /// Whether all of these may be applied.
    pub fn covers(&self, changes: &[AuthorityChange]) -> bool {
        match self {
            Self::Withheld => changes.is_empty(),
            Self::Given { take_over } => {
                let allowed: Vec<String> = take_over.iter().map(|name| name_key(name)).collect();
                let mut taken = changes.iter().flat_map(AuthorityChange::taken_over);
                taken.all(|carried| allowed.contains(&name_key(&carried.name)))
            }
        }
    }
}

/// One change of who may speak for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityChange {
    /// What changes.
    pub change: Change,
    /// Names in it that look like a known one and are another.
    pub look_alikes: Vec<LookAlike>,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Names and parent of an owner.
    Owner {
        /// The owner.
        name: String,
        /// The day from which the row holds.
        from: Option<Date>,
        /// What holds before; `None` if nothing is noted.
        before: Option<Names>,
        /// What holds then.
        after: Names,
        /// Registered recordings that carry one of its names then.
        recordings: u64,
        /// Names that become its own and that recordings or rows carry.
        takes_over: Vec<CarriedName>,
    },
    /// For whom a declarant may speak.
    Mandate {
        /// Who may speak, or may not any more.
        declarant: String,
        /// For what.
        speaks_for: Subject,
        /// Which of both.
        act: MandateAct,
        /// First day.
        from: Option<Date>,
        /// Last day.
        until: Option<Date>,
        /// Whether the declarant has a mandate for it before.
        before: bool,
        /// Registered recordings that it is about.
        recordings: u64,
        /// Their owners, where it is about an id or a code; `None` for those without.
        owners: Vec<Option<String>>,
        /// Declarations of the declarant in the log.
        declarations: u64,
    },
    /// What is said in somebody's name.
    Declaration {
        /// The declaration.
        row: Box<NewDeclaration>,
        /// The number of the row in which the same declarant spoke last about subject
        /// and use, and what it said.
        before: Option<(u64, &'static str)>,
        /// Registered recordings that it is about.
        recordings: u64,
    },
    /// What a registered recording is: whose, and under which codes.
    Recording {
        /// Its name in the registry.
        id: String,
        /// What holds before.
        before: Identity,
        /// What holds then.
        after: Identity,
    },
}

/// Other names and parent of an owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Its other names.
    pub aliases: Vec<String>,
    /// The owner it belongs to.
    pub parent: Option<String>,
}

/// A name, and what carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedName {
    /// The name.
    pub name: String,
    /// Registered recordings of this owner.
    pub recordings: u64,
    /// Rows of the log with this name.
    pub rows: u64,
}

/// What it takes to know who speaks for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name in the registry.
    pub id: String,
    /// Its owner as label copy names it.
    pub owner: Option<String>,
    /// Its ISRCs.
    pub isrcs: Vec<Isrc>,
}

impl AuthorityChange {
    /// Names that become those of another owner although recordings or rows carry them.
    pub fn taken_over(&self) -> &[CarriedName] {
        match &self.change {
            Change::Owner { takes_over, .. } => takes_over,
            Change::Mandate { .. } | Change::Declaration { .. } | Change::Recording { .. } => &[],
        }
    }
}

/// A sentence: what it is about, what holds before, what then.
impl fmt::Display for AuthorityChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Owner { name, from, before, after, recordings, takes_over } => {
                write!(f, "owner {name} ({}): ", counted(*recordings))?;
                match before {
                    None => f.write_str("nothing is noted")?,
                    Some(names) => write!(f, "{names}")?,
                }
                write!(f, "; then {after}")?;
                period(f, *from, None)?;
                for CarriedName { name, recordings, rows } in takes_over {
                    let rows_are = if *rows == 1 { "row" } else { "rows" };
                    write!(
                        f,
                        "; takes over {name}, the name of {} and in {rows} {rows_are} of the log",
                        counted(*recordings)
                    )?;
                }
            }
            Change::Mandate {
                declarant,
                speaks_for,
                act,
                from,
                until,
                before,
                recordings,
                owners,
                declarations,
            } => {
                write!(f, "mandate of {declarant} for {speaks_for} ({}", counted(*recordings))?;
                whose(f, owners)?;
                f.write_str("): ")?;
                let may = |may: bool| if may { "it may speak" } else { "it may not speak" };
                write!(f, "{}; then {}", may(*before), may(*act == MandateAct::Grant))?;
                period(f, *from, *until)?;
                if *declarations > 0 {
                    write!(f, "; {declarations} of its declarations are in the log")?;
                }
            }
            Change::Declaration { row, before, recordings } => {
                write!(
                    f,
                    "declaration of {} about {} for {} ({}): ",
                    row.declarant,
                    row.use_,
                    row.subject,
                    counted(*recordings)
                )?;
                match before {
                    None => f.write_str("nothing was said")?,
                    Some((seq, said)) => write!(f, "{said} (row {seq})")?,
                }
                write!(f, "; then {}", row.statement.name())?;
                period(f, row.from, row.until)?;
            }
            Change::Recording { id, before, after } => recording(f, id, before, after)?,
        }
        self.look_alikes.iter().try_for_each(|look_alike| write!(f, "; {look_alike}"))
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.aliases.as_slice() {
            [] => f.write_str("no other name")?,
            aliases => write!(f, "also {}", aliases.join(", "))?,
        }
        match &self.parent {
            None => f.write_str(", belongs to nobody"),
            Some(parent) => write!(f, ", belongs to {parent}"),
        }
    }
}

/// What differs alone.
fn recording(f: &mut fmt::Formatter<'_>, id: &str, before: &Identity, after: &Identity) -> fmt::Result {
    write!(f, "recording {id}: ")?;
    let owner = |owner: &Option<String>| match owner {
        None => "no owner".to_owned(),
        Some(owner) => format!("owner {owner}"),
    };
    let isrcs = |isrcs: &[Isrc]| match isrcs {
        [] => "no ISRC".to_owned(),
        isrcs => format!("ISRC {}", isrcs.iter().map(Isrc::as_str).collect::<Vec<_>>().join(", ")),
    };
    let sides = [
        (format!("id {}", before.id), format!("id {}", after.id)),
        (owner(&before.owner), owner(&after.owner)),
        (isrcs(&before.isrcs), isrcs(&after.isrcs)),
    ];
    let (from, to): (Vec<String>, Vec<String>) =
        sides.into_iter().filter(|(before, after)| before != after).unzip();
    write!(f, "{}; then {}", from.join(", "), to.join(", "))
}

/// Owners that are told one by one; the rest is counted.
const OWNERS_TOLD: usize = 5;

fn whose(f: &mut fmt::Formatter<'_>, owners: &[Option<String>]) -> fmt::Result {
    let names = owners.iter().map(|owner| owner.as_deref().unwrap_or("nobody")).take(OWNERS_TOLD);
    for (place, name) in names.enumerate() {
        write!(f, "{}{name}", if place == 0 { " of " } else { ", " })?;
    }
    match owners.len().saturating_sub(OWNERS_TOLD) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

fn period(f: &mut fmt::Formatter<'_>, from: Option<Date>, until: Option<Date>) -> fmt::Result {
    from.map_or(Ok(()), |day| write!(f, ", from {day}"))?;
    until.map_or(Ok(()), |day| write!(f, ", until {day}"))
}

fn counted(recordings: u64) -> String {
    match recordings {
        1 => "1 recording".to_owned(),
        count => format!("{count} recordings"),
    }
}
