//! Check sums of bits in their order, as FLAC and Ogg have them: nothing is reflected,
//! and the sum begins with zero.

/// The table of one sum. Sums stand in the upper bits of a word.
pub(super) struct Sum([u32; 256]);

/// CRC-8 of the headers of FLAC's frames (RFC 9639, section 9.1.8).
pub(super) static FLAC_HEADER: Sum = Sum::new(0x07, 8);
/// CRC-16 of FLAC's frames (RFC 9639, section 9.3).
pub(super) static FLAC_FRAME: Sum = Sum::new(0x8005, 16);
/// CRC-32 of Ogg's pages (RFC 3533, section 6).
pub(super) static OGG_PAGE: Sum = Sum::new(0x04c1_1db7, 32);

impl Sum {
    const fn new(polynomial: u32, bits: u32) -> Self {
        let polynomial = polynomial << (32 - bits);
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut sum = (byte as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                sum = if sum >> 31 == 1 { sum << 1 ^ polynomial } else { sum << 1 };
                bit += 1;
            }
            table[byte] = sum;
            byte += 1;
        }
        Sum(table)
    }

    /// The sum of `bytes` behind those whose sum is `before`, in the upper bits. It is
    /// zero behind bytes that end with their own sum.
    pub(super) fn of(&self, before: u32, bytes: &[u8]) -> u32 {
        bytes.iter().fold(before, |sum, byte| sum << 8 ^ self.0[usize::from((sum >> 24) as u8 ^ byte)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_nine_digits() {
        // The check values of CRC-8/SMBUS, CRC-16/UMTS and, without its inversions,
        // CRC-32/CKSUM.
        let digits = b"123456789";
        assert_eq!(FLAC_HEADER.of(0, digits) >> 24, 0xf4);
        assert_eq!(FLAC_FRAME.of(0, digits) >> 16, 0xfee8);
        assert_eq!(OGG_PAGE.of(0, digits), 0x89a1_897f);
        assert_eq!(FLAC_FRAME.of(0, &[&digits[..], &[0xfe, 0xe8]].concat()), 0);
    }
}
