"""Exports the hazard ledger (责任清单): each hazard with who answers for it, what is done about it, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
from flask import Response

from schemas.records import RecordFilter
from server import instants, table_files
from server.api import exports
from server.api.blueprints import create_blueprint
from server.audit.usecases.exports import Export
from server.cases.domain import case_labels
from server.cases.usecases import parties
from server.db import training
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.domain.areas import code_of, path_of
from server.grid.store import areas
from server.records.store import columns
from server.records.usecases.disclosing import RecordMask
from server.summaries.store import ledger
from server.web import context, downloads, record_exports
from sync.flags import LABELS

blueprint = create_blueprint("ledger", "责任清单 · the hazard ledger")

TITLES = (
    "编号", "乡镇", "村（社区）", "单元", "场所", "隐患", "类别", "等级", "情况说明", "责任人", "措施", "资金",
    "整改期限", "应急预案", "状态", "进展", "标记", "上报时间", "办结时间", "记录",
)  # fmt: skip
STATUSES, CATEGORIES, ITEMS = "case_statuses", "hazard_categories", "hazard_items"


@blueprint.route("/records/ledger.csv")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def ledger_csv(query: dict[str, Any]) -> Response:
    """Export the hazard ledger as CSV (UTF-8 with BOM), newest first: responsible party, measure, limit, state.

    The filters of the list of records narrow it; only cases are in it. `措施` is what the office set to be done,
    `进展` its last word on the case; who answers is a body, or a role and a town, never a person by name.
    """
    titles: list[Sequence[str]] = [TITLES]
    export, pages = _pages("ledger.csv", query)
    rows = chain([titles], pages)
    lines = (table_files.csv_lines(map(table_files.verbatim, row) for row in page) for page in rows)
    return downloads.exported(export, chain([table_files.BOM], lines), table_files.CSV_TYPE, "ledger.csv")


@blueprint.route("/records/ledger.xlsx")
@blueprint.arguments(RecordFilter, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=table_files.XLSX_TYPE)
@blueprint.alt_response(403, success=False, description="the caller's duties do not let them export")
def ledger_xlsx(query: dict[str, Any]) -> Response:
    """Export the hazard ledger as a workbook; what `ledger.csv` says, in the same order."""
    export, pages = _pages("ledger.xlsx", query)

    def fill(book: table_files.Workbook) -> None:
        write = book.add_table("责任清单", TITLES, [False] * len(TITLES))
        for row in chain.from_iterable(pages):
            write(row)

    return downloads.workbook(export, fill, "ledger.xlsx")


def _pages(format: str, query: dict[str, Any]) -> tuple[Export, Iterator[list[Sequence[str]]]]:
    """Check and note down who exports; return the export, and the rows of one page of cases after the other."""
    export, pages, _, mask = record_exports.begun(format, exports.wanted(query))
    database = context.database()

    def rows() -> Iterator[list[Sequence[str]]]:
        for found in pages:
            with database.reading() as reading:
                page = _rows(reading, [each for each in found if each["kind"] == "case"], mask)
            yield list(export.counted(page))

    return export, rows()


def _rows(reading: Reading, found: list[Row], mask: RecordMask) -> list[Sequence[str]]:
    office_notes = ledger.office_notes(reading, (each["id"] for each in found))
    work = ledger.work_instructions(reading, (each["id"] for each in found))
    called = parties.parties(reading, {(each["assignee"], each["area"]) for each in found if each["assignee"]})
    ancestors = {each["area"]: _ancestor_codes(each["area"]) for each in found}
    area_names = areas.names(reading, (code for codes in ancestors.values() for code in codes if code))
    return [
        _row(reading, each, ancestors[each["area"]], area_names, office_notes, work, called, mask) for each in found
    ]


def _row(
    reading: Reading,
    each: Row,
    ancestors: Sequence[str],
    area_names: dict[str, str],
    office_notes: dict[str, str],
    work: dict[str, dict[str, str]],
    called: Mapping[tuple[str, str], str],
    mask: RecordMask,
) -> Sequence[str]:
    fields: dict[str, str] = orjson.loads(each["fields"])
    inputs = work.get(each["id"], {})
    row = (
        each["case_no"] or "",
        *(area_names.get(code, "") for code in ancestors),
        fields.get("place", ""),
        training.marked_if_on(reading, _label(reading, ITEMS, fields.get("item", "")) or each["label"]),
        _label(reading, CATEGORIES, fields.get("category", "")),
        case_labels.SEVERITIES.get(fields.get("severity", ""), fields.get("severity", "")),
        fields.get("description", ""),
        called.get((each["assignee"] or "", each["area"]), ""),
        case_labels.measure(each["status"] or "", inputs),
        inputs.get("fund", ""),
        instants.last_day(each["due_at"]) if each["due_at"] else "",
        inputs.get("contingency", ""),
        _label(reading, STATUSES, each["status"] or ""),
        office_notes.get(each["id"], ""),
        "、".join(LABELS.get(flag, flag) for flag in columns.flags(each["flags"])),
        _local(each["created_at"]),
        _local(each["closed_at"]),
        each["id"],
    )
    return [*(mask.text(each, text) for text in row[:-1]), row[-1]]


def _ancestor_codes(code: str) -> tuple[str, str, str]:
    """Return the codes of the town, village and unit of an area; empty where it is wider."""
    steps = path_of(code).split("/")
    town, village, unit = (code_of("/".join(steps[:depth])) if len(steps) >= depth else "" for depth in (2, 3, 4))
    return town, village, unit


def _label(reading: Reading, name: str, code: str) -> str:
    known = codes.current(reading, name, code) if code else None
    return code if known is None else known.label


def _local(instant: str | None) -> str:
    if instant is None:
        return ""
    return f"{instants.parse(instant).astimezone(instants.BEIJING):%Y-%m-%d %H:%M}"
