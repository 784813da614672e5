#!/usr/bin/env python3
"""Splices, joins and headers that lie, over all containers: is all heard that players play?

Needs ffmpeg, mkvmerge, the Python package soundfile (libsndfile) and an `earmark`
program. Makes some hundreds of files of a noise and a registered song, decodes each with
ffmpeg (every audio track) and libsndfile, and scans the files and those decodes:

    splices.py PROGRAM FOLDER [SONG]

FOLDER is made, and holds the files afterwards. A case is *missed* when a player hears
over a second more than we do, or when the song is recognised in what a player decodes
and not in the file, and the row says nothing of it. Exit 1 if there is one.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys

import soundfile

HERE = pathlib.Path(__file__).resolve().parent
NOISE_S, SONG_S = 4, 9
# More seconds than padding of encoders makes.
MORE_S = 1.0

# Name, extension, options of ffmpeg.
FORMS = [
    ("mp3", "mp3", "-c:a libmp3lame -b:a 128k"),
    ("mp3vbr", "mp3", "-c:a libmp3lame -q:a 4 -write_xing 0 -ar 48000"),
    ("adts", "aac", "-c:a aac -b:a 96k"),
    ("flac", "flac", "-c:a flac"),
    ("wav", "wav", "-c:a pcm_s16le"),
    ("wav24", "wav", "-c:a pcm_s24le -ar 48000"),
    ("aiff", "aiff", "-c:a pcm_s16be"),
    ("caf", "caf", "-c:a pcm_s16be"),
    ("cafalac", "caf", "-c:a alac"),
    ("vorbis", "ogg", "-c:a libvorbis -q:a 3"),
    ("opus", "opus", "-c:a libopus -b:a 64k"),
    ("oggflac", "ogg", "-c:a flac"),
    ("m4a", "m4a", "-c:a aac -b:a 96k"),
    ("m4afast", "m4a", "-c:a aac -b:a 96k -movflags +faststart"),
    ("frag", "mp4", "-c:a aac -b:a 96k -movflags +frag_keyframe+empty_moov+default_base_moof -frag_duration 1000000"),
    ("alac", "m4a", "-c:a alac"),
    ("mov16", "mov", "-c:a pcm_s16be"),
    ("mka", "mka", "-c:a aac -b:a 96k"),
    ("mkapcm", "mka", "-c:a pcm_s16le"),
    ("webm", "webm", "-c:a libopus -b:a 64k"),
    ("live", "webm", "-c:a libopus -b:a 64k -live 1"),
]
# What is appended to all of them.
SECOND = ("mp3", "flac", "wav", "opus", "m4a", "webm")
# Only alone.
MORE_FORMS = [
    ("mov24", "mov", "-c:a pcm_s24be"),
    ("mov24le", "mov", "-c:a pcm_s24le"),
    ("mov32", "mov", "-c:a pcm_s32be"),
    ("movf32", "mov", "-c:a pcm_f32be"),
    ("movf32le", "mov", "-c:a pcm_f32le"),
    ("movf64", "mov", "-c:a pcm_f64be"),
    ("mov8", "mov", "-c:a pcm_u8"),
    ("movsurround", "mov", "-c:a pcm_s24be -ac 6"),
    ("movmulaw", "mov", "-c:a pcm_mulaw"),
    ("wavf32", "wav", "-c:a pcm_f32le"),
    ("rf64", "wav", "-c:a pcm_s16le -rf64 always"),
    ("mkaflac", "mka", "-c:a flac"),
    ("mkamp3", "mka", "-c:a libmp3lame"),
    ("mkavorbis", "mka", "-c:a libvorbis"),
    ("mkapcmbe", "mka", "-c:a pcm_s16be"),
    ("mkaalac", "mka", "-c:a alac"),
    ("mp4mp3", "mp4", "-c:a libmp3lame"),
    ("mp4flac", "mp4", "-c:a flac -strict -2"),
    ("mp4opus", "mp4", "-c:a libopus -strict -2"),
    ("aiffc", "aiff", "-c:a pcm_s16le"),
    ("aiff24", "aiff", "-c:a pcm_s24be"),
    ("cafopus", "caf", "-c:a pcm_f32le"),
    ("ts", "ts", "-c:a aac"),
    ("avi", "avi", "-c:a libmp3lame"),
    ("au", "au", "-c:a pcm_s16be"),
    ("w64", "w64", "-c:a pcm_s16le"),
    ("wv", "wv", "-c:a wavpack"),
    ("mp2", "mp2", "-c:a mp2"),
    ("adpcm", "wav", "-c:a adpcm_ima_wav"),
]


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True)


def ffmpeg(*options):
    done = run("ffmpeg", "-v", "error", "-nostdin", "-y", *options)
    if done.returncode:
        sys.exit(f"ffmpeg {options}: {done.stderr.decode(errors='replace')}")


class Maker:
    """Makes cases in a folder."""

    def __init__(self, folder, song):
        self.folder, self.parts = folder / "cases", folder / "parts"
        for made in (self.folder, self.parts):
            made.mkdir(parents=True)
        self.sources = {"noise": self.parts / "noise.wav", "song": self.parts / "song.wav"}
        ffmpeg("-f", "lavfi", "-i", f"anoisesrc=d={NOISE_S}:c=pink:a=0.3:seed=1", "-ac", 2, "-ar", 44100,
               self.sources["noise"])
        ffmpeg("-ss", 2, "-t", SONG_S, "-i", song, "-ac", 2, "-ar", 44100, self.sources["song"])
        self.made = {}

    def part(self, form, source):
        """A file of one form, as bytes."""
        name, extension, options = form
        if (name, source) not in self.made:
            path = self.parts / f"{name}-{source}.{extension}"
            ffmpeg("-i", self.sources[source], "-map_metadata", -1, *options.split(), path)
            self.made[name, source] = path.read_bytes()
        return self.made[name, source]

    def case(self, name, extension, data):
        (self.folder / f"{name}.{extension}").write_bytes(data)

    def path(self, form, source):
        self.part(form, source)
        return self.parts / f"{form[0]}-{source}.{form[1]}"


JUNK = bytes(i * 7 % 251 for i in range(9_000))
ID3V1 = b"TAG" + b" " * 125
APE = b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\xa0" + bytes(8) + bytes(32)
ID3V2 = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)


def joins(maker):
    for first in FORMS:
        for second in [form for form in FORMS if form == first or form[0] in SECOND]:
            data = maker.part(first, "noise") + maker.part(second, "song")
            maker.case(f"join-{first[0]}-{second[0]}", first[1], data)


def between(maker):
    mp3 = FORMS[0]
    for form in FORMS:
        noise, song = maker.part(form, "noise"), maker.part(form, "song")
        for name, padding in [("tags", APE + ID3V1 + ID3V2), ("junk", JUNK), ("zeros", bytes(9_000))]:
            maker.case(f"between-{name}-{form[0]}", form[1], noise + padding + song)
            maker.case(f"before-{name}-{form[0]}", form[1], padding + song)
        maker.case(f"three-{form[0]}", form[1], noise + maker.part(mp3, "noise") + song)
        maker.case(f"hidden-{form[0]}", form[1], noise + maker.part(mp3, "song") + noise)


def cuts(maker):
    for form in FORMS + MORE_FORMS:
        song = maker.part(form, "song")
        maker.case(f"whole-{form[0]}", form[1], song)
        for percent in (60,):
            maker.case(f"cut-{percent}-{form[0]}", form[1], song[: len(song) * percent // 100])
        maker.case(f"cut-100-bytes-{form[0]}", form[1], song[:-100])


def put(data, at, field):
    return data[:at] + field + data[at + len(field):]


def all_of(data, word):
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def lies(maker):
    """Sizes, lengths and counts of every container, too small, none, and too large."""
    forms = {form[0]: form for form in FORMS + MORE_FORMS}
    # The form, a word, the place of a number from the start of the word, its bytes and order.
    fields = [
        ("wav", b"RIFF", 4, 4, "little"), ("wav", b"data", 4, 4, "little"), ("wav", b"fmt ", 4, 4, "little"),
        ("wav24", b"data", 4, 4, "little"), ("rf64", b"ds64", 16, 8, "little"), ("rf64", b"data", 4, 4, "little"),
        ("aiff", b"FORM", 4, 4, "big"), ("aiff", b"SSND", 4, 4, "big"), ("aiff", b"COMM", 10, 4, "big"),
        ("caf", b"data", 4, 8, "big"), ("cafalac", b"data", 4, 8, "big"), ("cafalac", b"pakt", 4, 8, "big"),
        ("cafalac", b"pakt", 12, 8, "big"), ("cafalac", b"pakt", 20, 8, "big"),
        ("flac", b"fLaC", 22, 4, "big"), ("flac", b"fLaC", 8, 4, "big"), ("flac", b"fLaC", 12, 3, "big"),
        ("flac", b"fLaC", 15, 3, "big"), ("mp3", b"Info", 8, 4, "big"), ("mp3", b"Info", 12, 4, "big"),
        ("mp3", b"LAME", 21, 3, "big"),
        ("m4a", b"mvhd", 20, 4, "big"), ("m4a", b"mdhd", 20, 4, "big"), ("m4a", b"tkhd", 24, 4, "big"),
        ("m4a", b"mdat", -4, 4, "big"), ("m4afast", b"mdat", -4, 4, "big"), ("m4a", b"elst", 12, 4, "big"),
        ("m4a", b"elst", 16, 4, "big"), ("m4a", b"stts", 12, 4, "big"), ("m4a", b"stts", 16, 4, "big"),
        ("m4a", b"stsz", 12, 4, "big"), ("m4a", b"stsc", 8, 4, "big"), ("m4a", b"stco", 8, 4, "big"),
        ("frag", b"trun", 8, 4, "big"), ("frag", b"mdat", -4, 4, "big"), ("frag", b"moof", -4, 4, "big"),
        ("frag", b"mvhd", 20, 4, "big"), ("mov16", b"mdat", -4, 4, "big"), ("mov16", b"stsz", 12, 4, "big"),
        ("mka", b"\x18\x53\x80\x67", 5, 7, "big"), ("mka", b"\x1f\x43\xb6\x75", 5, 3, "big"),
        ("mka", b"\x44\x89", 3, 8, "big"), ("mka", b"\x2a\xd7\xb1", 4, 3, "big"),
        ("webm", b"\x18\x53\x80\x67", 5, 7, "big"), ("webm", b"\x44\x89", 3, 8, "big"),
        ("webm", b"\x56\xaa", 3, 4, "big"), ("opus", b"OpusHead", 10, 2, "little"),
        ("vorbis", b"OggS", 6, 8, "little"), ("opus", b"OggS", 6, 8, "little"),
    ]
    for count, (name, word, offset, size, order) in enumerate(fields):
        data = maker.part(forms[name], "song")
        at = data.find(word)
        if at < 0:
            sys.exit(f"{name} has no {word}")
        at += offset
        own = int.from_bytes(data[at: at + size], order)
        most = (1 << 8 * size) - 1
        for lie in sorted({0, own // 3, most >> 1, most} - {own}):
            text = "".join(chr(c) if 32 < c < 127 and c != 47 else "_" for c in word)
            maker.case(f"lie-{name}-{text}{offset}-{count}-{lie}", forms[name][1],
                       put(data, at, lie.to_bytes(size, order)))
    ogg_lies(maker, forms)


def ogg_sum(page):
    table = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
        table.append(crc)
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ table[crc >> 24 ^ byte]
    return crc


def ogg_pages(data):
    at = 0
    while at < len(data):
        count = data[at + 26]
        size = 27 + count + sum(data[at + 27: at + 27 + count])
        yield data[at: at + size]
        at += size


def ogg_lies(maker, forms):
    for name in ("vorbis", "opus", "oggflac"):
        pages = list(ogg_pages(maker.part(forms[name], "song")))

        def signed(page):
            page = put(page, 22, bytes(4))
            return put(page, 22, ogg_sum(page).to_bytes(4, "little"))

        def change(how):
            return b"".join(how(i, page) for i, page in enumerate(pages))

        third = len(pages) // 3
        changes = {
            "sums": lambda i, p: put(p, 22, b"abcd") if i > third else p,
            "sums-middle": lambda i, p: put(p, 22, b"abcd") if third < i < 2 * third else p,
            "granules-0": lambda i, p: signed(put(p, 6, bytes(8))) if i > 1 else p,
            "granules-none": lambda i, p: signed(put(p, 6, b"\xff" * 8)) if 1 < i < len(pages) - 1 else p,
            "granules-short": lambda i, p: signed(put(p, 6, (48_000).to_bytes(8, "little"))) if i > 1 else p,
            "last-early": lambda i, p: signed(put(p, 5, bytes([p[5] | 4]))) if i == third else p,
            "lost": lambda i, p: b"" if i % 4 == 3 else p,
            "serial": lambda i, p: signed(put(p, 14, b"qwer")) if i > third else p,
        }
        for change_name, how in changes.items():
            maker.case(f"ogg-{change_name}-{name}", forms[name][1], change(how))


def stamps(maker):
    for name, extension in [("mka", "mka"), ("webm", "webm"), ("opus", "ogg"), ("m4a", "m4a"), ("mkapcm", "mka")]:
        form = next(form for form in FORMS if form[0] == name)
        for text, ts in [("x10", "TS*10"), ("tenth", "TS/10"), ("all-0", "0"), ("far", "TS+100000000"),
                         ("back", "if(gt(N,200),TS/2,TS)")]:
            to = maker.folder / f"stamps-{text}-{name}.{extension}"
            done = run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", maker.path(form, "song"), "-c", "copy",
                       "-bsf:a", f"setts=ts={ts}", to)
            if done.returncode and to.exists():
                to.unlink()


def tracks(maker):
    noise, song = maker.sources["noise"], maker.sources["song"]
    for extension, codec in [("m4a", "aac"), ("mov", "pcm_s16be"), ("mka", "flac"), ("mka", "libopus"),
                             ("webm", "libvorbis"), ("ogg", "libvorbis"), ("mp4", "alac")]:
        for order, inputs in [("song-last", (noise, song)), ("song-first", (song, noise))]:
            for flags in ("default none", "none default", "none none"):
                first, second = ("0" if flag == "none" else flag for flag in flags.split())
                to = maker.folder / f"tracks-{extension}-{codec}-{order}-{first}-{second}.{extension}"
                done = run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", inputs[0], "-i", inputs[1], "-map", "0",
                           "-map", "1", "-c:a", codec, "-disposition:a:0", first, "-disposition:a:1", second, to)
                if done.returncode and to.exists():
                    to.unlink()


def merged(maker):
    """What mkvmerge makes: compressed packets, no flags, appended files."""
    for form in FORMS + MORE_FORMS:
        source = maker.path(form, "song")
        for compression in ("none", "zlib"):
            to = maker.folder / f"mkvmerge-{compression}-{form[0]}.mka"
            run("mkvmerge", "-q", "-o", to, "--compression", f"-1:{compression}", source)
        if to.exists():
            strip(maker, form[0])


def element(name, body):
    return name + bytes([0x10 | len(body) >> 24, len(body) >> 16 & 255, len(body) >> 8 & 255, len(body) & 255]) + body


def strip(maker, name):
    """A Matroska file whose packets lack the bytes with which all begin."""
    plain = (maker.folder / f"mkvmerge-none-{name}.mka").read_bytes()
    at = plain.find(b"\x18\x53\x80\x67")
    body = [(i, b) for i, b in elements(plain, at + 12, len(plain)) if i in (b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75")]
    blocks = []
    for ident, content in body:
        if ident == b"\x1f\x43\xb6\x75":
            blocks += [b for i, b in elements(content, 0, len(content)) if i == b"\xa3" and not b[3] & 6]
    if not blocks:
        return
    common = blocks[0][4:8]
    while common and not all(b[4:].startswith(common) for b in blocks):
        common = common[:-1]
    if not common:
        return
    encoding = element(b"\x6d\x80", element(b"\x62\x40", element(b"\x50\x34", element(b"\x42\x54", b"\x03") + element(b"\x42\x55", common))))
    segment = b""
    for ident, content in body:
        if ident == b"\x16\x54\xae\x6b":
            content = b"".join(element(i, b + encoding if i == b"\xae" else b) for i, b in elements(content, 0, len(content)))
        elif ident == b"\x1f\x43\xb6\x75":
            content = b"".join(element(i, b[:4] + b[4 + len(common):] if i == b"\xa3" and not b[3] & 6 else b)
                               for i, b in elements(content, 0, len(content)) if i in (b"\xe7", b"\xa3", b"\xa0"))
        segment += element(ident, content)
    maker.case(f"stripped-{name}", "mka", plain[:at] + element(b"\x18\x53\x80\x67", segment))


def elements(data, at, end):
    while at < end:
        length = 8 - (data[at]).bit_length() + 1
        ident = data[at: at + length]
        at += length
        length = 8 - (data[at]).bit_length() + 1
        size = int.from_bytes(data[at: at + length], "big") & ((1 << 7 * length) - 1)
        at += length
        yield ident, data[at: at + size]
        at += size


def decode(folder):
    """What players hear: a WAV file for every audio track and player, and its seconds."""
    heard, decoded = collections.defaultdict(dict), folder / "decoded"
    decoded.mkdir()
    for path in sorted((folder / "cases").iterdir()):
        for track in range(2 if path.name.startswith("tracks") else 1):
            to = decoded / f"{path.name}.ffmpeg{track}.wav"
            run("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", path, "-map", f"0:a:{track}", "-ar", 44100,
                "-ac", 1, "-c:a", "pcm_s16le", "-t", 200, to)
            seconds = length(to)
            if seconds:
                heard[path.name][f"ffmpeg{track}"] = seconds
            else:
                to.unlink(missing_ok=True)
                break
        to = decoded / f"{path.name}.sndfile.wav"
        try:
            samples, rate = soundfile.read(path, frames=200 * 48_000, always_2d=True, dtype="float32")
            if len(samples):
                soundfile.write(to, samples.mean(axis=1), rate, subtype="PCM_16")
                heard[path.name]["sndfile"] = len(samples) / rate
        except (soundfile.LibsndfileError, ValueError, MemoryError, RuntimeError):
            pass
    return heard


def length(path):
    try:
        return soundfile.info(path).duration
    except soundfile.LibsndfileError:
        return 0.0


def scan(program, registry, folder):
    out = folder.with_suffix(".jsonl")
    done = run(program, "scan", folder, "--registry", registry, "--format", "jsonl", "--out", out)
    rows = {}
    for line in out.read_text().splitlines():
        row = json.loads(line)
        if "path" in row:
            rows[pathlib.Path(row["path"]).name] = row
    if not rows:
        sys.exit(f"no rows: {done.stderr.decode(errors='replace')}")
    return rows


def has_song(row):
    return bool(row.get("matches"))


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    song = sys.argv[3] if len(sys.argv) > 3 else HERE.parents[1] / "testdata/catalogue/03-slow-orbit.m4a"
    shutil.rmtree(folder, ignore_errors=True)
    maker = Maker(folder, song)
    for make in (joins, between, cuts, lies, stamps, tracks, merged):
        make(maker)
    registry = folder / "registry"
    done = run(program, "register", song, "--registry", registry)
    if done.returncode:
        sys.exit(done.stderr.decode(errors="replace"))
    heard = decode(folder)
    rows, references = scan(program, registry, folder / "cases"), scan(program, registry, folder / "decoded")
    report(folder, heard, rows, references)


def report(folder, heard, rows, references):
    counts, missed = collections.defaultdict(collections.Counter), []
    for path in sorted((folder / "cases").iterdir()):
        name, kind = path.name, path.name.split("-")[0]
        row, count = rows.get(name), counts[path.name.split("-")[0]]
        if row is None:
            missed.append(f"{name}: no row")
            continue
        audio = row.get("audio") or {}
        ours, told = audio.get("duration_s", 0.0), bool(audio.get("unheard")) or bool(row.get("error"))
        longest = max(heard[name].values(), default=0.0)
        players = [player for player in heard[name] if has_song(references.get(f"{name}.{player}.wav", {}))]
        count["cases"] += 1
        count["players hear it"] += longest > 0
        count["ours is as long"] += longest > 0 and ours >= longest - MORE_S
        count["players have the song"] += bool(players)
        count["ours has the song"] += has_song(row)
        count["told"] += told
        shorter, lost = ours < longest - MORE_S, bool(players) and not has_song(row)
        allowed = row.get("verdict") in ("allowed", "no-match")
        count["heard less or without the song, and told"] += (shorter or lost) and told
        if (shorter or lost) and not told:
            count["neither heard nor told"] += 1
            what = "shorter" if shorter else "without the song"
            missed.append(f"{name}: {what}: {ours:.1f} s, {dict(heard[name])}, song in {players}, {row.get('verdict')}")
        if lost and allowed and told:
            missed.append(f"{name}: told and still {row['verdict']}: {audio.get('unheard')}")
    columns = ["cases", "players hear it", "ours is as long", "players have the song", "ours has the song", "told",
               "heard less or without the song, and told", "neither heard nor told"]
    print("| kind | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    total = collections.Counter()
    for kind, count in counts.items():
        total.update(count)
        print(f"| {kind} | " + " | ".join(str(count[c]) for c in columns) + " |")
    print("| all | " + " | ".join(str(total[c]) for c in columns) + " |")
    print("\n".join(missed))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
