"""Turns rows of cases into what lists show of them: place, hazard, area, stage, who has it, its clock by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from server import instants
from server.cases.domain import case_labels
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.domain.areas import short_name
from server.grid.store import areas
from server.instants import Instant
from server.office import pages
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.records.domain.status import ENDED, STATUS_LABELS, Stage, Status
from server.records.store import columns
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.web import context
from sync.flags import LABELS

STAGES = tuple(Stage)
ITEMS, CATEGORIES = "hazard_items", "hazard_categories"


class Clock(NamedTuple):
    """How a case stands to its limit. state: over, soon, later or none.

    day: the last day ``YYYY-MM-DD``; shown: as pages write it. said: the words.
    """

    state: str
    day: str
    shown: str
    name: str
    said: str
    days: int


class ShownCase(NamedTuple):
    """A case as a row of a list shows it. stage: how many of the five bars are full. pills: marks beside its number.

    reply: last day for the answer to the hotline, of an open case. is_unanswered: it has passed.
    """

    id: str
    label: str
    hazard: str
    category: str
    number: str
    village: str
    unit: str
    stage: int
    status: str
    handler: str
    clock: Clock
    days_over: int
    pills: tuple[str, ...]
    is_disputed: bool
    reported: str
    address: str
    photos: int
    reply: str
    is_unanswered: bool


def shown(reading: Reading, rows: Sequence[Row], by: Actor, language: str) -> list[ShownCase]:
    """Return rows of ``record_lists`` as lists show them to ``by``, in their order; codes in ``language``."""
    mask = RecordMask(reading, by)
    note_shown(mask, rows)
    names = _names_of_areas(reading, {row["area"] for row in rows})
    handlers = display_names.of_assignees(reading, {row["assignee"] for row in rows if row["assignee"]})
    counts = case_details.photo_counts(reading, rows)
    return [
        _shown(reading, mask.exported(row), names, handlers, language, photos)
        for row, photos in zip(rows, counts, strict=True)
    ]


def note_shown(mask: RecordMask, rows: Iterable[Row]) -> None:
    """Let the audit tell that the caller is shown personal data of these cases whole."""
    whole = {row["id"]: row["type"] for row in rows if mask.shows_persons(row)}
    if whole:
        context.audit_read("personal.read", "records", {"types": sorted({*whole.values()})}, whole)


def clock_of(status: Status, due_at: Instant | None, now: Instant) -> Clock:
    """Return how an open case stands to its limit now; an ended one has none."""
    if due_at is None or status in ENDED:
        return Clock("none", "", "", "", "", 0)
    day, name = instants.last_day(due_at), case_labels.CLOCKS[status]
    left, shown = pages.days_until(now, day), pages.day(day, now)
    if due_at <= now:
        return Clock("over", day, shown, name, "超期", -left)
    return Clock("soon" if left <= 1 else "later", day, shown, name, "还剩", left)


def _shown(
    reading: Reading, row: Row, names: dict[str, str], handlers: dict[str, str], language: str, photos: int
) -> ShownCase:
    fields, status = orjson.loads(row["fields"]), Status(row["status"])
    place, hazard, category = told(reading, row["label"], fields, language)
    clock = clock_of(status, row["due_at"], reading.now)
    reply_by = (row["reply_by"] or "") if status not in ENDED else ""
    village, _, unit = names.get(row["area"], "").partition(" ")
    return ShownCase(
        id=row["id"],
        label=place,
        hazard=hazard,
        category=category,
        number=row["case_no"] or "",
        village=village,
        unit=unit,
        stage=STAGES.index(Stage(row["stage"])) + 1,
        status=STATUS_LABELS[status],
        handler=handlers.get(row["assignee"], "") if row["assignee"] else "",
        clock=clock,
        days_over=clock.days if clock.state == "over" else 0,
        pills=tuple(LABELS[flag] for flag in columns.flags(row["flags"]) if flag in LABELS),
        is_disputed=bool(columns.conflicts(row["flags"])),
        reported=pages.moment(row["created_at"], reading.now),
        address=f"/office/cases/{row['id']}",
        photos=photos,
        reply=pages.day(reply_by, reading.now) if reply_by else "",
        is_unanswered=bool(reply_by) and reply_by < instants.local_day(reading.now),
    )


def told(reading: Reading, label: str, fields: Mapping[str, str], language: str) -> tuple[str, str, str]:
    """Return place, hazard and category in words; of a case that says no place, the whole label is its place."""
    item = codes.current(reading, ITEMS, fields.get("item", ""))
    category = codes.current(reading, CATEGORIES, fields.get("category", ""))
    place, _, rest = label.partition("｜")
    hazard = rest or fields.get("item", "")
    if item is not None and (not rest or rest == item.label):  # a label that says the item says it in Chinese
        hazard = pages.code_label(item, language)
    return place, "" if hazard == place else hazard, "" if category is None else pages.code_label(category, language)


def _names_of_areas(reading: Reading, wanted: Iterable[str]) -> dict[str, str]:
    """Return 荆山口村 第1单元 by the code of an area; of a town or county, its own name."""
    return {code: _without_town(code, name) for code, name in areas.full_names(reading, wanted).items()}


def _without_town(code: str, name: str) -> str:
    steps = name.split(" ")
    return " ".join(steps[1:]) if len(steps) > 1 else short_name(name)
