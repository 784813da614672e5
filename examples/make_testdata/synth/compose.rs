//! From a style and a seed to a score: sections, chords, melody, bass, drums.
//!
//! No bar is meant to equal another: chords are substituted, rhythms and
//! pitches drawn anew, strokes and times humanised. A fingerprint that finds
//! a clip at the wrong bar is then wrong, not unlucky.

use super::drums::Drum;
use super::rng::Rng;
use super::voices::Voice;

/// Steps of a scale in semitones above the tonic.
pub type Scale = [i32; 7];

/// Major.
pub const MAJOR: Scale = [0, 2, 4, 5, 7, 9, 11];
/// Natural minor.
pub const MINOR: Scale = [0, 2, 3, 5, 7, 8, 10];
/// Dorian.
pub const DORIAN: Scale = [0, 2, 3, 5, 7, 9, 10];
/// Mixolydian.
pub const MIXOLYDIAN: Scale = [0, 2, 4, 5, 7, 9, 10];
/// Harmonic minor.
pub const HARMONIC_MINOR: Scale = [0, 2, 3, 5, 7, 8, 11];

/// How the drums play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groove {
    /// None.
    Silent,
    /// Kick on 1 and 3, snare on 2 and 4.
    Rock,
    /// Kick on every beat, open hats between.
    House,
    /// Half time with ghost notes.
    Broken,
    /// Kick on 1, soft snare on the others (for three beats in a bar).
    Waltz,
}

/// What makes one song differ from another before chance comes in.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Seed of everything random in the song.
    pub seed: u64,
    /// Beats per minute.
    pub tempo_bpm: f64,
    /// MIDI pitch of the tonic in the melody's octave; the fraction detunes
    /// the whole song.
    pub tonic: f64,
    /// The scale.
    pub scale: Scale,
    /// Beats in a bar.
    pub beats: usize,
    /// How far the second half of each beat is late, in shares of a beat.
    pub swing: f64,
    /// Plays the melody.
    pub lead: Voice,
    /// Plays the chords.
    pub chords: Voice,
    /// Breaks the chords up, where there is one.
    pub arpeggio: Option<Voice>,
    /// Plays the bass.
    pub bass: Voice,
    /// Plays the drums.
    pub groove: Groove,
    /// Length of the score in seconds; it ends within the bar after.
    pub length_s: f64,
}

/// One note of a pitched instrument.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// When it starts.
    pub start_s: f64,
    /// How long the key is held.
    pub length_s: f64,
    /// MIDI pitch, with fractions.
    pub pitch: f64,
    /// Loudness in `0..=1`.
    pub velocity: f64,
    /// Who plays it.
    pub voice: Voice,
    /// Where it stands: −1 left, +1 right.
    pub pan: f64,
}

/// One stroke on the drums.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// When it sounds.
    pub start_s: f64,
    /// Loudness in `0..=1`.
    pub velocity: f64,
    /// On what.
    pub drum: Drum,
}

/// A whole song on paper.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Pitched notes, in no particular order.
    pub notes: Vec<Note>,
    /// Drum strokes, in no particular order.
    pub strokes: Vec<Stroke>,
}

/// Which instruments play in a section, by its place in the song: the sparse
/// opening, the full middle, a break, and the full end.
struct Section {
    melody: bool,
    arpeggio: bool,
    bass: bool,
    drums: bool,
    lift: i32,
}

fn section(bar: usize, bars: usize) -> Section {
    let place = bar as f64 / bars as f64;
    match place {
        p if p < 0.12 => Section { melody: false, arpeggio: true, bass: false, drums: false, lift: 0 },
        p if p < 0.45 => Section { melody: true, arpeggio: false, bass: true, drums: true, lift: 0 },
        p if p < 0.6 => Section { melody: true, arpeggio: true, bass: true, drums: true, lift: 2 },
        p if p < 0.72 => Section { melody: true, arpeggio: true, bass: false, drums: false, lift: -1 },
        _ => Section { melody: true, arpeggio: true, bass: true, drums: true, lift: 1 },
    }
}

/// Composes the score of `style`.
pub fn compose(style: &Style) -> Score {
    let mut writer = Writer {
        style,
        beat_s: 60.0 / style.tempo_bpm,
        score: Score::default(),
        feel: Rng::new(style.seed, "feel"),
    };
    let bar_s = writer.beat_s * style.beats as f64;
    let bars = (style.length_s / bar_s).ceil() as usize;
    let roots = chord_roots(style, bars);
    let mut melody = Rng::new(style.seed, "melody");
    let mut degree = 4;
    for (bar, &root) in roots.iter().enumerate() {
        let part = section(bar, bars);
        writer.chord(bar, root);
        if part.arpeggio {
            writer.arpeggio(bar, root);
        }
        if part.bass {
            writer.bass(bar, root);
        }
        if part.melody {
            degree = writer.melody(bar, root, degree, part.lift, &mut melody);
        }
        if part.drums {
            writer.drums(bar);
        }
    }
    writer.score
}

/// A walk over scale degrees: from each chord only to those that commonly
/// follow it in tonal music, so that the harmony sounds meant.
fn chord_roots(style: &Style, bars: usize) -> Vec<i32> {
    const FOLLOWS: [&[i32]; 7] =
        [&[3, 4, 5, 1], &[4, 6, 3], &[5, 3], &[4, 0, 1, 5], &[0, 5, 3], &[3, 1, 4], &[0, 2]];
    let mut rng = Rng::new(style.seed, "chords");
    let mut root = 0;
    let mut roots = Vec::with_capacity(bars);
    for bar in 0..bars {
        roots.push(root);
        root = if bar % 8 == 7 || bar + 2 == bars { 0 } else { rng.pick(FOLLOWS[root as usize]) };
    }
    roots
}

struct Writer<'a> {
    style: &'a Style,
    beat_s: f64,
    score: Score,
    feel: Rng,
}

impl Writer<'_> {
    /// Seconds at which `beat` (may have a fraction) of `bar` is played.
    fn time(&mut self, bar: usize, beat: f64) -> f64 {
        let fraction = beat - beat.floor();
        let late = if fraction > 0.4 && fraction < 0.6 { self.style.swing } else { 0.0 };
        let human_s = self.feel.between(-0.006, 0.006);
        let beats = (bar * self.style.beats) as f64 + beat + late;
        (beats * self.beat_s + human_s).max(0.0)
    }

    fn pitch(&self, degree: i32) -> f64 {
        let octave = degree.div_euclid(7);
        self.style.tonic + f64::from(12 * octave + self.style.scale[degree.rem_euclid(7) as usize])
    }

    /// `(beat, beats)` is when the note starts in the bar and how long it is.
    fn note(&mut self, bar: usize, (beat, beats): (f64, f64), pitch: f64, loud: f64, voice: Voice, pan: f64) {
        let start_s = self.time(bar, beat);
        let velocity = (loud * self.feel.between(0.8, 1.15)).min(1.0);
        let length_s = beats * self.beat_s * self.feel.between(0.86, 0.98);
        self.score.notes.push(Note { start_s, length_s, pitch, velocity, voice, pan });
    }

    fn chord(&mut self, bar: usize, root: i32) {
        let (beats, voice) = (self.style.beats as f64, self.style.chords);
        let inversion = self.feel.below(3);
        let mut degrees = [root, root + 2, root + 4, root + 7];
        for degree in degrees.iter_mut().take(inversion) {
            *degree += 7;
        }
        if self.feel.chance(0.3) {
            degrees[3] = root + 6;
        }
        let halves = voice != Voice::SawPad && self.feel.chance(0.6);
        let strokes: &[(f64, f64)] = if halves { &[(0.0, 0.5), (0.5, 0.5)] } else { &[(0.0, 1.0)] };
        for &(from, share) in strokes {
            for (i, degree) in degrees.into_iter().enumerate() {
                let pitch = self.pitch(degree) - 12.0;
                let from = (from * beats).round();
                self.note(bar, (from, share * beats), pitch, 0.34, voice, -0.4 + 0.2 * i as f64);
            }
        }
    }

    fn arpeggio(&mut self, bar: usize, root: i32) {
        let Some(voice) = self.style.arpeggio else { return };
        let shape = self.feel.pick(&[[0, 2, 4, 7], [7, 4, 2, 4], [0, 4, 2, 9], [4, 0, 7, 2]]);
        for step in 0..2 * self.style.beats {
            if self.feel.chance(0.12) {
                continue;
            }
            let pitch = self.pitch(root + shape[step % 4]);
            self.note(bar, (step as f64 / 2.0, 0.5), pitch, 0.4, voice, 0.5);
        }
    }

    fn bass(&mut self, bar: usize, root: i32) {
        let beats = self.style.beats;
        let mut beat = 0.0;
        while beat < beats as f64 {
            let length: f64 = self.feel.pick(&[0.5, 1.0, 1.0, 1.5]);
            let length = length.min(beats as f64 - beat);
            let degree = if beat == 0.0 { root } else { root + self.feel.pick(&[0, 0, 4, 7, 2, -1]) };
            let pitch = self.pitch(degree) - 24.0;
            self.note(bar, (beat, length), pitch, 0.75, self.style.bass, 0.0);
            beat += length;
        }
    }

    /// Writes one bar and returns the degree on which the line stands.
    fn melody(&mut self, bar: usize, root: i32, from: i32, lift: i32, rng: &mut Rng) -> i32 {
        let mut degree = from;
        let mut beat = if rng.chance(0.25) { 0.5 } else { 0.0 };
        let beats = self.style.beats as f64;
        while beat < beats {
            let length: f64 = rng.pick(&[0.25, 0.5, 0.5, 0.5, 1.0, 1.0, 1.5]);
            let length = length.min(beats - beat);
            // The further from the middle of the range, the stronger the pull back.
            let pull =
                if rng.chance(f64::from((degree - 4).abs()) / 9.0) { (4 - degree).signum() } else { 0 };
            degree += pull + rng.pick(&[-2, -1, -1, 0, 1, 1, 2, 3, -3]);
            if beat == 0.0 {
                // A strong beat falls on a tone of the chord.
                while ![0, 2, 4].contains(&(degree - root).rem_euclid(7)) {
                    degree += if rng.chance(0.5) { 1 } else { -1 };
                }
            }
            if !rng.chance(0.14) {
                let pitch = self.pitch(degree + lift);
                self.note(bar, (beat, length), pitch, 0.78, self.style.lead, 0.1);
            }
            beat += length;
        }
        degree
    }

    fn stroke(&mut self, bar: usize, beat: f64, drum: Drum, loud: f64) {
        let start_s = self.time(bar, beat);
        let velocity = loud * self.feel.between(0.75, 1.1);
        self.score.strokes.push(Stroke { start_s, velocity, drum });
    }

    fn drums(&mut self, bar: usize) {
        let beats = self.style.beats;
        let fill = bar % 4 == 3;
        for half in 0..2 * beats {
            let beat = half as f64 / 2.0;
            let on_beat = half % 2 == 0;
            let number = half / 2;
            match self.style.groove {
                Groove::Silent => return,
                Groove::Rock => {
                    let kick = number.is_multiple_of(2) && on_beat || !on_beat && self.feel.chance(0.2);
                    self.hit(kick, bar, beat, Drum::Kick, 0.8);
                    self.hit(number % 2 == 1 && on_beat, bar, beat, Drum::Snare, 0.6);
                    self.hit(true, bar, beat, Drum::ClosedHat, 0.3);
                }
                Groove::House => {
                    self.hit(on_beat, bar, beat, Drum::Kick, 0.85);
                    self.hit(!on_beat, bar, beat, Drum::OpenHat, 0.26);
                    self.hit(number % 2 == 1 && on_beat, bar, beat, Drum::Clap, 0.5);
                    let shaker = self.feel.chance(0.6);
                    self.hit(shaker, bar, beat + 0.25, Drum::ClosedHat, 0.2);
                }
                Groove::Broken => {
                    let kick = half == 0 || self.feel.chance(0.22);
                    self.hit(kick, bar, beat, Drum::Kick, 0.8);
                    self.hit(half == beats, bar, beat, Drum::Snare, 0.65);
                    let ghost = half != beats && self.feel.chance(0.25);
                    self.hit(ghost, bar, beat + 0.25, Drum::Snare, 0.2);
                    let hat = self.feel.chance(0.8);
                    self.hit(hat, bar, beat, Drum::ClosedHat, 0.25);
                }
                Groove::Waltz => {
                    self.hit(half == 0, bar, beat, Drum::Kick, 0.7);
                    self.hit(on_beat && half > 0, bar, beat, Drum::Snare, 0.25);
                    let hat = self.feel.chance(0.5);
                    self.hit(hat, bar, beat, Drum::ClosedHat, 0.2);
                }
            }
        }
        if fill {
            for quarter in 0..4 {
                let drum = self.feel.pick(&[Drum::Tom, Drum::Tom, Drum::Snare]);
                self.stroke(bar, beats as f64 - 1.0 + f64::from(quarter) / 4.0, drum, 0.5);
            }
        }
    }

    fn hit(&mut self, sounds: bool, bar: usize, beat: f64, drum: Drum, loud: f64) {
        if sounds {
            self.stroke(bar, beat, drum, loud);
        }
    }
}
