"""Says what a file is, by how it begins: neither its name nor what its sender calls it makes a web page a picture.

Signatures: JPEG (ITU-T T.81), PNG (ISO/IEC 15948), GIF, WebP (RFC 9649), TIFF 6.0, HEIF and AVIF (ISO/IEC 23008-12),
ISO media files (ISO/IEC 14496-12, 3GPP TS 26.244), AMR (RFC 4867), MPEG audio, Ogg (RFC 3533), WAVE, FLAC, Matroska.
"""

from __future__ import annotations

import re

HEAD_BYTES = 1_024
"""How much of a file is looked at."""

UNKNOWN = "application/octet-stream"

DRAWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/avif", "image/tiff"})
"""Pictures of which a thumbnail is drawn."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR\n", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
"""Brands of HEIF pictures that phones take (ISO/IEC 23008-12, annex B)."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A "})
_SOUND_OF = {"video/mp4": "audio/mp4", "video/3gpp": "audio/3gpp", "video/webm": "audio/webm"}
_FILM_OF = {"audio/ogg": "video/ogg"}
"""Containers that hold either: which it is stands far behind in the file, so there the sender's word counts."""

_MPEG_AUDIO = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd][\x00-\xef]")
_AAC = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKUP = re.compile(rb"<[A-Za-z!?/]")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|title|meta|img|div|table|style|\?php)[\s>/]",
    re.IGNORECASE,
)
_TEXTS = frozenset({"text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/geo+json"})
_WITHIN = {
    "application/zip": ("application/vnd.openxmlformats-", "application/vnd.oasis.", "application/epub+zip"),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-"),
}
"""Documents of offices within such files; what is in them nobody looks at, and no browser shows them."""


def kind_of(media_type: str) -> str:
    """Return a media type without its parameters, in lower case."""
    return media_type.split(";")[0].strip().lower()


def of(head: bytes, declared: str) -> str:
    """Return the media type of a file.

    head: its first ``HEAD_BYTES``, or all of it. declared: as its sender calls it; it counts where the bytes leave a
    choice (a sound or a film in one container, a table or a text). What nobody knows is ``UNKNOWN``.
    """
    declared = kind_of(declared)
    found = _by_signature(head)
    if found is None:
        return _of_text(head, declared) if head and not _CONTROL.search(head) else UNKNOWN
    if declared.startswith("audio/"):
        return _SOUND_OF.get(found, found)
    if declared.startswith("video/"):
        return _FILM_OF.get(found, found)
    return declared if declared.startswith(_WITHIN.get(found, ())) else found


def is_picture(media_type: str, declared: str) -> bool:
    """Say whether a file counts as a picture: one that can be drawn, or one that was sent as such and is broken.

    media_type: as ``of`` returns it. Pictures of other formats (SVG, JPEG XL) are files to be saved.
    """
    kind = kind_of(media_type)
    return kind in DRAWN or (kind_of(declared).startswith("image/") and not kind.startswith("image/"))


def _by_signature(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head[:64]:
        return "video/webm"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"pnot") and head[:2] == b"\x00\x00":
        return "video/quicktime"
    if _AAC.match(head):
        return "audio/aac"
    if _MPEG_AUDIO.match(head):
        return "audio/mpeg"
    return next((kind for begins, kind in _BEGINNINGS if head.startswith(begins)), None)


def _of_brands(head: bytes) -> str:
    brands = brands_of(head)
    if brands & HEIC_BRANDS:
        return "image/heic"
    if brands & _AVIF_BRANDS:
        return "image/avif"
    major = head[8:12]
    if major in (b"mif1", b"msf1"):
        return "image/heic"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    if major == b"qt  ":
        return "video/quicktime"
    return "video/3gpp" if major.startswith((b"3gp", b"3g2")) else "video/mp4"


def brands_of(head: bytes) -> set[bytes]:
    """Return the brands of an ISO media file: what it is written as, and what else it can be read as."""
    return {head[at : at + 4] for at in (8, *range(16, min(int.from_bytes(head[:4]), len(head)), 4))}


def _of_text(head: bytes, declared: str) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MARKUP.match(text):
        if b"<svg" in text.lower():
            return "image/svg+xml"
        return "text/html" if _HTML.search(text) else "application/xml"
    return declared if declared in _TEXTS else "text/plain"
