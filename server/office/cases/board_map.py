"""Where the cases of a list are, for the map beside it: a position, a state and a name of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
from flask import Response, request

from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import forms
from server.grid.domain.areas import Area, Level, code_of, path_of, short_name
from server.grid.domain.borders import Rings
from server.grid.store import areas, borders
from server.office import layout, pages
from server.office.cases import board, board_query, case_rows
from server.office.cases.board_query import Asked
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.domain import positions
from server.records.domain.status import ENDED, Status
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = layout.create_blueprint("office-board-map", __name__)

POINTS_MOST, BORDERS_MOST, VILLAGES_MOST = 1_000, 60, 100
"""How many cases of a list the map looks at, in the order of the list; of how many villages it draws the border, and
of how many it tells a number where no position is known."""

STATES = {"over": "超期", "early": "待受理/派遣", "open": "在办", "check": "待核查", "ended": "已结束"}
WORDS = {
    "placed": "有定位",
    "unplaced": "无定位",
    "close": "关闭",
    "none": "这些案件都没有定位。可以在案件里“在地图上点一个”。",
}
PICKING = {
    "close": "关闭",
    "hint": "点一下地图，就是这里",
    "away": "还没有网格边界；拖动和放大地图，再点。",
}
_VILLAGE_STEPS = 3
"""Steps in the path of a village: county, town, village."""


@blueprint.get("/office/board/points")
@signed_in
def points() -> Response:
    """Answer with the positions of the cases of a list, and the villages that they lie in."""
    by = context.caller()
    with context.database().reading() as reading:
        asked = board_query.read(reading, request.args, by)
        rows = board.page_of(reading, by, asked._replace(after=None), POINTS_MOST + 1)
        mask, looked_at = RecordMask(reading, by), rows[:POINTS_MOST]
        case_rows.note_shown(mask, looked_at)
        found = list(_points(reading, looked_at, mask))
        counts = Counter(village for row in looked_at if (village := _village(path_of(row["area"]))))
        shown = {
            "items": found,
            "placed": len(found),
            "unplaced": len(looked_at) - len(found),
            "more": len(rows) > POINTS_MOST,
            "only": {
                "placed": asked.address(placed="1", unplaced="", map="1"),
                "unplaced": asked.address(placed="", unplaced="1", map="1"),
            },
            "areas": _bordered(reading, by, counts),
            "villages": [] if found else _villages(reading, asked, counts),
            "words": {**_said(WORDS), "states": _said(STATES)},
        }
    return pages.guarded(Response(orjson.dumps(shown), content_type="application/json"))


@blueprint.get("/office/borders")
@signed_in
def borders_of_caller() -> Response:
    """Answer with where the villages of the caller end, for a map on which a position is picked."""
    by = context.caller()
    with context.database().reading() as reading:
        shown = {
            "areas": [_drawn(area, rings) for area, rings in _villages_with_border(reading, by)],
            "words": _said(PICKING),
        }
    return pages.guarded(Response(orjson.dumps(shown), content_type="application/json"))


def _village(path: str) -> str:
    """Return the path of the village that holds an area, empty for what lies above villages."""
    steps = path.split("/")
    return "/".join(steps[:_VILLAGE_STEPS]) if len(steps) >= _VILLAGE_STEPS else ""


def _bordered(reading: Reading, by: Actor, counts: Counter[str]) -> list[dict[str, Any]]:
    """Return the borders of the villages with most cases of a list, as far as they are known."""
    found = [each for each in _villages_with_border(reading, by) if each[0].path in counts]
    found.sort(key=lambda each: -counts[each[0].path])
    return [_drawn(area, rings) for area, rings in found[:BORDERS_MOST]]


def _villages_with_border(reading: Reading, by: Actor) -> list[tuple[Area, Rings]]:
    """Return the villages that somebody sees and their borders; a worker of one unit sees the village around it."""
    scope = visibility.of(by)
    around = {_village(path) for path in (*(place.path for place in scope.places), *scope.exact_paths)} - {""}
    found = borders.of_areas(reading, replace(scope, exact_paths=tuple(sorted(around))))
    return [each for each in found if each[0].level is Level.VILLAGE]


def _drawn(area: Area, rings: Rings) -> dict[str, Any]:
    """Return an area for a map, its points as ``[latitude, longitude]``."""
    turned = [[[(latitude, longitude) for longitude, latitude in ring] for ring in polygon] for polygon in rings]
    return {"name": short_name(area.name), "rings": turned}


def _villages(reading: Reading, asked: Asked, counts: Counter[str]) -> list[dict[str, Any]]:
    """Return how many cases of a list each village has, those with most first, with the address of these."""
    codes = {code_of(path): n for path, n in counts.most_common(VILLAGES_MOST)}
    names = areas.full_names(reading, codes)
    return [
        {"name": names[code], "count": n, "address": asked.address(area=code, map="1")}
        for code, n in codes.items()
        if code in names
    ]


def _points(reading: Reading, rows: list[Row], mask: RecordMask) -> Iterator[dict[str, Any]]:
    known, language = forms.catalogue(reading).types, layout.language()
    holding = {
        type: [each.name for each in known[type].fields.values() if each.type == "geopoint"]
        for type in {row["type"] for row in rows}
    }
    for row in map(mask.exported, rows):
        fields = orjson.loads(row["fields"])
        held = (positions.read(fields.get(name, "")) for name in holding[row["type"]])
        place = next((made for made in held if made is not None), None)
        if place is not None:
            label, *_ = case_rows.told(reading, row["label"], fields, language)
            yield {"id": row["id"], "at": place[:2], "label": label, "state": _state(row, reading.now)}


def _state(row: Row, now: str) -> str:
    status = Status(row["status"])
    if status in ENDED:
        return "ended"
    if case_rows.clock_of(status, row["due_at"], now).state == "over":
        return "over"
    if status in (Status.REPORTED, Status.REGISTERED):
        return "early"
    return "check" if status is Status.FEEDBACK else "open"


def _said(words: dict[str, str]) -> dict[str, str]:
    return {name: pages.say(layout.language(), word) for name, word in words.items()}
