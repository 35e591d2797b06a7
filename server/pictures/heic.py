"""HEIC and AVIF (ISO/IEC 23008-12) without what cameras write beside the picture.

Nothing moves, since items stand at offsets.
What is kept is named: the boxes that describe the picture, and of the data what its own items point at. All else is
overwritten with zeros: Exif, XMP, films, small pictures of other programs.
"""

from __future__ import annotations

import io
from typing import BinaryIO, NamedTuple

from server.pictures import boxes, exif
from server.pictures.boxes import Box
from server.pictures.pieces import Piece, merged

_HEAD_KEPT = {b"ftyp", b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"dinf", b"grpl"}
"""Boxes that describe the picture, at the top and in ``meta``."""

_DATA = {b"mdat", b"idat"}
"""Boxes of which that is kept which an item of the picture points at."""

_NOT_PICTURES = {b"Exif", b"mime", b"uri "}
_ITEMS_MAX, _META_BYTES_MAX = 20_000, 4_000_000
_IN_FILE, _IN_IDAT = 0, 1


class _Extent(NamedTuple):
    """A part of an item's data. start, end: in the file."""

    item: int
    start: int
    end: int


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return a HEIC of the same size, with nothing but its pictures. Raises ValueError where it is damaged."""
    top = list(boxes.within(file, 0, size))
    metas = [box for box in top if box.kind == b"meta"]
    if len(metas) != 1 or metas[0].end - metas[0].start > _META_BYTES_MAX:
        raise ValueError("no description of the items, or too long a one")
    [meta] = metas
    inner = list(boxes.within(file, meta.content + 4, meta.end))
    kinds = _kinds(file, inner)
    extents = _extents(file, inner)
    kept, written = [(meta.start, meta.content + 4)], _turned(file, kinds, extents)
    for box in (*(box for box in top if box != meta), *inner):
        if box.kind in _HEAD_KEPT:
            kept.append((box.start, box.end))
        elif box.kind in _DATA:
            kept.append((box.start, box.content))
        else:
            kept += [(box.start, box.start + 4), (box.start + 8, box.content)]
            written[box.start + 4] = b"free"
    kept += [(each.start, each.end) for each in extents if kinds.get(each.item) not in _NOT_PICTURES]
    return list(merged(kept, written, size))


def _turned(file: BinaryIO, kinds: dict[int, bytes], extents: list[_Extent]) -> dict[int, bytes]:
    """Return what stands in the place of Exif data, by its offset: how the picture is to be turned, if there is room.

    Readers go by the picture's own properties (irot, imir); some programs by this.
    """
    for each in extents:
        if kinds.get(each.item) == b"Exif" and each.end - each.start <= _META_BYTES_MAX:
            content = boxes.bytes_at(file, each.start, each.end - each.start)
            turned = exif.orientation_of(content[4 + int.from_bytes(content[:4]) :])
            left = bytes(4) + exif.of_orientation(turned)
            return {each.start: left} if len(left) <= len(content) else {}
    return {}


def _kinds(file: BinaryIO, inner: list[Box]) -> dict[int, bytes]:
    """Return the type of each item (``iinf``)."""
    box = boxes.only(inner, b"iinf")
    version = boxes.number(file, box.content, 1)
    first = box.content + 4 + (2 if version == 0 else 4)
    found: dict[int, bytes] = {}
    for entry in boxes.within(file, first, box.end):
        version = boxes.number(file, entry.content, 1)
        if entry.kind != b"infe" or version not in (2, 3):
            raise ValueError("an item whose type is not told")
        wide = 2 if version == 2 else 4
        found[boxes.number(file, entry.content + 4, wide)] = boxes.bytes_at(file, entry.content + 4 + wide + 2, 4)
    return found


def _extents(file: BinaryIO, inner: list[Box]) -> list[_Extent]:
    """Return where the data of each item stands (``iloc``)."""
    box, idat = boxes.only(inner, b"iloc"), next((box for box in inner if box.kind == b"idat"), None)
    reader = io.BytesIO(boxes.bytes_at(file, box.content, box.end - box.content))

    def read(length: int) -> int:
        content = reader.read(length)
        if len(content) < length:
            raise ValueError("a list of items that breaks off")
        return int.from_bytes(content)

    version = read(4) >> 24
    sizes, more = read(1), read(1)
    offset_size, length_size, base_size, index_size = sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0
    found: list[_Extent] = []
    for _ in range(read(2 if version < 2 else 4)):
        item = read(2 if version < 2 else 4)
        way = read(2) & 15 if version else _IN_FILE
        read(2)
        base = read(base_size)
        for _ in range(read(2)):
            read(index_size)
            start, length = base + read(offset_size), read(length_size)
            if way == _IN_IDAT and idat is not None:
                start += idat.content
            if length == 0 or way not in (_IN_FILE, _IN_IDAT) or len(found) >= _ITEMS_MAX:
                raise ValueError("an item whose data is not told")
            found.append(_Extent(item, start, start + length))
    return found
