//! The low-complexity core of HE-AAC.
//!
//! HE-AAC is AAC-LC at half the rate, and beside it a recipe for the upper half
//! of the spectrum (SBR, version 1) and for stereo (PS, version 2). Where a file
//! says so in its AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1),
//! Symphonia 0.6.1 refuses it; where it does not, decoders that know nothing of
//! the recipe play the core. This makes the second kind of the first: a
//! fingerprint ends below 5 kHz, and the core reaches 8 kHz and more at all rates
//! that HE-AAC is used at.

/// Spectral band replication; parametric stereo with it.
const SBR: u32 = 5;
const PS: u32 = 29;
/// The object type of AAC-LC.
const LOW_COMPLEXITY: u32 = 2;

/// The AudioSpecificConfig of the AAC-LC core of one that says HE-AAC; `None`
/// for anything else.
pub(super) fn core_config(config: &[u8]) -> Option<Box<[u8]>> {
    let mut bits = Bits { data: config, at: 0 };
    if !matches!(bits.take(5)?, SBR | PS) {
        return None;
    }
    let mut core = Writer::default();
    core.put(LOW_COMPLEXITY, 5);
    copy_rate(&mut bits, &mut core)?;
    // The channels.
    core.put(bits.take(4)?, 4);
    // The rate with the upper half.
    copy_rate(&mut bits, &mut Writer::default())?;
    if bits.take(5)? != LOW_COMPLEXITY {
        return None;
    }
    // Length of the frame, no dependence on another stream, no extension.
    core.put(bits.take(3).unwrap_or(0), 3);
    Some(core.bytes.into())
}

/// The name of the profile by its object type; `None` for AAC-LC, for what is
/// decoded as if it were, and for what is not known.
pub(super) fn profile(config: &[u8]) -> Option<&'static str> {
    let mut bits = Bits { data: config, at: 0 };
    let kind = match bits.take(5)? {
        31 => 32 + bits.take(6)?,
        kind => kind,
    };
    Some(match kind {
        1 => "AAC Main",
        3 => "AAC SSR",
        4 => "AAC LTP",
        SBR => "HE-AAC",
        PS => "HE-AAC v2",
        17 => "ER AAC LC",
        19 => "ER AAC LTP",
        20 => "ER AAC Scalable",
        23 => "AAC LD",
        36 => "MPEG-4 ALS",
        37 | 38 => "MPEG-4 SLS",
        39 => "AAC ELD",
        42 => "xHE-AAC",
        _ => return None,
    })
}

/// A rate is an index, or the last index and then 24 bits.
fn copy_rate(from: &mut Bits<'_>, to: &mut Writer) -> Option<()> {
    let index = from.take(4)?;
    to.put(index, 4);
    if index == 15 {
        to.put(from.take(24)?, 24);
    }
    Some(())
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, the first of them the highest.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            value = value << 1 | u32::from(self.data.get(at / 8)? >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    used: usize,
}

impl Writer {
    fn put(&mut self, value: u32, count: usize) {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_of_both_versions() {
        // 22.05 kHz stereo, extended to 44.1 kHz.
        assert_eq!(core_config(&[0x2b, 0x92, 0x08, 0x00]).unwrap()[..], [0x13, 0x90]);
        // 22.05 kHz mono, extended to 44.1 kHz stereo.
        assert_eq!(core_config(&[0xeb, 0x8a, 0x08, 0x00]).unwrap()[..], [0x13, 0x88]);
        // A rate that is no index, 23 000 Hz.
        let mut bits = Writer::default();
        for (value, count) in [(SBR, 5), (15, 4), (23_000, 24), (2, 4), (15, 4), (46_000, 24), (2, 5), (0, 3)]
        {
            bits.put(value, count);
        }
        let core = core_config(&bits.bytes).unwrap();
        let mut read = Bits { data: &core, at: 0 };
        let fields: Vec<_> = [5, 4, 24, 4, 3].iter().map(|n| read.take(*n).unwrap()).collect();
        assert_eq!(fields, [2, 15, 23_000, 2, 0]);
    }

    #[test]
    fn anything_else_stays() {
        // AAC-LC, and with the extension behind it that old decoders ignore.
        assert_eq!(core_config(&[0x12, 0x10]), None);
        assert_eq!(core_config(&[0x13, 0x90, 0x56, 0xe5, 0xa0]), None);
        // SBR over AAC LTP.
        assert_eq!(core_config(&[0x2b, 0x92, 0x10, 0x00]), None);
        for cut in 0..3 {
            assert_eq!(core_config(&[0x2b, 0x92, 0x08][..cut]), None);
        }
        assert_eq!(profile(&[0x12, 0x10]), None);
        assert_eq!(profile(&[0xf9, 0x46, 0x00]), Some("xHE-AAC"));
        assert_eq!(profile(&[0x1a, 0x10]), Some("AAC SSR"));
    }
}
