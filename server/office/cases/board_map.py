"""Where the cases of a list are, for the map beside it: a position, a state and a name of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response, request

from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import forms
from server.office import layout, pages
from server.office.cases import board, board_query, case_rows
from server.office.layout import signed_in
from server.records.domain import positions
from server.records.domain.status import Status
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = layout.create_blueprint("office-board-map", __name__)

POINTS_MOST = 1_000
"""How many cases of a list the map looks at, in the order of the list."""

STATES = {"over": "超期", "early": "待受理/派遣", "open": "在办", "check": "待核查"}
WORDS = {
    "placed": "有定位",
    "unplaced": "无定位",
    "close": "关闭",
    "none": "这些案件都没有定位。",
}


@blueprint.get("/office/board/points")
@signed_in
def points() -> Response:
    """Answer with the positions of the cases of a list."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        rows = board.page_of(reading, by, asked._replace(after=None), POINTS_MOST + 1)
        mask = RecordMask(reading, by)
        case_rows.note_shown(mask, rows[:POINTS_MOST])
        found = list(_points(reading, rows[:POINTS_MOST], mask))
    shown = {
        "items": found,
        "placed": len(found),
        "unplaced": len(rows[:POINTS_MOST]) - len(found),
        "more": len(rows) > POINTS_MOST,
        "words": {**_said(WORDS), "states": _said(STATES)},
    }
    return pages.guarded(Response(orjson.dumps(shown), content_type="application/json"))


def _points(reading: Reading, rows: list[Row], mask: RecordMask) -> Iterator[dict[str, Any]]:
    known = forms.catalogue(reading).types
    for row in map(mask.exported, rows):
        fields = orjson.loads(row["fields"])
        names = [each.name for each in known[row["type"]].fields.values() if each.type == "geopoint"]
        place = next((made for name in names if (made := positions.read(fields.get(name, ""))) is not None), None)
        if place is not None:
            label, *_ = case_rows.told(reading, row["label"], fields, layout.language())
            yield {"id": row["id"], "at": place[:2], "label": label, "state": _state(row, reading.now)}


def _state(row: Row, now: str) -> str:
    status = Status(row["status"])
    if case_rows.clock_of(status, row["due_at"], now).state == "over":
        return "over"
    if status in (Status.REPORTED, Status.REGISTERED):
        return "early"
    return "check" if status is Status.FEEDBACK else "open"


def _said(words: dict[str, str]) -> dict[str, str]:
    return {name: pages.say(layout.language(), word) for name, word in words.items()}
