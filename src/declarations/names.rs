//! Which names stood for one owner on some day.

use std::collections::HashMap;

use super::owner::NewOwner;
use super::subject::{Subject, name_key};

/// Names that were aliases of one owner on any day, put together. Coarser than
/// [`Authority`](super::Authority), which knows the day: two rows that meet on one day
/// have names of one class.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameClasses {
    places: HashMap<String, usize>,
    /// The names by place.
    keys: Vec<String>,
    /// A name that stands for the same owner, by place; its own for one of each class.
    towards: Vec<usize>,
}

impl NameClasses {
    /// The classes that these rows make.
    pub(crate) fn of<'a>(owners: impl IntoIterator<Item = &'a NewOwner>) -> Self {
        let mut classes = Self::default();
        for owner in owners {
            let name = classes.place(name_key(&owner.name));
            for alias in &owner.aliases {
                let alias = classes.place(name_key(alias));
                let (one, other) = (classes.class_at(name), classes.class_at(alias));
                classes.towards[other] = one;
            }
        }
        classes
    }

    /// One name of the class of a name: equal for all that may be one owner.
    pub(crate) fn class(&self, name: &str) -> String {
        let key = name_key(name);
        let Some(place) = self.places.get(&key) else { return key };
        self.keys[self.class_at(*place)].clone()
    }

    /// The subject with its owner as a class.
    pub(crate) fn subject(&self, subject: &Subject) -> Subject {
        match subject {
            Subject::Owner(name) => Subject::Owner(self.class(name)),
            other => other.clone(),
        }
    }

    fn place(&mut self, key: String) -> usize {
        let next = self.towards.len();
        let place = *self.places.entry(key.clone()).or_insert(next);
        if place == next {
            self.keys.push(key);
            self.towards.push(next);
        }
        place
    }

    fn class_at(&self, mut place: usize) -> usize {
        while self.towards[place] != place {
            place = self.towards[place];
        }
        place
    }
}
