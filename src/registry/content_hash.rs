//! The hash of everything a registry holds, kept up to date row by row.
//!
//! A report names this hash so that anybody can tell whether they hold the
//! same registry. Hashing all rows at every commit would make many small
//! commits quadratic; so the recordings are hashed as a *set*: LtHash
//! (Bellare and Micciancio 1997, section 5.2; parameters of lthash16 with
//! 1,024 lanes as in Lewi, Kim, Maykov and Weis 2019, section 4). Adding or removing a row
//! adds or subtracts its 2 KiB expansion, lane by lane. The order of
//! registration and the number of commits do not matter.

use crate::canonical::Canonical;

/// Lanes of 16 bits: the choice of the 2019 paper for 200 bits of security.
const LANES: usize = 1024;

/// Bytes of the stored state: [`LANES`] little-endian u16.
pub(super) const STATE_BYTES: usize = LANES * 2;

/// The set hash of rows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SetHash([u16; LANES]);

impl std::fmt::Debug for SetHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetHash({})", blake3::hash(&self.to_bytes()).to_hex())
    }
}

impl Default for SetHash {
    fn default() -> Self {
        Self([0; LANES])
    }
}

impl SetHash {
    /// Reads a stored state; `None` when the length is wrong.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != STATE_BYTES {
            return None;
        }
        let mut state = Self::default();
        for (lane, pair) in state.0.iter_mut().zip(bytes.chunks_exact(2)) {
            *lane = u16::from_le_bytes([pair[0], pair[1]]);
        }
        Some(state)
    }

    /// The state as stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    /// Puts a row into the set.
    pub(super) fn insert(&mut self, row: &Canonical) {
        for (lane, value) in self.0.iter_mut().zip(expand(row)) {
            *lane = lane.wrapping_add(value);
        }
    }

    /// Takes a row out of the set; it must have been in it.
    pub(super) fn remove(&mut self, row: &Canonical) {
        for (lane, value) in self.0.iter_mut().zip(expand(row)) {
            *lane = lane.wrapping_sub(value);
        }
    }
}

/// BLAKE3's extended output over the row, one u16 for each lane.
fn expand(row: &Canonical) -> [u16; LANES] {
    let mut bytes = [0; STATE_BYTES];
    blake3::Hasher::new().update(row.as_bytes()).finalize_xof().fill(&mut bytes);
    let mut lanes = [0; LANES];
    for (lane, pair) in lanes.iter_mut().zip(bytes.chunks_exact(2)) {
        *lane = u16::from_le_bytes([pair[0], pair[1]]);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Canonical {
        Canonical::new(text)
    }

    #[test]
    fn a_set_has_one_hash_whatever_its_history() {
        let mut forward = SetHash::default();
        let mut backward = SetHash::default();
        for name in ["a", "b", "c"] {
            forward.insert(&row(name));
        }
        for name in ["c", "x", "b", "a"] {
            backward.insert(&row(name));
        }
        assert_ne!(forward, backward);
        backward.remove(&row("x"));
        assert_eq!(forward, backward);
        assert_eq!(SetHash::from_bytes(&forward.to_bytes()), Some(forward));
    }

    #[test]
    fn every_row_changes_the_hash_and_short_states_are_refused() {
        let mut hash = SetHash::default();
        hash.insert(&row("a"));
        let one = hash.clone();
        hash.insert(&row("a"));
        assert_ne!(one, hash, "the same row twice is not the same as once");
        assert_eq!(SetHash::from_bytes(&[0; STATE_BYTES - 1]), None);
    }
}
