//! Demultiplex, decode, place on the time line: link by link of a file.

use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_OGG};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackFlags, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::TimeBase;

use super::clock::Clock;
use super::codec::TrackDecoder;
use super::container::Container;
use super::flac_frames::FlacFrames;
use super::guard::contained;
use super::lane::{Current, Lane};
use super::link::{self, End, Next};
use super::parts::Parts;
use super::reader::Reader;
use super::source::{Input, Tape};
use super::unheard::UnheardKind;
use super::wave::WaveReader;
use super::{AudioError, AudioInfo, Limits, opus};

/// Opens the container. Also used for tags.
pub(super) fn open<R: Tape>(
    input: &Input<R>,
    extension_hint: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn FormatReader>, AudioError> {
    if !R::WHOLE {
        return probe(input.stream(false)?, extension_hint, limits);
    }
    match probe(input.stream(true)?, extension_hint, limits) {
        // A reader that knows the length and may seek looks for tables at the
        // end of the file and refuses elements that reach beyond it. Where the
        // file is cut short, the audio is there all the same.
        Err(error @ (AudioError::DamagedContainer { .. } | AudioError::UnsupportedContainer { .. })) => {
            probe(input.stream(false)?, extension_hint, limits).map_err(|_| error)
        }
        other => other,
    }
}

/// Opens the container to decode it.
fn open_sound<R: Tape>(
    input: &Input<R>,
    extension_hint: Option<&str>,
    limits: &Limits,
    container: &Container,
) -> Result<Reader, AudioError> {
    if let Some(wave) = &container.wave
        && let Some(reader) = WaveReader::new(wave, input.all()?)?
    {
        return Ok(Reader::Wave(Box::new(reader)));
    }
    if let Some(frames) = FlacFrames::new(&container.flac, input.all()?)? {
        return Ok(Reader::Flac(Box::new(frames)));
    }
    let reader = open(input, extension_hint, limits)?;
    if R::WHOLE {
        Reader::new(reader, |_| probe(input.stream(false)?, extension_hint, limits))
    } else {
        Reader::new(reader, Ok)
    }
}

/// Finds the reader for what `stream` holds.
fn probe(
    stream: MediaSourceStream<'static>,
    extension_hint: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn FormatReader>, AudioError> {
    let mut hint = Hint::new();
    if let Some(extension) = extension_hint {
        hint.with_extension(extension);
    }
    let metadata = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(limits.max_tag_bytes))
        // Pictures are never looked at.
        .limit_visual_bytes(Limit::Maximum(0));
    contained("demultiplexer", || {
        super::probe::probe().probe(&hint, stream, FormatOptions::default(), metadata)
    })?
    .map_err(AudioError::from_open)
}

/// See [`super::decode_parts`].
pub(super) fn decode<R>(
    source: R,
    extension_hint: Option<&str>,
    to_hz: u32,
    limits: &Limits,
    parts: &mut dyn Parts,
) -> Result<AudioInfo, AudioError>
where
    R: Read + Seek + Send + Sync + 'static,
{
    play(Input::new(source)?, extension_hint, to_hz, limits, parts)
}

/// Decodes what `input` holds: a container, and those that follow it.
pub(super) fn play<R: Tape>(
    mut input: Input<R>,
    extension_hint: Option<&str>,
    to_hz: u32,
    limits: &Limits,
    parts: &mut dyn Parts,
) -> Result<AudioInfo, AudioError> {
    let mut lane = Lane::new(to_hz, limits, parts);
    let before = link::first(&mut input)?;
    let first = play_link(&mut input, extension_hint, limits, &mut lane)?;
    if before >= link::LEAST {
        let detail = format!("{before} bytes before the audio are no container that is known");
        lane.miss(UnheardKind::Unknown, None, detail);
    }
    let (mut last, mut links) = (first.end, 1);
    while let Some(end) = &last {
        match link::next(&mut input, end)? {
            Next::Nothing => break,
            Next::Bytes(bytes) => {
                let passed = link::search(&mut input)?;
                let bytes = if passed > 0 { passed } else { bytes };
                let detail = format!("{bytes} bytes behind the audio are no container that is known");
                lane.miss(UnheardKind::Trailing, None, detail);
                if passed == 0 || links == link::MOST {
                    break;
                }
            }
            Next::Container if links == link::MOST => {
                lane.miss(UnheardKind::Trailing, None, format!("all behind the first {links} containers"));
                break;
            }
            Next::Container => {}
        }
        links += 1;
        last = match play_link(&mut input, None, limits, &mut lane) {
            Ok(played) => played.end,
            Err(error @ (AudioError::Io(_) | AudioError::LimitExceeded { .. })) => return Err(error),
            Err(error) => {
                lane.miss(UnheardKind::Trailing, None, format!("container {links} of the file: {error}"));
                break;
            }
        };
    }
    lane.finish(first.name)
}

/// What is known of a link that was played.
struct Played {
    /// The container's short name.
    name: String,
    /// Where it ended, if that is known and what follows is wanted.
    end: Option<End>,
}

/// Decodes the container at hand.
fn play_link<R: Tape>(
    input: &mut Input<R>,
    extension_hint: Option<&str>,
    limits: &Limits,
    lane: &mut Lane<'_>,
) -> Result<Played, AudioError> {
    let mut container = Container::look(input)?;
    container.measure(input)?;
    input.flow();
    let played = open_sound(input, extension_hint, limits, &container).and_then(|mut reader| {
        let name = container.name().unwrap_or(reader.name()).to_owned();
        let flow = Session { limits, lane, container: &container, name: &name }.run(&mut reader)?;
        let end = link::end(input, &container, &reader).filter(|_| flow.is_continue());
        Ok(Played { name, end })
    });
    lane.truncated = container.truncated.unwrap_or(lane.truncated);
    if container.lost_bytes >= link::LEAST {
        let detail = format!("{} bytes of the container cannot be read", container.lost_bytes);
        lane.miss(UnheardKind::Damaged, None, detail);
    }
    played.map_err(|error| {
        let error = container.explain(error);
        if R::WHOLE { error } else { container.explain_piped(error) }
    })
}

/// The decoding of one link.
struct Session<'s, 'a> {
    limits: &'s Limits,
    lane: &'s mut Lane<'a>,
    container: &'s Container,
    name: &'s str,
}

impl Session<'_, '_> {
    /// Decodes to the end; breaks off where nothing more is wished for.
    fn run(&mut self, reader: &mut Reader) -> Result<ControlFlow<()>, AudioError> {
        let mut current = self.choose(reader)?;
        loop {
            match contained("demultiplexer", || reader.next_packet())? {
                Ok(Some(mut packet)) if packet.track_id == current.id => {
                    if let Some(encoding) = self.container.encoding_of(current.id) {
                        packet.data = encoding.unpack(packet.data);
                    }
                    if self.lane.arrive(&mut current, packet)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(Some(_)) => continue,
                Ok(None) => break,
                // The next link of a chained stream: new tracks, new decoder.
                Err(SymphoniaError::ResetRequired) => {
                    self.lane.leave(&mut current)?;
                    match self.choose(reader) {
                        Ok(next) => current = next,
                        Err(error) if self.lane.has_audio() => {
                            self.lane.truncated = true;
                            let detail = format!("the next part of the stream: {error}");
                            self.lane.miss(UnheardKind::Cut, None, detail);
                            break;
                        }
                        Err(error) => return Err(error),
                    }
                }
                Err(SymphoniaError::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    self.lane.truncated = true;
                    break;
                }
                Err(SymphoniaError::IoError(e)) => return Err(AudioError::Io(e)),
                Err(error) => self.lane.stumble(error.to_string()),
            }
            if self.lane.idle >= self.limits.max_packets_without_progress {
                // Audio that came before is still worth having; `finish` judges.
                self.lane.truncated = true;
                let detail =
                    format!("decoding stopped after {} packets and errors without audio", self.lane.idle);
                self.lane.miss(UnheardKind::Cut, None, detail);
                break;
            }
        }
        self.lane.tail(&mut current)?;
        self.lane.truncated |= reader.is_cut_off();
        match &*reader {
            Reader::Frames { frames, .. } => {
                self.lane.claim(frames.claimed_s());
                self.tell_junk(frames.junk_bytes());
            }
            Reader::Flac(frames) => self.tell_junk(frames.junk_bytes()),
            Reader::Wave(wave) => {
                self.lane.claim(wave.claimed() as f64 / f64::from(current.rate_hz.max(1)));
            }
            Reader::Symphonia(_) => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Tells what stands between frames and is none.
    fn tell_junk(&mut self, bytes: u64) {
        if bytes >= link::LEAST {
            let detail = format!("{bytes} bytes between the frames are none");
            self.lane.miss(UnheardKind::Damaged, None, detail);
        }
    }

    /// The default audio track if it can be decoded, else the first that can.
    fn choose(&mut self, reader: &mut Reader) -> Result<Current, AudioError> {
        reader.forget_metadata();
        let mut tracks: Vec<Track> =
            reader.tracks().iter().filter(|t| t.track_type() == Some(TrackType::Audio)).cloned().collect();
        tracks.iter_mut().for_each(|track| self.container.correct(track));
        tracks.sort_by_key(|t| !t.flags.contains(TrackFlags::DEFAULT));
        // Symphonia 0.6.1 takes a page of Ogg that ends before its packets do for
        // the end of the stream, and drops audio in the middle of it.
        let gapless = reader.format() != FORMAT_ID_OGG;
        let mut refused = None;
        for track in &tracks {
            match contained("decoder", || TrackDecoder::new(track, gapless, self.lane.channel()))? {
                Ok(decoder) if self.container.refusal_of(track.id).is_some() => {
                    let reason = self.container.refusal_of(track.id).unwrap_or_default().to_owned();
                    let codec = decoder.name().to_owned();
                    refused = refused.or(Some(AudioError::UnsupportedCodec { codec, reason }));
                }
                Ok(decoder) => {
                    self.miss_others(&tracks, track.id);
                    return self.begin(reader, track, decoder);
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        // A track whose codec the container reader does not know has no type.
        let unknown = reader.tracks().iter().filter(|t| t.codec_params.is_none());
        let named = unknown.filter_map(|t| self.container.codec_of(t.id)).next();
        Err(match (refused, named) {
            (Some(error), _) => error,
            (None, Some(codec)) => {
                AudioError::UnsupportedCodec { codec, reason: "there is no decoder for it".to_owned() }
            }
            (None, None) => AudioError::NoAudioTrack { container: self.name.to_owned() },
        })
    }

    /// Tells the audio tracks other than `chosen`.
    fn miss_others(&mut self, tracks: &[Track], chosen: u32) {
        for track in tracks.iter().filter(|t| t.id != chosen) {
            self.lane.miss(UnheardKind::Track, claimed_s(track), format!("audio track {}", track.id));
        }
    }

    fn begin(
        &mut self,
        reader: &mut Reader,
        track: &Track,
        decoder: TrackDecoder,
    ) -> Result<Current, AudioError> {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(AudioError::NoAudioTrack { container: self.name.to_owned() });
        };
        if let Some(channels) = &params.channels {
            self.lane.check_channels(channels.count())?;
        }
        let rate_hz = params.sample_rate.unwrap_or(0);
        let rate = f64::from(rate_hz.max(1));
        let mut delay_s = decoder.pre_skip() as f64 / f64::from(opus::RATE_HZ);
        let mut length_s = None;
        let mut claim_s = claimed_s(track);
        if matches!(reader, Reader::Frames { .. }) {
            delay_s = f64::from(track.delay.unwrap_or(0)) / rate;
            length_s = track.num_frames.filter(|n| *n > 0).map(|n| n as f64 / rate);
            claim_s = length_s;
        }
        match reader.format() {
            FORMAT_ID_ISOMP4 => {
                if let Some(edit) = self.container.mp4.edits.iter().find(|e| e.track == track.id) {
                    (delay_s, length_s) = (edit.start_s, edit.length_s);
                } else if let Some((delay, length)) = reader.itunes_gapless() {
                    (delay_s, length_s) = (delay as f64 / rate, Some(length as f64 / rate));
                }
            }
            // It counts from the first block, delay included.
            FORMAT_ID_MKV => length_s = reader.length_s().map(|s| s - delay_s),
            _ => {}
        }
        let current = Current {
            id: track.id,
            decoder,
            format: reader.format(),
            unit_s: track.time_base.map_or(0.0, seconds),
            rate_hz,
            delay_s,
            length_s,
            is_new: true,
            clock: Clock::default(),
        };
        self.lane.begin(&current, claim_s);
        Ok(current)
    }
}

fn seconds(unit: TimeBase) -> f64 {
    f64::from(unit.numer.get()) / f64::from(unit.denom.get())
}

/// How long a container says that a track is, in seconds.
fn claimed_s(track: &Track) -> Option<f64> {
    let by_stamps = track.duration.zip(track.time_base).map(|(d, unit)| d.get() as f64 * seconds(unit));
    let rate_hz = match &track.codec_params {
        Some(CodecParameters::Audio(params)) => params.sample_rate,
        _ => None,
    };
    let by_frames = track.num_frames.zip(rate_hz).map(|(n, rate_hz)| n as f64 / f64::from(rate_hz.max(1)));
    by_stamps.or(by_frames)
}
