"""A report as intake shows it, and beside it what may be the same: why, how far off, since when, and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from server import instants
from server.cases.domain.similarity import GEOMETRY, PLACE, is_same_place
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place
from server.grid.store import areas
from server.instants import Instant
from server.office import layout, pages
from server.office.cases import case_facts, case_rows
from server.office.cases.case_facts import Fact
from server.office.photos import thumbnail
from server.people.store import display_names
from server.records.domain import positions
from server.records.domain.positions import Position
from server.records.domain.records import Record
from server.records.domain.status import OPEN, STATUS_LABELS, Status
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.submissions.usecases.case_details import Photo, SimilarCase
from server.web import context

LOOKED_AT_MOST, SAME_PLACE_SHOWN = 500, 5
ENDED_WELL = (Status.CLOSED.value, Status.SPOT_CLOSED.value)


class ShownPhoto(NamedTuple):
    """A photo of a case. address, thumbnail: empty while its bytes are under way."""

    address: str
    thumbnail: str
    caption: str


class ShownReport(NamedTuple):
    """A report, or a case beside it, as its reader may see it. position: as text, empty for none."""

    id: str
    place: str
    hazard: str
    where: str
    author: str
    received: str
    status: str
    number: str
    position: str
    photo: ShownPhoto | None
    handler: str
    due: str


class Duplicate(NamedTuple):
    """A case that may be about the same hazard. metres: about how far off, None without both positions.

    errors: how wrong the positions may be, of this report and the other, None where a phone does not say. hours: how
    much earlier the other was reported, negative for later.
    """

    case: ShownReport
    is_same_place: bool
    metres: int | None
    errors: tuple[int | None, int | None]
    hours: int
    is_case: bool


def report(reading: Reading, record: Record, mask: RecordMask) -> ShownReport:
    """Return a report for the head of its page."""
    return _shown(reading, record, mask, case_details.first_photo(reading, record, mask))


def facts(reading: Reading, record: Record, mask: RecordMask) -> list[Fact]:
    """Return what there is to know of a report, beside what its head says."""
    return list(case_facts.told(reading, record, mask, {}))


def photos(reading: Reading, record: Record, mask: RecordMask) -> list[ShownPhoto]:
    """Return every photo that came with a report."""
    return [_photo(reading, record, each) for each in case_details.photos(reading, record, mask)]


def duplicates(reading: Reading, record: Record, mask: RecordMask) -> list[Duplicate]:
    """Return the open cases that may be about the same hazard as a report."""
    return [_duplicate(reading, record, each, mask) for each in case_details.similar(reading, record, context.caller())]


def same_place(reading: Reading, record: Record, mask: RecordMask) -> dict[str, Any] | None:
    """Return the other cases of a report's very place, the newest first; None for a report that names no place.

    Of its village the newest ``LOOKED_AT_MOST`` cases are looked at, open ones and those that ended well.
    """
    place = _seen(record, mask)["fields"].get(PLACE, "").strip()
    if not place:
        return None
    by = context.caller()
    village = Place("/".join(record.path.split("/")[:3]))
    wanted = Filters(place=village, statuses=(*(status.value for status in OPEN), *ENDED_WELL))
    rows = record_lists.page(reading, by.scope, wanted, before=None, limit=LOOKED_AT_MOST, columns=_COMPARED)
    same = [row for row in rows if row["id"] != record.id and is_same_place({PLACE: place}, _place_seen(row, mask))]
    shown = Filters(ids=frozenset(row["id"] for row in same[:SAME_PLACE_SHOWN]))
    first = record_lists.page(reading, by.scope, shown, before=None, limit=SAME_PLACE_SHOWN) if same else []
    return {
        "place": place,
        "open": sum(1 for row in same if row["status"] in OPEN),
        "ended": sum(1 for row in same if row["status"] not in OPEN),
        "cases": case_rows.shown(reading, list(map(mask.exported, first)), by, layout.language()),
    }


_COMPARED = "id, type, area, author, assignee, label, fields, status, born_seq"
"""Columns by which places are compared; what stands behind them in a row is not read for it."""


def _place_seen(row: Row, mask: RecordMask) -> dict[str, str]:
    return {PLACE: mask.text(row, mask.told_fields(row, (PLACE,)).get(PLACE, ""))}


def _seen(record: Record, mask: RecordMask) -> dict[str, Any]:
    return mask.record({"label": record.label, "fields": dict(record.fields)}, record)


def _shown(reading: Reading, record: Record, mask: RecordMask, photo: Photo | None) -> ShownReport:
    seen, status = _seen(record, mask), Status(record.status or "")
    place, hazard, _ = case_rows.told(reading, seen["label"], seen["fields"], layout.language())
    handlers = display_names.of_assignees(reading, [record.assignee] if record.assignee else [])
    return ShownReport(
        id=record.id,
        place=place,
        hazard=hazard,
        where=areas.full_names(reading, [record.area]).get(record.area, record.area),
        author=display_names.of_people(reading, [record.author])[record.author],
        received=pages.moment(record.created_at, reading.now),
        status=STATUS_LABELS[status],
        number=record.case_no or "",
        position=_position(seen["fields"]),
        photo=None if photo is None else _photo(reading, record, photo),
        handler=handlers.get(record.assignee or "", ""),
        due="" if record.due_at is None else pages.day(instants.last_day(record.due_at), reading.now),
    )


def _duplicate(reading: Reading, record: Record, found: SimilarCase, mask: RecordMask) -> Duplicate:
    here, there = (positions.read(_seen(each, mask)["fields"].get(GEOMETRY, "")) for each in (record, found.record))
    is_known = here is not None and there is not None and found.distance_m is not None
    return Duplicate(
        _shown(reading, found.record, mask, found.photo),
        found.is_same_place,
        _about(found.distance_m or 0) if is_known else None,
        (_error(here), _error(there)),
        _hours(found.record.created_at, record.created_at),
        found.record.status != Status.REPORTED,
    )


def _about(metres: float) -> int:
    """Return a distance as positions of phones allow to tell it: to five metres, from 20 on to ten."""
    step = 5 if metres < 20 else 10
    return max(step, round(metres / step) * step)


def _error(position: Position | None) -> int | None:
    return None if position is None or position.accuracy_m is None else round(position.accuracy_m)


def _hours(one: Instant, other: Instant) -> int:
    return int((instants.parse(other) - instants.parse(one)) / timedelta(hours=1))


def _position(fields: Mapping[str, str]) -> str:
    found = positions.read(fields.get(GEOMETRY, ""))
    return "" if found is None else f"{found.latitude:.5f}, {found.longitude:.5f}"


def _photo(reading: Reading, record: Record, photo: Photo) -> ShownPhoto:
    address = (
        f"/office/cases/{record.id}/photos/{photo.version}/{quote(photo.address, safe='')}" if photo.is_here else ""
    )
    author = display_names.of_people(reading, [record.author])[record.author]
    return ShownPhoto(address, thumbnail(address), f"{pages.moment(record.created_at, reading.now)} {author}")
