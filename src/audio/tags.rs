//! What a file says about itself: ISRCs, names, rights statements.
//!
//! Symphonia reads most containers. The gaps are filled here: the `LIST` and
//! `id3 ` chunks of WAV (the latter by lofty) and the `xid ` atom of MP4. In a WAV `LIST`/`INFO` list the
//! key `ISRC` means *source* ("digitised from vinyl"), so a value there counts
//! only when all of it is an ISRC, and is marked as of low trust.

use std::io::{Read, Seek};

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::{FileType, TaggedFileExt};
use lofty::tag::{ItemKey, TagType};
use serde::{Deserialize, Serialize};
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_WAVE;
use symphonia::core::meta::well_known::{METADATA_ID_ID3V1, METADATA_ID_WAVE};
use symphonia::core::meta::{ChapterGroup, ChapterGroupItem, MetadataRevision, RawValue, StandardTag, Tag};

use super::guard::contained;
use super::source::Input;
use super::{AudioError, Limits, mp4, riff, stream};
use crate::isrc::Isrc;

/// Most values kept of one kind; a file with more is not a label's.
const MAX_VALUES: usize = 256;

/// The tags of one file. Text is as written, with spaces around it removed;
/// values that repeat are kept once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tags {
    /// The ISRCs found, in the file's order.
    pub isrcs: Vec<IsrcTag>,
    /// Title of the recording.
    pub title: Option<String>,
    /// Performer.
    pub artist: Option<String>,
    /// Title of the release.
    pub album: Option<String>,
    /// Performer of the release as a whole.
    pub album_artist: Option<String>,
    /// Record label or publisher.
    pub label: Option<String>,
    /// Owner or licensee of the file (ID3v2 `TOWN`).
    pub owners: Vec<String>,
    /// Copyright statements and their addresses (ID3v2 `TCOP`, `WCOP`; Vorbis
    /// `COPYRIGHT`; MP4 `cprt`; RIFF `ICOP`).
    pub copyrights: Vec<String>,
    /// Licences and terms of use (`LICENSE`, ID3v2 `USER`).
    pub licences: Vec<String>,
}

/// An ISRC from a tag. It is a claim of whoever wrote the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsrcTag {
    /// The code.
    pub isrc: Isrc,
    /// How sure it is that the field was meant to hold an ISRC.
    pub trust: IsrcTrust,
}

/// How sure it is that a field was meant to hold an ISRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IsrcTrust {
    /// The field is defined to hold one.
    Trusted,
    /// The field is defined for something else and its text looks like one.
    Untrusted,
}

/// See [`super::read_tags`].
pub(super) fn read<R>(source: R, extension_hint: Option<&str>, limits: &Limits) -> Result<Tags, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    let input = Input::new(source)?;
    if input.len() == 0 {
        return Err(AudioError::EmptyFile);
    }
    let vendor_ids = mp4::scan(&mut input.view(true)?, input.len()).vendor_ids;
    let mut reader = stream::open(&input, extension_hint, limits)?;

    let mut tags = Tags::default();
    contained("tag reader", || tags.take_all(reader.as_mut()))?;
    for id in vendor_ids {
        // `Vendor:isrc:CODE`, of which the vendor is the shop.
        let mut parts = id.splitn(3, ':');
        if let (Some(_), Some(kind), Some(code)) = (parts.next(), parts.next(), parts.next())
            && kind.eq_ignore_ascii_case("isrc")
        {
            tags.add_isrcs(code, IsrcTrust::Trusted);
        }
    }
    if reader.format_info().format == FORMAT_ID_WAVE {
        drop(reader);
        let mut view = input.view(true)?;
        let info = riff::info(&mut view, input.len(), limits.max_tag_bytes);
        view.rewind()?;
        contained("tag reader", || tags.take_wav_id3(view))?;
        tags.take_wav_info(&info);
    }
    Ok(tags)
}

impl Tags {
    fn take_all(&mut self, reader: &mut dyn FormatReader) {
        let mut revisions = Vec::new();
        let mut metadata = reader.metadata();
        while let Some(revision) = metadata.pop() {
            revisions.push(revision);
        }
        revisions.extend(metadata.current().cloned());
        // ID3v1 cuts its texts at 30 characters: any other tag is better.
        revisions.sort_by_key(|r| r.info.metadata == METADATA_ID_ID3V1);
        for revision in &revisions {
            self.take_revision(revision);
        }
        if let Some(chapters) = reader.chapters() {
            self.take_chapters(chapters);
        }
    }

    fn take_revision(&mut self, revision: &MetadataRevision) {
        // A list that means other things by its keys is read apart.
        if revision.info.metadata == METADATA_ID_WAVE {
            return;
        }
        let tracks = revision.per_track.iter().flat_map(|t| &t.metadata.tags);
        for tag in revision.media.tags.iter().chain(tracks) {
            self.take_tag(tag);
        }
    }

    fn take_tag(&mut self, tag: &Tag) {
        match &tag.std {
            Some(StandardTag::IdentIsrc(text)) => self.add_isrcs(text, IsrcTrust::Trusted),
            Some(StandardTag::TrackTitle(text)) => set(&mut self.title, text),
            Some(StandardTag::Artist(text)) => set(&mut self.artist, text),
            Some(StandardTag::Album(text)) => set(&mut self.album, text),
            Some(StandardTag::AlbumArtist(text)) => set(&mut self.album_artist, text),
            Some(StandardTag::Label(text)) => set(&mut self.label, text),
            Some(StandardTag::Owner(text)) => add(&mut self.owners, text),
            Some(
                StandardTag::Copyright(text)
                | StandardTag::ProductionCopyright(text)
                | StandardTag::UrlCopyright(text),
            ) => {
                add(&mut self.copyrights, text);
            }
            Some(StandardTag::License(text) | StandardTag::TermsOfUse(text)) => add(&mut self.licences, text),
            _ => self.take_raw(tag),
        }
    }

    /// Keys for which Symphonia has no standard meaning in some containers.
    fn take_raw(&mut self, tag: &Tag) {
        let texts: &[String] = match &tag.raw.value {
            RawValue::String(text) => std::slice::from_ref(text),
            RawValue::StringList(texts) => texts,
            _ => return,
        };
        let key = tag.raw.key.to_ascii_uppercase();
        // ID3v2 writes `TXXX:LICENSE`, MP4 `----:com.apple.iTunes:LICENSE`.
        let name = key.rsplit(':').next().unwrap_or(&key);
        for text in texts {
            match name {
                "ISRC" | "TSRC" => self.add_isrcs(text, IsrcTrust::Trusted),
                "LICENSE" | "LICENCE" | "USER" => add(&mut self.licences, text),
                "COPYRIGHT" | "CPRT" | "TCOP" | "WCOP" => add(&mut self.copyrights, text),
                "OWNER" | "TOWN" => add(&mut self.owners, text),
                _ => {}
            }
        }
    }

    /// A FLAC cue sheet has an ISRC for each of its tracks.
    fn take_chapters(&mut self, group: &ChapterGroup) {
        for item in &group.items {
            match item {
                ChapterGroupItem::Group(inner) => self.take_chapters(inner),
                ChapterGroupItem::Chapter(chapter) => {
                    for tag in &chapter.tags {
                        if let Some(StandardTag::IdentIsrc(text)) = &tag.std {
                            self.add_isrcs(text, IsrcTrust::Trusted);
                        }
                    }
                }
            }
        }
    }

    fn take_wav_info(&mut self, info: &[([u8; 4], String)]) {
        for (key, text) in info {
            match key {
                b"INAM" => set(&mut self.title, text),
                b"IART" => set(&mut self.artist, text),
                b"IPRD" => set(&mut self.album, text),
                b"IPUB" => set(&mut self.label, text),
                b"ICOP" => add(&mut self.copyrights, text),
                b"ISRC" => {
                    if let Ok(isrc) = text.parse() {
                        self.add_isrc(isrc, IsrcTrust::Untrusted);
                    }
                }
                _ => {}
            }
        }
    }

    fn take_wav_id3<R: Read + Seek>(&mut self, mut stream: R) {
        let options = ParseOptions::new()
            .read_properties(false)
            .read_cover_art(false)
            .parsing_mode(ParsingMode::Relaxed);
        // What lofty cannot read, the INFO list and the audio do not need.
        let Ok(file) =
            lofty::probe::Probe::with_file_type(&mut stream, FileType::Wav).options(options).read()
        else {
            return;
        };
        let Some(id3) = file.tag(TagType::Id3v2) else { return };
        for text in id3.get_strings(ItemKey::Isrc) {
            self.add_isrcs(text, IsrcTrust::Trusted);
        }
        let single = [
            (ItemKey::TrackTitle, &mut self.title),
            (ItemKey::TrackArtist, &mut self.artist),
            (ItemKey::AlbumTitle, &mut self.album),
            (ItemKey::AlbumArtist, &mut self.album_artist),
            (ItemKey::Label, &mut self.label),
        ];
        for (key, field) in single {
            id3.get_string(key).into_iter().for_each(|text| set(field, text));
        }
        for key in [ItemKey::CopyrightMessage, ItemKey::CopyrightUrl] {
            id3.get_strings(key).for_each(|text| add(&mut self.copyrights, text));
        }
        id3.get_strings(ItemKey::License).for_each(|text| add(&mut self.licences, text));
    }

    fn add_isrcs(&mut self, text: &str, trust: IsrcTrust) {
        for isrc in Isrc::find_all(text) {
            self.add_isrc(isrc, trust);
        }
    }

    fn add_isrc(&mut self, isrc: Isrc, trust: IsrcTrust) {
        if let Some(known) = self.isrcs.iter_mut().find(|known| known.isrc == isrc) {
            // The better of two sources counts.
            if trust == IsrcTrust::Trusted {
                known.trust = trust;
            }
        } else if self.isrcs.len() < MAX_VALUES {
            self.isrcs.push(IsrcTag { isrc, trust });
        }
    }
}

fn cleaned(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

fn set(field: &mut Option<String>, text: &str) {
    let text = cleaned(text);
    if field.is_none() && !text.is_empty() {
        *field = Some(text.to_owned());
    }
}

fn add(field: &mut Vec<String>, text: &str) {
    let text = cleaned(text);
    if !text.is_empty() && field.len() < MAX_VALUES && !field.iter().any(|known| known == text) {
        field.push(text.to_owned());
    }
}
