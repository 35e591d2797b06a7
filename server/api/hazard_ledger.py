"""Exports the hazard ledger (责任清单): each hazard with who answers for it, what is done about it, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

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
from server.forms.domain import personal
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
_FIELDS = ("place", "item", "category", "severity", "description")
"""Fields of a case that the ledger tells; others are neither read nor masked for it."""
_COLUMNS = (
    "id, type, kind, area, label, version, status, case_no, assignee, due_at, closed_at, author, office_note, fields, "
    "flags, created_at, born_seq"
)
"""Columns of a case that the ledger is made of."""


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
    lines = map(table_files.verbatim_lines, chain([titles], pages))
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
    wanted = exports.wanted(query, _COLUMNS)._replace(as_stored=True)
    export, pages, _, mask = record_exports.begun(format, wanted)
    database = context.database()

    def rows() -> Iterator[list[Sequence[str]]]:
        for found in pages:
            with database.reading() as reading:
                page = _rows(reading, [each for each in found if each["kind"] == "case"], mask)
            yield list(export.counted(page))

    return export, rows()


def _rows(reading: Reading, found: list[Row], mask: RecordMask) -> list[Sequence[str]]:
    work = ledger.work_instructions(reading, (each["id"] for each in found))
    called = parties.parties(reading, {(each["assignee"], each["area"]) for each in found if each["assignee"]})
    ancestors = {each["area"]: _ancestor_codes(each["area"]) for each in found}
    names = areas.names(reading, (code for codes in ancestors.values() for code in codes if code))
    places = {area: tuple(names.get(code, "") for code in codes) for area, codes in ancestors.items()}
    labels, masked = _Labels(reading), _Masked()
    rows: list[Sequence[str]] = []
    for each in found:
        party = called.get((each["assignee"] or "", each["area"]), "")
        fields = mask.told_fields(each, _FIELDS)
        item = fields.get("item")
        name = labels[ITEMS, item] if item else training.marked_if_on(reading, mask.exported(each)["label"])
        texts = (*places[each["area"]], *_texts(each, name, fields, party, work.get(each["id"], _NOTHING_SET), labels))
        if mask.masks_phones or mask.hides_row(each):
            texts = tuple(map(masked.__getitem__, texts))
        rows.append((each["case_no"] or "", *texts, _local(each["created_at"]), _local(each["closed_at"]), each["id"]))
    return rows


def _texts(
    each: Row, name: str, fields: Mapping[str, str], party: str, inputs: Mapping[str, str], labels: _Labels
) -> tuple[str, ...]:
    """Return the cells of a case between its place and its times.

    name: what its hazard is called. party: who answers. inputs: the last one of each act that sets work.
    """
    told, severity, status = fields.get, fields.get("severity", ""), each["status"] or ""
    return (
        told("place", ""),
        name,
        labels[CATEGORIES, told("category", "")],
        case_labels.SEVERITIES.get(severity, severity),
        told("description", ""),
        party,
        case_labels.measure(status, inputs),
        inputs.get("fund", ""),
        instants.last_day(each["due_at"]) if each["due_at"] else "",
        inputs.get("contingency", ""),
        labels[STATUSES, status],
        each["office_note"],
        "、".join([LABELS.get(flag, flag) for flag in columns.flags(each["flags"])]) if each["flags"] else "",
    )


_NOTHING_SET: Mapping[str, str] = {}


class _Labels(dict[tuple[str, str], str]):
    """What the codes of lists are called, by list and code; each is looked up once for a page of rows."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __missing__(self, key: tuple[str, str]) -> str:
        name, code = key
        known = codes.current(self._reading, name, code) if code else None
        label = code if known is None else known.label
        self[key] = found = training.marked_if_on(self._reading, label) if name == ITEMS else label
        return found


class _Masked(dict[str, str]):
    """Texts with the numbers in them masked; most cells of a ledger stand in many rows, and are looked at once."""

    def __missing__(self, text: str) -> str:
        self[text] = found = personal.without_numbers(text)
        return found


@lru_cache(maxsize=20_000)  # asked for every case of a page, and a county has a few thousand areas
def _ancestor_codes(code: str) -> tuple[str, str, str]:
    """Return the codes of the town, village and unit of an area; empty where it is wider."""
    steps = path_of(code).split("/")
    town, village, unit = (code_of("/".join(steps[:depth])) if len(steps) >= depth else "" for depth in (2, 3, 4))
    return town, village, unit


def _local(instant: str | None) -> str:
    """Return an instant as Beijing has it, to the minute; the offset is one of whole hours."""
    return "" if instant is None else f"{_local_hour(instant[:13])}{instant[13:16]}"


@lru_cache(maxsize=20_000)
def _local_hour(hour: str) -> str:
    return f"{instants.parse(f'{hour}:00:00.000Z').astimezone(instants.BEIJING):%Y-%m-%d %H}"
