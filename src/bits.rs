//! Bit streams: integers of a few bits, Elias gamma and Rice codes.
//!
//! Bits fill every byte from its lowest on. The Rice code of `v` with parameter
//! `k` is `v >> k` zeros, a one, and the `k` low bits of `v` (Rice & Plaut 1971):
//! of all codes that need no table the shortest for the gaps of a random set, if
//! `k` is near log2 of the mean gap (Golomb 1966).

/// Zeros of a Rice code above which the value follows in full, so that one wild
/// gap costs bytes and not megabytes.
const MOST_ZEROS: u32 = 24;

/// Bits of a value in full.
const FULL_BITS: u32 = 56;

/// Zero bytes after the last stream of a section, so that a reader may load
/// eight bytes wherever a stream ends.
pub(crate) const PADDING: [u8; 8] = [0; 8];

/// Appends to a byte string.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that fill no byte yet, from the lowest on.
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the `bits` (at most 56) low bits of `value`, which has no others.
    pub fn push(&mut self, value: u64, bits: u32) {
        debug_assert!(bits <= 56 && value >> bits == 0);
        self.pending |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Appends `value` ≥ 1 in the Elias gamma code (Elias 1975): its length in
    /// zeros, then itself from the leading one on.
    pub fn gamma(&mut self, value: u32) {
        let length = value.ilog2();
        self.push(0, length);
        self.push(1, 1);
        self.push(u64::from(value) - (1 << length), length);
    }

    /// Appends `value` (below 2^56) in the Rice code of parameter `k`.
    pub fn rice(&mut self, value: u64, k: u32) {
        let zeros = value >> k;
        if zeros < u64::from(MOST_ZEROS) {
            self.push(1 << zeros, zeros as u32 + 1);
            self.push(value & ((1 << k) - 1), k);
        } else {
            self.push(1 << MOST_ZEROS, MOST_ZEROS + 1);
            self.push(value, FULL_BITS);
        }
    }

    /// The bytes so far, the last one filled up with zeros; empties the writer.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            self.bytes.push(self.pending as u8);
            (self.pending, self.count) = (0, 0);
        }
        out.append(&mut self.bytes);
    }
}

/// Reads from a byte string; beyond its end are zeros.
#[derive(Clone, Copy)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Place of the next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// Bytes that were read at least in part.
    pub fn bytes_read(&self) -> usize {
        self.at.div_ceil(8)
    }

    /// At least the next 57 bits.
    #[inline(always)]
    fn peek(&self) -> u64 {
        let byte = self.at >> 3;
        let word = match self.bytes.get(byte..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => self.last_word(byte),
        };
        word >> (self.at & 7)
    }

    #[cold]
    fn last_word(&self, byte: usize) -> u64 {
        let mut chunk = [0; 8];
        let rest = self.bytes.get(byte..).unwrap_or(&[]);
        chunk[..rest.len()].copy_from_slice(rest);
        u64::from_le_bytes(chunk)
    }

    /// The next `bits` (at most 56) bits.
    #[inline]
    pub fn take(&mut self, bits: u32) -> u64 {
        let value = self.peek() & ((1 << bits) - 1);
        self.at += bits as usize;
        value
    }

    /// The next value in the Elias gamma code; `None` where no such code is.
    #[inline]
    pub fn gamma(&mut self) -> Option<u32> {
        let length = self.peek().trailing_zeros();
        if length > 31 {
            return None;
        }
        self.at += length as usize + 1;
        Some((self.take(length) | 1 << length) as u32)
    }

    /// The next value in the Rice code of parameter `k` (at most 56); `None`
    /// where no such code is.
    pub fn rice(&mut self, k: u32) -> Option<u64> {
        let zeros = self.peek().trailing_zeros();
        self.at += zeros as usize + 1;
        if zeros < MOST_ZEROS {
            Some(u64::from(zeros) << k | self.take(k))
        } else if zeros == MOST_ZEROS {
            Some(self.take(FULL_BITS))
        } else {
            None
        }
    }

    /// A Rice code and the `bits` (at most 16) after it: mostly with one load.
    #[inline(always)]
    pub fn rice_and(&mut self, k: u32, bits: u32) -> Option<(u64, u64)> {
        let word = self.peek();
        let zeros = word.trailing_zeros();
        let length = zeros + 1 + k + bits;
        if zeros < MOST_ZEROS && length <= 57 {
            self.at += length as usize;
            let word = word >> (zeros + 1);
            let value = u64::from(zeros) << k | word & ((1 << k) - 1);
            return Some((value, word >> k & ((1 << bits) - 1)));
        }
        Some((self.rice(k)?, self.take(bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn what_was_written_comes_back() {
        let mut random = Random::new(3);
        for _ in 0..200 {
            let k = random.below(50) as u32;
            let values: Vec<u64> = (0..random.below(60))
                .map(|_| {
                    let bits = 1 + random.below(55);
                    random.below(1 << bits)
                })
                .collect();
            let mut writer = BitWriter::default();
            for value in &values {
                writer.rice(*value, k);
                writer.gamma((*value as u32).max(1));
                writer.push(value & 0x3f, 6);
            }
            let mut bytes = Vec::new();
            writer.take(&mut bytes);
            // With and without anything behind the end.
            for padded in [false, true] {
                let mut bytes = bytes.clone();
                if padded {
                    bytes.extend_from_slice(&PADDING);
                }
                let mut reader = BitReader::new(&bytes);
                for value in &values {
                    let mut other = reader;
                    assert_eq!(reader.rice(k), Some(*value), "k = {k}");
                    let at = reader.at;
                    let next = reader.take(13);
                    assert_eq!(other.rice_and(k, 13), Some((*value, next)), "k = {k}");
                    assert_eq!(other.at, reader.at);
                    reader.at = at;
                    assert_eq!(reader.gamma(), Some((*value as u32).max(1)));
                    assert_eq!(reader.take(6), value & 0x3f);
                }
                assert_eq!(reader.at.div_ceil(8), bytes.len() - if padded { 8 } else { 0 });
            }
        }
    }

    #[test]
    fn a_rice_code_is_as_long_as_it_should_be() {
        let mut writer = BitWriter::default();
        writer.rice(45, 2);
        let mut bytes = Vec::new();
        writer.take(&mut bytes);
        // 45 = 11 * 4 + 1: eleven zeros, a one, then 01 from the lowest bit on.
        assert_eq!(bytes, [0, 0b1_1000]);
    }

    #[test]
    fn the_end_and_nonsense_are_no_codes() {
        assert_eq!(BitReader::new(&[]).rice(5), None);
        assert_eq!(BitReader::new(&[]).gamma(), None);
        assert_eq!(BitReader::new(&[0; 8]).rice(5), None);
        assert_eq!(BitReader::new(&[0; 8]).gamma(), None);
    }
}
