//! What a file is before the demultiplexer sees it, and what of it is shown to
//! the demultiplexer.

use std::io::Read;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::{Track, TrackFlags};

use super::encoding::Encoding;
use super::mov_pcm::Pcm;
use super::riff::Order;
use super::source::{Input, Patch, Tape, UNKNOWN_LEN};
use super::{AudioError, Content, aiff, caf, flac, matroska, mp4, names, ogg, riff};

/// Bytes looked at to name a file that no reader knows.
const HEAD: u64 = 1_024;

/// What was learnt, of the one kind of container that it is.
#[derive(Default)]
pub(super) struct Container {
    pub(super) wave: Option<riff::Wave>,
    pub(super) mp4: mp4::Scan,
    pub(super) matroska: matroska::Scan,
    pub(super) ogg: ogg::Scan,
    pub(super) aiff: aiff::Scan,
    pub(super) flac: flac::Scan,
    /// Whether the file ends before its audio does; `None` where the
    /// demultiplexer knows better.
    pub(super) truncated: Option<bool>,
    /// Where it ends by its structure, if that tells.
    pub(super) end: Option<u64>,
    /// Bytes in it that hold audio, or may hold some, and are not decoded.
    pub(super) lost_bytes: u64,
    head: Vec<u8>,
}

impl Container {
    /// Looks at `input`, and sets what it shows.
    ///
    /// # Errors
    ///
    /// An empty file, one that cannot be read at all, and AIFF as a stream whose sound
    /// does not begin near its start.
    pub(super) fn look<R: Tape>(input: &mut Input<R>) -> Result<Self, AudioError> {
        let len = input.len();
        let mut view = input.view()?;
        let mut container = Container::default();
        view.by_ref().take(HEAD).read_to_end(&mut container.head)?;
        if container.head.is_empty() {
            return Err(AudioError::EmptyFile);
        }
        if let Some(error) = Content::of(&container.head).refusal() {
            return Err(error);
        }
        match container.head.get(..4) {
            Some(b"RIFF" | b"RIFX" | b"RF64" | b"BW64") => {
                container.wave = riff::scan(&mut view, len);
                // It would be shown from its start, and its tags with it.
                if container.wave.as_ref().is_some_and(|wave| riff::holds_aiff(&mut view, wave)) {
                    let reason = "AIFF inside WAV".to_owned();
                    return Err(AudioError::UnsupportedContainer { reason });
                }
                container.show_wave(input);
            }
            Some(b"OggS") => {
                container.ogg = ogg::scan(&mut view, len);
                input.show(0..len, std::mem::take(&mut container.ogg.patches));
            }
            Some(b"FORM") => {
                container.aiff = aiff::scan(&mut view, 0, len);
                if len == UNKNOWN_LEN && container.aiff.is_aiff && !container.aiff.saw_sound {
                    return Err(AudioError::NeedsSeeking { container: "aiff" });
                }
                input.show(0..len, std::mem::take(&mut container.aiff.patches));
            }
            Some(b"fLaC" | [b'I', b'D', b'3', _]) => {
                container.flac = flac::scan(&mut view);
                input.show(0..len, std::mem::take(&mut container.flac.patches));
            }
            _ => {
                container.matroska = matroska::scan(&mut view, len);
                container.mp4 = mp4::scan(&mut view, len, len == UNKNOWN_LEN);
                container.end = container.mp4.end;
                input.show(0..container.end.unwrap_or(len), container.mp4.patches());
            }
        }
        Ok(container)
    }

    /// Finds out where it ends, which takes a walk over all of it, and shows the
    /// demultiplexer no more. What cannot be sought in is not walked over.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) fn measure<R: Tape>(&mut self, input: &mut Input<R>) -> Result<(), AudioError> {
        let len = input.len();
        if len == UNKNOWN_LEN {
            return Ok(());
        }
        let mut view = input.view()?;
        let mut patches = Vec::new();
        match self.head.get(..4) {
            Some(b"OggS") => {
                let extent = ogg::extent(&mut view, len)?;
                (self.end, self.lost_bytes) = (Some(extent.end), extent.lost_bytes);
            }
            Some(b"caff") => {
                let (end, more) = caf::end(&mut view, len)?;
                (self.end, patches) = (Some(end), more);
            }
            Some(b"FORM") => self.end = self.aiff.sound_end.filter(|_| self.aiff.is_aiff),
            Some(b"\x1a\x45\xdf\xa3") => {
                if let Some(extent) = matroska::extent(&mut view, len)? {
                    (self.end, self.lost_bytes) = (Some(extent.end), extent.stray_bytes);
                    patches = extent.patches;
                }
            }
            _ => {}
        }
        // What follows the sound of AIFF are its other chunks.
        let shown = self.end.filter(|_| !self.aiff.is_aiff).unwrap_or(len);
        input.narrow(shown, patches);
        Ok(())
    }

    /// The order of the bytes in sizes, where chunks may follow the sound.
    pub(super) fn chunk_order(&self) -> Option<Order> {
        let of_wave = self.wave.as_ref().map(|wave| wave.kind.order());
        of_wave.or(self.aiff.is_aiff.then_some(Order::Big))
    }

    /// The container's short name where it is more precise than Symphonia's.
    pub(super) fn name(&self) -> Option<&'static str> {
        self.wave.as_ref().map(|wave| wave.kind.name())
    }

    /// The codec of an audio track that Symphonia does not know.
    pub(super) fn codec_of(&self, track: u32) -> Option<String> {
        let mut mp4 = self.mp4.tracks.iter().filter(|t| &t.handler == b"soun");
        if let Some(found) = mp4.find(|t| t.id == track) {
            return Some(names::of_sample_entry(found.entry));
        }
        let mut matroska = self.matroska.tracks.iter().filter(|t| t.codec.starts_with("A_"));
        matroska.find(|t| t.id == track).map(|t| names::of_matroska(&t.codec, t.private))
    }

    /// Why packets of this track cannot be given to a decoder.
    pub(super) fn refusal_of(&self, track: u32) -> Option<&'static str> {
        match self.mp4.pcm_of(track) {
            Some(Pcm::Padded) => Some("its samples do not fill their bytes"),
            _ => self.encoding_of(track)?.refusal(),
        }
    }

    /// How packets of this track are packed.
    pub(super) fn encoding_of(&self, track: u32) -> Option<&Encoding> {
        Some(&self.matroska.tracks.iter().find(|t| t.id == track)?.encoding)
    }

    /// Describes a track as it is where Symphonia does not.
    pub(super) fn correct(&self, track: &mut Track) {
        let is_secondary = self.matroska.tracks.iter().find(|t| t.id == track.id).map(|t| t.is_secondary);
        match is_secondary {
            Some(true) => track.flags.remove(TrackFlags::DEFAULT),
            Some(false) => track.flags.insert(TrackFlags::DEFAULT),
            None => {}
        }
        let Some(CodecParameters::Audio(params)) = &mut track.codec_params else { return };
        if let Some(header) = self.header_of(track.id) {
            params.extra_data = Some(header.into());
        }
        if let Some(Pcm::Codec(codec)) = self.mp4.pcm_of(track.id) {
            params.codec = codec;
        }
    }

    /// The codec's own header where Symphonia was shown another one.
    fn header_of(&self, track: u32) -> Option<&[u8]> {
        self.ogg.opus_heads.iter().find(|(serial, _)| *serial == track).map(|(_, head)| head.as_slice())
    }

    /// An error that names what the file holds, where `error` says only that it
    /// is not read.
    pub(super) fn explain(&self, error: AudioError) -> AudioError {
        let unsupported =
            |codec: &str, reason: String| AudioError::UnsupportedCodec { codec: codec.to_owned(), reason };
        let unread = matches!(
            error,
            AudioError::UnrecognisedContainer { .. }
                | AudioError::UnsupportedContainer { .. }
                | AudioError::DamagedContainer { .. }
                | AudioError::NoAudioTrack { .. }
        );
        if !unread {
            return error;
        }
        if let Some(wave) = &self.wave {
            return match wave.format {
                Some(format) if !riff::is_decoded(format.tag) => {
                    unsupported(&names::of_wave_tag(format.tag), "there is no decoder for it".to_owned())
                }
                _ => error,
            };
        }
        if let Some(codec) = self.ogg.unread {
            return unsupported(codec, "there is no decoder for it".to_owned());
        }
        // Some of these are short, and noise may begin like them.
        if matches!(error, AudioError::UnrecognisedContainer { .. } | AudioError::UnsupportedContainer { .. })
            && let Some((codec, container)) = names::of_magic(&self.head)
        {
            return unsupported(codec, format!("files of the kind {container} are not read"));
        }
        error
    }

    /// The same of a source that cannot seek: what it holds may only need to.
    pub(super) fn explain_piped(&self, error: AudioError) -> AudioError {
        let unread =
            matches!(error, AudioError::UnsupportedContainer { .. } | AudioError::DamagedContainer { .. });
        let container = match &self.head[..] {
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if self.mp4.tracks.is_empty() => "isomp4",
            [b'c', b'a', b'f', b'f', ..] => "caf",
            [b'F', b'O', b'R', b'M', ..] => "aiff",
            _ => return error,
        };
        if unread { AudioError::NeedsSeeking { container } } else { error }
    }

    fn show_wave<R: Tape>(&mut self, input: &mut Input<R>) {
        let Some(wave) = &self.wave else { return };
        let Some(data) = wave.chunk(b"data") else { return };
        if wave.format.is_some_and(|format| riff::is_mpeg(format.tag)) {
            // MPEG frames are a stream of their own.
            self.end = Some(data.end);
            return input.show(data.start..data.end, Vec::new());
        }
        // Only where samples stand in blocks does Symphonia read the chunks. Writers
        // that were cut off, or wrote to a pipe, leave a length that does not fit them,
        // and it refuses the file for it. All ones means "not known" to it.
        let mut patches = vec![Patch { at: 4, bytes: [0xff; 4] }];
        let mut range = 0..input.len();
        match wave.kind {
            riff::Kind::Riff if wave.unknown_length => {
                patches.push(Patch { at: data.start - 4, bytes: [0xff; 4] });
            }
            riff::Kind::Riff | riff::Kind::Rifx => self.end = Some(data.end),
            riff::Kind::Rf64 | riff::Kind::Bw64 => {
                patches.push(Patch { at: 0, bytes: *b"RIFF" });
                // The audio ends where what is shown ends.
                patches.push(Patch { at: data.start - 4, bytes: [0xff; 4] });
                range.end = data.end;
                self.end = Some(data.end);
                self.truncated = Some(data.end > input.len());
            }
        }
        input.show(range, patches);
    }
}
