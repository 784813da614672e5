//! Text on the page: escaped, in units that people read.

use crate::text;
use crate::units::Seconds;

/// `raw` as it may stand between tags and in attributes between double quotes. What
/// steers a line or is not seen becomes visible: a title must not be able to rearrange
/// the line that it stands in.
pub(super) fn escaped(raw: &str) -> String {
    let blanks = raw.replace(['\n', '\t'], " ");
    let raw = text::visible(&blanks);
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// `0:07.3`; nothing is before 0.
pub(super) fn clock(seconds: Seconds) -> String {
    text::clock(seconds.max(0.0), 1)
}

/// `2 h 05 min`, `3 min 20 s` or `4.2 s`.
pub(crate) fn span(seconds: Seconds) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..60 => format!("{seconds:.1}\u{a0}s"),
        60..3600 => format!("{}\u{a0}min {:02}\u{a0}s", whole / 60, whole % 60),
        _ => format!("{}\u{a0}h {:02}\u{a0}min", grouped(whole / 3600), whole / 60 % 60),
    }
}

/// `12 345` with narrow spaces, as in ISO 80000-1.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    format!("{}\u{a0}{one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Bytes in decimal units.
pub(crate) fn bytes(number: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1_000 {
        return format!("{number}\u{a0}bytes");
    }
    let mut value = number as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1}\u{a0}{}", units[unit])
}

/// 64 hexadecimal digits.
pub(crate) fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_is_left() {
        assert_eq!(
            escaped("<script>alert('x')</script> \"a\" & b\n\u{202e}c\u{0}"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;a&quot; &amp; b \\u{202e}c\\u{0}"
        );
        assert_eq!(escaped("é 日本 👩‍🎤"), "é 日本 👩‍🎤");
    }

    #[test]
    fn numbers_are_read_by_people() {
        assert_eq!(span(7.25), "7.2\u{a0}s");
        assert_eq!(span(59.99), "1\u{a0}min 00\u{a0}s");
        assert_eq!(span(7_500.0), "2\u{a0}h 05\u{a0}min");
        assert_eq!(grouped(1_234), "1234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (bytes(999), bytes(1_500), bytes(999_999)),
            ("999\u{a0}bytes".into(), "1.5\u{a0}kB".into(), "1.0\u{a0}MB".into())
        );
    }
}
