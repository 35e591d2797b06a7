"""Imports of lists on pages, of premises (场所) and of last year's open hazards (上年结转), and taking them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response

from server.db.transactions import Reading
from server.office.admin import file_import, inputs, tabs
from server.office.admin.file_import import FAULTS_SHOWN, Table
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.staffing.domain import carried_rows, premises_rows
from server.staffing.usecases import carried_import, list_imports, premises_import
from server.staffing.usecases.list_imports import ListImport
from server.web import context


class ListPages(NamedTuple):
    """The pages of a kind of list.

    key: of its tab, of its template and of its address under administration. file: what its files are called, without
    an extension. titles: what its columns are called. empty: the file to fill in.
    """

    key: str
    file: str
    titles: Mapping[str, str]
    empty: Callable[[Reading, Actor], bytes]
    list_import: ListImport[Any]


def pages_of(shown: ListPages) -> Blueprint:
    """Return the pages on which such a list is imported, and taken back."""
    table = _table(shown)
    blueprint = file_import.pages_of(table)

    def undo(token: str) -> Response:
        """Take an import back, and show what became of it."""
        tabs.require(shown.key)
        by = context.caller()

        def act() -> str:
            context.write(lambda tx: shown.list_import.undo(tx, token, by=by))
            return f"{table.address}/{token}"

        return inputs.carry_out("undo", act, lambda sent, status: file_import.shown(table, token, sent, status))

    blueprint.add_url_rule(f"{table.address}/<token>/undo", "undo", signed_in(undo), methods=["POST"])
    return blueprint


def _table(shown: ListPages) -> Table:
    of = shown.list_import
    return Table(
        name=f"office-admin-{shown.key}",
        tab=shown.key,
        address=f"/office/admin/{shown.key}",
        page=f"admin/{shown.key}.html",
        file=shown.file,
        bytes_max=list_imports.FILE_BYTES_MAX + 100_000,
        require_right=of.require_right,
        empty=shown.empty,
        keep=lambda content, name, by: context.write(lambda tx: of.keep(tx, content, name, by=by)),
        told=lambda reading, token, by: _told(shown, reading, token, by),
        carry_out=lambda tx, token, by: of.carry_out(tx, token, by=by),
        marked=lambda reading, token, by: of.marked(reading, token, by=by),
    )


def _told(shown: ListPages, reading: Reading, token: str, by: Actor) -> dict[str, Any]:
    of = shown.list_import
    found = of.get(reading, token, by=by)
    faults, counts = of.shown_faults(found), of.counts(found)
    return {
        "token": found.token,
        "file_name": found.file_name,
        "sheet": found.sheet,
        "notes": found.notes,
        "total": len(found.rows),
        "counts": counts,
        "good": counts["new"],
        "bad": counts["faulty"],
        "places": len(faults),
        "faults": [file_import.told_fault(each, shown.titles) for each in faults[:FAULTS_SHOWN]],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "is_done": found.done is not None,
        "is_undone": found.done is not None and found.done["undone"] is not None,
        "refused": [] if found.done is None else found.done["refused"],
    }


blueprints = tuple(
    pages_of(each)
    for each in (
        ListPages("premises", "场所名单", premises_rows.TITLES, premises_import.template, premises_import.IMPORT),
        ListPages("carried", "上年结转", carried_rows.TITLES, carried_import.template, carried_import.IMPORT),
    )
)
"""The pages of each kind of list."""
