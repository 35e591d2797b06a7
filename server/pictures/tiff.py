"""TIFF 6.0 without the fields in which place, time, device and words are written; nothing moves.

What is kept is named: the fields that say how the points are read, and the points that they point at. All else is
overwritten with zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple

from server.pictures.boxes import bytes_at
from server.pictures.pieces import Piece, merged

_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _WITHIN = 273, 279, 324, 325, 330
_KEPT = frozenset(
    {254, 255, *range(256, 267), _STRIPS, 274, 277, 278, _STRIP_BYTES, *range(280, 285), *range(290, 294), 296, 297}
    | {301, *range(317, 326), _WITHIN, 332, 334, *range(338, 342), 347, *range(529, 533), 34675}
)
"""Tags of TIFF 6.0 and its supplements that say how points and colours are read, how a picture is to be turned too."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_PICTURES_MAX, _FIELDS_MAX, _VALUE_BYTES_MAX = 500, 500, 32_000_000
"""Pictures of a file, fields of one of them, and what stands in the fields by which points are found, of the file."""


class _Field(NamedTuple):
    """An entry of a directory. raw: its twelve bytes. start, end: of its values. size: of one of them, in bytes."""

    tag: int
    raw: bytes
    start: int
    end: int
    size: int


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a TIFF of the same size, with nothing but its pictures. Raises ValueError where it is damaged, or big."""
    order: Literal["little", "big"] = "little" if bytes_at(file, 0, 2) == b"II" else "big"
    if int.from_bytes(bytes_at(file, 2, 2), order) != 42:
        raise ValueError("a BigTIFF, whose parts are not known here")

    def number(at: int, length: int) -> int:
        return int.from_bytes(bytes_at(file, at, length), order)

    kept, written, seen = [(0, 8)], dict[int, bytes](), set[int]()
    waiting, left = [number(4, 4)], _VALUE_BYTES_MAX
    while waiting:
        at = waiting.pop()
        if at == 0 or at in seen:
            continue
        seen.add(at)
        if len(seen) > _PICTURES_MAX:
            raise ValueError("too many pictures")
        fields = list(_fields(file, at, order))
        after = at + 2 + 12 * number(at, 2)
        if after + 4 > size:
            raise ValueError("a directory goes beyond the file")
        entries = b"".join(each.raw for each in fields)
        written[at] = len(fields).to_bytes(2, order) + entries + bytes_at(file, after, 4)
        kept += [(each.start, each.end) for each in fields if each.end - each.start > 4]
        pointing = [each for each in fields if each.tag in _POINTING]
        left -= sum(each.end - each.start for each in pointing)
        if left < 0:
            raise ValueError("too many parts")
        values = {each.tag: list(_values(file, each, order)) for each in pointing}
        for starts, lengths in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
            found = zip(values.get(starts, ()), values.get(lengths, ()), strict=True)
            kept += [(start, start + length) for start, length in found if length]
        waiting += [number(after, 4), *values.get(_WITHIN, ())]
    return list(merged(kept, written, size))


_POINTING = frozenset({_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _WITHIN})


def _fields(file: BinaryIO, at: int, order: Literal["little", "big"]) -> Iterator[_Field]:
    """Yield those fields of a directory that are kept."""
    count = int.from_bytes(bytes_at(file, at, 2), order)
    if count > _FIELDS_MAX:
        raise ValueError("too many fields")
    for entry in range(count):
        start = at + 2 + 12 * entry
        raw = bytes_at(file, start, 12)
        tag, kind = int.from_bytes(raw[:2], order), int.from_bytes(raw[2:4], order)
        if tag not in _KEPT:
            continue
        size = _SIZES.get(kind, 0)
        length = size * int.from_bytes(raw[4:8], order)
        if length == 0:
            raise ValueError("a field that cannot be read")
        start = start + 8 if length <= 4 else int.from_bytes(raw[8:], order)
        yield _Field(tag, raw, start, start + length, size)


def _values(file: BinaryIO, field: _Field, order: Literal["little", "big"]) -> Iterator[int]:
    length = field.end - field.start
    content = bytes_at(file, field.start, length)
    if len(content) < length:
        raise ValueError("a field goes beyond the file")
    return (int.from_bytes(content[at : at + field.size], order) for at in range(0, len(content), field.size))
