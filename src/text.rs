//! Times and lines as people read them, for terminals and pictures.

use crate::units::Seconds;

/// Cuts `text` into lines of at most `width` characters at blanks; a longer
/// word gets a line of its own. At least one line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
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

/// A time as people write it: `0:07`, `1:02:03`, with so many decimals of a
/// second. Negative times have a sign.
pub fn clock(seconds: Seconds, decimals: usize) -> String {
    let unit = 10_u64.pow(decimals.min(6) as u32);
    // Casting saturates and takes what is no number for zero.
    let parts = (seconds.abs() * unit as f64).round() as u64;
    let (whole, rest) = (parts / unit, parts % unit);
    let sign = if seconds < 0.0 && parts > 0 { "-" } else { "" };
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    let clock = match hours {
        0 => format!("{sign}{minutes}:{seconds:02}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}"),
    };
    if decimals == 0 { clock } else { format!("{clock}.{rest:0decimals$}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_unless_a_word_does_not() {
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("ab cd  ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrapped("a https://example b", 6), ["a", "https://example", "b"]);
    }

    #[test]
    fn clocks_round_once() {
        let cases = [(7.0, 0, "0:07"), (59.96, 1, "1:00.0"), (3_723.0, 0, "1:02:03"), (-1.5, 1, "-0:01.5")];
        for (seconds, decimals, text) in cases {
            assert_eq!(clock(seconds, decimals), text);
        }
        assert_eq!((clock(-0.001, 1), clock(f64::NAN, 0)), ("0:00.0".to_owned(), "0:00".to_owned()));
    }
}
