//! XML of untrusted files, as a tree.

use roxmltree::{Document, ParsingOptions};

/// Most nodes of a document; an XMP packet has a few hundred.
const MAX_NODES: u32 = 100_000;
/// Most elements inside one another; whoever looks below each of them must not take
/// for ever. XMP nests ten deep, EBUCore fewer than thirty.
const MAX_DEPTH: usize = 200;
/// Most attributes of one element, each of which the parser compares with all others.
/// A description in XMP has a few dozen.
const MAX_ATTRIBUTES: usize = 1_000;
/// Most declarations of namespaces in a document. The parser looks through all that
/// are in force for every name, and copies them for every element with one of its
/// own; a packet of all that Adobe's programs write has thirty.
const MAX_NAMESPACES: usize = 300;

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
    if !is_modest(text.as_bytes()) {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, options).ok()
}

/// Whether what the parser takes more than its fair time for is within the limits.
/// Markup that is not well-formed is counted up to where it goes wrong, and there the
/// parser ends as well.
fn is_modest(text: &[u8]) -> bool {
    let (mut at, mut depth, mut namespaces) = (0, 0_usize, 0);
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'<') {
        let markup = &text[at + found..];
        let length = if markup.starts_with(b"<!--") {
            length_to(markup, b"-->")
        } else if markup.starts_with(b"<![CDATA[") {
            length_to(markup, b"]]>")
        } else if markup.starts_with(b"<?") {
            length_to(markup, b"?>")
        } else if markup.starts_with(b"<!") {
            // A document type, which is not read.
            return false;
        } else if markup.starts_with(b"</") {
            depth = depth.saturating_sub(1);
            length_to(markup, b">")
        } else {
            let tag = StartTag::read(markup);
            depth += usize::from(!tag.is_empty);
            namespaces += tag.namespaces;
            if depth > MAX_DEPTH || tag.attributes > MAX_ATTRIBUTES || namespaces > MAX_NAMESPACES {
                return false;
            }
            tag.length
        };
        at += found + length;
    }
    true
}

/// Bytes of `markup` up to the end of `end`, or all.
fn length_to(markup: &[u8], end: &[u8]) -> usize {
    markup.windows(end.len()).position(|bytes| bytes == end).map_or(markup.len(), |at| at + end.len())
}

/// What there is to count in a tag that opens an element.
#[derive(Default)]
struct StartTag {
    length: usize,
    is_empty: bool,
    /// All of them, the namespaces among them.
    attributes: usize,
    namespaces: usize,
}

impl StartTag {
    fn read(markup: &[u8]) -> Self {
        let mut tag = StartTag::default();
        let mut quote = None;
        for (at, byte) in markup.iter().enumerate().skip(1) {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    tag.namespaces += usize::from(name_before(&markup[..at]).starts_with(b"xmlns"));
                }
                (None, b'>') => {
                    tag.is_empty = markup[at - 1] == b'/';
                    return StartTag { length: at + 1, ..tag };
                }
                _ => {}
            }
        }
        tag.length = markup.len();
        tag
    }
}

/// The name that `tag` ends with.
fn name_before(tag: &[u8]) -> &[u8] {
    let tag = tag.trim_ascii_end();
    let parts = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'=');
    &tag[tag.iter().rposition(parts).map_or(0, |at| at + 1)..]
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
        // What looks like the end of an element and is none.
        for hidden in ["<!--</a>-->", "<![CDATA[</a>]]>", "<?x </a>?>"] {
            assert!(parse(&(format!("<a>{hidden}").repeat(300) + &"</a>".repeat(300))).is_none(), "{hidden}");
        }
        assert!(parse(&("<a b='/>'>".repeat(300) + &"</a>".repeat(300))).is_none());
        assert!(parse("<a><b></a>").is_none());
    }

    #[test]
    fn what_the_parser_is_slow_with_is_refused() {
        let attributes =
            |count: usize| format!("<a{}/>", (0..count).map(|n| format!(" b{n}='>'")).collect::<String>());
        assert!(parse(&attributes(1_000)).is_some());
        assert!(parse(&attributes(1_001)).is_none());
        assert!(parse(&attributes(130_000)).is_none());
        let spaces = |count: usize, between: &str| {
            let each =
                |n: usize| format!("{} \n xmlns:n{n} = \"u:{n}\"", between.replace('#', &n.to_string()));
            format!("<r><a{}/></r>", (0..count).map(each).collect::<String>())
        };
        for between in ["", "/><a", " b#='1'"] {
            assert!(parse(&spaces(300, between)).is_some(), "{between}");
            assert!(parse(&spaces(301, between)).is_none(), "{between}");
            assert!(parse(&spaces(55_000, between)).is_none(), "{between}");
        }
        // As much as there may be of all of it at once.
        let nested = (0..190).map(|n| format!("<a xmlns:n{n}='u:{n}'{}>", &attributes(999)[2..][..8_000]));
        let text = nested.collect::<String>();
        let began = std::time::Instant::now();
        let _ = parse(&text);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}
