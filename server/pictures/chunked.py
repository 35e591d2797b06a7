"""PNG (ISO/IEC 15948) and WebP (RFC 9649) without the chunks in which place, time, device and words are written."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from server.pictures import exif
from server.pictures.pieces import Kept, Piece, Written, size_of

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
"""Chunks that say what the points are; all others speak of something else, or nobody knows of what."""

_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
"""Flags of VP8X: there is Exif data, there is XMP data."""

_CHUNKS_MAX = 100_000
_EXIF_BYTES_MAX = 1_000_000


def png_pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return what of a PNG is left: every point as it was coded, its colours, and how it is to be turned.

    What stands behind its end is left out. One that breaks off is taken as far as it goes. Raises ValueError.
    """
    found: list[Piece] = [Kept(0, 8)]
    at = 8
    for _ in range(_CHUNKS_MAX):
        head = _at(file, at, 8)
        if len(head) < 8:
            return found
        kind, length = head[4:8], int.from_bytes(head[:4])
        end = min(at + 12 + length, size)
        if kind in _PNG_KEPT:
            found.append(Kept(at, end - at))
        elif kind == b"eXIf":
            turned = exif.orientation_of(_at(file, at + 8, min(length, _EXIF_BYTES_MAX)))
            found += [] if turned == exif.UPRIGHT else [Written(_png_chunk(kind, exif.of_orientation(turned)))]
        if kind == b"IEND" or end == size:
            return found
        at = end
    raise ValueError("too many chunks")


def webp_pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the same of a WebP. Raises ValueError."""
    head = _at(file, 0, 12)
    size = min(size, 8 + int.from_bytes(head[4:8], "little"))
    found: list[Piece] = []
    turned, extended, at = exif.UPRIGHT, b"", 12
    for _ in range(_CHUNKS_MAX):
        chunk = _at(file, at, 8)
        if at >= size or len(chunk) < 8:
            return _riff(found, extended, turned)
        kind, length = chunk[:4], int.from_bytes(chunk[4:8], "little")
        end = min(at + 8 + length + length % 2, size)
        if kind == b"VP8X":
            extended = _at(file, at, 18)
        elif kind == b"EXIF":
            turned = exif.orientation_of(_at(file, at + 8, min(length, _EXIF_BYTES_MAX)))
        elif kind in _WEBP_KEPT:
            found.append(Kept(at, end - at))
        at = end
    raise ValueError("too many chunks")


def _riff(found: list[Piece], extended: bytes, turned: int) -> list[Piece]:
    """Return chunks as a whole file. extended: the chunk VP8X, empty for none, and then nothing is to be turned."""
    left = b""
    if extended:
        if len(extended) < 18:
            raise ValueError("a chunk goes beyond the file")
        flags = extended[8] & ~(_WEBP_EXIF | _WEBP_XMP)
        if turned != exif.UPRIGHT:
            flags |= _WEBP_EXIF
            content = exif.of_orientation(turned)
            left = b"EXIF" + len(content).to_bytes(4, "little") + content
        extended = extended[:8] + bytes([flags]) + extended[9:]
    whole: list[Piece] = [Written(extended), *found, Written(left)]
    length = 4 + sum(size_of(piece) for piece in whole)
    return [Written(b"RIFF" + length.to_bytes(4, "little") + b"WEBP"), *whole]


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def _at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
