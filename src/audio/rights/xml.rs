//! XML of untrusted files, as a tree.

use roxmltree::{Document, ParsingOptions};

/// Most nodes of a document; an XMP packet has a few hundred.
const MAX_NODES: u32 = 100_000;
/// Most elements inside one another; the parser and whoever walks the tree must
/// not run out of stack. XMP nests ten deep, EBUCore fewer than thirty.
const MAX_DEPTH: usize = 200;

/// The text of a document in UTF-8, or in UTF-16 with a mark, without what
/// writers pad it with; `None` when it is neither.
pub(in crate::audio) fn text_of(bytes: &[u8]) -> Option<String> {
    let wide = |swap: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| swap([pair[0], pair[1]]));
        String::from_utf16(&units.collect::<Vec<_>>()).ok()
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        _ => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    let padding = |c: char| c == '\0' || c.is_whitespace();
    Some(text.trim_matches(padding).to_owned())
}

/// The tree; `None` for what is no XML, or too deep or large for honest
/// metadata.
pub(in crate::audio) fn parse(text: &str) -> Option<Document<'_>> {
    if deepest(text) > MAX_DEPTH {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, options).ok()
}

/// An upper bound for the nesting: opening tags less closing ones.
fn deepest(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut open, mut most) = (0_usize, 0);
    for (i, byte) in bytes.iter().enumerate() {
        match (byte, bytes.get(i + 1)) {
            (b'<', Some(b'/')) => open = open.saturating_sub(1),
            (b'<', Some(b'!' | b'?')) => {}
            (b'<', _) => {
                open += 1;
                most = most.max(open);
            }
            (b'/', Some(b'>')) => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_and_padding() {
        let wide =
            |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        for bytes in [
            b"<a/>".to_vec(),
            b"\xef\xbb\xbf<a/>\n\0\0".to_vec(),
            wide("\u{feff}<a/>", u16::to_le_bytes),
            wide("\u{feff}<a/>", u16::to_be_bytes),
        ] {
            assert_eq!(text_of(&bytes).as_deref(), Some("<a/>"), "{bytes:?}");
        }
        assert_eq!(text_of(b"\xff\xfe\x00\xd8"), None, "half a surrogate");
        assert_eq!(text_of(b"\xc3"), None);
    }

    #[test]
    fn hostile_documents_are_refused() {
        assert!(parse(&"<a>".repeat(200_000)).is_none());
        assert!(parse(&("<a>".repeat(300) + &"</a>".repeat(300))).is_none());
        assert!(parse(&("<a>".repeat(150) + &"</a>".repeat(150))).is_some());
        let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\">]><a>&b;</a>";
        assert!(parse(laughs).is_none(), "entities are not expanded");
        assert!(parse(&format!("<a>{}</a>", "<b/>".repeat(200_000))).is_none());
        assert!(parse("<a><b></a>").is_none());
    }
}
