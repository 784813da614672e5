//! The tree in memory: 64 bytes a row.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tlog_tiles::{
    Error, Hash, HashReader, prove_record, prove_tree, record_hash, stored_hash_index, tree_hash,
};

/// Hashes in a full tile (tlog-tiles, "Merkle Tree").
pub const TILE_WIDTH: u64 = 256;

/// The longest entry that a tile of entries can hold: its length is a u16
/// (tlog-tiles, "Log Entries").
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Why the tree does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A proof or tile beyond the end of the tree.
    #[error("the tree has {size} rows, row {asked} is not among them")]
    BeyondEnd {
        /// Rows in the tree.
        size: u64,
        /// What was asked for.
        asked: u64,
    },
    /// A row that no tile of entries can hold.
    #[error("row {seq} has {found} bytes, an entry of a tile at most {MAX_ENTRY_BYTES}")]
    EntryTooLong {
        /// Its number in the log.
        seq: u64,
        /// Its length in bytes.
        found: usize,
    },
    /// The library that computes the tree failed.
    #[error("the tree is inconsistent: {0}")]
    Inconsistent(String),
}

/// A Merkle tree that grows at its end.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The hashes of all complete subtrees, in the order in which
    /// `tlog_tiles::stored_hash_index` numbers them.
    hashes: Stored,
}

#[derive(Clone, Debug, Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let hash = |index: &u64| {
            let index = usize::try_from(*index).map_err(|_| Error::IndexesNotInTree)?;
            self.0.get(index).copied().ok_or(Error::IndexesNotInTree)
        };
        indexes.iter().map(hash).collect()
    }
}

impl Tree {
    /// How many rows it covers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the row with the number [`Self::size`] + 1.
    ///
    /// # Errors
    /// [`TreeError::EntryTooLong`].
    pub fn push(&mut self, canonical: &[u8]) -> Result<(), TreeError> {
        if canonical.len() > MAX_ENTRY_BYTES {
            return Err(TreeError::EntryTooLong { seq: self.size + 1, found: canonical.len() });
        }
        let hashes = tlog_tiles::stored_hashes(self.size, canonical, &self.hashes).map_err(inconsistent)?;
        self.hashes.0.extend(hashes);
        self.size += 1;
        Ok(())
    }

    /// The root of the first `size` rows.
    ///
    /// # Errors
    /// [`TreeError::BeyondEnd`].
    pub fn root_of(&self, size: u64) -> Result<[u8; 32], TreeError> {
        self.within(size)?;
        tree_hash(size, &self.hashes).map(|hash| hash.0).map_err(inconsistent)
    }

    /// The root of all rows.
    ///
    /// # Errors
    /// [`TreeError::Inconsistent`].
    pub fn root(&self) -> Result<[u8; 32], TreeError> {
        self.root_of(self.size)
    }

    /// The hash of a row's leaf; `index` counts from 0.
    ///
    /// # Errors
    /// [`TreeError::BeyondEnd`].
    pub fn leaf(&self, index: u64) -> Result<[u8; 32], TreeError> {
        self.within(index.saturating_add(1))?;
        let stored = self.hashes.read_hashes(&[stored_hash_index(0, index)]).map_err(inconsistent)?;
        stored.first().map(|hash| hash.0).ok_or(TreeError::BeyondEnd { size: self.size, asked: index })
    }

    /// The hashes of a tile, 32 bytes each: those of level `level` from
    /// `number` × 256 on, `width` of them. `None` where the tree has not so many.
    pub fn tile(&self, level: u8, number: u64, width: u16) -> Option<Vec<u8>> {
        let width = u64::from(width);
        if width == 0 || width > TILE_WIDTH || level > 7 {
            return None;
        }
        let first = number.checked_mul(TILE_WIDTH)?;
        let at_level = self.size >> (8 * u32::from(level));
        if first.checked_add(width)? > at_level {
            return None;
        }
        let indexes: Vec<u64> = (first..first + width).map(|n| stored_hash_index(8 * level, n)).collect();
        let hashes = self.hashes.read_hashes(&indexes).ok()?;
        Some(hashes.iter().flat_map(|hash| hash.0).collect())
    }

    /// Proves that row `index` (from 0) is among the first `size`: the hashes of
    /// RFC 6962, section 2.1.1.
    ///
    /// # Errors
    /// [`TreeError::BeyondEnd`].
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<[u8; 32]>, TreeError> {
        self.within(size)?;
        if index >= size {
            return Err(TreeError::BeyondEnd { size, asked: index });
        }
        let proof = prove_record(size, index, &self.hashes).map_err(inconsistent)?;
        Ok(proof.into_iter().map(|hash| hash.0).collect())
    }

    /// Proves that the first `from` rows are those of the tree of `to` rows: the
    /// hashes of RFC 6962, section 2.1.2.
    ///
    /// # Errors
    /// [`TreeError::BeyondEnd`].
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, TreeError> {
        self.within(to)?;
        if from > to {
            return Err(TreeError::BeyondEnd { size: to, asked: from });
        }
        if from == 0 || from == to {
            return Ok(Vec::new());
        }
        let proof = prove_tree(to, from, &self.hashes).map_err(inconsistent)?;
        Ok(proof.into_iter().map(|hash| hash.0).collect())
    }

    fn within(&self, size: u64) -> Result<(), TreeError> {
        if size > self.size {
            return Err(TreeError::BeyondEnd { size: self.size, asked: size });
        }
        Ok(())
    }
}

/// A receipt: that row `index` is in the log of `checkpoint`, to be checked without
/// the service (tlog-proof).
pub fn receipt(index: u64, proof: &[[u8; 32]], checkpoint: &str) -> String {
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n");
    for hash in proof {
        text.push_str(&STANDARD.encode(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(checkpoint);
    text
}

/// Whether a proof of inclusion holds.
pub fn includes(proof: &[[u8; 32]], size: u64, root: [u8; 32], index: u64, canonical: &[u8]) -> bool {
    let proof = proof.iter().copied().map(Hash).collect();
    tlog_tiles::check_record(&proof, size, Hash(root), index, record_hash(canonical)).is_ok()
}

/// Whether a proof of consistency holds.
pub fn extends(proof: &[[u8; 32]], to: (u64, [u8; 32]), from: (u64, [u8; 32])) -> bool {
    if from.0 == 0 {
        return true;
    }
    if from.0 == to.0 {
        return from.1 == to.1;
    }
    let proof = proof.iter().copied().map(Hash).collect();
    tlog_tiles::check_tree(&proof, to.0, Hash(to.1), from.0, Hash(from.1)).is_ok()
}

fn inconsistent(error: Error) -> TreeError {
    TreeError::Inconsistent(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn row(n: u64) -> Vec<u8> {
        format!("row {n}").into_bytes()
    }

    fn tree(size: u64) -> Tree {
        let mut tree = Tree::default();
        (0..size).for_each(|n| tree.push(&row(n)).unwrap());
        tree
    }

    /// RFC 6962, section 2.1, as it is written there.
    fn naive(rows: &[Vec<u8>]) -> [u8; 32] {
        match rows {
            [] => Sha256::digest([]).into(),
            [row] => Sha256::new().chain_update([0]).chain_update(row).finalize().into(),
            rows => {
                let k = rows.len().next_power_of_two() / 2;
                let (left, right) = rows.split_at(k);
                Sha256::new()
                    .chain_update([1])
                    .chain_update(naive(left))
                    .chain_update(naive(right))
                    .finalize()
                    .into()
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let rows: Vec<Vec<u8>> = (0..70).map(row).collect();
        let tree = tree(70);
        for size in 0..=70 {
            assert_eq!(tree.root_of(size as u64).unwrap(), naive(&rows[..size]), "{size} rows");
        }
        assert!(matches!(tree.root_of(71), Err(TreeError::BeyondEnd { size: 70, asked: 71 })));
    }

    #[test]
    fn proofs_hold_for_their_row_alone() {
        let tree = tree(70);
        for size in [1, 2, 3, 64, 65, 70] {
            let root = tree.root_of(size).unwrap();
            for index in 0..size {
                let proof = tree.inclusion(index, size).unwrap();
                assert!(includes(&proof, size, root, index, &row(index)));
                assert!(!includes(&proof, size, root, index, &row(index + 1)));
                assert!(!includes(&proof, size, [7; 32], index, &row(index)));
            }
            assert!(tree.inclusion(size, size).is_err());
        }
    }

    #[test]
    fn an_extension_is_proven_and_another_history_is_not() {
        let old = tree(40);
        let new = tree(70);
        let mut other = tree(39);
        (39..70).for_each(|n| other.push(&row(n + 1_000)).unwrap());
        let from = (40, old.root().unwrap());
        let to = (70, new.root().unwrap());
        assert!(extends(&new.consistency(40, 70).unwrap(), to, from));
        let forged = (70, other.root().unwrap());
        assert!(!extends(&other.consistency(40, 70).unwrap(), forged, from));
        assert!(extends(&[], to, (0, [0; 32])));
        assert!(!extends(&[], (70, [1; 32]), to));
    }

    #[test]
    fn tiles_hold_the_hashes_of_their_level() {
        let tree = tree(600);
        let tile = tree.tile(0, 1, 256).unwrap();
        assert_eq!(tile.len(), 256 * 32);
        assert_eq!(tile[..32], tree.leaf(256).unwrap());
        // The hash above a full tile is the root of its rows.
        let rows: Vec<Vec<u8>> = (256..512).map(row).collect();
        assert_eq!(tree.tile(1, 0, 2).unwrap()[32..], naive(&rows));
        assert_eq!(tree.tile(0, 2, 88).unwrap().len(), 88 * 32);
        assert!(tree.tile(0, 2, 89).is_none() && tree.tile(1, 0, 3).is_none());
        assert!(tree.tile(0, u64::MAX, 256).is_none() && tree.tile(8, 0, 1).is_none());
    }

    #[test]
    fn a_row_that_no_tile_can_hold_is_refused() {
        let mut tree = Tree::default();
        tree.push(&vec![0; MAX_ENTRY_BYTES]).unwrap();
        let error = tree.push(&vec![0; MAX_ENTRY_BYTES + 1]);
        assert!(matches!(error, Err(TreeError::EntryTooLong { seq: 2, found: 65_536 })));
        assert_eq!(tree.size(), 1);
    }
}
