//! Times and lines as people read them, for terminals, pages and pictures.

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

/// `text` with everything made visible that steers what shows it, or that nobody sees:
/// a name of a file or a title must not move the cursor, turn the direction of writing,
/// begin a line, or look like another name. What is made visible becomes `\u{202e}`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}') && joins(before, rest.peek().copied());
        match c {
            _ if joins => out.push(c),
            // As Rust writes them: the short forms are what people know.
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            _ if is_hidden(c) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Whether nobody sees `c`, or it steers what shows it: control characters, marks and
/// isolates of the Unicode Bidirectional Algorithm (UAX #9, section 2), ends of lines,
/// and what has no width (Unicode 16, `Default_Ignorable_Code_Point`) but variation
/// selectors, which emoji need.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a joiner between these characters has a meaning: scripts that join their
/// letters and emoji have one, and are outside of Latin.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| c >= '\u{590}' && !is_hidden(c));
    joined(before) && joined(after)
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
    fn nothing_is_hidden_and_nothing_steers() {
        let cases = [
            ("a\u{1b}[2J\nb\u{9b}é", "a\\u{1b}[2J\\nb\\u{9b}é"),
            ("song\u{202e}3pm.exe", "song\\u{202e}3pm.exe"),
            ("so\u{200b}ng\u{2028}\u{feff}", "so\\u{200b}ng\\u{2028}\\u{feff}"),
            ("pay\u{200d}pal", "pay\\u{200d}pal"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            // Joiners of Persian and of emoji have a meaning; their variation selectors, too.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}🎤 ❤\u{fe0f}", "👩\u{200d}🎤 ❤\u{fe0f}"),
            ("\u{200d}👩", "\\u{200d}👩"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected, "{text:?}");
        }
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
