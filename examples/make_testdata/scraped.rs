//! The clips: what somebody might have scraped, with the answer to each.

use crate::catalogue::{MASTER_RATE_HZ, Song, UNREGISTERED};
use crate::encode::{Codec, FileTags};
use crate::expected::{Answer, Heard};
use crate::synth::audio::Audio;
use crate::synth::degrade::{Colour, cut, low_pass, medley, mix, noise, resample, speed, with_noise};
use crate::synth::math::semitones;
use crate::synth::rng::Rng;
use crate::synth::song::render;
use crate::synth::speech::babble;
use crate::synth::stretch::pitch;

/// One file under `testdata/scraped/`.
pub struct Clip {
    /// File name.
    pub file: &'static str,
    /// What is in it.
    pub content: Content,
    /// What a scan should say.
    pub answer: Answer,
}

/// What a file holds.
pub enum Content {
    /// Encoded audio, of whose bytes the first `keep` (a share) are kept.
    Sound {
        /// The sound.
        audio: Audio,
        /// How it is encoded.
        codec: Codec,
        /// What the file says about itself.
        tags: FileTags,
        /// Share of the file that is left.
        keep: f64,
    },
    /// Not audio at all.
    Text(&'static str),
}

/// All clips are made at this rate unless they say otherwise.
const CLIP_RATE_HZ: u32 = 22_050;

/// Level of a clip's largest sample.
const PEAK: f64 = 0.7;

struct Maker<'a> {
    songs: &'a [Song],
    sounds: &'a [Audio],
    clips: Vec<Clip>,
}

impl Maker<'_> {
    /// A mono part of song `number` (counted from 1) at the clips' rate.
    fn part(&self, number: usize, start_s: f64, length_s: f64) -> Audio {
        let part = cut(&self.sounds[number - 1], start_s, length_s).to_mono();
        resample(&part, CLIP_RATE_HZ)
    }

    fn heard(&self, number: usize, query_s: (f64, f64), reference_start_s: f64) -> Heard {
        let recording = self.songs[number - 1].recording();
        Heard { recording, query_s, reference_start_s, time_scale: 1.0, pitch_semitones: 0.0 }
    }

    fn add(
        &mut self,
        file: &'static str,
        codec: Codec,
        audio: &Audio,
        verdict: &'static str,
        heard: Vec<Heard>,
        note: &'static str,
    ) -> &mut Clip {
        let content =
            Content::Sound { audio: audio.normalised(PEAK), codec, tags: FileTags::default(), keep: 1.0 };
        self.clips.push(Clip { file, content, answer: Answer { verdict, heard, note } });
        let last = self.clips.len() - 1;
        &mut self.clips[last]
    }

    fn known(&mut self) {
        let audio = self.part(1, 7.3, 8.0);
        let heard = vec![self.heard(1, (0.0, 8.0), 7.3)];
        self.add("cut.mp3", Codec::Mp3(40), &audio, "disallowed", heard, "8 s from the middle");

        let audio = self.part(2, 3.1, 9.0);
        let heard = vec![self.heard(2, (0.0, 9.0), 3.1)];
        self.add(
            "transcoded.opus",
            Codec::Opus(16),
            &audio,
            "disallowed",
            heard,
            "Vorbis source again as Opus at 16 kbit/s",
        );

        let audio = speed(&self.part(3, 9.0, 9.72), 1.08);
        let heard =
            vec![Heard { time_scale: 1.08, pitch_semitones: 1.332_4, ..self.heard(3, (0.0, 9.0), 9.0) }];
        self.add(
            "faster.ogg",
            Codec::Vorbis(40),
            &audio,
            "allowed",
            heard,
            "played 8 % faster, pitch and all",
        );

        let audio = pitch(&self.part(5, 5.0, 10.0), -2.0);
        let heard = vec![Heard { pitch_semitones: -2.0, ..self.heard(5, (0.0, 10.0), 5.0) }];
        self.add(
            "lower.m4a",
            Codec::Aac(40),
            &audio,
            "constrained",
            heard,
            "2 semitones lower at the same tempo",
        );

        let audio = with_noise(&self.part(4, 10.4, 8.0), Colour::Pink, 5.0, &mut Rng::new(4, "clip noise"));
        let heard = vec![self.heard(4, (0.0, 8.0), 10.4)];
        self.add("noisy.mp3", Codec::Mp3(48), &audio, "disallowed", heard, "pink noise 5 dB below the music");

        let audio = mix(&self.part(3, 6.0, 10.0), &self.part(1, 12.0, 10.0), 0.0);
        let heard = vec![self.heard(3, (0.0, 10.0), 6.0), self.heard(1, (0.0, 10.0), 12.0)];
        self.add(
            "two-at-once.ogg",
            Codec::Vorbis(48),
            &audio,
            "disallowed",
            heard,
            "an allowed and a disallowed song mixed at equal level",
        );

        let pieces = [self.part(6, 4.0, 7.0), self.part(3, 14.0, 7.0), self.part(2, 9.0, 7.0)];
        let audio = medley(&pieces, 1.0);
        let heard = vec![
            self.heard(6, (0.0, 7.0), 4.0),
            self.heard(3, (6.0, 13.0), 14.0),
            self.heard(2, (12.0, 19.0), 9.0),
        ];
        self.add(
            "medley.opus",
            Codec::Opus(24),
            &audio,
            "disallowed",
            heard,
            "three songs with crossfades of 1 s",
        );

        let muffled = resample(&low_pass(&self.part(8, 13.0, 8.0), 5000.0), 8_000);
        let audio = with_noise(&muffled, Colour::White, 20.0, &mut Rng::new(8, "clip noise"));
        let heard = vec![self.heard(8, (0.0, 8.0), 13.0)];
        self.add(
            "telephone.wav",
            Codec::Wav,
            &audio,
            "undeclared",
            heard,
            "8 kHz, muffled, some noise; nobody declared anything",
        );

        let audio = self.part(7, 5.5, 8.0);
        let heard = vec![self.heard(7, (0.0, 8.0), 5.5)];
        self.add(
            "contested.m4a",
            Codec::Aac(40),
            &audio,
            "review",
            heard,
            "the owner allows it, somebody who may not speak for it does not",
        );
    }

    fn tagged(&mut self) {
        let audio = self.part(3, 12.2, 7.0);
        let heard = vec![self.heard(3, (0.0, 7.0), 12.2)];
        let clip = self.add(
            "tag-right.mp3",
            Codec::Mp3(40),
            &audio,
            "allowed",
            heard,
            "the ISRC tag agrees with the sound",
        );
        clip.tag("QZHB12500003");

        let audio = self.part(1, 15.0, 7.0);
        let heard = vec![self.heard(1, (0.0, 7.0), 15.0)];
        let clip = self.add(
            "tag-wrong.ogg",
            Codec::Vorbis(40),
            &audio,
            "disallowed",
            heard,
            "the ISRC tag names an allowed recording, the sound is a disallowed one",
        );
        clip.tag("QZHB12500003");
    }

    fn unknown(&mut self) {
        let other = render(&UNREGISTERED, MASTER_RATE_HZ).to_mono();
        let audio = resample(&cut(&other, 8.0, 9.0), CLIP_RATE_HZ);
        self.add(
            "unregistered.mp3",
            Codec::Mp3(40),
            &audio,
            "no-match",
            Vec::new(),
            "a song that is not in the registry",
        );

        let audio = resample(&cut(&other, 13.0, 6.0), CLIP_RATE_HZ);
        let note = "the ISRC tag names a disallowed recording, which is not what sounds";
        let clip = self.add("tag-only.mp3", Codec::Mp3(32), &audio, "disallowed", Vec::new(), note);
        clip.tag("QZHB12500004");

        let audio = babble(16_000, 8.0, 71);
        self.add("voice.opus", Codec::Opus(16), &audio, "no-match", Vec::new(), "something like speech");

        let audio = Audio::silence(CLIP_RATE_HZ, 8.0);
        self.add("silence.flac", Codec::Flac, &audio, "no-match", Vec::new(), "digital silence");

        let audio = noise(Colour::Pink, CLIP_RATE_HZ, 7.0, &mut Rng::new(5, "clip noise"));
        self.add("noise.ogg", Codec::Vorbis(32), &audio, "no-match", Vec::new(), "pink noise");
    }

    fn broken(&mut self) {
        let audio = self.part(6, 3.0, 0.4);
        self.add("short.wav", Codec::Wav, &audio, "too-short", Vec::new(), "0.4 s of a registered song");

        let audio = self.part(2, 11.0, 12.0);
        let heard = vec![self.heard(2, (0.0, 7.2), 11.0)];
        self.add(
            "truncated.mp3",
            Codec::Mp3(40),
            &audio,
            "disallowed",
            heard,
            "the first 60 % of an MP3's bytes: still plays",
        )
        .keep(0.6);

        let audio = self.part(2, 11.0, 8.0);
        self.add(
            "truncated.m4a",
            Codec::Aac(40),
            &audio,
            "error",
            Vec::new(),
            "the first 60 % of an MP4's bytes: the index at its end is gone",
        )
        .keep(0.6);

        let text = "This is a text file with the wrong name. A scan names it and goes on.\n";
        let answer = Answer { verdict: "error", heard: Vec::new(), note: "a text file" };
        self.clips.push(Clip { file: "not-audio.mp3", content: Content::Text(text), answer });
    }
}

impl Clip {
    fn tag(&mut self, isrc: &'static str) {
        if let Content::Sound { tags, .. } = &mut self.content {
            tags.isrcs.push(isrc);
        }
    }

    fn keep(&mut self, share: f64) {
        if let Content::Sound { keep, .. } = &mut self.content {
            *keep = share;
        }
    }

    /// ISRCs in the file's tags.
    pub fn tag_isrcs(&self) -> &[&'static str] {
        match &self.content {
            Content::Sound { tags, .. } => &tags.isrcs,
            Content::Text(_) => &[],
        }
    }
}

/// The clips, sorted by file name.
pub fn clips(songs: &[Song], sounds: &[Audio]) -> Vec<Clip> {
    debug_assert!((semitones(1.3324) - 1.08).abs() < 1e-4, "faster.ogg states its own pitch");
    let mut maker = Maker { songs, sounds, clips: Vec::new() };
    maker.known();
    maker.tagged();
    maker.unknown();
    maker.broken();
    maker.clips.sort_by_key(|clip| clip.file);
    maker.clips
}
