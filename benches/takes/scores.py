"""Scores of music21's corpus as plain notes: (start, length, pitch) in quarter notes, by part.

music21 takes seconds for a score, so what was read is kept as JSON.
"""
import json
import os
import random

# Composers and how many of their scores are taken at most: several styles and
# textures, no composer with most of the music.
WANTED = {
    "bach": 40, "palestrina": 36, "monteverdi": 16, "haydn": 9, "mozart": 14, "beethoven": 10,
    "schumann_robert": 5, "schumann_clara": 5, "ryansMammoth": 40, "trecento": 20, "josquin": 8,
    "joplin": 1, "chopin": 1, "corelli": 1, "cpebach": 1, "handel": 1, "verdi": 1, "weber": 1,
    "schubert": 1, "schoenberg": 2, "leadSheet": 2, "liliuokalani": 1, "johnson_j_r": 1, "beach": 1,
}

# Quarter notes kept of a score: at usual tempos two minutes.
MOST_QUARTERS = 240.0
# A score with fewer notes has no minute of music.
LEAST_NOTES = 60


def chosen(seed):
    """Paths of the scores taken, in random but fixed order."""
    from music21 import corpus

    by_composer = {}
    for path in sorted(str(p) for p in corpus.getCorePaths()):
        composer = path.split("/corpus/")[1].split("/")[0]
        by_composer.setdefault(composer, []).append(path)
    rng = random.Random(seed)
    paths = []
    for composer, most in sorted(WANTED.items()):
        here = by_composer.get(composer, [])
        # The same score may be there in two formats.
        stems = {os.path.splitext(p)[0]: p for p in here}
        here = sorted(stems.values())
        paths += rng.sample(here, min(most, len(here)))
    rng.shuffle(paths)
    return paths


def read(path, folder):
    """The notes of a score: a list of parts, each a list of [start, length, pitch]."""
    name = path.split("/corpus/")[1].replace("/", "_") + ".json"
    kept = os.path.join(folder, name)
    if not os.path.exists(kept):
        parts = parse(path)
        with open(kept + ".part", "w") as out:
            json.dump(parts, out)
        os.replace(kept + ".part", kept)
    with open(kept) as file:
        return json.load(file)


def parse(path):
    from music21 import converter

    parts = []
    try:
        score = converter.parse(path)
    except Exception as error:  # A few scores of the corpus cannot be read by its own reader.
        print("not read:", path, error)
        return parts
    if "Opus" in score.classes:  # A book of tunes: the first.
        score = score.scores[0]
    for part in score.parts or [score]:
        notes = []
        for note in part.flatten().notes:
            start, length = float(note.offset), float(note.quarterLength)
            if length > 0.0 and start < MOST_QUARTERS:
                notes += [[start, length, pitch.midi] for pitch in note.pitches]
        if notes:
            parts.append(sorted(notes))
    return parts


def works(seed, count, folder):
    """The first `count` scores with enough notes: (name, parts)."""
    os.makedirs(folder, exist_ok=True)
    found = []
    for path in chosen(seed):
        if len(found) == count:
            break
        parts = read(path, folder)
        if sum(map(len, parts)) >= LEAST_NOTES:
            name = os.path.splitext(path.split("/corpus/")[1])[0].replace("/", "-")
            found.append((name, parts))
    return found
