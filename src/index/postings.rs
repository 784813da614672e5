//! Posting lists: for every hash, where in the segment it occurs.
//!
//! Hashes are grouped into buckets of `2^bucket_bits` neighbours. A table holds
//! the byte at which each bucket starts; a bucket holds, for every hash that
//! occurs, its low bits (varint), the length of its list in bytes (varint) and
//! the list: slots as increasing differences (varint), each followed by
//! `extra` bytes the landmark defines.

use super::varint;

/// Entry to be indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    pub hash: u32,
    pub slot: u32,
    /// Landmark's own data; only its low `extra` bytes are stored.
    pub extra: u16,
}

/// Postings a bucket should hold on average: enough that the table stays below
/// a twentieth of the lists, few enough that a look-up skips few lists.
const POSTINGS_PER_BUCKET: usize = 64;

/// Buckets of at most 2^6 hashes, so that a look-up skips at most 63 lists.
const MAX_BUCKET_BITS: u32 = 6;

/// Number of low bits of the hash that do not select the bucket.
pub(super) fn bucket_bits(hashes: u32, postings: usize) -> u32 {
    let wanted = (postings / POSTINGS_PER_BUCKET).max(1) as u32;
    (hashes / wanted).max(1).ilog2().min(MAX_BUCKET_BITS)
}

/// Encodes postings (sorted) as (table, lists). The table has one entry a
/// bucket and one more for the end; `None` if the lists exceed 32-bit offsets.
pub(super) fn encode(
    postings: &[Posting],
    hashes: u32,
    bits: u32,
    extra: usize,
) -> Option<(Vec<u8>, Vec<u8>)> {
    debug_assert!(postings.is_sorted());
    let buckets = (hashes >> bits) + 1;
    let mut table = Vec::with_capacity(4 * (buckets as usize + 1));
    let mut lists = Vec::new();
    let mut list = Vec::new();
    let mut rest = postings;
    for bucket in 0..buckets {
        table.extend_from_slice(&u32::try_from(lists.len()).ok()?.to_le_bytes());
        while let Some(first) = rest.first().filter(|p| p.hash >> bits == bucket) {
            let end = rest.partition_point(|p| p.hash == first.hash);
            list.clear();
            let mut last = 0;
            for posting in &rest[..end] {
                varint::write(&mut list, posting.slot - last);
                list.extend_from_slice(&posting.extra.to_le_bytes()[..extra]);
                last = posting.slot;
            }
            varint::write(&mut lists, first.hash & ((1 << bits) - 1));
            varint::write(&mut lists, u32::try_from(list.len()).ok()?);
            lists.extend_from_slice(&list);
            rest = &rest[end..];
        }
    }
    table.extend_from_slice(&u32::try_from(lists.len()).ok()?.to_le_bytes());
    Some((table, lists))
}

/// The posting lists of one kind of landmark in a segment.
#[derive(Clone, Copy)]
pub(super) struct Postings<'a> {
    pub table: &'a [u8],
    pub lists: &'a [u8],
    pub bits: u32,
    pub extra: usize,
}

impl<'a> Postings<'a> {
    /// Calls `sink(slot, extra)` for every posting of `hash`. Damaged bytes end
    /// the list early; they never reach beyond it.
    pub fn for_each(&self, hash: u32, mut sink: impl FnMut(u32, u16)) {
        let Some(mut list) = self.list(hash) else { return };
        let mut slot = 0_u32;
        while let Some(step) = varint::read(&mut list) {
            let Some((extra, rest)) = list.split_at_checked(self.extra) else { return };
            list = rest;
            slot = slot.wrapping_add(step);
            let mut bytes = [0; 2];
            bytes[..self.extra].copy_from_slice(extra);
            sink(slot, u16::from_le_bytes(bytes));
        }
    }

    fn list(&self, hash: u32) -> Option<&'a [u8]> {
        let bucket = (hash >> self.bits) as usize;
        let offset = |i: usize| {
            let bytes = self.table.get(4 * i..4 * i + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
        };
        let mut bytes = self.lists.get(offset(bucket)?..offset(bucket + 1)?)?;
        let wanted = hash & ((1 << self.bits) - 1);
        while !bytes.is_empty() {
            let low = varint::read(&mut bytes)?;
            let length = varint::read(&mut bytes)? as usize;
            let (list, rest) = bytes.split_at_checked(length)?;
            if low == wanted {
                return Some(list);
            }
            if low > wanted {
                return None;
            }
            bytes = rest;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn every_list_comes_back_at_every_bucket_size() {
        let mut random = Random::new(7);
        let hashes = 1000;
        let mut postings: Vec<Posting> = (0..5000)
            .map(|_| Posting {
                hash: (random.next() % u64::from(hashes)) as u32 / 3 * 3,
                slot: random.next() as u32 >> 4,
                extra: random.next() as u16,
            })
            .collect();
        postings.sort_unstable();
        for (bits, extra) in [(0, 0), (3, 2), (6, 1), (6, 2)] {
            let (table, lists) = encode(&postings, hashes, bits, extra).unwrap();
            let reader = Postings { table: &table, lists: &lists, bits, extra };
            let mask = (1_u32 << (8 * extra)).wrapping_sub(1) as u16;
            for hash in 0..hashes {
                let mut found = Vec::new();
                reader.for_each(hash, |slot, extra| found.push((slot, extra)));
                let wanted: Vec<_> =
                    postings.iter().filter(|p| p.hash == hash).map(|p| (p.slot, p.extra & mask)).collect();
                assert_eq!(found, wanted, "hash {hash}, {bits} bits, {extra} extra bytes");
            }
        }
    }

    #[test]
    fn damaged_bytes_do_not_panic() {
        let mut random = Random::new(11);
        let mut postings: Vec<Posting> = (0..300)
            .map(|_| Posting { hash: random.next() as u32 % 64, slot: random.next() as u32 >> 8, extra: 5 })
            .collect();
        postings.sort_unstable();
        let (table, lists) = encode(&postings, 64, 3, 2).unwrap();
        for _ in 0..2000 {
            let (mut table, mut lists) = (table.clone(), lists.clone());
            let i = random.next() as usize;
            if i.is_multiple_of(2) {
                let at = i / 2 % table.len();
                table[at] ^= 1 << (i % 8);
            } else {
                let at = i / 2 % lists.len();
                lists[at] ^= 1 << (i % 8);
            }
            let reader = Postings { table: &table, lists: &lists, bits: 3, extra: 2 };
            let mut count = 0_usize;
            for hash in 0..80 {
                reader.for_each(hash, |_, _| count += 1);
            }
            assert!(count <= 80 * lists.len());
        }
    }
}
