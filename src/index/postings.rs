//! Posting lists: for every key, where in the segment it occurs.
//!
//! Keys are grouped into buckets of `2^bits` neighbours. A table holds the byte
//! at which each bucket starts. A bucket holds its number of postings (Elias
//! gamma) and then, in order, every posting as one number, `key in the bucket ×
//! slots + slot`, coded as the Rice code of its difference to the one before and
//! followed by the landmark's span. Whatever the collection's size, a posting
//! takes about log2(e × keys × slots / postings) bits: what it says and no more.

use std::ops::Range;

use crate::bits::{BitReader, BitWriter, PADDING};
use crate::landmarks::{Landmark, SPAN_BITS};

/// Where a landmark occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    pub key: u32,
    pub slot: u32,
    pub span: u8,
}

impl Posting {
    pub fn new(landmark: Landmark, slot: u32) -> Self {
        Posting { key: landmark.key, slot, span: landmark.span }
    }
}

/// Slots in one bucket, at most on average. With two to three postings a slot a
/// bucket holds about ten: few enough to be read past in 50 ns, enough that an
/// entry of the table costs no more than four bits a posting.
const SLOTS_PER_BUCKET: u32 = 6;

/// Bytes of an entry of the table.
const OFFSET_BYTES: usize = 5;

/// Number of low bits of the key that do not select the bucket, for a segment of
/// `slots`.
pub(super) fn bucket_bits(keys: u32, slots: u32) -> u32 {
    let wanted = (slots / SLOTS_PER_BUCKET).max(1);
    (keys / wanted).max(1).ilog2()
}

/// Bytes of the table of a segment whose buckets have `2^bits` of `keys` keys; `None`
/// where buckets cannot be so large.
pub(super) fn table_bytes(keys: u32, bits: u32) -> Option<u64> {
    Some((u64::from(keys.checked_shr(bits)?) + 2) * OFFSET_BYTES as u64)
}

/// Rice parameter of a bucket of `count` postings on `range` places: the largest
/// power of two that is at most the mean gap, with which random gaps take less
/// than 0.15 bits more than their entropy.
fn rice_parameter(range: u64, count: u32) -> u32 {
    (range / u64::from(count)).max(1).ilog2()
}

/// Encodes postings that come in order of key and slot.
pub(super) struct ListWriter {
    bits: u32,
    slots: u32,
    table: Vec<u8>,
    buckets: u32,
    length: u64,
    writer: BitWriter,
}

impl ListWriter {
    pub fn new(keys: u32, slots: u32) -> Self {
        let bits = bucket_bits(keys, slots);
        let buckets = (keys >> bits) + 1;
        let table = Vec::with_capacity(OFFSET_BYTES * (buckets as usize + 1));
        ListWriter { bits, slots, table, buckets, length: 0, writer: BitWriter::default() }
    }

    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// First key after a bucket.
    pub fn end_of(&self, bucket: u32) -> u32 {
        (bucket + 1) << self.bits
    }

    pub fn buckets(&self) -> u32 {
        self.buckets
    }

    /// Appends the next bucket to `out`; its postings are sorted here.
    pub fn push(&mut self, bucket: u32, postings: &mut [Posting], out: &mut Vec<u8>) {
        self.start_bucket();
        if postings.is_empty() {
            return;
        }
        postings.sort_unstable();
        let first_key = bucket << self.bits;
        self.writer.gamma(postings.len() as u32);
        let k = rice_parameter(u64::from(self.slots) << self.bits, postings.len() as u32);
        let mut last = 0;
        for posting in postings.iter() {
            let value = u64::from(posting.key - first_key) * u64::from(self.slots) + u64::from(posting.slot);
            self.writer.rice(value - last, k);
            self.writer.push(u64::from(posting.span), SPAN_BITS);
            last = value;
        }
        let before = out.len();
        self.writer.take(out);
        self.length += (out.len() - before) as u64;
    }

    fn start_bucket(&mut self) {
        self.table.extend_from_slice(&self.length.to_le_bytes()[..OFFSET_BYTES]);
    }

    /// Ends the lists in `out`; the table.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Vec<u8> {
        self.start_bucket();
        out.extend_from_slice(&PADDING);
        self.table
    }
}

/// The posting lists of a segment.
#[derive(Clone, Copy)]
pub(super) struct Postings<'a> {
    pub table: &'a [u8],
    pub lists: &'a [u8],
    pub bits: u32,
    /// Length of the time axis.
    pub slots: u32,
}

impl<'a> Postings<'a> {
    /// Calls `sink` for every posting of the keys, in order. Damaged bytes end a
    /// bucket early; they never reach beyond the lists.
    #[inline]
    pub fn for_each(&self, keys: Range<u32>, mut sink: impl FnMut(Posting)) {
        if keys.is_empty() {
            return;
        }
        for bucket in keys.start >> self.bits..=(keys.end - 1) >> self.bits {
            let first_key = bucket << self.bits;
            let low = keys.start.max(first_key) - first_key;
            let high = (keys.end - first_key).min(1 << self.bits);
            self.bucket(bucket, low..high, &mut sink);
        }
    }

    /// About how many postings the keys have, in 256ths: judged by the bytes of
    /// their buckets, and in proportion where these hold other keys, too.
    #[inline]
    pub fn estimate(&self, keys: Range<u32>) -> u64 {
        let first = keys.start >> self.bits;
        let last = keys.end.saturating_sub(1).max(keys.start) >> self.bits;
        let bytes = match (self.offset(first), self.offset(last + 1)) {
            (Some(start), Some(end)) => end.saturating_sub(start) as u64,
            _ => 0,
        };
        let all_keys = u64::from(last + 1 - first) << self.bits;
        // A damaged table may name any place.
        (bytes * 256 / BYTES_PER_POSTING).saturating_mul(keys.len() as u64) / all_keys
    }

    /// Reads a byte where the postings of the keys start, and one a cache line later.
    #[inline]
    pub fn touch(&self, keys: &Range<u32>) -> u8 {
        let start = self.offset(keys.start >> self.bits).unwrap_or(0);
        let byte = |at: usize| self.lists.get(at).copied().unwrap_or(0);
        byte(start) ^ byte(start + CACHE_LINE)
    }

    fn offset(&self, bucket: u32) -> Option<usize> {
        let start = OFFSET_BYTES * bucket as usize;
        let mut bytes = [0; 8];
        bytes[..OFFSET_BYTES].copy_from_slice(self.table.get(start..start + OFFSET_BYTES)?);
        usize::try_from(u64::from_le_bytes(bytes)).ok()
    }

    /// Postings of the bucket whose key in the bucket is in `keys`.
    #[inline]
    fn bucket(&self, bucket: u32, keys: Range<u32>, sink: &mut impl FnMut(Posting)) -> Option<()> {
        let (start, end) = (self.offset(bucket)?, self.offset(bucket + 1)?);
        if start >= end {
            return None;
        }
        // Not cut at the end of the bucket, so that words can be loaded there.
        let mut reader = BitReader::new(self.lists.get(start..)?);
        // Every posting takes more than its span.
        let most = (self.lists.len() - start) as u64;
        let count = reader.gamma().filter(|count| u64::from(*count) <= most)?;
        let slots = u64::from(self.slots);
        let k = rice_parameter(slots << self.bits, count);
        let (low, high) = (u64::from(keys.start) * slots, u64::from(keys.end) * slots);
        let first_key = (bucket << self.bits) + keys.start;
        let (mut key, mut key_start, mut value) = (first_key, low, 0_u64);
        for _ in 0..count {
            let (gap, span) = reader.rice_and(k, SPAN_BITS)?;
            value = value.checked_add(gap)?;
            if value < low {
                continue;
            }
            if value >= high {
                break;
            }
            if value - key_start >= slots {
                // Rarely: most postings that are asked for have one key.
                let keys = (value - key_start) / slots;
                key_start += keys * slots;
                key += keys as u32;
            }
            sink(Posting { key, slot: (value - key_start) as u32, span: span as u8 });
        }
        Some(())
    }
}

/// Bytes that memory is loaded in at once.
const CACHE_LINE: usize = 64;

/// Bytes of a posting, to guess their number from their size.
const BYTES_PER_POSTING: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn random_postings(random: &mut Random, count: usize, keys: u32, slots: u32) -> Vec<Posting> {
        let mut postings: Vec<Posting> = (0..count)
            .map(|_| Posting {
                // Some keys are much more frequent than others.
                key: (random.below(u64::from(keys)) as u32).min(random.below(u64::from(keys)) as u32) / 3 * 3,
                slot: random.below(u64::from(slots)) as u32,
                span: random.below(64) as u8,
            })
            .collect();
        postings.sort_unstable();
        postings
    }

    fn encode(postings: &[Posting], keys: u32, slots: u32) -> (Vec<u8>, Vec<u8>, u32) {
        let mut writer = ListWriter::new(keys, slots);
        let bits = writer.bits();
        let mut lists = Vec::new();
        for bucket in 0..writer.buckets() {
            let mut own: Vec<Posting> =
                postings.iter().filter(|p| p.key >> bits == bucket).copied().collect();
            writer.push(bucket, &mut own, &mut lists);
        }
        let table = writer.finish(&mut lists);
        (table, lists, bits)
    }

    #[test]
    fn every_list_comes_back_at_every_bucket_size() {
        let mut random = Random::new(7);
        let keys = 1000;
        for (count, slots) in [(0, 5), (3, 40), (2000, 700), (3000, 13_000), (5000, 300_000)] {
            let postings = random_postings(&mut random, count, keys, slots);
            let (table, lists, bits) = encode(&postings, keys, slots);
            let reader = Postings { table: &table, lists: &lists, bits, slots };
            for _ in 0..300 {
                let (a, b) = (random.below(1000) as u32, random.below(1000) as u32);
                let range = a.min(b)..a.max(b) + u32::from(a % 2 == 0);
                let mut found = Vec::new();
                reader.for_each(range.clone(), |posting| found.push(posting));
                let wanted: Vec<_> = postings.iter().filter(|p| range.contains(&p.key)).copied().collect();
                assert_eq!(found, wanted, "keys {range:?}, {bits} bits");
                assert!(reader.estimate(range) <= 256 * 3 * postings.len() as u64 + 256);
            }
        }
    }

    #[test]
    fn a_posting_takes_what_information_theory_says() {
        let mut random = Random::new(9);
        let (keys, slots, count) = (1 << 20, 1 << 17, 320_000);
        let mut postings: Vec<Posting> = (0..count)
            .map(|_| Posting { key: random.below(keys) as u32, slot: random.below(slots) as u32, span: 0 })
            .collect();
        postings.sort_unstable();
        let (table, lists, _) = encode(&postings, keys as u32, slots as u32);
        let bits = 8.0 * (table.len() + lists.len()) as f64 / count as f64;
        let entropy = (std::f64::consts::E * (keys * slots) as f64 / count as f64).log2() + 6.0;
        assert!(bits < entropy + 5.5, "{bits:.2} bits, {entropy:.2} needed");
    }

    #[test]
    fn damaged_bytes_do_not_panic() {
        let mut random = Random::new(11);
        let postings = random_postings(&mut random, 600, 64, 900);
        let (table, lists, bits) = encode(&postings, 64, 900);
        for _ in 0..3000 {
            let (mut table, mut lists) = (table.clone(), lists.clone());
            let i = random.next() as usize;
            if i.is_multiple_of(2) {
                let at = i / 2 % table.len();
                table[at] ^= 1 << (i % 8);
            } else {
                let at = i / 2 % lists.len();
                lists[at] ^= 1 << (i % 8);
            }
            let reader = Postings { table: &table, lists: &lists, bits, slots: 900 };
            let mut count = 0_usize;
            for key in 0..80 {
                reader.for_each(key..key + 3, |_| count += 1);
                reader.estimate(key..key + 3);
            }
            assert!(count <= 240 * 8 * lists.len());
        }
    }
}
