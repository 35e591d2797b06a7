"""Copies of pictures, films and sounds without place, time, device and words.

They are for exports, and for who is not shown a record whole.
Nothing is decoded, so every point and every sample stays as it was; what stays beside them says how they are shown and
heard: colours, how the picture is to be turned. The original stays as it was sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

from server.pictures import chunked, films, gif, heic, jpeg, matroska, media_types, ogg, sounds, tiff
from server.pictures.pieces import Kept, Piece, PiecedFile

_TELLING = (
    *(b"Exif", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"ns.adobe.com", b"xmpmeta", b"Photoshop 3.0", b"GPS"),
    *(
        b"\xa9xyz",
        b"loci",
        b"ISO6709",
        b"ocation",
        b"OCATION",
        b"atitude",
        b"ATITUDE",
        b"mebx",
        b"gpmd",
        b"camm",
        b"IDIT",
    ),
    *(b"\xa9nam", b"\xa9ART", b"\xa9mak", b"\xa9mod", b"\xa9day", b"\xa9cmt"),
)
"""How what cameras write beside a picture or film begins (Exif, XMP, IPTC, places), wherever it stands."""

_TELLING_BYTES_MAX = 16
_CHUNK_BYTES = 256 * 1024


class Unreadable(ValueError):
    """A file whose parts are not told apart, damaged or of another format: nobody knows what would leave with it."""


def without_metadata(original: BinaryIO) -> PiecedFile:
    """Return a file that may be read in place of ``original``, which it closes.

    original: open to be read from anywhere; what it is, its bytes say. What is none of these, such as a table, and what
    is damaged or of another format, where nothing in it looks as if it told something, are left as they are. Raises
    Unreadable, and then the caller closes ``original``.
    """
    size = original.seek(0, os.SEEK_END)
    try:
        pieces = pieces_of(original, size)
    except ValueError as error:
        if _tells(original):
            raise Unreadable(str(error)) from error
        pieces = [Kept(0, size)]
    return PiecedFile(original, pieces)


def pieces_of(file: BinaryIO, size: int) -> list[Piece]:
    """Return what a copy without metadata is made of; all of it for what has none. Raises ValueError."""
    file.seek(0)
    kind = media_types.of(file.read(media_types.HEAD_BYTES), "")
    if kind in _PIECES:
        return _PIECES[kind](file, size)
    if kind.startswith(("image/", "video/")):
        raise ValueError("a format whose parts are not known here")
    return [Kept(0, size)]  # AMR has no room for anything else (RFC 4867, 5)


_PIECES: Mapping[str, Callable[[BinaryIO, int], list[Piece]]] = {
    "image/jpeg": jpeg.pieces,
    "image/png": chunked.png_pieces,
    "image/webp": chunked.webp_pieces,
    "image/heic": heic.pieces,
    "image/avif": heic.pieces,
    "image/gif": gif.pieces,
    "image/tiff": tiff.pieces,
    "video/mp4": films.pieces,
    "video/3gpp": films.pieces,
    "video/quicktime": films.pieces,
    "audio/mp4": films.pieces,
    "video/webm": matroska.pieces,
    "video/x-matroska": matroska.pieces,
    "audio/ogg": ogg.pieces,
    "audio/mpeg": sounds.mpeg_pieces,
    "audio/aac": sounds.mpeg_pieces,
    "audio/flac": sounds.flac_pieces,
    "audio/wav": sounds.wave_pieces,
}


def _tells(file: BinaryIO) -> bool:
    file.seek(0)
    before = b""
    while chunk := file.read(_CHUNK_BYTES):
        looked_at = before + chunk
        if any(each in looked_at for each in _TELLING):
            return True
        before = chunk[-_TELLING_BYTES_MAX:]
    return False
