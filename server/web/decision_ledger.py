"""Exports the ledger of decisions (审批台账): who granted or declined which request, when, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from flask import Response

from server import instants, table_files
from server.audit.usecases.exports import Export
from server.cases.domain.decisions import Decided
from server.cases.store import requests
from server.cases.store.requests import DecidedFilter
from server.cases.usecases import authorization
from server.db import training
from server.db.sql import Row
from server.db.transactions import Reading
from server.forms.store import codes
from server.forms.store.codes import Code
from server.grid.store import areas
from server.people.store import display_names
from server.records.usecases.disclosing import RecordMask
from server.web import context, downloads, record_exports

TITLES = (
    "申请", "决定", "案件编号", "网格", "案件", "申请人", "申请时间", "申请原因", "期间防火", "申请到", "决定人",
    "决定时间", "决定原因", "原期限", "现期限", "记录",
)  # fmt: skip
GRANTED, DECLINED = "同意", "不同意"
XLSX_TYPE = table_files.XLSX_TYPE
_NAME = "approvals"


def require_export() -> None:
    """Do nothing for a caller who may export. Raises NotAllowed."""
    record_exports.scope_of(context.caller())


def as_csv(wanted: DecidedFilter, told: Mapping[str, Any]) -> Response:
    """Return the decisions that the caller may export as CSV (UTF-8 with BOM), newest first. Raises NotAllowed.

    told: what the audit keeps of the filter.
    """
    export, pages = _begun("csv", wanted, told)
    titles: list[Sequence[str]] = [TITLES]
    lines = (table_files.csv_lines([map(table_files.verbatim, row) for row in page]) for page in chain([titles], pages))
    return downloads.exported(export, chain([table_files.BOM], lines), table_files.CSV_TYPE, f"{_NAME}.csv")


def as_workbook(wanted: DecidedFilter, told: Mapping[str, Any]) -> Response:
    """Return the same as a workbook. Raises NotAllowed."""
    export, pages = _begun("xlsx", wanted, told)

    def fill(book: table_files.Workbook) -> None:
        write = book.add_table("审批台账", TITLES, [False] * len(TITLES))
        for row in chain.from_iterable(pages):
            write(row)

    return downloads.workbook(export, fill, f"{_NAME}.xlsx")


def reason_code(reading: Reading, action: str, reason: str) -> Code | None:
    """Return the code that a reason of an act is, None for words of somebody's own."""
    listed = authorization.REASONS.get(action, "")
    return codes.current(reading, listed, reason) if listed and reason else None


def _reason(reading: Reading, action: str, reason: str) -> str:
    known = reason_code(reading, action, reason)
    return reason if known is None else known.label


def _begun(format: str, wanted: DecidedFilter, told: Mapping[str, Any]) -> tuple[Export, Iterator[list[Sequence[str]]]]:
    by, database = context.caller(), context.database()
    scope = record_exports.scope_of(by)
    export = record_exports.begin("records.export", "decisions", {"format": format, "filters": dict(told)})

    def pages() -> Iterator[list[Sequence[str]]]:
        before: int | None = None
        while True:
            with database.reading() as reading:
                found = requests.list_decided(reading, scope, wanted, before=before, limit=record_exports.PAGE_ROWS)
                page = _rows(reading, found, record_exports.mask_for(reading, by))
            yield list(export.counted(page))
            if len(found) < record_exports.PAGE_ROWS:
                return
            before = found[-1].seq

    return export, pages()


def _rows(reading: Reading, found: list[Decided], mask: RecordMask) -> list[Sequence[str]]:
    cases = requests.cases(reading, (each.record for each in found))
    places = areas.full_names(reading, (row["area"] for row in cases.values()))
    asked = (each.asked.author for each in found if each.asked is not None)
    people = display_names.of_people(reading, (*(each.author for each in found), *asked))
    return [_row(reading, each, cases[each.record], places, people, mask) for each in found]


def _row(
    reading: Reading, each: Decided, case: Row, places: dict[str, str], people: dict[str, str], mask: RecordMask
) -> Sequence[str]:
    asked = each.asked
    said = {} if asked is None else asked.inputs
    written = (
        "" if asked is None else _reason(reading, asked.action, said.get("reason", "")),
        said.get("safeguard", ""),
    )
    before, after = each.due
    return [
        each.kind.label,
        GRANTED if each.is_granted else DECLINED,
        case["case_no"] or "",
        places.get(case["area"], ""),
        training.marked_if_on(reading, mask.row_label(case)),
        "" if asked is None else people[asked.author],
        "" if asked is None else _local(asked.at),
        *(mask.text(case, text) for text in written),
        said.get("until", ""),
        people[each.author],
        _local(each.at),
        mask.text(case, _reason(reading, each.action, each.inputs.get("reason", ""))),
        instants.last_day(before) if before else "",
        instants.last_day(after) if after else "",
        case["id"],
    ]


def _local(instant: str) -> str:
    return f"{instants.parse(instant).astimezone(instants.BEIJING):%Y-%m-%d %H:%M}"
