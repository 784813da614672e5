"""A score played: tempo, rubato, onsets, dynamics and articulation of one performer, as MIDI."""
import math
import random

import mido

TICKS = 480
# One quarter note a second: MIDI ticks are then 1/480 s, finer than any ear.
TEMPO = 1_000_000

# General MIDI programs by texture; the parts of a score take them in turn.
ENSEMBLES = {
    "piano": [0], "electric-piano": [4], "harpsichord": [6], "organ": [19], "guitar": [24],
    "strings": [40, 41, 42, 48], "string-ensemble": [48], "choir": [52], "winds": [73, 68, 71, 70],
    "brass": [56, 60, 57, 58], "vibraphone": [11], "synth-lead": [81], "synth-pad": [89], "accordion": [21],
}
PIANOS = ("piano", "electric-piano")


class Performer:
    """How somebody plays; `human=False` is a sequencer: exact and even."""

    def __init__(self, seed, human=True):
        self.rng = random.Random(seed)
        self.human = human
        self.quarter_s = self.rng.uniform(0.42, 0.75)
        # Standard deviation of an onset, 10 to 30 ms: that of trained pianists to that of amateurs.
        self.onset_s = self.rng.uniform(0.010, 0.030) if human else 0.0
        self.rubato = self.rng.uniform(0.02, 0.08) if human else 0.0
        self.waves = [(self.rng.uniform(6, 40), self.rng.uniform(0, 2 * math.pi)) for _ in range(4)]
        self.loudness = self.rng.uniform(60, 90)
        self.articulation = self.rng.uniform(0.75, 1.0) if human else 0.9

    def second(self, quarter):
        """Time of a place in the score."""
        swing = 0.0
        for period, phase in self.waves:
            # The integral of a tempo that goes up and down by a share of `rubato`.
            swing += self.rubato / 2 * period / (2 * math.pi) * math.sin(2 * math.pi * quarter / period + phase)
        return self.quarter_s * (quarter + swing)

    def notes(self, parts):
        """(start s, end s, pitch, velocity, part) of everything, in order of time."""
        played = []
        for number, part in enumerate(parts):
            drift = self.rng.gauss(0, 6) if self.human else 0
            for start, length, pitch in part:
                shift = self.rng.gauss(0, self.onset_s) if self.human else 0.0
                phrase = 12 * math.sin(2 * math.pi * start / self.waves[0][0] + self.waves[0][1])
                accent = 6 if start % 1 == 0 else 0
                touch = self.rng.gauss(0, 5) if self.human else 0
                velocity = self.loudness + drift + (phrase + accent + touch if self.human else 0)
                begin = max(0.0, self.second(start) + shift)
                end = begin + max(0.05, (self.second(start + length) - self.second(start)) * self.articulation)
                played.append((begin, end, int(pitch), int(min(120, max(25, velocity))), number))
        played.sort()
        return played


def write(path, played, ensemble, pedal_s=None):
    """A MIDI file of it. `ensemble` is a name of ENSEMBLES, or "drums"."""
    programs = ENSEMBLES.get(ensemble, [0])
    events = []
    for begin, end, pitch, velocity, part in played:
        channel = 9 if ensemble == "drums" else part % min(len(programs), 4)
        # Off before on at the same moment, so that a repeated note sounds again.
        events.append((begin, 1, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((end, 0, mido.Message("note_off", channel=channel, note=pitch)))
    if pedal_s:
        last = max(end for _, end, *_ in played)
        at = 0.0
        while at < last:
            events.append((at, 0, mido.Message("control_change", control=64, value=0)))
            events.append((at + 0.08, 1, mido.Message("control_change", control=64, value=127)))
            at += pedal_s
    events.sort(key=lambda e: e[:2])
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO)])
    for channel, program in enumerate(programs):
        track.append(mido.Message("program_change", channel=channel, program=program))
    now = 0
    for at, _, message in events:
        tick = round(at * TICKS)
        track.append(message.copy(time=max(0, tick - now)))
        now = max(now, tick)
    file = mido.MidiFile(ticks_per_beat=TICKS)
    file.tracks.append(track)
    file.save(path)
