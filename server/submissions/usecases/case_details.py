"""What an officer sees beside a case: likely duplicates, and its photos, those still to come included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from server import instants
from server.cases.domain import similarity
from server.db.transactions import Reading
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.grid.domain.areas import Place
from server.people.domain.actors import Actor
from server.records.domain.records import Record
from server.records.store import records, revisions
from server.submissions.store import submissions


class Photo(NamedTuple):
    """A file that a revision names.

    version: of the record. field: whose value it is, empty where none is. submission: in which its bytes come, None for
    one that a field client has announced. is_here: its bytes are in.
    """

    version: int
    field: str
    name: str
    submission: str | None
    is_here: bool


def similar(reading: Reading, record: Record, by: Actor) -> list[Record]:
    """Return open cases of the same village that may be about the same hazard, the oldest first, at most 20.

    Only such as ``by`` may see, reported within 30 days of ``record``.
    """
    village = Place("/".join(record.path.split("/")[:3]))
    around = (
        instants.later(record.created_at, -similarity.WITHIN),
        instants.later(record.created_at, similarity.WITHIN),
    )
    near = records.open_cases_near(reading, by.scope, record.type, village, around)
    alike = (each for each in near if each.id != record.id and similarity.are_alike(record.fields, each.fields))
    return [each for each, _ in zip(alike, range(_SIMILAR_MAX), strict=False)]


_SIMILAR_MAX = 20


def photos(reading: Reading, record: Record) -> list[Photo]:
    """Return every file that the record's history names or announces, oldest first."""
    return list(_photos(reading, record))


def photo_counts(reading: Reading, types: Mapping[str, str]) -> dict[str, int]:
    """Return how many files the history of each record names or announces, those still to come included.

    types: the record type by id, of records that the caller has found inside a scope.
    """
    known = forms.catalogue(reading).types
    binary = {
        type: {name for name, field in known[type].fields.items() if field.type == "binary"}
        for type in {*types.values()}
    }
    found = dict.fromkeys(types, 0)
    for record, sent, announced in revisions.with_files(reading, types):
        named = sum(1 for name in binary[types[record]] if sent.get(name))
        found[record] += max(named, announced)
    return found


def _photos(reading: Reading, record: Record) -> Iterator[Photo]:
    binary = _files_of(forms.catalogue(reading).types[record.type])
    for revision in revisions.list_of(reading, record.id):
        named = {name: write.new for name, write in revision.received.items() if name in binary and write.new}
        if revision.submission is None:
            fields = {value: name for name, value in named.items()}
            for each in revision.attachments:
                yield Photo(revision.version, fields.get(each.name, ""), each.name, None, False)
            continue
        here = {file.name for file in submissions.attachments_of(reading, revision.submission)}
        for field, name in named.items():
            yield Photo(revision.version, field, name, revision.submission, name in here)


def _files_of(type: RecordType) -> frozenset[str]:
    return frozenset(name for name, field in type.fields.items() if field.type == "binary")
