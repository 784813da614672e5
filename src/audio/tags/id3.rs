//! What ID3v2 frames say.

use super::{IsrcTrust, Tags, c2pa, set, xmp};
use crate::audio::id3v2;
use crate::audio::rights::Terms;

/// The carrier of its statements.
const CARRIER: &str = "id3v2";

impl Tags {
    /// Takes a tag. Frames of more than `max_bytes` are left out.
    pub(super) fn take_id3v2(&mut self, tag: &[u8], max_bytes: usize) {
        let mut terms = Terms::default();
        id3v2::frames(tag, max_bytes, &mut |id, content, of_chapter| {
            // Chapters have codes of their own; everything else of them is no fact of
            // the whole.
            if !of_chapter || &id == b"TSRC" {
                self.take_frame(&id, &content, &mut terms);
            }
        });
        self.add_signals(terms.signals(CARRIER));
    }

    fn take_frame(&mut self, id: &[u8; 4], content: &[u8], terms: &mut Terms) {
        let name = String::from_utf8_lossy(id);
        let first = |content| id3v2::texts(content).into_iter().next().unwrap_or_default();
        match id {
            b"TSRC" => {
                id3v2::texts(content).iter().for_each(|text| self.add_isrcs(text, IsrcTrust::Trusted));
            }
            b"TIT2" => set(&mut self.title, &first(content)),
            b"TPE1" => set(&mut self.artist, &first(content)),
            b"TALB" => set(&mut self.album, &first(content)),
            b"TPE2" => set(&mut self.album_artist, &first(content)),
            b"TPUB" => set(&mut self.label, &first(content)),
            b"TPRO" => self.take_texts(&name, "COPYRIGHT", &id3v2::texts(content), terms),
            b"TOWN" | b"TCOP" => self.take_texts(&name, &name, &id3v2::texts(content), terms),
            b"USER" => self.take_texts(&name, &name, &id3v2::terms_of_use(content), terms),
            b"WCOP" => self.take_texts(&name, &name, &[id3v2::address(content)], terms),
            b"TXXX" | b"WXXX" => {
                if let Some((description, texts)) = id3v2::described(id, content) {
                    let field = format!("{name}:{description}");
                    // `TXXX:LICENSE`, and what stands behind a namespace in it.
                    let key = description.rsplit(':').next().unwrap_or(&description);
                    self.take_texts(&field, key, &texts, terms);
                }
            }
            // *XMP Specification Part 3*, section 1.1.5.
            b"PRIV" => {
                let (owner, data) = id3v2::private(content);
                if owner == "XMP" {
                    self.add_signals(xmp::signals(data));
                }
            }
            b"GEOB" => {
                if let Some((media_type, object)) = id3v2::object(content)
                    && c2pa::MEDIA_TYPES.iter().any(|known| media_type.eq_ignore_ascii_case(known))
                {
                    self.add_signals(c2pa::signals(object));
                }
            }
            _ => {}
        }
    }

    fn take_texts(&mut self, field: &str, name: &str, texts: &[String], terms: &mut Terms) {
        texts.iter().for_each(|text| self.take_named(CARRIER, field, name, text, terms));
    }
}
