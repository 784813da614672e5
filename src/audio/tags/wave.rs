//! Tags of WAV files, wherever in the file they stand.
//!
//! In a `LIST`/`INFO` list the key `ISRC` means *source* ("digitised from
//! vinyl"), so a value there counts only when all of it is an ISRC, and is marked
//! as of low trust; so does one in the prose of `bext`.

use std::io::{Read, Seek};

use roxmltree::{Document, Node};

use super::{IsrcTrust, MAX_STATEMENTS, Tags, add, c2pa, set, xmp};
use crate::audio::Limits;
use crate::audio::riff::{self, Wave, latin_or_utf8};
use crate::audio::rights::{Terms, xml};

/// Description, originator and its reference in `bext` (EBU Tech 3285).
const BEXT_TEXTS: [(&str, usize, usize); 3] =
    [("Description", 0, 256), ("Originator", 256, 32), ("OriginatorReference", 288, 32)];
/// Where the coding history begins, which ends the chunk.
const BEXT_HISTORY: usize = 602;

impl Tags {
    /// Takes the chunks of a file of `len` bytes. A chunk of more than
    /// `limits.max_tag_bytes` is left out, as is what is damaged. Of two sources
    /// of a name the first of `id3 `, axml, iXML and INFO counts.
    pub(super) fn take_wave<R: Read + Seek>(
        &mut self,
        source: &mut R,
        wave: &Wave,
        len: u64,
        limits: &Limits,
    ) {
        // One in memory at a time, however many there are.
        let each = |source: &mut R, ids: &[&[u8; 4]], take: &mut dyn FnMut(Vec<u8>)| {
            let chunks = wave.chunks.iter().filter(|chunk| ids.contains(&&chunk.id));
            let mut left = MAX_STATEMENTS as usize * limits.max_tag_bytes;
            let bodies = chunks.filter_map(|chunk| {
                let body = riff::body(source, *chunk, len, left.min(limits.max_tag_bytes))?;
                left -= body.len();
                Some(body)
            });
            bodies.for_each(take);
        };
        each(source, &[b"id3 ", b"ID3 "], &mut |body| self.take_id3v2(&body, limits.max_tag_bytes));
        each(source, &[b"axml"], &mut |body| with_tree(&body, |tree| self.take_axml(tree)));
        each(source, &[b"iXML"], &mut |body| with_tree(&body, |tree| self.take_ixml(tree)));
        self.take_info(&riff::info(source, wave, len, limits.max_tag_bytes));
        each(source, &[b"bext"], &mut |body| self.take_bext(&body));
        each(source, &[b"_PMX"], &mut |body| self.add_signals(xmp::signals(&body)));
        each(source, &[b"C2PA"], &mut |body| self.add_signals(c2pa::signals(&body)));
    }

    fn take_info(&mut self, info: &[([u8; 4], String)]) {
        let mut terms = Terms::default();
        for (key, text) in info {
            match key {
                b"INAM" => set(&mut self.title, text),
                b"IART" => set(&mut self.artist, text),
                b"IPRD" => set(&mut self.album, text),
                b"IPUB" => set(&mut self.label, text),
                b"ICOP" => self.add_copyright("wave", "ICOP", text),
                b"ISRC" => {
                    if let Ok(isrc) = text.parse() {
                        self.add_isrc(isrc, IsrcTrust::Untrusted);
                    }
                }
                _ => {
                    let name = String::from_utf8_lossy(key);
                    terms.take(&name, &name, text);
                }
            }
        }
        self.add_signals(terms.signals("wave"));
    }

    /// The Broadcast Wave extension has no field for any of this, only prose in
    /// which people write it.
    fn take_bext(&mut self, body: &[u8]) {
        let field = |from: usize, len: usize| body.get(from..(from + len).min(body.len()));
        let texts = BEXT_TEXTS.map(|(name, from, len)| (name, field(from, len)));
        let history = ("CodingHistory", body.get(BEXT_HISTORY..));
        for (name, bytes) in texts.into_iter().chain([history]) {
            let text = latin_or_utf8(bytes.unwrap_or(&[]).split(|byte| *byte == 0).next().unwrap_or(&[]));
            let lower = text.to_lowercase();
            if lower.contains("isrc") {
                self.add_isrcs(&text, IsrcTrust::Untrusted);
            } else if let Ok(isrc) = text.trim().parse() {
                self.add_isrc(isrc, IsrcTrust::Untrusted);
            }
            if ["copyright", "(c)", "©", "℗"].iter().any(|sign| lower.contains(sign)) {
                self.add_copyright("bext", name, &text);
            }
        }
    }

    /// EBUCore (EBU Tech 3293), in which EBU Tech 3352 puts the ISRC: an
    /// identifier whose format is called ISRC, or whose text begins so.
    fn take_axml(&mut self, tree: &Document<'_>) {
        for node in tree.descendants().filter(Node::is_element) {
            let Some(text) = node.text().map(str::trim).filter(|text| !text.is_empty()) else { continue };
            let name = node.tag_name().name();
            match name {
                "identifier" => {
                    let labels = node.ancestors().take(2).flat_map(|n| n.attributes());
                    let labelled = labels.filter(|a| a.name().ends_with("Label")).any(|a| is_isrc(a.value()));
                    if labelled || text.get(..4).is_some_and(is_isrc) {
                        self.add_isrcs(text, IsrcTrust::Trusted);
                    }
                }
                "title" => set(&mut self.title, text),
                "rights" | "copyrightStatement" => self.add_copyright("axml", name, text),
                "rightsExpression" | "rightsLink" => self.add_licence("axml", name, text),
                _ => {}
            }
        }
    }

    /// iXML 3.0, with the fields of the Audio Standards Working Group (ASWG) for
    /// music.
    fn take_ixml(&mut self, tree: &Document<'_>) {
        let mut terms = Terms::default();
        for node in tree.descendants().filter(Node::is_element) {
            let Some(text) = node.text().map(str::trim).filter(|text| !text.is_empty()) else { continue };
            let name = node.tag_name().name();
            match name.replace('_', "").to_ascii_lowercase().as_str() {
                "isrc" | "isrcid" => self.add_isrcs(text, IsrcTrust::Trusted),
                "songtitle" | "title" => set(&mut self.title, text),
                "artist" => set(&mut self.artist, text),
                "rightsowner" => add(&mut self.owners, text),
                "copyright" => self.add_copyright("ixml", name, text),
                "usagerights" | "license" | "licence" => self.add_licence("ixml", name, text),
                _ => {
                    terms.take(name, name, text);
                }
            }
        }
        self.add_signals(terms.signals("ixml"));
    }
}

fn is_isrc(label: &str) -> bool {
    label.eq_ignore_ascii_case("ISRC")
}

fn with_tree(body: &[u8], take: impl FnOnce(&Document<'_>)) {
    let Some(text) = xml::text_of(body) else { return };
    if let Some(tree) = xml::parse(&text) {
        take(&tree);
    }
}
