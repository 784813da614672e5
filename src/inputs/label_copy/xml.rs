//! XML as a tree of names and texts, within limits.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest nesting that is read. Release messages use a dozen levels.
const MAX_DEPTH: usize = 64;

/// Elements that are read. A message of a thousand tracks has about a hundred thousand.
const MAX_ELEMENTS: usize = 4_000_000;

/// An element: attributes are left out, as nothing that is read stands in one.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The name without its namespace prefix.
    pub(super) name: String,
    /// The text directly in it.
    pub(super) text: String,
    /// What lies in it.
    pub(super) children: Vec<Element>,
    /// The line on which it starts, from 1.
    pub(super) line: u64,
}

impl Element {
    /// The children of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text at the end of a path of first children, unless it is empty.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&str> {
        let mut at = self;
        for name in path {
            at = at.child(name)?;
        }
        Some(at.text.trim()).filter(|text| !text.is_empty())
    }

    /// Every element of this name below, not within each other.
    pub(super) fn below<'a>(&'a self, name: &str, found: &mut Vec<&'a Self>) {
        for child in &self.children {
            match child.name == name {
                true => found.push(child),
                false => child.below(name, found),
            }
        }
    }
}

/// The root element; an error has the line and the reason.
///
/// Entities are replaced only if they stand for one character (the five of XML
/// and numbers): there is nothing that a file could make grow. A document type
/// is refused.
pub(super) fn parse(content: &[u8]) -> Result<Element, (u64, String)> {
    parse_at_most(content, MAX_ELEMENTS)
}

fn parse_at_most(content: &[u8], most: usize) -> Result<Element, (u64, String)> {
    let content = decoded(content).map_err(|reason| (1, reason))?;
    let mut reader = Reader::from_str(&content);
    let mut lines = Lines { content: content.as_bytes(), counted: 0, line: 1 };
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        let line = lines.at(reader.buffer_position());
        let wrong = |reason: String| (line, reason);
        let event = reader.read_event().map_err(|error| {
            (lines.at(reader.error_position()), format!("is not well-formed XML: {error}"))
        })?;
        if matches!(event, Event::Start(_) | Event::Empty(_)) {
            elements += 1;
            if open.len() >= MAX_DEPTH || elements > most {
                return Err(wrong(format!(
                    "more than {MAX_DEPTH} levels or {most} elements: no release message has so many"
                )));
            }
        }
        let closed = match event {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, line, ..Element::default() });
                None
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                Some(Element { name, line, ..Element::default() })
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let number = reference.resolve_char_ref().map_err(|error| wrong(error.to_string()))?;
                let c = number.or(match name {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "apos" => Some('\''),
                    "quot" => Some('"'),
                    _ => None,
                });
                let c = c.ok_or_else(|| wrong(format!("the entity &{name}; is not one of XML's own")))?;
                add(&mut open, c.encode_utf8(&mut [0; 4]));
                None
            }
            Event::DocType(_) => return Err(wrong("has a document type: remove it".to_owned())),
            Event::Eof => return Err(wrong("ends before its first element does".to_owned())),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => None,
        };
        if let Some(element) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => return Ok(element),
            }
        }
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// UTF-8, or UTF-16 with its mark.
fn decoded(content: &[u8]) -> Result<String, String> {
    let units = |pair: fn([u8; 2]) -> u16| {
        content.get(2..).unwrap_or_default().chunks_exact(2).map(|two| pair([two[0], two[1]])).collect()
    };
    let wide: Vec<u16> = match content {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => {
            let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
            let text = std::str::from_utf8(content);
            return text.map(str::to_owned).map_err(|_| "is not UTF-8: save the file as UTF-8".to_owned());
        }
    };
    String::from_utf16(&wide).map_err(|_| "is not UTF-16: save the file as UTF-8".to_owned())
}

/// Lines of positions that never decrease.
struct Lines<'a> {
    content: &'a [u8],
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, position: u64) -> u64 {
        let to = usize::try_from(position).unwrap_or(usize::MAX).clamp(self.counted, self.content.len());
        let passed = self.content.get(self.counted..to).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = to;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_however_they_are_written() {
        for (inner, few) in [("<b/>", true), ("<b></b>", true), ("<b/>x<b/>", false)] {
            let found = parse_at_most(format!("<a>{inner}</a>").as_bytes(), 2);
            assert_eq!(found.is_ok(), few, "{inner}");
        }
        let (line, reason) = parse_at_most(b"<a>\n<b/>\n<b/></a>", 2).expect_err("three of two");
        assert!(line >= 2 && reason.contains("2 elements"), "line {line}: {reason}");
    }
}
