"""Copies of pictures without place, time, device and words: for exports, and for who is not shown a record whole.

Nothing is decoded, so every point stays as it was; what stays beside the points says how they are read as colours and
how the picture is to be turned. The original stays as it was sent.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from server.pictures import chunked, heic, jpeg
from server.pictures.pieces import Kept, Piece, PiecedFile

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"})
_PICTURES = ("image/jpeg", "image/jpg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif")
_HEAD_BYTES = 64


class Unreadable(ValueError):
    """A picture whose parts cannot be told apart, so that nobody knows what would leave with it."""


def without_metadata(original: BinaryIO, media_type: str) -> PiecedFile:
    """Return a file that may be read in place of ``original``, which it closes.

    original: open to be read from anywhere. media_type: as who sent it called it; what it is, its bytes say, and what
    they are not and nobody called a picture (a sound, a film) is left as it is. Raises Unreadable, and then the caller
    closes ``original``.
    """
    size = original.seek(0, os.SEEK_END)
    original.seek(0)
    head = original.read(_HEAD_BYTES)
    try:
        return PiecedFile(original, _pieces(original, head, size, media_type))
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _pieces(file: BinaryIO, head: bytes, size: int, media_type: str) -> list[Piece]:
    if head.startswith(b"\xff\xd8"):
        return jpeg.pieces(file, size)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return chunked.png_pieces(file, size)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return chunked.webp_pieces(file, size)
    brands = {head[at : at + 4] for at in (8, *range(16, min(int.from_bytes(head[:4]), _HEAD_BYTES), 4))}
    if head[4:8] == b"ftyp" and brands & _HEIC_BRANDS:
        return heic.pieces(file, size)
    if media_type.split(";")[0].strip().lower() in _PICTURES:
        raise ValueError("no picture of a known format")
    return [Kept(0, size)]
