"""Takes a person out of the files themselves: names and numbers beside photos, films and sounds, and in texts.

A camera may write its owner into each photo (Exif, XMP), and ``audit.csv`` of a form holds what was typed and changed.
The points stay as they were, and where and when a photo was taken too, since others need them as evidence; of a text
only the cells go that tell of the person. What is within archives, documents and damaged files is not looked through.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO

from server.admin.store import file_traces
from server.admin.store.sent_traces import Placeholder
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.personal import Wanted
from server.pictures import media_types, words
from server.submissions.store.blobs import BlobStore

_CHUNK_BYTES = 256 * 1024
_TEXT_BYTES_MAX = 16_000_000
_CELL = re.compile(r"[^,;\t\r\n\"|]+")


def telling(
    reading: Reading, blobs: BlobStore, wanted: Sequence[Wanted], spared: Collection[str] = ()
) -> Mapping[str, str]:
    """Return hash and media type of the contents that tell of a person. It reads what stands beside every photo.

    spared: ids of submissions, rejected ones and records of a namesake, whose files stay.
    """
    kept = file_traces.named_by(reading, spared)
    found: dict[str, str] = {}
    for sha256, media_type in file_traces.contents(reading):
        if sha256 in kept:
            continue
        try:
            content = blobs.open(sha256)
        except NotFound:
            continue  # lost: ``firegrid check`` tells
        with content:
            if _cleaned(content, media_type, wanted) is not None:
                found[sha256] = media_type
    return found


def cleaned(blobs: BlobStore, found: Mapping[str, str], wanted: Sequence[Wanted]) -> dict[str, Placeholder]:
    """Keep the contents that ``telling`` found without what tells of the person; return what stands for each."""
    made: dict[str, Placeholder] = {}
    for sha256, media_type in found.items():
        with blobs.open(sha256) as content:
            copy = _cleaned(content, media_type, wanted)
            if copy is None:
                continue
            incoming = blobs.incoming()
            for chunk in iter(lambda copy=copy: copy.read(_CHUNK_BYTES), b""):  # type: ignore[misc]  # bound at once
                incoming.write(chunk)
            kept = blobs.keep(incoming)
            made[sha256] = Placeholder(kept.sha256, kept.size, media_type)
    return made


def _cleaned(content: BinaryIO, media_type: str, wanted: Sequence[Wanted]) -> BinaryIO | io.RawIOBase | None:
    """Return a content without what tells of a person, None where nothing in it does."""
    head = content.read(media_types.HEAD_BYTES)
    if media_types.of(head, media_type).startswith(("text/", "application/json", "application/xml")):
        text = _text_without(head + content.read(_TEXT_BYTES_MAX), wanted)
        return None if text is None else io.BytesIO(text + content.read())

    def spans(beside: bytes) -> Iterator[tuple[int, int]]:
        return (span for each in wanted for span in each.spans_in(beside))

    return words.without_words(content, spans)


def _text_without(content: bytes, wanted: Sequence[Wanted]) -> bytes | None:
    """Return a text with a mask in each cell that tells of a person; None where none does."""
    if not any(each.may_stand_in(content) for each in wanted):
        return None
    text = content.decode(errors="surrogateescape")

    def masked(cell: re.Match[str]) -> str:
        told = cell[0]
        for each in wanted:
            if each.stands_in(told):
                told = each.taken_out_of(told)
        return told

    new = _CELL.sub(masked, text)
    return None if new == text else new.encode(errors="surrogateescape")
