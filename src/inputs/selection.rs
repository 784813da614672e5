//! Which of the items are this run's: a share of them, and those behind what is
//! done.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::paths;

/// One of `of` equal shares: of every `of` items in a row, the `number`-th.
///
/// By place and not by name, so that the shares differ by one item at most and
/// their results can be put together again in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

/// A text that names no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no shard: write I/N with I from 1 to N, such as 2/8")]
pub struct BadShard {
    /// The text.
    pub text: String,
}

impl Shard {
    /// Shard `number`, from 1, of `of`; `None` if there is none such.
    pub fn new(number: u64, of: u64) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of })
    }

    /// From 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u64 {
        self.of
    }

    /// Whether the item at `index`, from 0, belongs to it.
    pub fn holds(self, index: u64) -> bool {
        index % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let parse = || {
            let (number, of) = text.split_once('/')?;
            Self::new(number.parse().ok()?, of.parse().ok()?)
        };
        parse().ok_or_else(|| BadShard { text: text.to_owned() })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Why a run cannot go on where it ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// The inputs are others than those of the rows that are there.
    #[error(
        "cannot resume: row {row} is about {found}, and now {expected} stands there: the inputs changed, run without --resume"
    )]
    Changed {
        /// The row, from 1.
        row: u64,
        /// What it is about.
        found: String,
        /// What the inputs hold in its place.
        expected: String,
    },
    /// There are more rows than inputs.
    #[error("cannot resume: there are rows of {found} and more behind the last input: run without --resume")]
    TooMany {
        /// What the first of them is about.
        found: String,
    },
}

/// Of many items those of a shard, and of these those behind what is done.
pub struct Selection<'a, I> {
    items: I,
    shard: Option<Shard>,
    done: Box<dyn Iterator<Item = PathBuf> + 'a>,
    index: u64,
    row: u64,
    error: Option<SelectionError>,
}

impl<'a, I> Selection<'a, I> {
    /// Selects among `items`. `done` are the names of those that were done, in
    /// order; the items of the shard have to begin with them.
    pub fn new(items: I, shard: Option<Shard>, done: impl Iterator<Item = PathBuf> + 'a) -> Self {
        Self { items, shard, done: Box::new(done), index: 0, row: 0, error: None }
    }
}

impl<I: Iterator> Selection<'_, I> {
    /// The next item, `name` telling what an item is called; `None` at the end,
    /// or if [`error`](Self::error) says something.
    pub fn next_by(&mut self, name: impl Fn(&I::Item) -> PathBuf) -> Option<I::Item> {
        if self.error.is_some() {
            return None;
        }
        loop {
            let Some(item) = self.items.next() else {
                self.error =
                    self.done.next().map(|found| SelectionError::TooMany { found: paths::text(&found) });
                return None;
            };
            let index = self.index;
            self.index += 1;
            if self.shard.is_some_and(|shard| !shard.holds(index)) {
                continue;
            }
            let Some(found) = self.done.next() else { return Some(item) };
            self.row += 1;
            let expected = name(&item);
            if found != expected {
                let (found, expected) = (paths::text(&found), paths::text(&expected));
                self.error = Some(SelectionError::Changed { row: self.row, found, expected });
                return None;
            }
        }
    }

    /// Why the items ended before their time.
    pub fn error(&mut self) -> Option<SelectionError> {
        self.error.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(shard: Option<Shard>, done: &[u32]) -> (Vec<u32>, Option<SelectionError>) {
        let name = |number: &u32| PathBuf::from(number.to_string());
        let mut selection = Selection::new(0..10u32, shard, done.iter().map(name));
        let found = std::iter::from_fn(|| selection.next_by(name)).collect();
        (found, selection.error())
    }

    #[test]
    fn shards_share_everything_once() {
        assert_eq!(selected(None, &[]).0, (0..10).collect::<Vec<_>>());
        for of in 1..=12 {
            let mut all: Vec<u32> =
                (1..=of).flat_map(|number| selected(Shard::new(number, of), &[]).0).collect();
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>(), "{of} shards");
        }
        assert_eq!(selected(Shard::new(2, 4), &[]).0, [1, 5, 9]);
        assert_eq!("2/8".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/8".to_owned()));
        for bad in ["0/3", "4/3", "1/0", "1", "a/b", ""] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_done_is_passed_over_and_has_to_be_the_same() {
        assert_eq!(selected(None, &[0, 1, 2]), ((3..10).collect(), None));
        assert_eq!(selected(Shard::new(2, 4), &[1]), (vec![5, 9], None));
        assert_eq!(selected(None, &(0..10).collect::<Vec<_>>()), (vec![], None));
        assert!(matches!(selected(None, &[0, 2]).1, Some(SelectionError::Changed { row: 2, .. })));
        assert!(matches!(selected(Shard::new(1, 5), &[0, 5, 6]).1, Some(SelectionError::TooMany { .. })));
    }
}
