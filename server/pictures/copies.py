"""Copies of pictures without place, time, device and words: for exports, and for who is not shown a record whole.

Nothing is decoded, so every point stays as it was; what stays beside the points says how they are read as colours and
how the picture is to be turned. The original stays as it was sent.
"""

from __future__ import annotations

import os
import re
from typing import BinaryIO

from server.pictures import chunked, gif, heic, jpeg
from server.pictures.pieces import Kept, Piece, PiecedFile

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"})
_OTHER_PICTURES = (
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"\x00\x00\x00\x0cjP  ",
    b"\x00\x00\x00\x0cJXL ",
    b"8BPS",
)
"""How pictures of other formats begin (TIFF and raw files of cameras, JPEG 2000, JPEG XL, Photoshop)."""

_TELLING = re.compile(rb"Exif|II\*\x00|MM\x00\*|ns\.adobe\.com|xmpmeta|Photoshop 3\.0|GPS")
"""How what cameras write beside a picture begins (Exif, XMP, IPTC), wherever it stands."""

_TELLING_BYTES_MAX = 16
_CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 64


class Unreadable(ValueError):
    """A picture whose parts are not told apart, damaged or of another format: nobody knows what would leave with it."""


def without_metadata(original: BinaryIO) -> PiecedFile:
    """Return a file that may be read in place of ``original``, which it closes.

    original: open to be read from anywhere; what it is, its bytes say. What is no picture, such as a sound, and a
    damaged picture, or one of another format, in which nothing looks like Exif or XMP are left as they are. Raises
    Unreadable, and then the caller closes ``original``.
    """
    size = original.seek(0, os.SEEK_END)
    try:
        pieces = _pieces(original, size)
    except ValueError as error:
        if _tells(original):
            raise Unreadable(str(error)) from error
        pieces = [Kept(0, size)]
    return PiecedFile(original, pieces)


def _pieces(file: BinaryIO, size: int) -> list[Piece]:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if head.startswith(b"\xff\xd8"):
        return jpeg.pieces(file, size)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return chunked.png_pieces(file, size)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return chunked.webp_pieces(file, size)
    brands = {head[at : at + 4] for at in (8, *range(16, min(int.from_bytes(head[:4]), _HEAD_BYTES), 4))}
    if head[4:8] == b"ftyp" and brands & _HEIC_BRANDS:
        return heic.pieces(file, size)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return gif.pieces(file, size)
    if head.startswith(_OTHER_PICTURES):
        raise ValueError("a format whose parts are not known here")
    return [Kept(0, size)]


def _tells(file: BinaryIO) -> bool:
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK_BYTES):
        if _TELLING.search(before + chunk):
            return True
        before = chunk[-_TELLING_BYTES_MAX:]
    return False
