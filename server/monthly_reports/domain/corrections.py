"""Correct a filed sheet (更正表): a further sheet says what was and what is, why, and who signs; the filed one stays.

A correction names the hash of the sheet, and that of the correction before it, so that none can be left out. The total
follows from the rows, and a row must still add up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from server.errors import Invalid
from server.instants import Instant
from server.monthly_reports.domain import canonical
from server.monthly_reports.domain.frozen import FrozenReport
from server.monthly_reports.domain.sheets import TOTAL, Line, Sheet

FORMAT = "firegrid-monthly-report-correction-1"
COUNT_MOST = 9_999_999


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of the sheet that was wrong. key, name: of its row, TOTAL for the total; code, label: of its column."""

    key: str
    name: str
    code: str
    label: str
    was: int
    now: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction. number: counts from 1 within a month. content: in canonical form, whose SHA-256 is ``sha256``.

    previous: hash of the sheet, or of the correction before. signer: who signs, as written; made_by: user name.
    """

    month: str
    number: int
    previous: str
    reason: str
    signer: str
    cells: tuple[Cell, ...]
    made_at: Instant
    made_by: str
    content: bytes
    sha256: str


def corrected(sheet: Sheet, corrections: Iterable[Correction]) -> Sheet:
    """Return a sheet with what corrections say in its place."""
    counts = {line.key: dict(line.counts) for line in sheet.rows}
    for correction in corrections:
        for cell in correction.cells:
            counts[cell.key][cell.code] = cell.now
    lines = tuple(replace(line, counts=counts[line.key]) for line in sheet.lines)
    return replace(sheet, lines=lines, total=replace(sheet.total, counts=counts[TOTAL]))


def asked_once(cells: Iterable[tuple[tuple[str, str], int]]) -> dict[tuple[str, str], int]:
    """Return what is right by key of the row and code of the column. Raises Invalid with every cell named twice."""
    asked: dict[tuple[str, str], int] = {}
    twice: dict[tuple[str, str], None] = {}
    for cell, n in cells:
        if cell in asked:
            twice[cell] = None
        asked[cell] = n
    if twice:
        said = "“{}”行“{}”列写了不止一次；一格只写一次，请只留对的那个数。"
        _refuse([_fault(*cell, said.format(*cell)) for cell in twice])
    return asked


def cells_of(sheet: Sheet, asked: Mapping[tuple[str, str], int]) -> tuple[Cell, ...]:
    """Return the cells that change, those of the total with them.

    sheet: as it has been corrected until now. asked: what is right, by key of the row and code of the column; what is
    so already is left out. Raises Invalid with every fault: no such cell or number, rows that no longer add up, or
    nothing that changes.
    """
    labels = {column.code: column.heading for column in sheet.definition.counts}
    lines = {line.key: line for line in sheet.lines}
    unknown = [(key, code) for key, code in asked if key not in lines or code not in labels]
    wrong = [cell for cell, n in asked.items() if not 0 <= n <= COUNT_MOST]
    faults = [_fault(*cell, f"没有“{cell[0]}”行“{cell[1]}”列；请用表里的代码，合计由各行得出。") for cell in unknown]
    faults += [_fault(*cell, f"应为0至{COUNT_MOST}的整数。") for cell in wrong]
    changed = []
    if not faults:
        changed = [
            Cell(key, lines[key].name, code, labels[code], lines[key].counts[code], n)
            for (key, code), n in asked.items()
            if lines[key].counts[code] != n
        ]
        faults = list(_contradictions(lines, changed)) if changed else [_fault("", "cells", "没有改动任何一格。")]
    if faults:
        _refuse(faults)
    return (*changed, *_of_total(sheet, changed))


def _refuse(faults: list[dict[str, str]]) -> NoReturn:
    listed = "；".join(fault["message"].removesuffix("。") for fault in faults)
    raise Invalid(f"更正表不对：{listed}。", errors=faults)


def _of_total(sheet: Sheet, changed: Iterable[Cell]) -> Iterator[Cell]:
    """Yield what the rows make of the total."""
    added: dict[str, int] = {}
    labels = {}
    for cell in changed:
        added[cell.code] = added.get(cell.code, 0) + cell.now - cell.was
        labels[cell.code] = cell.label
    for code, n in added.items():
        if n:
            was = sheet.total.counts[code]
            yield Cell(TOTAL, sheet.total.name, code, labels[code], was, was + n)


def _contradictions(lines: Mapping[str, Line], changed: Iterable[Cell]) -> Iterator[dict[str, str]]:
    counts = {cell.key: dict(lines[cell.key].counts) for cell in changed}
    for cell in changed:
        counts[cell.key][cell.code] = cell.now
    for key, n in counts.items():
        for code, names, is_right, said in _RELATIONS:
            if names <= n.keys() and not is_right(n):
                yield _fault(key, code, f"{lines[key].name}改后对不上：{said}；请把有关各格一起改。")


_RELATIONS: tuple[tuple[str, frozenset[str], Callable[[Mapping[str, int]], bool], str], ...] = (
    (
        "cases",
        frozenset({"cases", "spot_closed", "limited"}),
        lambda n: n["cases"] == n["spot_closed"] + n["limited"],
        "发现应等于当场整改加限期整改",
    ),
    (
        "closed",
        frozenset({"cases", "closed", "open", "suspended", "transferred"}),
        lambda n: n["cases"] == n["closed"] + n["open"] + n["suspended"] + n["transferred"],
        "发现应等于已办结、在办、挂账、移交之和",
    ),
    (
        "due",
        frozenset({"closed", "due", "open"}),
        lambda n: n["closed"] <= n["due"] <= n["closed"] + n["open"],
        "应结案应不少于已办结，不多于已办结加在办",
    ),
    (
        "closed_on_time",
        frozenset({"closed_on_time", "closed"}),
        lambda n: n["closed_on_time"] <= n["closed"],
        "按期结案不应多于已办结",
    ),
    (
        "spot_closed",
        frozenset({"spot_closed", "closed"}),
        lambda n: n["spot_closed"] <= n["closed"],
        "当场整改不应多于已办结",
    ),
    (
        "handling_overdue",
        frozenset({"handling_overdue", "open"}),
        lambda n: n["handling_overdue"] <= n["open"],
        "超期未结不应多于在办",
    ),
    (
        "extended",
        frozenset({"extended", "cases"}),
        lambda n: n["extended"] <= n["cases"],
        "延期不应多于发现",
    ),
)
"""What must hold of each row that has these columns: (column that is named, columns, what holds, in words)."""


def _fault(key: str, code: str, message: str) -> dict[str, str]:
    return {"field": f"{key}.{code}".strip("."), "message": message}


def correction_of(
    report: FrozenReport, number: int, previous: str, cells: tuple[Cell, ...], *,
    reason: str, signer: str, made_at: Instant, made_by: str,
) -> Correction:  # fmt: skip
    """Return the correction of these cells, with its content and hash."""
    content = canonical.encoded(
        {
            "format": FORMAT,
            "month": report.month,
            "number": number,
            "report_sha256": report.sha256,
            "previous_sha256": previous,
            "made_at": made_at,
            "made_by": made_by,
            "signer": signer,
            "reason": reason,
            "cells": [
                {"key": each.key, "name": each.name, "code": each.code, "label": each.label, "was": each.was,
                 "is": each.now}
                for each in cells
            ],
        }
    )  # fmt: skip
    return read(content, canonical.digest(content))


def read(content: bytes, sha256: str) -> Correction:
    """Return the correction that a content says."""
    told = json.loads(content)
    cells = tuple(
        Cell(each["key"], each["name"], each["code"], each["label"], each["was"], each["is"]) for each in told["cells"]
    )
    names = ("month", "number", "reason", "signer", "made_at", "made_by")
    return Correction(
        **{name: told[name] for name in names},
        previous=told["previous_sha256"],
        cells=cells,
        content=content,
        sha256=sha256,
    )
