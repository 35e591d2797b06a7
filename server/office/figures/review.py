"""The review list (线索清单) on a page and as a file: what is worth a look in a place and some days, no verdict."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server import table_files
from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain.scope import Scope
from server.office import layout, pages
from server.office.figures import asked as addresses
from server.office.figures.asked import Asked
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.records.usecases.disclosing import RecordMask
from server.summaries.domain.review_signs import NO_VERDICT, NO_VERDICT_EN
from server.summaries.usecases import requests, review_list, spreadsheets
from server.summaries.usecases.review_list import Line
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-figures-review", __name__)

PAGE = addresses.REVIEW
ROWS = 50
OF_PAGE = ("period", "from", "to", "area", "cursor")
"""What the address of the page may say: things are seen as they are now."""


@blueprint.get(PAGE)
@signed_in
def review() -> Response:
    """Show what is worth a look; where too much would have to be looked at, that is said on the page."""
    by = context.caller()
    scope = requests.reading_scope(by)
    with context.database().reading() as reading:
        asked = _asked(reading, by, scope)
        fault, found = "", []
        try:
            found = review_list.find(reading, asked.request.query(reading.now))
        except Invalid as refusal:
            fault = refusal.message
        start = _start()
        mask = RecordMask(reading, by)
        label = mask.row_label if mask.masks_phones or mask.disclosure.sight.hidden else None
        is_english = layout.language() == pages.ENGLISH
        may_export = rights.scope_for(by, "export", "read", requests.READ) != Scope()
        values = {
            "asked": asked,
            "fault": fault,
            "said": NO_VERDICT_EN if is_english else NO_VERDICT,
            "period": asked.request.period,
            "choices": [
                (word, asked.address(PAGE, period=each, **{"from": "", "to": ""}), word == asked.word)
                for each, word in addresses.PERIODS.items()
            ],
            "number": len(found),
            "rows": [_row(each, is_english) for each in review_list.lines(reading, found[start : start + ROWS], label)],
            "next": asked.address(PAGE, cursor=str(start + ROWS)) if len(found) > start + ROWS else "",
            "file": asked.address(f"{PAGE}.csv") if may_export and found else "",
            "back": asked.address(),
        }
        return layout.show(reading, "figures/review.html", layout.FIGURES.key, values)


@blueprint.get(f"{PAGE}.csv")
@signed_in
def review_csv() -> Response:
    """Send the whole list as a file. Raises NotAllowed (the right to export), Invalid for what is not understood."""
    by = context.caller()
    scope = record_exports.scope_of(by, requests.READ)
    with context.database().reading() as reading:
        asked = _asked(reading, by, scope)
        if asked.faults:
            raise Invalid(asked.faults[0])
        found = review_list.find(reading, asked.request.query(reading.now))
        lines = review_list.lines(reading, found, record_exports.mask_for(reading, by).row_label)
    filters = {name: asked.said[name] for name in OF_PAGE if name in asked.said}
    export = record_exports.begin("summaries.export", "review", {"format": "csv", "filters": filters})
    with export.ending_where_it_fails():
        content = spreadsheets.as_csv([review_list.COLUMNS, *export.counted(review_list.as_rows(lines))])
    return downloads.exported(export, [content], table_files.CSV_TYPE, "closure-review.csv")


def _asked(reading: Reading, by: Actor, scope: Scope) -> Asked:
    return addresses.read(reading, by, scope, {name: said for name, said in request.args.items() if name in OF_PAGE})


def _start() -> int:
    said = request.args.get("cursor", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 9 else 0


def _row(line: Line, is_english: bool) -> dict[str, Any]:
    return {
        "label": line.sign.label_en if is_english else line.sign.label,
        "note": line.note_en if is_english else line.note,
        "place": line.area_name,
        "cases": line.cases,
        "more": line.number - len(line.cases),
    }
