//! Rows that say what the log says already.
//!
//! A row that was said before is not always said in vain: who refused, allowed and
//! refuses again means it. What counts is the order of the rows that bear on each
//! other: those of one declarant about one subject, or about one owner. Where the
//! first of the new ones are the last of the old ones, in their order, they say
//! nothing new; so a file that is imported twice adds nothing, and one that was
//! continued adds its end.

use std::collections::HashMap;

use jiff::Timestamp;

use super::names::NameClasses;
use super::subject::{Subject, name_key};
use super::{Log, NewEntry, NewOwner};

/// Rows whose order matters among themselves and to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Thread {
    /// What a declarant says about a subject.
    Declaration(String, Subject),
    /// What is noted of a declarant about a subject.
    Mandate(String, Subject),
    /// What is noted of an owner.
    Owner(String),
}

impl Thread {
    fn of(row: &NewEntry, names: &NameClasses) -> Self {
        match row {
            NewEntry::Declaration(row) => {
                Self::Declaration(names.class(&row.declarant), names.subject(&row.subject))
            }
            NewEntry::Mandate(row) => {
                Self::Mandate(names.class(&row.declarant), names.subject(&row.speaks_for))
            }
            NewEntry::Owner(row) => Self::Owner(name_key(&row.name)),
        }
    }
}

impl Log {
    /// For each of `batch`, rows in their stored form, the number of the row that says
    /// the same and is still the last word, if there is one.
    pub(crate) fn repeated(&self, batch: &[NewEntry]) -> Vec<Option<u64>> {
        let new_owners = batch.iter().filter_map(|row| match row {
            NewEntry::Owner(row) => Some(row),
            NewEntry::Declaration(_) | NewEntry::Mandate(_) => None,
        });
        let owners: Vec<&NewOwner> = self.owners.iter().map(|row| &row.row).chain(new_owners).collect();
        let names = NameClasses::of(owners);
        let mut given: HashMap<Thread, Vec<usize>> = HashMap::new();
        for (place, row) in batch.iter().enumerate() {
            given.entry(Thread::of(row, &names)).or_default().push(place);
        }
        let mut stored: HashMap<Thread, Vec<(u64, NewEntry)>> = HashMap::new();
        for entry in self.clone().into_entries() {
            let thread = Thread::of(&entry.row, &names);
            if given.contains_key(&thread) {
                stored.entry(thread).or_default().push((entry.seq, content(&entry.row)));
            }
        }
        let mut repeated = vec![None; batch.len()];
        for (thread, places) in given {
            let Some(stored) = stored.get(&thread) else { continue };
            let new: Vec<NewEntry> = places.iter().map(|place| content(&batch[*place])).collect();
            let old: Vec<&NewEntry> = stored.iter().map(|(_, row)| row).collect();
            let shared = overlap(&old, &new);
            let last = stored[stored.len() - shared..].iter().map(|(seq, _)| *seq);
            for (place, seq) in places.into_iter().zip(last) {
                repeated[place] = Some(seq);
            }
        }
        repeated
    }
}

/// The row without the time of its receipt.
fn content(row: &NewEntry) -> NewEntry {
    let mut row = row.clone();
    let received_at = match &mut row {
        NewEntry::Declaration(row) => &mut row.received_at,
        NewEntry::Mandate(row) => &mut row.received_at,
        NewEntry::Owner(row) => &mut row.received_at,
    };
    *received_at = Timestamp::UNIX_EPOCH;
    row
}

/// How many of the first of `new` are the last of `old`, as many as can be. Linear by
/// the prefix function of Knuth, Morris and Pratt (SIAM J. Comput. 6, 1977).
fn overlap<T: PartialEq>(old: &[&T], new: &[T]) -> usize {
    // For each place of `new` the length of the longest start of it that ends there.
    let mut borders = vec![0; new.len()];
    for place in 1..new.len() {
        borders[place] = matched(borders[place - 1], &new[place], new, &borders);
    }
    old.iter().fold(0, |length, row| {
        // All of it may begin again within itself.
        let length = if length == new.len() { borders.last().copied().unwrap_or(0) } else { length };
        matched(length, *row, new, &borders)
    })
}

/// The longest start of `new` that ends with `row`, where one of `length` ended before.
fn matched<T: PartialEq>(mut length: usize, row: &T, new: &[T], borders: &[usize]) -> usize {
    loop {
        if new.get(length) == Some(row) {
            return length + 1;
        }
        match length.checked_sub(1).and_then(|last| borders.get(last)) {
            Some(shorter) => length = *shorter,
            None => return 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest by trying all.
    fn naive(old: &[u8], new: &[u8]) -> usize {
        (0..=old.len().min(new.len())).rev().find(|length| old.ends_with(&new[..*length])).unwrap_or(0)
    }

    #[test]
    fn overlaps_are_the_longest() {
        for (old, new, length) in [
            ("", "a", 0),
            ("ab", "ab", 2),
            ("ab", "abc", 2),
            ("aba", "abc", 1),
            ("abab", "ab", 2),
            ("aab", "aab", 3),
            ("abc", "ab", 0),
            ("aaaa", "aaab", 3),
        ] {
            let bytes: Vec<&u8> = old.as_bytes().iter().collect();
            assert_eq!(overlap(&bytes, new.as_bytes()), length, "{old} {new}");
        }
        // Every pair of words of two letters.
        let words = |length: u32| {
            (0..1_u32 << length).map(move |bits| (0..length).map(move |at| (bits >> at & 1) as u8))
        };
        for old in (0..7).flat_map(words) {
            let old: Vec<u8> = old.collect();
            for new in (0..6).flat_map(words) {
                let new: Vec<u8> = new.collect();
                let bytes: Vec<&u8> = old.iter().collect();
                assert_eq!(overlap(&bytes, &new), naive(&old, &new), "{old:?} {new:?}");
            }
        }
    }
}
