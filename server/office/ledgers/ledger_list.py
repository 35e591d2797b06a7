"""The list of a ledger (台账), made from the fields of its type: tabs of types, filters, columns, exports."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

import orjson
from flask import Response, request

from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid, NotFound
from server.forms.domain.outline import Wording
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.grid.domain.areas import short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.office import layout, pages, shown_fields
from server.office.layout import signed_in
from server.office.ledgers import filling, ledger_states
from server.office.ledgers.ledger_filters import FIELD, Asked, asked_of, filters_of
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.records.store import columns, type_lists
from server.records.usecases.disclosing import RecordMask
from server.web import context, record_exports
from server.web.record_exports import Wanted

blueprint = layout.create_blueprint("office-ledger", __name__)

ROWS = 50
COUNTED_MOST = 999
"""As far as a tab counts: beyond it a plus says that there are more."""

CODES_COUNTED = 6
"""Codes of one state that the foot of a list counts; a longer list of codes is no state to count."""


_NUMBERS = frozenset({"int", "decimal", "long"})


@blueprint.get("/office/ledgers")
@signed_in
def ledgers() -> Response:
    """Lead to the first ledger that is no list of cases."""
    with context.database().reading() as reading:
        first = next((each.name for each in _types(reading) if each.kind is not Kind.CASE), "")
        if first:
            return pages.see_other(f"/office/ledgers/{first}")
        return layout.show(reading, "ledgers/none.html", layout.LEDGERS.key, {})


@blueprint.get("/office/ledgers/<type>")
@signed_in
def ledger(type: str) -> Response:
    """Show the records of a ledger in the caller's scope. Raises NotFound for no ledger; cases have the board."""
    by = context.caller()
    with context.database().reading() as reading:
        declared = find_type(reading, type)
        if declared.kind is Kind.CASE:
            return pages.see_other(layout.BOARD.address)
        filters, mask = filters_of(reading, declared, request.args), RecordMask(reading, by)
        asked = asked_of(reading, declared, request.args, by, filters)
        whole: set[str] = set()
        rows, older = type_lists.page_of_newest(
            reading, by.scope, asked.filters(), seen(mask, whole), before=asked.before, limit=ROWS + 1
        )
        values = {
            "asked": asked,
            "tabs": _tabs(reading, by, declared),
            "filters": [each._replace(chosen=asked.codes.get(each.name, "")) for each in filters],
            **_table(reading, asked, rows[:ROWS], mask),
            "next": asked.address(cursor=str(rows[ROWS - 1]["born_seq"])) if len(rows) > ROWS else "",
            "older": asked.address(cursor=str(older)) if older is not None and len(rows) <= ROWS else "",
            "looked_at": type_lists.LOOKED_AT_MOST,
            "choices": area_choices(reading, by),
            "may_create": filling.may_create(by, declared) and ledger_forms.layout(reading, declared).creates,
            "may_export": bool(rights.scope_for(by, "export", "read").places),
            "form": ledger_forms.layout(reading, declared).sheet,
            "foot": _foot(reading, by.scope, asked) if older is None else None,
            "has_points": any(field.type == "geopoint" for field in declared.fields.values()),
        }
        shown = layout.show(reading, "ledgers/list.html", layout.LEDGERS.key, values)
    audit(type, rows[:ROWS], whole)
    return shown


@blueprint.get("/office/ledgers/<type>/export.<format>")
@signed_in
def export(type: str, format: str) -> Response:
    """Answer with a file of exactly this list, CSV or XLSX.

    Raises NotFound, NotAllowed (the right to export), Invalid for a filter that is not known.
    """
    by = context.caller()
    record_exports.scope_of(by)
    if format not in ("csv", "xlsx"):
        raise NotFound("没有这种文件；可以导出 CSV 或 XLSX。", format=format)
    with context.database().reading() as reading:
        declared = find_type(reading, type)
        asked = asked_of(reading, declared, request.args, by, filters_of(reading, declared, request.args))
    if asked.ignored:
        # A file without one of the filters would hold more than was asked for, and nobody would see it.
        raise Invalid(f"筛选条件“{asked.ignored[0]}”不认识，没有导出；请回到台账，改好筛选再导出。")
    filters, told = asked.filters(), {name: values for name, values in request.args.lists() if name != "cursor"}

    def page(reading: Reading, scope: Scope, before: int | None, limit: int) -> list[Row]:
        mask, read = RecordMask(reading, by), dict[str, Row]()

        def seen(row: Row) -> Row:
            read[row["id"]] = row
            return mask.exported(row)

        found = type_lists.page(reading, scope, filters, seen, before=before, limit=limit)
        return [read[row["id"]] for row in found]

    wanted = Wanted(type, told, page, declared.title, type)
    make = record_exports.as_csv if format == "csv" else record_exports.as_workbook
    return make(wanted, Wording(labels=True, headings=layout.form_language()))


def seen(mask: RecordMask, whole: set[str]) -> Callable[[Row], Row]:
    """Return what shows a row to its reader, and adds those to ``whole`` that show persons unmasked."""

    def shown(row: Row) -> Row:
        if mask.shows_persons(row):
            whole.add(row["id"])
        return mask.exported(row)

    return shown


def audit(type: str, rows: Iterable[Row], whole: Container[str]) -> None:
    """Note down which of the rows of a ledger that were shown told of persons."""
    listed = [row["id"] for row in rows if row["id"] in whole]
    if listed:
        context.audit_read("personal.read", "records", {"types": [type]}, listed)


def find_type(reading: Reading, name: str) -> RecordType:
    """Return a record type. Raises NotFound."""
    found = forms.catalogue(reading).types.get(name) if context.caller().current else None
    if found is None:
        raise NotFound("没有这个台账。", type=name)
    return found


def _types(reading: Reading) -> list[RecordType]:
    found = forms.catalogue(reading).types.values() if context.caller().current else ()
    return sorted(found, key=lambda each: (each.kind is Kind.CASE, each.kind is Kind.EVENT, each.title))


def _table(reading: Reading, asked: Asked, rows: list[Row], mask: RecordMask) -> dict[str, Any]:
    """Return the heads and rows of the list. rows: as the reader sees them."""
    type = asked.type
    titles, show = shown_fields.titles_of(reading, type), shown_fields.shows_of(reading, type, mask)
    names = areas.full_names(reading, {row["area"] for row in rows})
    numeric = {name for name in asked.columns if type.fields[name].type in _NUMBERS and show[name] is str}
    listed = []
    for row in rows:
        fields: dict[str, str] = orjson.loads(row["fields"])
        disputed = columns.conflicts(row["flags"])
        village, _, unit = names.get(row["area"], "").partition(" ")
        states = ledger_states.states_of(reading, type, fields, titles)
        cells = [
            {
                "title": titles[name],
                "value": show[name](fields[name]) if fields.get(name) else "—",
                "is_number": name in numeric,
                "is_disputed": name in disputed,
                "state": states.get(name),
            }
            for name in asked.columns
        ]
        listed.append(
            {
                "id": row["id"],
                "label": row["label"],
                "address": f"/office/ledgers/{type.name}/{row['id']}",
                "village": village,
                "unit": unit,
                "cells": cells,
                "disputed": len(disputed),
                "updated": pages.moment(row["updated_at"], reading.now),
            }
        )
    ordered = (each.name for each in ledger_forms.layout(reading, type).fields)
    offered = [(name, titles[name], name in asked.columns) for name in ordered if type.fields[name].type != "binary"]
    return {"heads": [(titles[name], name in numeric) for name in asked.columns], "rows": listed, "offered": offered}


def _tabs(reading: Reading, by: Actor, current: RecordType) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in _types(reading):
        number = type_lists.count(reading, by.scope, each.name, COUNTED_MOST + 1)
        found.append(
            {
                "title": each.title,
                "count": ledger_states.said(number, COUNTED_MOST),
                "address": layout.BOARD.address if each.kind is Kind.CASE else f"/office/ledgers/{each.name}",
                "is_current": each.name == current.name,
            }
        )
    return found


def _foot(reading: Reading, scope: Scope, asked: Asked) -> dict[str, Any] | None:
    """Return how many records the list has, and how many of each state; None where words are searched for.

    What was searched for is compared with what the reader is shown, which takes reading.
    """
    if asked.q:
        return None
    titles, most = shown_fields.titles_of(reading, asked.type), COUNTED_MOST
    states = {
        name: ledger_states.codes_of(reading, asked.type, name)
        for name in ledger_forms.state_fields(reading, asked.type)
    }
    pairs = [(name, code) for name, codes in states.items() if len(codes) <= CODES_COUNTED for code in codes]
    number, each = type_lists.count_codes(reading, scope, asked.filters(), pairs, most + 1)
    counted = [
        {
            "state": ledger_states.state(reading, asked.type, name, code, titles),
            "count": ledger_states.said(n, most),
            "address": asked.address(**{FIELD + name: code}),
        }
        for (name, code), n in zip(pairs, each, strict=True)
    ]
    return {"number": ledger_states.said(number, most), "states": counted if number <= most else []}


def area_choices(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    """Return the areas that a list may be narrowed to: those right below the caller's own."""
    scope, found = visibility.of(by), list[tuple[str, str]]()
    for place in scope.places:
        below = place.path.count("/") + 1
        inside = (each for each in areas.list_inside(reading, place, scope) if each.in_force(reading.now))
        found += [(each.code, short_name(each.name)) for each in inside if each.path.count("/") == below]
    return found if len(found) > 1 else []
