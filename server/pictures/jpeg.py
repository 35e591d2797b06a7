"""JPEG (ITU-T T.81) without what cameras write beside the picture: place, time, device, small pictures, films."""

from __future__ import annotations

import re
from typing import BinaryIO

from server.pictures import exif
from server.pictures.pieces import Kept, Piece, Written

_EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers that no length follows."""

_KEPT = {_APP0: b"JFIF\x00", _APP2: b"ICC_PROFILE\x00", _APP14: b"Adobe"}
"""Application data that says how the points are to be read as colours, by how it begins."""

_NEXT = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Ends the coded points: any marker but those that stand among them."""

_SOMETHING_ELSE = re.compile(rb"[^\xff]")
"""Ends the bytes that fill the room in front of a marker's code."""

_SEGMENTS_MAX = 100_000
_FIRST_LOOK_BYTES, _LOOK_BYTES_MAX = 64, 256 * 1024
"""How much is read for what may stand close by, and how much where it does not: hostile files have both, often."""


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return what of a JPEG is left: every point as it was coded, its colours, and how it is to be turned.

    What stands behind the picture's end is left out, too: second pictures with Exif of their own, and films. One that
    breaks off among its points is taken as far as it goes. Raises ValueError for what is no JPEG.
    """
    found: list[Piece] = [Kept(0, 2)]
    at, is_told = 2, False
    for _ in range(_SEGMENTS_MAX):
        at, marker = _marker(file, at)
        if marker == _EOI:
            return [*found, Kept(at, 2)]
        if marker in _ALONE:
            found.append(Kept(at, 2))
            at += 2
            continue
        end = at + 2 + _number(file, at + 2)
        if end < at + 4 or end > size:
            raise ValueError("a segment goes beyond the file")
        if marker == _APP1 and not is_told:
            turned = _turned(file, at, end)
            is_told = bool(turned)
            found += turned
        elif _stays(file, marker, at):
            found.append(Kept(at, end - at))
        at = end
        if marker == _SOS:
            end = _end_of_points(file, at)
            found.append(Kept(at, end - at))
            at = end
            if at == size:
                return found
    raise ValueError("too many segments")


def _marker(file: BinaryIO, at: int) -> tuple[int, int]:
    """Return where the next marker stands, behind its fill bytes, and which it is."""
    file.seek(at)
    if file.read(1) != b"\xff":
        raise ValueError("no marker where one has to be")
    at, code = _found(file, _SOMETHING_ELSE, at + 1, overlap=0)
    if code in (b"", b"\x00"):
        raise ValueError("no marker where one has to be")
    return at - 1, code[0]


def _stays(file: BinaryIO, marker: int, at: int) -> bool:
    if marker == _COMMENT:
        return False
    if _APP0 <= marker <= _APP15:
        begins = _KEPT.get(marker)
        file.seek(at + 4)
        return begins is not None and file.read(len(begins)) == begins
    return True


def _turned(file: BinaryIO, at: int, end: int) -> list[Piece]:
    """Return what is left of the Exif data of a segment: how the picture is to be turned, where it is not upright."""
    file.seek(at + 4)
    content = file.read(end - at - 4)
    turned = exif.orientation_of(content) if content.startswith(b"Exif\x00\x00") else exif.UPRIGHT
    if turned == exif.UPRIGHT:
        return []
    left = b"Exif\x00\x00" + exif.of_orientation(turned)
    return [Written(b"\xff\xe1" + (2 + len(left)).to_bytes(2) + left)]


def _end_of_points(file: BinaryIO, at: int) -> int:
    """Return where the coded points end that begin at ``at``: at the next marker, or with the file."""
    return _found(file, _NEXT, at, overlap=1)[0]  # a marker may stand across the end of what is read at once


def _found(file: BinaryIO, wanted: re.Pattern[bytes], at: int, *, overlap: int) -> tuple[int, bytes]:
    """Return where ``wanted`` stands first from ``at``, and what was found; the end of the file and nothing without it.

    overlap: how many bytes of a look are looked at once more with the next, for what stands across its end.
    """
    count = _FIRST_LOOK_BYTES
    while True:
        file.seek(at)
        chunk = file.read(count)
        found = wanted.search(chunk)
        if found is not None:
            return at + found.start(), found.group()
        if len(chunk) < count:
            return at + len(chunk), b""
        at += len(chunk) - overlap
        count = min(4 * count, _LOOK_BYTES_MAX)


def _number(file: BinaryIO, at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(2))
