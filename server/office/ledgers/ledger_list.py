"""The list of a ledger (台账), made from the fields of its type: tabs of types, filters, columns, exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request

from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.outline import Wording
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.grid.domain.areas import short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.office import layout, pages, shown_fields
from server.office.layout import signed_in
from server.office.ledgers import filling
from server.office.ledgers.ledger_filters import Asked, asked_of, filters_of
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
        rows = type_lists.page(
            reading, by.scope, asked.filters(), _seen(mask, whole), before=asked.before, limit=ROWS + 1
        )
        values = {
            "asked": asked,
            "tabs": _tabs(reading, by, declared),
            "filters": [each._replace(chosen=asked.codes.get(each.name, "")) for each in filters],
            **_table(reading, asked, rows[:ROWS], mask),
            "next": asked.address(cursor=str(rows[ROWS - 1]["born_seq"])) if len(rows) > ROWS else "",
            "choices": _area_choices(reading, by),
            "may_create": filling.may_create(by, declared) and ledger_forms.layout(reading, declared).creates,
            "may_export": bool(rights.scope_for(by, "export", "read").places),
            "form": ledger_forms.layout(reading, declared).sheet,
        }
        shown = layout.show(reading, "ledgers/list.html", layout.LEDGERS.key, values)
    listed = [row["id"] for row in rows[:ROWS] if row["id"] in whole]
    if listed:
        context.audit_read("personal.read", "records", {"types": [type]}, listed)
    return shown


@blueprint.get("/office/ledgers/<type>/export.<format>")
@signed_in
def export(type: str, format: str) -> Response:
    """Answer with a file of exactly this list, CSV or XLSX. Raises NotFound, NotAllowed (the right to export)."""
    by = context.caller()
    record_exports.scope_of(by)
    if format not in ("csv", "xlsx"):
        raise NotFound("没有这种文件；可以导出 CSV 或 XLSX。", format=format)
    with context.database().reading() as reading:
        declared = find_type(reading, type)
        asked = asked_of(reading, declared, request.args, by, filters_of(reading, declared, request.args))
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


def find_type(reading: Reading, name: str) -> RecordType:
    """Return a record type. Raises NotFound."""
    found = forms.catalogue(reading).types.get(name) if context.caller().current else None
    if found is None:
        raise NotFound("没有这个台账。", type=name)
    return found


def _types(reading: Reading) -> list[RecordType]:
    found = forms.catalogue(reading).types.values() if context.caller().current else ()
    return sorted(found, key=lambda each: (each.kind is Kind.CASE, each.kind is Kind.EVENT, each.title))


def _seen(mask: RecordMask, whole: set[str]) -> Callable[[Row], Row]:
    def seen(row: Row) -> Row:
        if mask.shows_persons(row):
            whole.add(row["id"])
        return mask.exported(row)

    return seen


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
        cells = [
            (titles[name], show[name](fields[name]) if fields.get(name) else "—", name in numeric, name in disputed)
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
    listable = [name for name in ordered if type.fields[name].type != "binary"]
    return {
        "heads": [(titles[name], name in numeric) for name in asked.columns],
        "rows": listed,
        "offered": [(name, titles[name], name in asked.columns) for name in listable],
    }


def _tabs(reading: Reading, by: Actor, current: RecordType) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in _types(reading):
        number = type_lists.count(reading, by.scope, each.name, COUNTED_MOST + 1)
        found.append(
            {
                "title": each.title,
                "count": f"{min(number, COUNTED_MOST)}{'+' if number > COUNTED_MOST else ''}",
                "address": layout.BOARD.address if each.kind is Kind.CASE else f"/office/ledgers/{each.name}",
                "is_current": each.name == current.name,
            }
        )
    return found


def _area_choices(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    """Return the areas that a list may be narrowed to: those right below the caller's own."""
    scope, found = visibility.of(by), list[tuple[str, str]]()
    for place in scope.places:
        below = place.path.count("/") + 1
        inside = (each for each in areas.list_inside(reading, place, scope) if each.in_force(reading.now))
        found += [(each.code, short_name(each.name)) for each in inside if each.path.count("/") == below]
    return found if len(found) > 1 else []
