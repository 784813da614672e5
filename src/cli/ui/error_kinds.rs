//! Errors of files, counted by what they are about.

use std::collections::BTreeMap;
use std::fmt;

/// Kinds that are told apart; the rest is counted together.
const MOST_KINDS: usize = 20;

/// How many files failed, by the first words of why.
#[derive(Debug, Default)]
pub struct ErrorKinds(BTreeMap<String, u64>);

impl ErrorKinds {
    /// Counts an error. What stands behind the first colon, bracket or number is
    /// about the one file; digits in a word (AC-3) belong to it.
    pub fn add(&mut self, error: &str) {
        let mut before = ' ';
        let about = |c: char| {
            let begins = before == ' ';
            before = c;
            matches!(c, ':' | '(' | ';' | '"') || begins && c.is_ascii_digit()
        };
        let kind = error.split(about).next().unwrap_or(error).trim();
        let known = self.0.contains_key(kind) || self.0.len() < MOST_KINDS;
        *self.0.entry(if known { kind } else { "others" }.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for ErrorKinds {
    /// `2 cannot be opened, 1 the file is empty`, the most first; nothing for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<_> = self.0.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (at, (kind, count)) in kinds.into_iter().enumerate() {
            write!(f, "{}{count} {kind}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_their_first_words() {
        let mut kinds = ErrorKinds::default();
        for error in [
            "cannot be opened: no such file",
            "the file is empty",
            "cannot be opened: denied",
            "took longer than 3 s",
            "cannot decode the codec E-AC-3: there is no decoder",
        ] {
            kinds.add(error);
        }
        assert_eq!(
            kinds.to_string(),
            "2 cannot be opened, 1 cannot decode the codec E-AC-3, 1 the file is empty, 1 took longer than"
        );
        ('一'..).take(100).for_each(|kind| kinds.add(&kind.to_string()));
        assert!(kinds.to_string().starts_with("84 others"), "{kinds}");
    }
}
