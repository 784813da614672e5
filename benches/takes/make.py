#!/usr/bin/env python3
"""Makes the music of the bench `takes`: python3 make.py FOLDER [--works N] [--seed S] [--jobs N]

Needs fluidsynth, sox, ffmpeg and espeak-ng, the sound fonts of FONTS (Debian: fluid-soundfont-gm,
timgm6mb-soundfont, musescore-general-soundfont-small, opl3-soundfont, csound-soundfont) and the Python packages
music21, mido and numpy. Writes FOLDER/audio/*.flac and FOLDER/takes.csv with a row for each file:

  path, id  the file and its name
  role      ref (is registered), copy (of a registered file: must be found) or query (holds nothing registered)
  kind      what it is
  take      name of the performance or sound; equal for a file and its copies
  work      name of the composition, drum pattern or voice that several takes share
  voice     what it is played with: sound font and instruments
  loop      name of a loop that sounds in it to the sample, if one does
  scale     seconds of the registered file per second of this one
"""
import argparse
import csv
import multiprocessing
import os
import random
import subprocess
import wave

import numpy as np

import perform
import scores
import sounds

FONTS = {
    "fluid": "/usr/share/sounds/sf2/FluidR3_GM.sf2", "timgm": "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "musescore": "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3", "opl3": "/usr/share/sounds/sf2/OPL-3_FM_128M.sf2",
    "csound": "/usr/share/sounds/sf2/sf_GMbank.sf2",
}
# Seconds of a piece that are rendered at most.
MOST_S = 60.0
FIELDS = ["path", "id", "role", "kind", "take", "work", "voice", "loop", "scale"]
QUIET = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

# Rooms, microphones and tape: sox effects, with the change of time that they bring.
ROOMS = [[], [], [], ["reverb", "35", "50", "40"], ["reverb", "60", "50", "90"], ["pitch", "18"], ["pitch", "-25"],
         ["equalizer", "400", "1q", "-6", "treble", "4"], ["highpass", "150", "lowpass", "7000", "reverb", "20"]]
# What is done to a copy.
COPIES = [("exact", [], 1.0), ("mp3", "mp3", 1.0), ("reverb", ["reverb", "40", "50", "60"], 1.0),
          ("narrow", ["highpass", "300", "lowpass", "3400"], 1.0), ("tempo", ["tempo", "-m", "1.1"], 1.1),
          ("slower", ["tempo", "-m", "0.88"], 0.88), ("speed", ["speed", "1.06", "rate", str(sounds.RATE)], 1.06),
          ("pitch", ["pitch", "-200"], 1.0), ("noise", "noise", 1.0), ("opus", "opus", 1.0)]


def sox(source, target, effects, seconds=None):
    trim = ["trim", "0", str(seconds)] if seconds else []
    subprocess.run(["sox", "-V1", "-G", source, "-r", str(sounds.RATE), "-c", "1", "-b", "16", target, *trim, *effects],
                   **QUIET)


def save(path, samples):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, sounds.RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32000).astype("<i2").tobytes())


def load(path):
    with wave.open(path) as file:
        x = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float) / 32768
        return x.reshape(-1, file.getnchannels()).mean(axis=1)


def render(midi, target, font, wet):
    effects = [] if wet else ["-R", "0", "-C", "0"]
    subprocess.run(["fluidsynth", "-ni", "-q", "-r", str(sounds.RATE), "-g", "0.5", *effects, "-F", target, "-T", "wav",
                    FONTS[font], midi], **QUIET)


class Job:
    """One file of the bench; `make` writes it."""

    def __init__(self, folder, row, how, *arguments):
        self.path = os.path.join(folder, "audio", row["id"] + ".flac")
        self.row = dict.fromkeys(FIELDS, "") | {"path": self.path, "scale": "1"} | row
        self.how, self.arguments = how, arguments

    def make(self):
        if not os.path.exists(self.path):
            scratch = self.path[:-5]
            self.how(scratch, *self.arguments)
            for end in (".mid", ".raw.wav", ".wav", ".mp3", ".opus"):
                if os.path.exists(scratch + end):
                    os.remove(scratch + end)
        return self.row


def play(scratch, parts, performer, font, ensemble, seed, room):
    rng = random.Random(seed)
    played = [n for n in perform.Performer(*performer).notes(parts) if n[0] < MOST_S]
    pedal = rng.uniform(1.0, 2.5) if ensemble in perform.PIANOS and performer[1] else None
    perform.write(scratch + ".mid", played, ensemble, pedal)
    render(scratch + ".mid", scratch + ".raw.wav", font, rng.random() < 0.5)
    sox(scratch + ".raw.wav", scratch + ".flac", room, MOST_S)


def copy(scratch, source, effects):
    if effects in ("mp3", "opus"):
        encoded = f"{scratch}.{effects}"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-b:a", "48k", encoded], **QUIET)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", encoded, "-ar", str(sounds.RATE), scratch + ".flac"], **QUIET)
    elif effects == "noise":
        sox(source, scratch + ".raw.wav", [])
        clean = load(scratch + ".raw.wav")
        numbers = np.random.default_rng(len(clean))
        save(scratch + ".wav", clean + numbers.standard_normal(len(clean)) * clean.std() * 10 ** (-5 / 20))
        sox(scratch + ".wav", scratch + ".flac", [])
    else:
        sox(source, scratch + ".flac", effects)


def song(scratch, seed, loop_seed, font, kit, quarter_s, has_layers, has_drums):
    """A drum loop, repeated to the sample, under layers of its own."""
    total = np.zeros(int(0.75 * MOST_S * sounds.RATE))
    if has_drums:
        quarters = 8
        played = [(at * quarter_s, (at + length) * quarter_s, key, 100 if at % 1 == 0 else 80, 0)
                  for at, length, key in sounds.pattern(loop_seed)]
        perform.ENSEMBLES["drums"] = [0] * 9 + [kit]
        perform.write(scratch + ".mid", played, "drums")
        render(scratch + ".mid", scratch + ".raw.wav", font, False)
        drums = load(scratch + ".raw.wav")
        step = round(quarters * quarter_s * sounds.RATE)
        for start in range(0, len(total), step):
            part = drums[: len(total) - start]
            total[start : start + len(part)] += part
    if has_layers:
        rng = random.Random(seed)
        performer = perform.Performer(seed, rng.random() < 0.5)
        performer.quarter_s = quarter_s
        if performer.human:
            performer.rubato = 0.0
        parts = sounds.layer(seed, len(total) / sounds.RATE / quarter_s)
        for number, (part, programs) in enumerate(zip(parts, ([33, 38, 35], [0, 4, 48, 89, 25], [81, 73, 11, 65, 56]))):
            perform.ENSEMBLES["layer"] = [rng.choice(programs)]
            perform.write(scratch + ".mid", [n for n in performer.notes([part])], "layer")
            render(scratch + ".mid", scratch + ".raw.wav", font, False)
            sound = load(scratch + ".raw.wav")[: len(total)]
            total[: len(sound)] += sound * rng.uniform(0.6, 1.2)
    save(scratch + ".wav", 0.8 * total / max(1e-9, np.abs(total).max()))
    sox(scratch + ".wav", scratch + ".flac", [])


def made(scratch, samples_of, seed, seconds):
    save(scratch + ".wav", samples_of(random.Random(seed), seconds))
    sox(scratch + ".wav", scratch + ".flac", [])


def spoken(scratch, voice, seed, seconds):
    sounds.speech(scratch + ".raw.wav", voice, seed, seconds)
    sox(scratch + ".raw.wav", scratch + ".flac", [], seconds)


def jobs(folder, works, seed):
    rng = random.Random(seed)
    voices = [(font, ensemble) for font in FONTS for ensemble in perform.ENSEMBLES if ensemble != "drums"]
    # A third of music is played on the commonest instrument of all.
    voices += [(font, "piano") for font in FONTS] * 6
    found = scores.works(seed, works, os.path.join(folder, "scores"))
    print(len(found), "scores")
    listed = []

    def performance(role, kind, number, name, parts, voice, label):
        row = dict(id=f"{role}-{label}-{number:03}", role=role, kind=kind, take=f"{label}-{number}", work=name,
                   voice="-".join(voice))
        performer = (rng.getrandbits(30), rng.random() < 0.8)
        listed.append(Job(folder, row, play, parts, performer, *voice, rng.getrandbits(30), rng.choice(ROOMS)))
        return listed[-1]

    for number, (name, parts) in enumerate(found):
        voice = rng.choice(voices)
        if number % 2 == 0:
            ref = performance("ref", "work", number, name, parts, voice, "a")
            performance("query", "performance, same instruments", number, name, parts, voice, "b")
            other = rng.choice([v for v in voices if v[0] != voice[0]])
            performance("query", "performance, other instruments", number, name, parts, other, "c")
            for what, effects, scale in rng.sample(COPIES, 3):
                row = ref.row | dict(id=f"copy-{what}-{number:03}", role="copy", kind="copy, " + what, scale=str(scale))
                del row["path"]
                listed.append(Job(folder, row, copy, ref.path, effects))
        else:
            registered = [j.row for j in listed if j.row["role"] == "ref"]
            for label in "de":
                font, _, ensemble = rng.choice(registered)["voice"].partition("-")
                performance("query", "same instruments", number, name, parts, (font, ensemble), label)

    fonts = list(FONTS)
    machines = [(fonts[i % len(fonts)], rng.choice([0, 8, 16, 24, 25, 40]), rng.uniform(0.4, 0.6)) for i in range(8)]
    songs = works // 4
    for number in range(3 * songs):
        machine = machines[number % len(machines)]
        has_layers = number % 3 != 1
        role, kind, loop = "query", "same drum machine", number
        if number < songs:
            role, kind = "ref", "song"
        elif number >= 2 * songs:
            kind, loop = "same loop", number - 2 * songs
        machine = machines[loop % len(machines)]
        row = dict(id=f"{role}-song-{number:03}", role=role, kind=kind, take=f"song-{number}", work=f"pattern-{loop}",
                   voice=f"drums-{machine[0]}-{machine[1]}", loop=f"loop-{loop}")
        # Every second song that shares a loop has a tune of its own over it.
        has_layers = has_layers or kind == "same loop"
        listed.append(Job(folder, row, song, rng.getrandbits(30), loop, *machine, has_layers, True))
        if number < songs:
            ref = listed[-1]
            for what, effects, scale in rng.sample(COPIES, 2):
                row = ref.row | dict(id=f"copy-song-{what}-{number:03}", role="copy", kind="copy of loops, " + what,
                                     scale=str(scale))
                del row["path"]
                listed.append(Job(folder, row, copy, ref.path, effects))

    for sort, kind, how in (("sweep", "sweeps and tones", sounds.sweep), ("noise", "noise", sounds.noise)):
        for number in range(works):
            role = "ref" if number < works // 5 else "query"
            row = dict(id=f"{role}-{sort}-{number:03}", role=role, kind=kind, take=f"{sort}-{number}", work=sort, voice=sort)
            listed.append(Job(folder, row, made, how, rng.getrandbits(30), 30))
    for number in range(works):
        role = "ref" if number < works // 5 else "query"
        voice = rng.choice(sounds.VOICES)
        row = dict(id=f"{role}-speech-{number:03}", role=role, kind="synthetic speech", take=f"speech-{number}",
                   work=f"speech-{number}", voice=voice)
        listed.append(Job(folder, row, spoken, voice, rng.getrandbits(30), 45))
    return listed


def make(job):
    try:
        return job.make()
    except Exception as error:
        raise RuntimeError(f"{job.row['id']}: {error}") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--works", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    os.makedirs(os.path.join(options.folder, "audio"), exist_ok=True)
    listed = jobs(options.folder, options.works, options.seed)
    rows = []
    with multiprocessing.Pool(options.jobs) as pool:
        # Copies are made of what was made before them.
        for wave_of in ([j for j in listed if j.row["role"] != "copy"], [j for j in listed if j.row["role"] == "copy"]):
            rows += pool.imap(make, wave_of, chunksize=4)
            print(len(rows), "of", len(listed), "files")
    with open(os.path.join(options.folder, "takes.csv"), "w", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
