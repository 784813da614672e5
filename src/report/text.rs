//! Text for terminals: colours, clean text.

use crate::text;
use crate::units::Seconds;

/// Colours are ANSI escapes; the writer that the table is given takes them out
/// where they do not belong.
pub(crate) const RESET: &str = "\u{1b}[0m";
pub(crate) const BOLD: &str = "\u{1b}[1m";
pub(crate) const FAINT: &str = "\u{1b}[2m";
pub(crate) const RED: &str = "\u{1b}[31m";
pub(crate) const GREEN: &str = "\u{1b}[32m";
pub(crate) const YELLOW: &str = "\u{1b}[33m";

/// `text` with what steers a terminal, or is not seen there, made visible.
pub fn clean(text: &str) -> String {
    text::visible(text)
}

/// `1:02:03.4` or `0:07.3`; nothing is before 0.
pub(super) fn clock(seconds: Seconds) -> String {
    text::clock(seconds.max(0.0), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_once() {
        let cases = [
            (0.0, "0:00.0"),
            (7.34, "0:07.3"),
            (59.96, "1:00.0"),
            (3599.99, "1:00:00.0"),
            (-1.0, "0:00.0"),
            (f64::NAN, "0:00.0"),
        ];
        for (seconds, text) in cases {
            assert_eq!(clock(seconds), text);
        }
    }
}
