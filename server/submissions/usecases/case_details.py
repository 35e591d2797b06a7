"""What an officer sees beside a case: likely duplicates, and its photos, those still to come included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import orjson

from server import instants
from server.cases.domain import similarity
from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain import personal
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.grid.domain.areas import Place
from server.instants import Instant
from server.people.domain.actors import Actor
from server.records.domain import disclosure, positions
from server.records.domain.case_steps import CLOSED
from server.records.domain.positions import Position
from server.records.domain.records import Record
from server.records.store import records, revisions
from server.records.store.records import Brief
from server.records.usecases.disclosing import RecordMask
from server.submissions.store import sent_files, submissions, thumbnails


class Photo(NamedTuple):
    """A file that a revision names.

    version: of the record. field: whose value it is, empty where none is. submission: in which its bytes come, None for
    one that comes apart from its change. is_here: its bytes are in; else they are under way, 照片待补传. shown: its
    name as the reader sees it, numbers and private names masked. address: by what they ask for it. sha256: of its
    content, None where that has not come with its submission. is_damaged: it is known to be one that cannot be read, or
    not to its end, 照片损坏.
    """

    version: int
    field: str
    name: str
    submission: str | None
    is_here: bool
    shown: str
    address: str
    sha256: str | None = None
    is_damaged: bool = False


class PhotoFile(NamedTuple):
    """The file of a photo whose bytes are in. media_type: as the bytes say. declared_type: as its phone called it."""

    name: str
    sha256: str
    media_type: str
    declared_type: str = ""


class SimilarCase(NamedTuple):
    """An open case that may be about the same hazard as another: the same item, at one place or close by.

    is_same_place: both name one place. distance_m: between the two positions, None where either has none. photo: the
    first that shows the hazard, one whose bytes are here before all others.
    """

    record: Record
    is_same_place: bool
    position: Position | None
    distance_m: float | None
    photo: Photo | None


def similar(reading: Reading, record: Record, by: Actor) -> list[SimilarCase]:
    """Return open cases of the same village that may be about the same hazard, the oldest first, at most 20.

    Only such as ``by`` may see, reported within 30 days of ``record``.
    """
    near = _near(reading, by, record.type, record.path, record.created_at, record.created_at)
    alike = (each for each in near if each.id != record.id and similarity.are_alike(record.fields, _fields(each)))
    mask = RecordMask(reading, by)
    return [
        _similar(reading, record, records.get(reading, each.id, by.scope), mask) for each in islice(alike, _SIMILAR_MAX)
    ]


def at_same_place(reading: Reading, record: Record, by: Actor) -> list[Record]:
    """Return other cases at the place that ``record`` names: open ones, and those ended since 90 days before it.

    The newest first, at most 20, and only such as ``by`` may see. None for a record that names no place.
    """
    if not record.fields.get(similarity.PLACE, "").strip():
        return []
    since = instants.later(record.created_at, -RECURS_WITHIN)
    near = records.cases_in(reading, by.scope, record.type, Place(_village(record.path)), since)
    others = (each for each in near if each.id != record.id and similarity.is_same_place(record.fields, _fields(each)))
    return [records.get(reading, each.id, by.scope) for each in islice(others, _SIMILAR_MAX)]


def is_recurrence(record: Record, other: Record) -> bool:
    """Say whether ``record`` is the hazard of ``other`` come back: the same item, within 90 days of its closing."""
    if other.closed_at is None or other.status not in CLOSED:
        return False
    is_after = other.closed_at <= record.created_at <= instants.later(other.closed_at, RECURS_WITHIN)
    return is_after and record.fields.get(similarity.ITEM, "") == other.fields.get(similarity.ITEM)


def with_duplicates(reading: Reading, reports: Iterable[Row], by: Actor) -> set[str]:
    """Return the ids of those ``reports`` for which ``similar`` has something to show; a query for each village."""
    villages: dict[tuple[str, str], list[Row]] = {}
    for row in reports:
        villages.setdefault((row["type"], _village(row["path"])), []).append(row)
    return {id for (type, path), rows in villages.items() for id in _with_duplicates(reading, by, type, path, rows)}


def _with_duplicates(reading: Reading, by: Actor, type: str, path: str, rows: list[Row]) -> Iterator[str]:
    since, until = min(row["created_at"] for row in rows), max(row["created_at"] for row in rows)
    near = [(each, _fields(each)) for each in _near(reading, by, type, path, since, until)]
    for row in rows:
        fields = orjson.loads(row["fields"])
        around = _around(row["created_at"], row["created_at"])
        if any(
            each.id != row["id"] and around[0] <= each.created_at <= around[1] and similarity.are_alike(fields, found)
            for each, found in near
        ):
            yield row["id"]


def _near(reading: Reading, by: Actor, type: str, path: str, since: Instant, until: Instant) -> list[Brief]:
    return records.open_cases_near(reading, by.scope, type, Place(_village(path)), _around(since, until))


def _fields(case: Brief) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(case.fields)
    return found


def _around(since: Instant, until: Instant) -> tuple[Instant, Instant]:
    return instants.later(since, -similarity.WITHIN), instants.later(until, similarity.WITHIN)


def _village(path: str) -> str:
    return "/".join(path.split("/")[:3])


def _similar(reading: Reading, record: Record, other: Record, mask: RecordMask) -> SimilarCase:
    here, there = (positions.read(each.fields.get(similarity.GEOMETRY, "")) for each in (record, other))
    distance = None if here is None or there is None else positions.distance_m(here, there)
    is_same_place = similarity.is_same_place(record.fields, other.fields)
    return SimilarCase(other, is_same_place, there, distance, first_photo(reading, other, mask))


def first_photo(reading: Reading, record: Record, mask: RecordMask) -> Photo | None:
    """Return the first photo that shows a hazard, one whose bytes are here before all others; None without any."""
    found = photos(reading, record, mask)
    return next((each for each in found if each.is_here), found[0] if found else None)


_SIMILAR_MAX = 20
RECURS_WITHIN = timedelta(days=90)
"""A hazard that is found again at its place within this time of its closing has come back (反弹)."""


def photos(reading: Reading, record: Record, mask: RecordMask) -> list[Photo]:
    """Return every file that the record's history names or announces, oldest first. mask: of the reader."""
    found = list(_photos(reading, record, mask))
    damaged = thumbnails.damaged(reading, (each.sha256 for each in found if each.is_here))
    return [each._replace(is_damaged=each.is_here and each.sha256 in damaged) for each in found]


def file_of(reading: Reading, record: Record, version: int, name: str, mask: RecordMask) -> PhotoFile:
    """Return the file of a photo that the history of a record names, of the version with which it came.

    mask: of the reader, who has found the record inside their scope. Raises NotFound also while its bytes are under
    way, and for the answer to a personal question that is masked for this reader.
    """
    for each in shown_photos(reading, record, mask):
        if each.is_here and each.version == version and name in _addresses(each):
            return _file(reading, record, each)
    raise NotFound("这张照片还没有传到，或不能给您看；请过一会儿再看。", record=record.id, version=version, name=name)


def shown_photos(reading: Reading, record: Record, mask: RecordMask) -> list[Photo]:
    """Return ``photos`` without the answers to personal questions that are masked for this reader."""
    hidden = mask.type_of(record.type) if mask.hides(record) else None
    return [each for each in photos(reading, record, mask) if hidden is None or each.field not in hidden.personal]


def _addresses(photo: Photo) -> tuple[str, ...]:
    """Return by what a photo may be asked for: by its content too, whether its name is masked or not."""
    return photo.shown, photo.address, personal.file_address(photo.name, photo.sha256 or "")


def _file(reading: Reading, record: Record, photo: Photo) -> PhotoFile:
    if photo.submission is not None:
        files = submissions.attachments_of(reading, photo.submission)
        found = next(each for each in files if each.name == photo.name)
        return PhotoFile(photo.shown, found.sha256, found.media_type, found.declared_type)
    author = revisions.at_versions(reading, record.id, [photo.version])[photo.version].author
    key = photo.sha256 or "", author
    return PhotoFile(photo.shown, key[0], sent_files.sent(reading, [key])[key].media_type)


def photo_counts(reading: Reading, rows: Sequence[Row]) -> list[int]:
    """Return how many files the history of each record names or announces, those still to come included.

    rows: ``id``, ``type`` and ``version`` of records that the caller has found inside a scope. Remembered by version:
    counting reads the whole history, and an officer's list shows the same cases again and again.
    """
    known: dict[tuple[str, int], int] = reading.cached("photo counts", lambda _: {})
    wanted = map(itemgetter("id", "version"), rows)
    found = list(map(known.get, wanted))  # read once: another thread may clear it
    complete = [count for count in found if count is not None]
    if len(complete) == len(rows):
        return complete
    missing = {row["id"]: row["type"] for row, count in zip(rows, found, strict=True) if count is None}
    counted = _counted(reading, missing)
    if len(known) + len(missing) > _COUNTS_KEPT:
        known.clear()
    known.update({(row["id"], row["version"]): counted[row["id"]] for row in rows if row["id"] in counted})
    return [counted[row["id"]] if count is None else count for row, count in zip(rows, found, strict=True)]


_COUNTS_KEPT = 20_000
"""Of how many records a process knows the count; then it forgets all of them."""


def _counted(reading: Reading, types: Mapping[str, str]) -> dict[str, int]:
    known = forms.catalogue(reading).types
    binary = {type: _files_of(known[type]) for type in {*types.values()}}
    asking = {record for record, type in types.items() if binary[type]}
    found = dict.fromkeys(types, 0)
    for record, sent, announced in revisions.with_files(reading, asking):
        named = sum(1 for name in binary[types[record]] if sent.get(name))
        found[record] += max(named, announced)
    # Where no form asks for a file, there are those alone that come with changes made at a desk or by other clients.
    for record, announced in revisions.announced_files(reading, types.keys() - asking):
        found[record] += announced
    return found


def _photos(reading: Reading, record: Record, mask: RecordMask) -> Iterator[Photo]:
    type = forms.catalogue(reading).types[record.type]
    binary, history = _files_of(type), list(revisions.list_of(reading, record.id))
    naming = _Naming(type, mask.names_of(record, history), mask.hides(record))
    apart = [(file.sha256, each.author) for each in history for file in each.attachments]
    sent = sent_files.sent(reading, apart) if apart else {}
    for revision in history:
        named = {name: write.new for name, write in revision.received.items() if name in binary and write.new}
        if revision.submission is None:
            fields = {value: name for name, value in named.items()}
            for each in revision.attachments:
                field, is_here = fields.get(each.name, ""), (each.sha256, revision.author) in sent
                shown, address = naming.of(field, each.name, each.sha256)
                yield Photo(revision.version, field, each.name, None, is_here, shown, address, each.sha256)
            continue
        files = submissions.attachments_of(reading, revision.submission)
        here = {file.name: file.sha256 for file in reversed(files)}  # the first of a name is served
        for field, name in named.items():
            shown, address = naming.of(field, name, here.get(name, ""))
            is_here, sha256 = name in here, here.get(name)
            yield Photo(revision.version, field, name, revision.submission, is_here, shown, address, sha256)


class _Naming(NamedTuple):
    """What files of a record are called. names: values of persons with their masks. is_hidden: from the reader."""

    type: RecordType
    names: Mapping[str, str]
    is_hidden: bool

    def of(self, field: str, name: str, sha256: str) -> tuple[str, str]:
        """Return the name of a file as its reader sees it, and its address, which tells nobody of a person."""
        masked = disclosure.masked_text(disclosure.masked_value(self.type, field, name), self.names)
        address = name if masked == name else personal.file_address(name, sha256)
        return masked if self.is_hidden else name, address


def _files_of(type: RecordType) -> frozenset[str]:
    return frozenset(name for name, field in type.fields.items() if field.type == "binary")
