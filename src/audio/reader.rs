//! What gives the packets of one container.

use symphonia::core::errors::Result as SymphoniaResult;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_FLAC, FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatId, FormatReader, Track};
use symphonia::core::meta::RawValue;
use symphonia::core::packet::Packet;

use super::flac_frames::FlacFrames;
use super::frames::Frames;
use super::wave::WaveReader;
use super::{AudioError, mp4};

/// Symphonia's reader, or one of ours.
pub(super) enum Reader {
    Symphonia(Box<dyn FormatReader>),
    Frames { frames: Box<Frames>, format: FormatId, name: &'static str },
    Flac(Box<FlacFrames>),
    Wave(Box<WaveReader>),
}

impl Reader {
    /// Takes what Symphonia found. `again` finds the same in a source whose length
    /// is not known, as `reader` may have done.
    pub(super) fn new(
        reader: Box<dyn FormatReader>,
        again: impl FnOnce(Box<dyn FormatReader>) -> Result<Box<dyn FormatReader>, AudioError>,
    ) -> Result<Self, AudioError> {
        let is_frames =
            |format| matches!(format, FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 | FORMAT_ID_ADTS);
        if !is_frames(reader.format_info().format) {
            return Ok(Reader::Symphonia(reader));
        }
        let reader = again(reader)?;
        let info = reader.format_info();
        let (format, name) = (info.format, info.short_name);
        if !is_frames(format) {
            return Ok(Reader::Symphonia(reader));
        }
        let frames = Box::new(Frames::new(reader, format != FORMAT_ID_ADTS));
        Ok(Reader::Frames { frames, format, name })
    }

    pub(super) fn next_packet(&mut self) -> SymphoniaResult<Option<Packet>> {
        match self {
            Reader::Symphonia(reader) => reader.next_packet(),
            Reader::Frames { frames, .. } => frames.next_packet(),
            Reader::Flac(frames) => frames.next_packet(),
            Reader::Wave(wave) => wave.next_packet(),
        }
    }

    pub(super) fn tracks(&self) -> &[Track] {
        match self {
            Reader::Symphonia(reader) => reader.tracks(),
            Reader::Frames { frames, .. } => frames.tracks(),
            Reader::Flac(frames) => frames.tracks(),
            Reader::Wave(wave) => wave.tracks(),
        }
    }

    pub(super) fn format(&self) -> FormatId {
        match self {
            Reader::Symphonia(reader) => reader.format_info().format,
            Reader::Frames { format, .. } => *format,
            Reader::Flac(_) => FORMAT_ID_FLAC,
            Reader::Wave(_) => FORMAT_ID_WAVE,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Reader::Symphonia(reader) => reader.format_info().short_name,
            Reader::Frames { name, .. } => name,
            Reader::Flac(_) => "flac",
            Reader::Wave(_) => "wave",
        }
    }

    /// Forgets the names that links of a chain without end bring.
    pub(super) fn forget_metadata(&mut self) {
        if let Reader::Symphonia(reader) = self {
            reader.metadata().skip_to_latest();
        }
    }

    /// How long all tracks together last by the container, in seconds.
    pub(super) fn length_s(&self) -> Option<f64> {
        let Reader::Symphonia(reader) = self else { return None };
        let info = reader.media_info();
        let (length, unit) = info.duration.zip(info.time_base)?;
        Some(length.get() as f64 * f64::from(unit.numer.get()) / f64::from(unit.denom.get()))
    }

    /// Delay and length, in samples, from the comment that iTunes writes instead of
    /// an edit list.
    pub(super) fn itunes_gapless(&mut self) -> Option<(u64, u64)> {
        let Reader::Symphonia(reader) = self else { return None };
        let mut metadata = reader.metadata();
        let revision = metadata.skip_to_latest()?;
        let tag =
            revision.media.tags.iter().find(|t| t.raw.key.to_ascii_lowercase().ends_with("itunsmpb"))?;
        match &tag.raw.value {
            RawValue::String(text) => mp4::itunes_gapless(text),
            _ => None,
        }
    }

    /// Whether a source that was to go on ended, as far as a reader of ours can tell.
    pub(super) fn is_cut_off(&self) -> bool {
        match self {
            Reader::Symphonia(_) => false,
            Reader::Frames { frames, .. } => frames.cut_off,
            Reader::Flac(frames) => frames.cut_off,
            Reader::Wave(wave) => wave.cut_off,
        }
    }
}
