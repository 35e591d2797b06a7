"""Where the records of a ledger are, for the map beside its list: a position, a state and a name of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import RecordType
from server.office import layout, pages, shown_fields
from server.office.layout import signed_in
from server.office.ledgers import ledger_list, ledger_states
from server.office.ledgers.ledger_filters import asked_of, filters_of
from server.records.domain import positions
from server.records.domain.positions import Position
from server.records.store import records, type_lists
from server.records.usecases.disclosing import RecordMask
from server.web import context

blueprint = layout.create_blueprint("office-ledger-map", __name__)

POINTS_MOST = 1_000
"""How many records of a list the map looks at, in the order of the list."""

WORDS = {"placed": "有定位", "unplaced": "无定位", "close": "关闭", "none": "这些记录都没有定位。"}
SHAPES = {"good": "check", "fair": "early", "bad": "over", "neutral": "open"}
"""By which of the map's shapes a tone is shown, so that no colour speaks alone."""


@blueprint.get("/office/ledgers/<type>/points")
@signed_in
def points(type: str) -> Response:
    """Answer with the positions of the records of a list."""
    by = context.caller()
    with context.database().reading() as reading:
        declared = ledger_list.find_type(reading, type)
        asked = asked_of(reading, declared, request.args, by, filters_of(reading, declared, request.args))
        mask, whole = RecordMask(reading, by), set[str]()
        rows, older = type_lists.page_of_newest(
            reading, by.scope, asked.filters(), ledger_list.seen(mask, whole), before=None, limit=POINTS_MOST + 1
        )
        found = list(_points(reading, declared, rows[:POINTS_MOST]))
        states = _words(reading, declared)
    ledger_list.audit(type, rows[:POINTS_MOST], whole)
    return _answer(
        found, len(rows[:POINTS_MOST]) - len(found), states, more=len(rows) > POINTS_MOST or older is not None
    )


@blueprint.get("/office/ledgers/<type>/<uuid:record_id>/point")
@signed_in
def point(type: str, record_id: UUID) -> Response:
    """Answer with the position of one record, in the shape of ``points``. Raises NotFound."""
    by = context.caller()
    with context.database().reading() as reading:
        declared, record = ledger_list.find_type(reading, type), records.get(reading, str(record_id), by.scope)
        if record.type != type:
            raise NotFound("没有这条记录，或它不在您的管辖范围内。", record=str(record_id))
        mask = RecordMask(reading, by)
        seen = mask.record({"fields": dict(record.fields)}, record)["fields"]
        row = {"id": record.id, "label": mask.label(record), "fields": orjson.dumps(seen)}
        found = list(_points(reading, declared, [row]))
        is_whole = mask.shows_persons_of(record)
        states = _words(reading, declared)
    ledger_list.audit(type, [row], {record.id} if is_whole else ())
    return _answer(found, 1 - len(found), states, more=False)


def position_of(type: RecordType, fields: Mapping[str, str]) -> Position | None:
    """Return the first position that a record tells, None for none."""
    names = [each.name for each in type.fields.values() if each.type == "geopoint"]
    return next((made for name in names if (made := positions.read(fields.get(name, ""))) is not None), None)


def _answer(found: list[dict[str, Any]], unplaced: int, states: dict[str, str], *, more: bool) -> Response:
    words = {**{name: _said(word) for name, word in WORDS.items()}, "states": states}
    shown = {"items": found, "placed": len(found), "unplaced": unplaced, "more": more, "words": words}
    return pages.guarded(Response(orjson.dumps(shown), content_type="application/json"))


def _points(reading: Reading, type: RecordType, rows: list[Row]) -> Iterator[dict[str, Any]]:
    shape_of = _shapes(reading, type)
    for row in rows:
        fields = orjson.loads(row["fields"])
        place = position_of(type, fields)
        if place is not None:
            address = f"/office/ledgers/{type.name}/{row['id']}"
            item = {"id": row["id"], "at": place[:2], "label": row["label"], "state": shape_of(fields)}
            yield {**item, "address": address}


def _shapes(reading: Reading, type: RecordType) -> Callable[[dict[str, str]], str]:
    """Return what says by which shape a record is shown: that of its first state."""
    name, tones = ledger_states.first_of(reading, type)
    return lambda fields: SHAPES.get(tones.get(fields.get(name, ""), ""), SHAPES["neutral"])


def _words(reading: Reading, type: RecordType) -> dict[str, str]:
    """Return what each shape means: the codes of its tone, in the reader's language."""
    name, tones = ledger_states.first_of(reading, type)
    titles = shown_fields.titles_of(reading, type)
    found: dict[str, str] = {}
    for code, tone in tones.items():
        word = ledger_states.state(reading, type, name, code, titles).word
        shape = SHAPES.get(tone, SHAPES["neutral"])
        found[shape] = f"{found[shape]}/{word}" if shape in found else word
    return found


def _said(word: str) -> str:
    return pages.say(layout.language(), word)
