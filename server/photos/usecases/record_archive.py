"""Sends the photos of one record as an archive: each under a name of its own, without place, time and device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from server.audit.usecases.exports import Export
from server.db.transactions import Reading
from server.forms.domain import personal
from server.instants import Instant
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.submissions.store.blobs import BlobStore
from server.submissions.usecases import case_details
from server.submissions.usecases.archives import Archive, safe_name, same_name


class Named(NamedTuple):
    """A photo in the archive. sha256: of its bytes, None while they are under way."""

    name: str
    sha256: str | None


def named(reading: Reading, record: Record, mask: RecordMask) -> list[Named]:
    """Return the photos of a record that its reader may see, those under way too, oldest first.

    Each is named by the version with which it came and by its own name. Names tell apart what file systems do not,
    and stay the same as the history grows. mask: of the reader; what it leaves out of numbers is left out of names.
    """
    found: list[Named] = []
    taken = set[str]()
    for photo in case_details.shown_photos(reading, record, mask):
        own = personal.without_numbers(photo.shown) if mask.masks_phones else photo.shown
        name = unique = f"{photo.version:03d}_{safe_name(own)}"
        number = 2
        while same_name(unique) in taken:
            stem, dot, ending = name.rpartition(".")
            unique = f"{stem or ending}-{number}{dot if stem else ''}{ending if stem else ''}"
            number += 1
        taken.add(same_name(unique))
        found.append(Named(unique, photo.sha256 if photo.is_here else None))
    return found


def parts(export: Export, photos: Sequence[Named], blobs: BlobStore, at: Instant) -> Iterator[bytes]:
    """Yield the archive, a part of a photo at a time. at: what its files are dated."""
    archive = Archive(at)
    yield from archive.photos(export.counted(photos), blobs)
    yield archive.close()
