"""Sound that is made without scores: speech, sweeps, tones, noise, loops."""
import random
import subprocess

import numpy as np

RATE = 24_000

WORDS = """the of and to a in that it was for on are as with his they be at one have this from or had by hot word
but what some we can out other were all there when up use your how said an each she which do their time if will way
about many then them write would like so these her long make thing see him two has look more day could go come did
number sound no most people my over know water than call first who may down side been now find any new work part take
get place made live where after back little only round man year came show every good me give our under name very
through just form sentence great think say help low line differ turn cause much mean before move right boy old too
same tell does set three want air well also play small end put home read hand port large spell add even land here
must big high such follow act why ask men change went light kind off need house picture try us again animal point
mother world near build self earth father head stand own page should country found answer school grow study still
learn plant cover food sun four between state keep eye never last let thought city tree cross farm hard start might
story saw far sea draw left late run while press close night real life few north open seem together next white
children begin got walk example ease paper group always music those both mark often letter until mile river car feet
care second book carry took science eat room friend began idea fish mountain stop once base hear horse cut sure watch
color face wood main""".split()

VOICES = ["en-us", "en-gb", "en-gb-x-rp", "en-029", "en-us+f3", "en-us+m3", "en-gb+f2", "en-gb-scotland"]


def speech(path, voice, seed, seconds):
    rng = random.Random(seed)
    text = []
    # Two and a half words a second are spoken.
    while len(text) < 2.5 * seconds:
        sentence = [rng.choice(WORDS) for _ in range(rng.randint(5, 14))]
        text += sentence[:-1] + [sentence[-1] + "."]
    speed, pitch = rng.choice([140, 160, 175, 190]), rng.choice([35, 50, 65])
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", path, " ".join(text)]
    subprocess.run(command, check=True)


def sweep(rng, seconds):
    """Swept sines, one after another, of one sort."""
    t = np.arange(int(seconds * RATE)) / RATE
    sort = rng.choice(["log", "linear", "train", "siren", "steps", "tone", "chord", "beeps"])
    low, high = sorted([rng.uniform(100, 2000), rng.uniform(300, 8000)])
    period = rng.uniform(0.5, 20)
    x = (t % period) / period
    if sort == "log":
        f = low * (high / low) ** (t / seconds)
    elif sort == "linear":
        f = low + (high - low) * t / seconds
    elif sort == "train":
        f = low * (high / low) ** x
    elif sort == "siren":
        f = (low + high) / 2 + (high - low) / 2 * np.sin(2 * np.pi * t / period)
    elif sort == "steps":
        f = low * 2 ** (np.floor(x * 12) / 12)
    elif sort == "tone":
        f = np.full_like(t, low)
    elif sort == "chord":
        return 0.2 * sum(np.sin(2 * np.pi * low * r * t) for r in (1, 1.25, 1.5, 2))
    else:
        f = np.full_like(t, rng.choice([440, 880, 1000, 2000, low]))
        on = (t % period) < period * rng.uniform(0.1, 0.6)
        return 0.5 * np.sin(2 * np.pi * np.cumsum(f) / RATE) * on
    return 0.5 * np.sin(2 * np.pi * np.cumsum(f) / RATE)


def noise(rng, seconds):
    n = int(seconds * RATE)
    numbers = np.random.default_rng(rng.getrandbits(32))
    spectrum = np.fft.rfft(numbers.standard_normal(n))
    f = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[1:] *= f[1:] ** -rng.choice([0.0, 0.5, 1.0])
    band = rng.choice([None, (300, 3000), (800, 1200)])
    if band:
        spectrum[(f < band[0]) | (f > band[1])] *= 0.02
    x = np.fft.irfft(spectrum, n)
    if rng.random() < 0.4:
        # Waves, a train, a machine.
        x *= 0.3 + np.abs(np.sin(np.pi * np.arange(n) / RATE * rng.choice([0.2, 1.5, 7.0])))
    if rng.random() < 0.2:
        x += 8 * x.std() * (numbers.random(n) < 3 / RATE)
    return 0.2 * x / x.std()


def pattern(seed, bars=2):
    """A drum pattern on a grid of sixteenths: [start in quarters, length, key]."""
    rng = random.Random(seed)
    notes = []
    for step in range(16 * bars):
        at = step / 4
        if step % 8 == 0 or rng.random() < 0.12:
            notes.append([at, 0.2, 36])
        if step % 8 == 4 or rng.random() < 0.05:
            notes.append([at, 0.2, rng.choice([38, 39, 40])])
        if rng.random() < 0.6:
            notes.append([at, 0.1, rng.choice([42, 42, 46, 44, 70])])
        if rng.random() < 0.04:
            notes.append([at, 0.3, rng.choice([45, 47, 50, 49, 51, 56])])
    return notes


def layer(seed, quarters):
    """A bass, chords and a melody in a random key: three parts."""
    rng = random.Random(seed)
    key = rng.randint(0, 11)
    scale = [key + s for s in rng.choice([(0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 7, 10)])]
    degree = lambda d: scale[d % len(scale)] + 12 * (d // len(scale))
    bass, chords, melody = [], [], []
    roots = [rng.randint(0, 6) for _ in range(4)]
    for bar in range(int(quarters / 4)):
        root = roots[bar % 4] if rng.random() < 0.85 else rng.randint(0, 6)
        for beat in range(4):
            if rng.random() < 0.8:
                bass.append([bar * 4 + beat, 0.9, 36 + degree(root) % 12])
        chords += [[bar * 4, 3.8, 60 + degree(root + d)] for d in (0, 2, 4)]
        at = 0.0
        place = rng.randint(0, 8)
        while at < 4:
            length = rng.choice([0.5, 0.5, 1, 1, 1.5, 2])
            place += rng.choice([-2, -1, -1, 0, 1, 1, 2])
            if rng.random() < 0.85:
                melody.append([bar * 4 + at, length * 0.9, 67 + degree(place)])
            at += length
    return [bass, chords, melody]
