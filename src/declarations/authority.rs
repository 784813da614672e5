//! Who may speak for which recordings on a day.

use std::collections::hash_map;
use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use crate::isrc::{Isrc, IsrcPrefix};

use super::EntryError;
use super::mandate::{MandateAct, NewMandate};
use super::owner::NewOwner;
use super::subject::{Subject, name_key};

/// What it takes to know of a recording in order to tell who speaks for it.
/// An ISRC that belongs to no registered recording is one with that code and
/// nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About<'a> {
    /// Its id in the registry; empty if it is not registered.
    pub id: &'a str,
    /// The ISRCs it carries.
    pub isrcs: &'a [Isrc],
    /// Its owner as label copy names it.
    pub owner: Option<&'a str>,
}

/// Owners and mandates as they stand on one day, arranged so that a question
/// costs what concerns the recording and not what is in the registry.
///
/// ```
/// use earmark::registry::{About, Authority, NewOwner};
///
/// let sub = NewOwner {
///     name: "Small Records".to_owned(),
///     aliases: vec!["Small Rec.".to_owned()],
///     parent: Some("Example Music".to_owned()),
///     from: None,
///     source: None,
///     document_hash: None,
///     received_at: "2026-11-21T12:00:00Z".parse()?,
/// };
/// let authority = Authority::on([&sub], [], "2026-11-21".parse()?);
/// let recording = About { owner: Some("small rec."), ..About::default() };
/// assert!(authority.may_speak("Example Music", &recording));
/// assert!(authority.may_speak("Small Records", &recording));
/// assert!(!authority.may_speak("Somebody Else", &recording));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Authority {
    /// The owner by the key of each alias.
    aliases: HashMap<String, Link>,
    /// The parent by the owner's key; both are no aliases.
    parents: HashMap<String, Link>,
    /// The declarants with a mandate for each subject; owners by key.
    by_owner: HashMap<String, Vec<Link>>,
    by_prefix: HashMap<IsrcPrefix, Vec<Link>>,
    by_isrc: HashMap<Isrc, Vec<Link>>,
    by_recording: HashMap<String, Vec<Link>>,
}

/// To whom something leads, and the numbers of the rows that say so.
#[derive(Clone, Debug)]
struct Link {
    key: String,
    rows: Vec<u64>,
}

impl Authority {
    /// Puts together what holds on `day`. Rows are in the order of receipt;
    /// the last one in force counts, for each owner, and for each declarant and
    /// subject of a mandate. [`Self::grounds`] numbers the rows of either kind
    /// from 1; those of a log keep their numbers by [`super::Log::authority`].
    pub fn on<'a>(
        owners: impl IntoIterator<Item = &'a NewOwner>,
        mandates: impl IntoIterator<Item = &'a NewMandate>,
        day: Date,
    ) -> Self {
        Self::numbered((1..).zip(owners), (1..).zip(mandates), day)
    }

    /// The same of rows with their numbers.
    pub(super) fn numbered<'a>(
        owners: impl IntoIterator<Item = (u64, &'a NewOwner)>,
        mandates: impl IntoIterator<Item = (u64, &'a NewMandate)>,
        day: Date,
    ) -> Self {
        let mut authority = Self::default();
        for (seq, owner) in standing_owners(owners, day).into_values() {
            let link = Link { key: name_key(&owner.name), rows: vec![seq] };
            for alias in &owner.aliases {
                // Storing refuses a second one; whatever a file holds, the order
                // of a hash map must not decide.
                match authority.aliases.entry(name_key(alias)) {
                    hash_map::Entry::Occupied(mut taken) if taken.get().key > link.key => {
                        taken.insert(link.clone());
                    }
                    hash_map::Entry::Occupied(_) => {}
                    hash_map::Entry::Vacant(free) => {
                        free.insert(link.clone());
                    }
                }
            }
            if let Some(parent) = &owner.parent {
                authority.parents.insert(link.key, Link { key: name_key(parent), rows: link.rows });
            }
        }
        let aliases = &authority.aliases;
        for parent in authority.parents.values_mut() {
            if let Some(owner) = aliases.get(&parent.key) {
                parent.key.clone_from(&owner.key);
                parent.rows.extend(&owner.rows);
            }
        }
        authority.enter(mandates, day);
        authority
    }

    fn enter<'a>(&mut self, mandates: impl IntoIterator<Item = (u64, &'a NewMandate)>, day: Date) {
        let mut standing: HashMap<(String, Subject), (MandateAct, Vec<u64>)> = HashMap::new();
        for (seq, mandate) in mandates.into_iter().filter(|(_, mandate)| mandate.in_force_on(day)) {
            let Link { key: declarant, mut rows } = self.resolved(&mandate.declarant);
            let subject = match &mandate.speaks_for {
                Subject::Owner(name) => {
                    let owner = self.resolved(name);
                    rows.extend(owner.rows);
                    Subject::Owner(owner.key)
                }
                other => other.clone(),
            };
            rows.push(seq);
            standing.insert((declarant, subject), (mandate.act, rows));
        }
        for ((key, subject), (act, rows)) in standing {
            if act == MandateAct::Revoke {
                continue;
            }
            let declarant = Link { key, rows };
            match subject {
                Subject::Owner(owner) => self.by_owner.entry(owner).or_default().push(declarant),
                Subject::Prefix(prefix) => self.by_prefix.entry(prefix).or_default().push(declarant),
                Subject::Isrc(isrc) => self.by_isrc.entry(isrc).or_default().push(declarant),
                Subject::Recording(id) => self.by_recording.entry(id).or_default().push(declarant),
                // Refused when it is stored; it would be a mandate for nothing certain.
                Subject::Everything => {}
            }
        }
    }

    /// The key under which an owner or declarant is known: [`name_key`] of its
    /// name, or of the owner's name if the given one is an alias. Two names of
    /// one owner have one key.
    pub fn owner_key(&self, name: &str) -> String {
        self.resolved(name).key
    }

    /// The owner of this name, and the row of which the name is an alias.
    fn resolved(&self, name: &str) -> Link {
        let key = name_key(name);
        self.aliases.get(&key).cloned().unwrap_or(Link { key, rows: Vec::new() })
    }

    /// The keys of an owner and of everything above it, from itself up.
    pub fn ownership(&self, owner: &str) -> Vec<String> {
        self.links_upwards(owner).into_iter().map(|link| link.key).collect()
    }

    /// The same, each with the rows that lead to it from the one below.
    fn links_upwards(&self, owner: &str) -> Vec<Link> {
        let mut chain = vec![self.resolved(owner)];
        while let Some(parent) = chain.last().and_then(|last| self.parents.get(&last.key)) {
            // A cycle is refused when it is stored; in a damaged file it ends here.
            if chain.iter().any(|known| known.key == parent.key) {
                break;
            }
            chain.push(parent.clone());
        }
        chain
    }

    /// The keys of all who may speak for a recording: its owner, those above
    /// it, and whoever has a mandate of any of them, for the recording, for one
    /// of its ISRCs or for the prefix of one.
    pub fn speakers(&self, recording: &About<'_>) -> BTreeSet<String> {
        let mut speakers = BTreeSet::new();
        for owner in recording.owner.map(|owner| self.ownership(owner)).unwrap_or_default() {
            speakers.extend(self.by_owner.get(&owner).into_iter().flatten().map(|link| link.key.clone()));
            speakers.insert(owner);
        }
        speakers.extend(self.mandated(recording).map(|link| link.key.clone()));
        speakers
    }

    /// Those with a mandate for the recording itself, one of its ISRCs or the
    /// prefix of one.
    fn mandated<'a>(&'a self, recording: &'a About<'_>) -> impl Iterator<Item = &'a Link> {
        let by_code = recording.isrcs.iter().flat_map(|isrc| {
            let prefix = self.by_prefix.get(&isrc.prefix()).into_iter().flatten();
            self.by_isrc.get(isrc).into_iter().flatten().chain(prefix)
        });
        self.by_recording.get(recording.id).into_iter().flatten().chain(by_code)
    }

    /// Whether a declarant has a mandate for all ISRCs of a prefix.
    pub(crate) fn is_mandated_for_prefix(&self, declarant: &str, prefix: &IsrcPrefix) -> bool {
        let key = self.owner_key(declarant);
        self.by_prefix.get(prefix).into_iter().flatten().any(|link| link.key == key)
    }

    /// By which rows of the log a declarant may speak for a recording: numbers
    /// of owners and mandates, ascending; none are needed where the
    /// recording's owner speaks under the name that its label copy has. `None`
    /// if the declarant may not speak for it. Of several ways the one through
    /// the lowest owner is told.
    pub fn grounds(&self, declarant: &str, recording: &About<'_>) -> Option<Vec<u64>> {
        let Link { key, rows } = self.resolved(declarant);
        let mut grounds = self.as_owner(&key, recording).or_else(|| {
            self.mandated(recording).find(|link| link.key == key).map(|link| link.rows.clone())
        })?;
        grounds.extend(rows);
        grounds.sort_unstable();
        grounds.dedup();
        Some(grounds)
    }

    /// The rows by which `key` is the owner, above it, or has its mandate.
    fn as_owner(&self, key: &str, recording: &About<'_>) -> Option<Vec<u64>> {
        let mut rows = Vec::new();
        for owner in self.links_upwards(recording.owner?) {
            rows.extend(owner.rows);
            if owner.key == key {
                return Some(rows);
            }
            let mandates = self.by_owner.get(&owner.key).into_iter().flatten();
            if let Some(mandate) = mandates.into_iter().find(|mandate| mandate.key == key) {
                rows.extend(&mandate.rows);
                return Some(rows);
            }
        }
        None
    }

    /// Whether a declarant may speak for a recording.
    pub fn may_speak(&self, declarant: &str, recording: &About<'_>) -> bool {
        self.grounds(declarant, recording).is_some()
    }

    /// Whether a declaration of `declarant` with this subject is about a
    /// recording, whether or not the declarant may speak for it.
    pub fn is_about(&self, subject: &Subject, declarant: &str, recording: &About<'_>) -> bool {
        match subject {
            Subject::Recording(id) => id == recording.id,
            Subject::Isrc(isrc) => recording.isrcs.contains(isrc),
            Subject::Prefix(prefix) => recording.isrcs.iter().any(|isrc| isrc.prefix() == *prefix),
            Subject::Owner(name) => {
                recording.owner.is_some_and(|owner| self.ownership(owner).contains(&self.owner_key(name)))
            }
            Subject::Everything => self.may_speak(declarant, recording),
        }
    }
}

/// The row that counts for each owner on a day, by the owner's key.
fn standing_owners<'a>(
    owners: impl IntoIterator<Item = (u64, &'a NewOwner)>,
    day: Date,
) -> HashMap<String, (u64, &'a NewOwner)> {
    let begun = owners.into_iter().filter(|(_, owner)| owner.from.is_none_or(|from| from <= day));
    begun.map(|(seq, owner)| (name_key(&owner.name), (seq, owner))).collect()
}

/// Whether the owners fit together on every day: no name is an alias of two
/// owners, or of one while it is another owner's own, and nobody is its own
/// ancestor. Rows are in the order of receipt.
pub(crate) fn check_owners(owners: &[&NewOwner]) -> Result<(), EntryError> {
    // What holds changes on the days named only.
    let days: BTreeSet<Date> = owners.iter().filter_map(|owner| owner.from).chain([Date::MIN]).collect();
    days.into_iter().try_for_each(|day| check_owners_on(owners, day))
}

fn check_owners_on(owners: &[&NewOwner], day: Date) -> Result<(), EntryError> {
    let standing = standing_owners((1..).zip(owners.iter().copied()), day);
    let mut keys: Vec<&String> = standing.keys().collect();
    keys.sort_unstable();
    let mut aliases: HashMap<String, &NewOwner> = HashMap::new();
    for (_, owner) in keys.iter().filter_map(|key| standing.get(*key)) {
        for alias in &owner.aliases {
            let key = name_key(alias);
            let taken = |another: String| {
                Err(EntryError::AliasTaken { name: alias.clone(), one: owner.name.clone(), another })
            };
            if let Some((_, other)) = standing.get(&key) {
                // An owner that says nothing more is a name given up, perhaps
                // for becoming this alias.
                if !other.aliases.is_empty() || other.parent.is_some() {
                    return taken(format!("an owner with a row of its own, {:?}", other.name));
                }
            }
            if let Some(other) = aliases.insert(key, owner) {
                return taken(format!("one of {:?}", other.name));
            }
        }
    }
    let authority = Authority::on(owners.iter().copied(), [], day);
    let mut sound: std::collections::HashSet<String> = std::collections::HashSet::new();
    for key in keys {
        let mut chain = vec![key.clone()];
        while let Some(Link { key: parent, .. }) = chain.last().and_then(|last| authority.parents.get(last)) {
            if let Some(start) = chain.iter().position(|known| known == parent) {
                let mut chain = chain.split_off(start);
                chain.push(parent.clone());
                let name =
                    |key: &String| standing.get(key).map_or(key.clone(), |(_, owner)| owner.name.clone());
                return Err(EntryError::Cycle { chain: chain.iter().map(name).collect() });
            }
            if sound.contains(parent) {
                break;
            }
            chain.push(parent.clone());
        }
        sound.extend(chain);
    }
    Ok(())
}
