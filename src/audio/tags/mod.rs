//! What a file says about itself: ISRCs, names, statements about rights.
//!
//! Symphonia reads the tags of most containers. The gaps are filled here: ID3v2
//! (`id3`), the chunks of WAV (`wave`), the `xid ` atom and the rights boxes of MP4,
//! the title of Matroska, the C2PA stream of Ogg, the cue sheet of FLAC; and a cue
//! sheet beside the file or in a comment (`cue`).

mod cue;
mod id3;
mod wave;

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use symphonia::core::formats::FormatReader;
use symphonia::core::meta::well_known::{METADATA_ID_ID3V1, METADATA_ID_ID3V2, METADATA_ID_WAVE};
use symphonia::core::meta::{MetadataRevision, RawTag, RawValue, StandardTag, Tag};

use super::container::Container;
use super::guard::contained;
use super::id3v2::MAX_TAG;
use super::probe::WHOLE_TAG;
use super::riff;
use super::rights::{self, RightsSignal, SignalKind, Terms, c2pa, xmp};
use super::source::{Input, Tape};
use super::{AudioError, Limits, stream};
use crate::isrc::Isrc;

/// Most bytes of all boxes or chunks with statements about rights, in tags of the
/// largest size.
const MAX_STATEMENTS: u64 = 8;
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
    /// All statements about rights, each with the field it stands in; besides the
    /// texts above those in XMP packets, C2PA manifests and fields that speak of
    /// data mining.
    pub signals: Vec<RightsSignal>,
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
#[non_exhaustive]
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
    let mut input = Input::new(source)?;
    let container = Container::look(&mut input)?;
    let mut tags = Tags::default();
    // Chunks of WAV are read here, whether or not Symphonia can do with them.
    if container.wave.is_none() {
        let mut reader = stream::open(&input, extension_hint, limits).map_err(|e| container.explain(e))?;
        contained("tag reader", || tags.take_all(reader.as_mut(), limits))?;
    }
    contained("tag reader", || tags.take_beside(&input, &container, limits))??;
    Ok(tags)
}

impl Tags {
    fn take_all(&mut self, reader: &mut dyn FormatReader, limits: &Limits) {
        let mut revisions = Vec::new();
        let mut metadata = reader.metadata();
        while let Some(revision) = metadata.pop() {
            revisions.push(revision);
        }
        revisions.extend(metadata.current().cloned());
        // ID3v1 cuts its texts at 30 characters: any other tag is better.
        revisions.sort_by_key(|r| r.info.metadata == METADATA_ID_ID3V1);
        for revision in &revisions {
            self.take_revision(revision, limits);
        }
    }

    /// What Symphonia does not tell.
    fn take_beside<R: Tape>(
        &mut self,
        input: &Input<R>,
        container: &Container,
        limits: &Limits,
    ) -> Result<(), AudioError> {
        for id in &container.mp4.vendor_ids {
            // `Vendor:isrc:CODE`, of which the vendor is the shop.
            let mut parts = id.splitn(3, ':');
            if let (Some(_), Some(kind), Some(code)) = (parts.next(), parts.next(), parts.next())
                && kind.eq_ignore_ascii_case("isrc")
            {
                self.add_isrcs(code, IsrcTrust::Trusted);
            }
        }
        if let Some(title) = &container.matroska.title {
            set(&mut self.title, title);
        }
        for isrc in &container.flac.isrcs {
            self.add_isrcs(isrc, IsrcTrust::Trusted);
        }
        self.add_signals(c2pa::signals(&container.ogg.c2pa));
        let mut view = input.view()?;
        for chunk in &container.aiff.tags {
            if let Some(tag) = riff::body(&mut view, *chunk, input.len(), MAX_TAG as usize) {
                self.take_id3v2(&tag, limits.max_tag_bytes);
            }
        }
        let mut left = MAX_STATEMENTS * limits.max_tag_bytes as u64;
        let mut bytes = |range: &Range<u64>| {
            let size = range.end.min(input.len()).saturating_sub(range.start);
            let mut bytes = Vec::new();
            if size <= left.min(limits.max_tag_bytes as u64) {
                left -= size;
                view.seek(SeekFrom::Start(range.start))?;
                view.by_ref().take(size).read_to_end(&mut bytes)?;
            }
            Ok::<_, std::io::Error>(bytes)
        };
        for range in &container.mp4.xmp {
            self.add_signals(xmp::signals(&bytes(range)?));
        }
        for range in &container.mp4.c2pa {
            self.add_signals(c2pa::in_mp4(&bytes(range)?).map(c2pa::signals).unwrap_or_default());
        }
        if let Some(found) = &container.wave {
            self.take_wave(&mut view, found, input.len(), limits);
        }
        Ok(())
    }

    fn take_revision(&mut self, revision: &MetadataRevision, limits: &Limits) {
        if revision.info.metadata == METADATA_ID_ID3V2 {
            for tag in &revision.media.tags {
                if let (WHOLE_TAG, RawValue::Binary(bytes)) = (tag.raw.key.as_str(), &tag.raw.value) {
                    self.take_id3v2(bytes, limits.max_tag_bytes);
                }
            }
            return;
        }
        // A list that means other things by its keys is read apart.
        if revision.info.metadata == METADATA_ID_WAVE {
            return;
        }
        let carrier = revision.info.short_name;
        let tracks = revision.per_track.iter().flat_map(|t| &t.metadata.tags);
        let mut terms = Terms::default();
        for tag in revision.media.tags.iter().chain(tracks) {
            self.take_tag(carrier, tag, &mut terms);
        }
        self.add_signals(terms.signals(carrier));
    }

    fn take_tag(&mut self, carrier: &str, tag: &Tag, terms: &mut Terms) {
        let field = &tag.raw.key;
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
            ) => self.add_copyright(carrier, field, text),
            Some(StandardTag::License(text) | StandardTag::TermsOfUse(text)) => {
                self.add_licence(carrier, field, text);
            }
            _ => self.take_raw(carrier, field, &tag.raw, terms),
        }
    }

    /// Keys for which Symphonia has no standard meaning in some containers.
    fn take_raw(&mut self, carrier: &str, field: &str, tag: &RawTag, terms: &mut Terms) {
        let texts: &[String] = match &tag.value {
            RawValue::String(text) => std::slice::from_ref(text),
            RawValue::StringList(texts) => texts,
            _ => return,
        };
        // MP4 writes `----:com.apple.iTunes:LICENSE`.
        let name = field.rsplit(':').next().unwrap_or(field);
        texts.iter().for_each(|text| self.take_named(carrier, field, name, text, terms));
    }

    /// A field that is called `name` in any case.
    fn take_named(&mut self, carrier: &str, field: &str, name: &str, text: &str, terms: &mut Terms) {
        match name.to_ascii_uppercase().as_str() {
            "ISRC" | "TSRC" => self.add_isrcs(text, IsrcTrust::Trusted),
            "LICENSE" | "LICENCE" | "USER" => self.add_licence(carrier, field, text),
            "COPYRIGHT" | "CPRT" | "TCOP" | "WCOP" => self.add_copyright(carrier, field, text),
            "OWNER" | "TOWN" => add(&mut self.owners, text),
            // Rippers put the sheet of a disc into the file. It is about this file.
            "CUESHEET" => self.add_cue_sheet(text, ""),
            _ => {
                terms.take(name, field, text);
            }
        }
    }

    fn add_copyright(&mut self, carrier: &str, field: &str, text: &str) {
        add(&mut self.copyrights, text);
        let signal = RightsSignal::prose(SignalKind::Copyright, carrier, field, cleaned(text));
        rights::add(&mut self.signals, signal);
    }

    fn add_licence(&mut self, carrier: &str, field: &str, text: &str) {
        add(&mut self.licences, text);
        let signal = RightsSignal::prose(SignalKind::Licence, carrier, field, cleaned(text));
        rights::add(&mut self.signals, signal);
    }

    fn add_signals(&mut self, signals: Vec<RightsSignal>) {
        signals.into_iter().for_each(|signal| rights::add(&mut self.signals, signal));
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
