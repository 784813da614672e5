//! Little-endian base-128 integers.

/// Appends `value`.
pub(super) fn write(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes an integer off the front of `bytes`; none if they end within it or it
/// exceeds 32 bits.
#[inline]
pub(super) fn read(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for (i, byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            if i == 4 && *byte > 0x0f {
                return None;
            }
            *bytes = &bytes[i + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn round_trip_and_malformed_input() {
        let values = [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX - 1, u32::MAX];
        let mut bytes = Vec::new();
        for v in values {
            super::write(&mut bytes, v);
        }
        let mut rest = &bytes[..];
        for v in values {
            assert_eq!(super::read(&mut rest), Some(v));
        }
        assert!(rest.is_empty());
        assert_eq!(super::read(&mut rest), None);
        assert_eq!(super::read(&mut &[0x80, 0x80][..]), None);
        assert_eq!(super::read(&mut &[0xff, 0xff, 0xff, 0xff, 0x10][..]), None);
        assert_eq!(super::read(&mut &[0x80; 9][..]), None);
    }
}
