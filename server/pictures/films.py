"""Films and sounds in ISO media files (MP4, 3GP, M4A, MOV: ISO/IEC 14496-12) without place, time, device and words.

Nothing is coded anew and nothing moves, since samples stand at offsets. What is kept is named: the boxes by which a
film is played, its pictures and its sounds. All else is overwritten with zeros: ``udta`` (``©xyz``, ``loci``),
``meta``, ``uuid`` (XMP), and tracks in which cameras write down where they are, with what these point at.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from server.pictures import boxes
from server.pictures.boxes import Box
from server.pictures.pieces import Piece, merged

_KEPT = frozenset(b"ftyp styp pdin sidx ssix moof mfra mvex iods edts tref tapt minf elng".split())
"""Boxes that say how a film is played, whole."""

_OPENED = frozenset({b"moov", b"trak", b"mdia"})
"""Boxes that are looked into."""

_DATED = frozenset({b"mvhd", b"tkhd", b"mdhd"})
"""Boxes that begin with the instants at which a film was taken and changed."""

_PLAYED = frozenset(b"vide soun auxv hint text sbtl subt clcp".split())
"""Tracks that are seen, heard or read; others (``meta``, ``mebx``, ``gpmd``, ``camm``, ``tmcd``) tell of the camera."""

_TABLE_BYTES_MAX = 32_000_000
_CHUNKS_MAX = 2_000_000
_DEPTH_MAX, _BOXES_MAX = 8, 100_000
"""How deep boxes lie within each other, and how many are looked at: a hostile film has them without end."""

Span = tuple[int, int]


class _Copy:
    """What is kept of a film, gathered box by box. dropped: where the samples stand of tracks that go."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.kept: list[Span] = []
        self.written: dict[int, bytes] = {}
        self.data: list[Span] = []
        self.dropped: list[Span] = []
        self._looks = 0

    def take(self, box: Box, depth: int = 0) -> None:
        """Keep of a box what is played. depth: in how many it lies. Raises ValueError for one that cannot be read."""
        self._looks += 1
        if depth > _DEPTH_MAX or self._looks > _BOXES_MAX:
            raise ValueError("too many boxes")
        if box.kind == b"mdat":
            self.data.append((box.start, box.end))
        elif box.kind in _KEPT:
            self.kept.append((box.start, box.end))
        elif box.kind in _DATED:
            self._undated(box)
        elif box.kind == b"hdlr":
            self.kept.append((box.start, min(box.content + 24, box.end)))  # the rest is a name that the camera gave
        elif box.kind == b"trak" and _handler(self._file, box) not in _PLAYED:
            self.dropped += _samples(self._file, box)
            self._blank(box)
        elif box.kind in _OPENED:
            self.kept.append((box.start, box.content))
            for each in boxes.within(self._file, box.content, box.end):
                self.take(each, depth + 1)
        else:
            self._blank(box)

    def _blank(self, box: Box) -> None:
        self.kept += [(box.start, box.start + 4), (box.start + 8, box.content)]
        self.written[box.start + 4] = b"free"

    def _undated(self, box: Box) -> None:
        wide = 8 if boxes.number(self._file, box.content, 1) else 4
        self.kept += [(box.start, box.content + 4), (box.content + 4 + 2 * wide, box.end)]


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a film or sound of the same size, with nothing but what is seen and heard. Raises ValueError."""
    top = list(boxes.within(file, 0, size))
    kinds = {box.kind for box in top}
    if b"moov" not in kinds or any(box.kind == b"cmov" for box in _inside(file, top, b"moov")):
        raise ValueError("no description of the tracks, or one that is compressed")
    copy = _Copy(file)
    for box in top:
        copy.take(box)
    if copy.dropped and b"moof" in kinds:
        raise ValueError("a track that goes, in fragments")
    return list(merged([*copy.kept, *_without(copy.data, copy.dropped)], copy.written, size))


def _without(data: list[Span], dropped: list[Span]) -> Iterator[Span]:
    """Yield what is left of spans without others."""
    holes = deque(sorted(dropped))
    for start, end in sorted(data):
        while holes and holes[0][0] < end:
            hole_start, hole_end = holes[0]
            if hole_start > start:
                yield start, hole_start
            start = max(start, min(hole_end, end))
            if hole_end > end:
                break  # it reaches into the next
            holes.popleft()
        if start < end:
            yield start, end


def _handler(file: BinaryIO, track: Box) -> bytes:
    """Return what a track is for (``hdlr`` in ``mdia``)."""
    return boxes.bytes_at(file, boxes.only(_path(file, track, b"mdia"), b"hdlr").content + 8, 4)


def _samples(file: BinaryIO, track: Box) -> list[Span]:
    """Return where the samples of a track stand: each chunk from its offset on (``stco``), as long as its samples."""
    table = _path(file, track, b"mdia", b"minf", b"stbl")
    kinds = {box.kind for box in table}
    wide = 8 if b"co64" in kinds else 4
    offsets = _numbers(file, boxes.only(table, b"co64" if wide == 8 else b"stco"), 4, wide)
    runs = _numbers(file, boxes.only(table, b"stsc"), 4, 4)
    stated = boxes.only(table, b"stsz")
    each = boxes.number(file, stated.content + 4, 4)
    sizes = _numbers(file, stated, 8, 4) if each == 0 else array("Q")
    firsts = [*runs[::3], len(offsets) + 1]
    found, sample = list[Span](), 0
    for run, count in enumerate(runs[1::3]):
        for chunk in range(firsts[run], min(firsts[run + 1], len(offsets) + 1)):
            length = each * count if each else sum(sizes[sample : sample + count])
            sample += count
            found.append((offsets[chunk - 1], offsets[chunk - 1] + length))
    return found


def _numbers(file: BinaryIO, box: Box, ahead: int, wide: int) -> array[int]:
    """Return the numbers of a table. ahead: bytes between version and count. wide: bytes of each."""
    ahead = box.content + ahead
    count = boxes.number(file, ahead, 4) * (3 if box.kind == b"stsc" else 1)
    if box.end - box.start > _TABLE_BYTES_MAX or count > _CHUNKS_MAX or ahead + 4 + count * wide > box.end:
        raise ValueError("a table that breaks off, or too long a one")
    content = boxes.bytes_at(file, ahead + 4, count * wide)
    return array("Q", (int.from_bytes(content[at : at + wide]) for at in range(0, len(content), wide)))


def _path(file: BinaryIO, box: Box, *kinds: bytes) -> list[Box]:
    """Return what is in a box that lies within another. Raises ValueError where there is none, or two."""
    found = list(boxes.within(file, box.content, box.end))
    for kind in kinds:
        inner = boxes.only(found, kind)
        found = list(boxes.within(file, inner.content, inner.end))
    return found


def _inside(file: BinaryIO, top: list[Box], kind: bytes) -> Iterator[Box]:
    return (each for box in top if box.kind == kind for each in boxes.within(file, box.content, box.end))
