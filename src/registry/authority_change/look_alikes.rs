//! Names that look like another.

use std::collections::HashMap;
use std::fmt;

use unicode_security::confusable_detection::skeleton;

use crate::declarations::name_key;

/// A name that looks like a known one and is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// The name.
    pub name: String,
    /// The known one.
    pub looks_like: String,
}

impl LookAlike {
    /// If the first name looks like the second and is another.
    pub(in crate::registry) fn between(name: &str, known: &str) -> Option<Self> {
        let differ = name_key(name) != name_key(known) && look(name) == look(known);
        differ.then(|| Self { name: name.to_owned(), looks_like: known.to_owned() })
    }
}

/// With the name once more, characters beyond ASCII as code points.
impl fmt::Display for LookAlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, looks_like } = self;
        let escaped = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
        let escaped: String = name.chars().map(escaped).collect();
        write!(f, "{name} ({escaped}) looks like {looks_like} and is another name")
    }
}

/// Names that recordings or rows carry, by how they look.
#[derive(Debug, Default)]
pub(in crate::registry) struct Known {
    by_look: HashMap<String, Vec<String>>,
}

impl Known {
    /// Enters a name.
    pub(in crate::registry) fn enter(&mut self, name: &str) {
        let names = self.by_look.entry(look(name)).or_default();
        let key = name_key(name);
        if !names.iter().any(|known| name_key(known) == key) {
            names.push(name.to_owned());
        }
    }

    /// Those of these names that look like a known one and are not known.
    pub(in crate::registry) fn look_alikes<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<LookAlike> {
        let of = |name: &str| {
            let known = self.by_look.get(&look(name))?;
            let key = name_key(name);
            if known.iter().any(|known| name_key(known) == key) {
                return None;
            }
            known.first().map(|known| LookAlike { name: name.to_owned(), looks_like: known.clone() })
        };
        names.into_iter().filter_map(of).collect()
    }
}

/// Equal for names that look alike: the skeleton of UTS #39, section 4, of the name
/// as it is compared, without blanks, punctuation and what is not seen.
fn look(name: &str) -> String {
    let key = name_key(name);
    skeleton(&key).filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}
