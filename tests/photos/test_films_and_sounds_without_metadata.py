"""A copy of a film or sound has every sample of it, and nothing of where, when and by which device it was taken.

``recordings`` were written by FFmpeg with a title, an artist, a place and a date in every spot that it knows.
"""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.pictures import boxes
from server.pictures.copies import Unreadable, without_metadata

SECRET, PLACE = b"LAIYUAN-39.3576N-114.6912E", b"+39.3576"
RECORDINGS = {path.name: path.read_bytes() for path in sorted((Path(__file__).parent / "recordings").iterdir())}
BOXES = ("film.mp4", "film.3gp", "film.mov", "sound.m4a", "fragments.mp4")
AMR = b"#!AMR\n" + b"\x3c" + bytes(range(31)) * 3


def copy(content: bytes) -> bytes:
    with without_metadata(io.BytesIO(content)) as file:
        made = file.read()
        assert len(made) == file.size
        return made


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return (8 + len(content)).to_bytes(4) + kind + content


def data_of(content: bytes) -> list[bytes]:
    """Return what stands in the boxes of samples."""
    found = boxes.within(io.BytesIO(content), 0, len(content))
    return [content[each.content : each.end] for each in found if each.kind == b"mdat"]


def track(handler: bytes, chunks: list[tuple[int, bytes]]) -> bytes:
    """Return a track of one sample a chunk. chunks: offset and content of each."""
    words = [b"stsc", b"stco", b"stsz"]
    tables = (
        [1, 1, 1, 1],
        [len(chunks), *(at for at, _ in chunks)],
        [0, len(chunks), *(len(content) for _, content in chunks)],
    )
    table = [box(word, bytes(4), *(n.to_bytes(4) for n in each)) for word, each in zip(words, tables, strict=True)]
    name = box(b"hdlr", bytes(8), handler, bytes(12), SECRET)
    media = box(b"mdia", box(b"mdhd", bytes(24)), name, box(b"minf", box(b"stbl", *table)))
    return box(b"trak", box(b"tkhd", b"\x00\x00\x00\x07", b"\xe5" * 8, bytes(72)), media)


def a_film(*tracks: tuple[bytes, list[bytes]], extra: bytes = b"") -> bytes:
    """Return a film with tracks of these handlers and samples, one behind the other."""
    start = len(box(b"ftyp", b"mp42", bytes(4), b"isom")) + 8
    samples = [(handler, content) for handler, contents in tracks for content in contents]
    at, placed = start, list[tuple[bytes, int, bytes]]()
    for handler, content in samples:
        placed.append((handler, at, content))
        at += len(content)
    data = box(b"mdat", *(content for _, _, content in placed))
    head = box(b"mvhd", b"\x00\x00\x00\x00", b"\xe5" * 8, bytes(88))
    made = [
        track(handler, [(start, content) for each, start, content in placed if each == handler])
        for handler, _ in tracks
    ]
    return box(b"ftyp", b"mp42", bytes(4), b"isom") + data + box(b"moov", head, *made, extra)


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_words_place_and_date_go(name):
    content = RECORDINGS[name]
    assert SECRET in content

    made = copy(content)

    assert SECRET not in made
    assert PLACE not in made
    assert copy(made) == made


@pytest.mark.parametrize("name", BOXES)
def test_every_sample_of_a_film_stays_where_it_stood(name):
    content = RECORDINGS[name]

    made = copy(content)

    assert data_of(made) == data_of(content) != []
    assert len(made) == len(content)


def test_the_frames_of_a_sound_stay():
    mp3, wave = copy(RECORDINGS["sound.mp3"]), copy(RECORDINGS["sound.wav"])

    assert mp3 in RECORDINGS["sound.mp3"]
    assert mp3[:1] == b"\xff"
    at = RECORDINGS["sound.wav"].index(b"data")
    length = int.from_bytes(RECORDINGS["sound.wav"][at + 4 : at + 8], "little")
    assert RECORDINGS["sound.wav"][at : at + 8 + length] in wave
    assert int.from_bytes(wave[4:8], "little") == len(wave) - 8
    assert copy(AMR) == AMR


@pytest.mark.parametrize("name", ["sound.ogg", "sound.opus", "film.webm"])
def test_what_is_not_comment_stays_where_it_stood(name):
    content = RECORDINGS[name]

    made = copy(content)

    other = [at for at, (old, new) in enumerate(zip(content, made, strict=True)) if old != new]
    assert len(made) == len(content)
    assert max(other) - min(other) < len(content) / 2 or name == "film.webm"
    assert made[-300:] == content[-300:] or name == "film.webm"


@pytest.mark.parametrize("tag", [b"TAG" + SECRET.ljust(125), b"APETAGEX", b"LYRICSBEGIN" + SECRET + b"000037LYRICS200"])
def test_tags_behind_a_sound_go_too(tag):
    sound = b"\xff\xfb\x90\x64" + bytes(400)
    if tag == b"APETAGEX":
        item = b"APETAGEX" + b"\xd0\x07\x00\x00" + (32 + len(SECRET)).to_bytes(4, "little") + bytes(16)
        tag = SECRET + item

    assert copy(sound + tag) == sound


def test_the_track_in_which_a_camera_writes_down_where_it_is_goes_with_its_samples():
    seen, heard, told = [b"picture 1", b"picture 2"], [b"sound 1"], [SECRET, SECRET + b"2"]

    content = a_film((b"vide", seen), (b"mebx", told), (b"soun", heard))
    made = copy(content)

    [data] = data_of(made)
    assert SECRET in content
    assert SECRET not in made
    assert data == b"".join(seen) + bytes(sum(map(len, told))) + b"".join(heard)
    assert b"\xe5\xe5" not in made  # when it was taken


@pytest.mark.parametrize(
    "told",
    [
        box(b"udta", box(b"\xa9xyz", SECRET)),
        box(b"udta", box(b"loci", bytes(4), SECRET)),
        box(b"meta", bytes(4), SECRET),
        box(b"uuid", b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac", b"<x:xmpmeta>", SECRET),
        box(b"free", SECRET),
    ],
)
def test_a_place_goes_from_wherever_a_camera_writes_it(told):
    within, behind = a_film((b"vide", [b"picture"]), extra=told), a_film((b"vide", [b"picture"])) + told

    for content in (within, behind):
        made = copy(content)
        assert SECRET not in made
        assert data_of(made) == [b"picture"]


def test_a_film_that_breaks_off_is_not_copied_where_it_may_tell_a_place():
    content = a_film((b"vide", [b"picture"]), extra=box(b"udta", box(b"\xa9xyz", SECRET)))

    with pytest.raises(Unreadable):
        copy(content[:-5])


@pytest.mark.parametrize("depth", [20, 20_000])
def test_boxes_without_end_are_refused_at_once(depth):
    inner = b"loci"
    for _ in range(depth):
        inner = (8 + len(inner)).to_bytes(4) + b"moov" + inner

    with pytest.raises(Unreadable):
        copy(box(b"ftyp", b"mp42", bytes(4)) + inner)


@given(st.sampled_from(sorted(RECORDINGS)), st.data())
def test_a_damaged_recording_is_copied_or_refused_and_never_an_error(name, data):
    content = RECORDINGS[name]
    at = data.draw(st.integers(0, len(content) - 1))
    broken = content[:at] + data.draw(st.binary(max_size=8)) + content[at + data.draw(st.integers(0, 8)) :]

    try:
        made = copy(broken)
    except Unreadable:
        made = b""

    assert len(made) <= len(broken) + 200


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_samples_of_others_are_never_touched(seed, count):
    chance = random.Random(seed)
    contents = [chance.randbytes(chance.randint(1, 9)) for _ in range(count)]
    handlers = [chance.choice([b"vide", b"gpmd"]) for _ in contents]
    pairs = list(zip(handlers, contents, strict=True))
    tracks = [(each, [content for of, content in pairs if of == each]) for each in (b"vide", b"gpmd")]

    [data] = data_of(copy(a_film(*tracks)))

    kept, gone = (b"".join(contents) for _, contents in tracks)
    assert data == kept + bytes(len(gone))
