//! The registered songs: their style, their file, what is known about them.
//!
//! Names, labels and codes are made up. `QZ-HB1` and `QZ-HB2` stand for two
//! registrants.

use crate::encode::{Codec, FileTags};
use crate::synth::audio::Audio;
use crate::synth::compose::{DORIAN, Groove, HARMONIC_MINOR, MAJOR, MINOR, MIXOLYDIAN, Style};
use crate::synth::degrade::resample;
use crate::synth::song::render;
use crate::synth::voices::Voice;

/// One song of the catalogue.
#[derive(Clone, Debug)]
pub struct Song {
    /// File name under `testdata/catalogue/`.
    pub file: &'static str,
    /// How the file is encoded.
    pub codec: Codec,
    /// The file's sample rate.
    pub rate_hz: u32,
    /// Two channels instead of one.
    pub stereo: bool,
    /// Whether the file's own tags hold the ISRC.
    pub isrc_in_file: bool,
    /// The id in the manifest; empty to let the rule decide.
    pub id: &'static str,
    /// ISRCs in the manifest.
    pub isrcs: &'static [&'static str],
    /// Title.
    pub title: &'static str,
    /// Artist.
    pub artist: &'static str,
    /// Album.
    pub album: &'static str,
    /// Owner of the recording.
    pub owner: &'static str,
    /// Label.
    pub label: &'static str,
    /// Release date.
    pub release_date: &'static str,
    /// The music.
    pub style: Style,
}

/// The rate at which all songs are rendered before they are converted.
pub const MASTER_RATE_HZ: u32 = 44_100;

impl Song {
    /// The sound of the file, before encoding.
    pub fn render(&self) -> Audio {
        let master = render(&self.style, MASTER_RATE_HZ);
        let mixed = if self.stereo { master } else { master.to_mono() };
        if self.rate_hz == MASTER_RATE_HZ { mixed } else { resample(&mixed, self.rate_hz) }
    }

    /// What the file says about itself.
    pub fn tags(&self) -> FileTags {
        FileTags {
            isrcs: if self.isrc_in_file { self.isrcs.to_vec() } else { Vec::new() },
            title: Some(self.title),
            artist: Some(self.artist),
            album: Some(self.album),
            copyright: self.release_date.get(..4).map(|year| format!("(P) {year} {}", self.owner)),
        }
    }

    /// The id under which the registry knows the song.
    pub fn recording(&self) -> &'static str {
        if self.id.is_empty() { self.isrcs[0] } else { self.id }
    }
}

/// A song that nobody registered.
pub const UNREGISTERED: Style = Style {
    seed: 909,
    tempo_bpm: 117.0,
    tonic: 64.12,
    scale: MIXOLYDIAN,
    beats: 4,
    swing: 0.05,
    lead: Voice::Organ,
    chords: Voice::Pluck,
    arpeggio: Some(Voice::FmKeys),
    bass: Voice::RoundBass,
    groove: Groove::Rock,
    length_s: 22.0,
};

/// The catalogue, in the order of the manifest.
pub fn songs() -> Vec<Song> {
    vec![
        Song {
            file: "01-harbour-lights.mp3",
            codec: Codec::Mp3(48),
            rate_hz: 44_100,
            stereo: false,
            isrc_in_file: true,
            id: "",
            isrcs: &["QZHB12500001"],
            title: "Harbour Lights",
            artist: "The Tidewrights",
            album: "Low Water",
            owner: "Halden Bay Records",
            label: "Halden Bay",
            release_date: "2025-02-14",
            style: Style {
                seed: 101,
                tempo_bpm: 96.0,
                tonic: 67.0,
                scale: MAJOR,
                beats: 4,
                swing: 0.0,
                lead: Voice::PulseLead,
                chords: Voice::FmKeys,
                arpeggio: Some(Voice::Pluck),
                bass: Voice::RoundBass,
                groove: Groove::Rock,
                length_s: 26.0,
            },
        },
        Song {
            file: "02-paper-lanterns.ogg",
            codec: Codec::Vorbis(48),
            rate_hz: 32_000,
            stereo: false,
            isrc_in_file: true,
            id: "",
            isrcs: &["QZHB12500002"],
            title: "Paper Lanterns",
            artist: "The Tidewrights",
            album: "Low Water",
            owner: "Halden Bay Records",
            label: "Halden Bay",
            release_date: "2025-02-14",
            style: Style {
                seed: 202,
                tempo_bpm: 124.0,
                tonic: 69.2,
                scale: MINOR,
                beats: 4,
                swing: 0.0,
                lead: Voice::FmBell,
                chords: Voice::SawPad,
                arpeggio: Some(Voice::FmKeys),
                bass: Voice::FmBass,
                groove: Groove::House,
                length_s: 25.0,
            },
        },
        Song {
            file: "03-slow-orbit.m4a",
            codec: Codec::Aac(44),
            rate_hz: 44_100,
            stereo: false,
            isrc_in_file: true,
            id: "",
            isrcs: &["QZHB12500003"],
            title: "Slow Orbit",
            artist: "Mina Voss",
            album: "Apogee",
            owner: "Halden Bay Records",
            label: "Halden Bay",
            release_date: "2025-06-01",
            style: Style {
                seed: 303,
                tempo_bpm: 78.0,
                tonic: 62.9,
                scale: DORIAN,
                beats: 4,
                swing: 0.08,
                lead: Voice::Pipe,
                chords: Voice::Organ,
                arpeggio: Some(Voice::Pluck),
                bass: Voice::RoundBass,
                groove: Groove::Broken,
                length_s: 28.0,
            },
        },
        Song {
            file: "04-copper-rain.opus",
            codec: Codec::Opus(32),
            rate_hz: 48_000,
            stereo: false,
            isrc_in_file: true,
            id: "",
            isrcs: &["QZHB12500004"],
            title: "Copper Rain",
            artist: "Mina Voss",
            album: "Apogee",
            owner: "Halden Bay Records",
            label: "Halden Bay",
            release_date: "2025-06-01",
            style: Style {
                seed: 404,
                tempo_bpm: 141.0,
                tonic: 64.0,
                scale: HARMONIC_MINOR,
                beats: 4,
                swing: 0.0,
                lead: Voice::Pluck,
                chords: Voice::Pluck,
                arpeggio: Some(Voice::FmBell),
                bass: Voice::FmBass,
                groove: Groove::Broken,
                length_s: 24.0,
            },
        },
        Song {
            file: "05-night-bus.flac",
            codec: Codec::Flac,
            rate_hz: 16_000,
            stereo: false,
            isrc_in_file: false,
            id: "",
            isrcs: &["QZHB22400011"],
            title: "Night Bus",
            artist: "Orrin Vale",
            album: "",
            owner: "Nightjar Collective",
            label: "Nightjar",
            release_date: "2024-11-08",
            style: Style {
                seed: 505,
                tempo_bpm: 104.0,
                tonic: 63.0,
                scale: DORIAN,
                beats: 4,
                swing: 0.13,
                lead: Voice::Organ,
                chords: Voice::FmKeys,
                arpeggio: Some(Voice::Pluck),
                bass: Voice::RoundBass,
                groove: Groove::Broken,
                length_s: 20.0,
            },
        },
        Song {
            file: "06-windmill-waltz.wav",
            codec: Codec::Wav,
            rate_hz: 11_025,
            stereo: false,
            isrc_in_file: false,
            id: "windmill-waltz",
            isrcs: &["QZHB22400012", "QZHB22500031"],
            title: "Windmill Waltz",
            artist: "Orrin Vale",
            album: "",
            owner: "Nightjar Collective",
            label: "Nightjar",
            release_date: "2024-11-08",
            style: Style {
                seed: 606,
                tempo_bpm: 152.0,
                tonic: 65.35,
                scale: MAJOR,
                beats: 3,
                swing: 0.0,
                lead: Voice::Pipe,
                chords: Voice::Pluck,
                arpeggio: Some(Voice::FmBell),
                bass: Voice::RoundBass,
                groove: Groove::Waltz,
                length_s: 19.0,
            },
        },
        Song {
            file: "07-second-sunday.mp3",
            codec: Codec::Mp3(64),
            rate_hz: 44_100,
            stereo: true,
            isrc_in_file: true,
            id: "",
            isrcs: &["QZHB32300007"],
            title: "Second Sunday",
            artist: "Ilse Marren",
            album: "Kitchen Songs",
            owner: "Ilse Marren",
            label: "",
            release_date: "2023-05-21",
            style: Style {
                seed: 707,
                tempo_bpm: 88.0,
                tonic: 58.1,
                scale: MIXOLYDIAN,
                beats: 4,
                swing: 0.0,
                lead: Voice::Pluck,
                chords: Voice::Pluck,
                arpeggio: Some(Voice::Pipe),
                bass: Voice::RoundBass,
                groove: Groove::Silent,
                length_s: 24.0,
            },
        },
        Song {
            file: "08-undertow.ogg",
            codec: Codec::Vorbis(40),
            rate_hz: 22_050,
            stereo: false,
            isrc_in_file: false,
            id: "undertow-demo",
            isrcs: &[],
            title: "Undertow (demo)",
            artist: "Tomas Elm",
            album: "",
            owner: "Tomas Elm",
            label: "",
            release_date: "",
            style: Style {
                seed: 808,
                tempo_bpm: 132.0,
                tonic: 66.0,
                scale: MINOR,
                beats: 4,
                swing: 0.0,
                lead: Voice::FmKeys,
                chords: Voice::SawPad,
                arpeggio: Some(Voice::PulseLead),
                bass: Voice::FmBass,
                groove: Groove::House,
                length_s: 24.0,
            },
        },
    ]
}
