//! Text for terminals: colours, clean text, lines that fit.

/// Colours are ANSI escapes; the writer that the table is given takes them out
/// where they do not belong.
pub(super) const RESET: &str = "\u{1b}[0m";
pub(super) const BOLD: &str = "\u{1b}[1m";
pub(super) const FAINT: &str = "\u{1b}[2m";
pub(super) const RED: &str = "\u{1b}[31m";
pub(super) const GREEN: &str = "\u{1b}[32m";
pub(super) const YELLOW: &str = "\u{1b}[33m";

/// `text` with control characters made visible: a file name or a tag must not
/// be able to steer the terminal.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

/// Cuts `text` into lines of at most `width` characters at blanks; a longer
/// word gets a line of its own. At least one line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `1:02:03.4` or `0:07.3`.
pub(super) fn clock(seconds: f64) -> String {
    // Casting saturates and takes what is no number for zero.
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (hours, minutes, rest) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let end = format!("{:02}.{}", rest / 10, rest % 10);
    if hours == 0 { format!("{minutes}:{end}") } else { format!("{hours}:{minutes:02}:{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(clean("a\u{1b}[2J\nb\u{9b}é"), "a\\u{1b}[2J\\nb\\u{9b}é");
    }

    #[test]
    fn lines_fit_unless_a_word_does_not() {
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("ab cd  ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrapped("a https://example b", 6), ["a", "https://example", "b"]);
    }

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
