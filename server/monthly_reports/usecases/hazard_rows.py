"""Draw up a list of hazards, the one due first before all others, page by page at constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import orjson

from server import instants
from server.cases.domain import case_labels
from server.cases.usecases import parties
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.domain import personal
from server.forms.store import codes
from server.grid.domain.areas import Place, code_of, path_of, short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.monthly_reports.domain.hazard_lists import HazardList
from server.records.domain.status import STATUS_LABELS, WITH_HANDLER, Status
from server.records.store import case_json, columns, record_lists
from server.records.store.record_lists import DuePosition, Filters
from server.records.usecases.disclosing import RecordMask
from server.summaries.store import ledger
from server.summaries.usecases import handlers
from sync.flags import LABELS

PAGE_ROWS = 1_000
ITEMS = "hazard_items"


Cells = tuple[str, ...]
"""Of a row, in the order of ``hazard_lists.HEADINGS``."""


def pages(
    reading: Reading, scope: Scope, wanted: HazardList, mask: RecordMask | None, place: Place | None = None
) -> Iterator[list[Cells]]:
    """Yield the rows of a list; no cell names a person.

    scope: of whom the list is for. mask: shows them what is written; None, on the command line, masks numbers alone.
    place: whose part of the list, None for all of ``scope``.
    """
    after = None
    while True:
        found = page(reading, scope, wanted, mask, place, after=after, limit=PAGE_ROWS)
        if found:
            yield [cells for _, cells in found]
        if len(found) < PAGE_ROWS:
            return
        after = found[-1][0]


def page(
    reading: Reading,
    scope: Scope,
    wanted: HazardList,
    mask: RecordMask | None,
    place: Place | None = None,
    *,
    after: DuePosition | None,
    limit: int,
) -> list[tuple[DuePosition, Cells]]:
    """Return up to ``limit`` rows of a list as ``pages`` does, each with where it stands in the order of limits.

    after: where the last row of the page before stood, None for the first page.
    """
    overdue = True if wanted.overdue else None
    filters = Filters(statuses=wanted.statuses, flag=wanted.flag or None, overdue=overdue, place=place)
    found = record_lists.page_by_due(reading, scope, filters, after=after, limit=limit)
    called = _parties(reading, found, _acting if wanted.overdue else _handling)
    rows = _rows(reading, found if mask is None else [mask.exported(row) for row in found], called, mask)
    return list(zip(map(record_lists.due_position, found), rows, strict=True))


def _handling(row: Row) -> str:
    return row["assignee"] or ""


def _acting(row: Row) -> str:
    """Return who has to act on the clock of a case: its handler, else an officer who gave it out or took it in."""
    if row["status"] in WITH_HANDLER:
        return row["assignee"] or ""
    case = case_json.from_text(row["case_state"])
    return f"user:{case.dispatchers[-1]}" if case is not None and case.dispatchers else ""


def _parties(reading: Reading, found: Sequence[Row], who: Callable[[Row], str]) -> dict[str, str]:
    """Return what to call who answers for each case, by its id.

    who: tells their mark. Where an officer who has left would have to act, the village has to.
    """
    marks = {row["id"]: who(row) for row in found}
    called = parties.parties(reading, {(marks[row["id"]], row["area"]) for row in found if marks[row["id"]]})
    said = {row["id"]: called.get((marks[row["id"]], row["area"]), "") for row in found}
    if who is _acting:
        left = [row for row in found if row["status"] not in WITH_HANDLER and _is_nobody(said[row["id"]])]
        villages = {row["id"]: _towns_and_villages(row["area"])[1] or row["area"] for row in left}
        names = areas.names(reading, set(villages.values()))
        said |= {id: short_name(names.get(village, village)) for id, village in villages.items()}
    return said


def _is_nobody(party: str) -> bool:
    return not party or party.startswith(parties.PERSON)


def _rows(reading: Reading, found: Sequence[Row], called: Mapping[str, str], mask: RecordMask | None) -> list[Cells]:
    work = ledger.work_instructions(reading, (row["id"] for row in found))
    above = {row["area"]: _towns_and_villages(row["area"]) for row in found}
    names = areas.names(reading, {code for pair in above.values() for code in pair if code})
    return [
        tuple(
            personal.without_numbers(cell) if mask is None else mask.text(row, cell)
            for cell in _cells(
                reading,
                row,
                tuple(names.get(code, "") for code in above[row["area"]]),
                called[row["id"]],
                work.get(row["id"], {}),
            )
        )
        for row in found
    ]


def _cells(reading: Reading, row: Row, place: tuple[str, ...], party: str, inputs: dict[str, str]) -> Cells:
    fields: dict[str, str] = orjson.loads(row["fields"])
    item = codes.current(reading, ITEMS, fields.get("item", "")) if fields.get("item") else None
    due_at = row["due_at"]
    is_over = bool(due_at) and due_at <= reading.now
    return (
        row["case_no"] or "",
        *place,
        fields.get("place", ""),
        fields.get("item", "") or row["label"] if item is None else item.label,
        case_labels.severity(fields, columns.flags(row["flags"])),
        party,
        case_labels.measure(row["status"] or "", inputs),
        inputs.get("fund", ""),
        instants.last_day(due_at) if due_at else "",
        inputs.get("contingency", ""),
        STATUS_LABELS[Status(row["status"])],
        "、".join(LABELS[flag] for flag in columns.flags(row["flags"]) if flag.startswith("supervised")),
        case_labels.CLOCKS.get(Status(row["status"]), "") if is_over else "",
        str(handlers.days_over(due_at, reading.now)) if is_over else "",
    )


def _towns_and_villages(code: str) -> tuple[str, str]:
    steps = path_of(code).split("/")
    town, village = (code_of("/".join(steps[:depth])) if len(steps) >= depth else "" for depth in (2, 3))
    return town, village
