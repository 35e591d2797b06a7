"""Parses the rows of a grid sheet one by one, and collects every fault for one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from server.errors import GridRefused, Invalid
from server.grid.domain import areas, file_cells
from server.grid.domain.areas import Area
from server.grid.domain.file_cells import invalid
from server.instants import Instant

T = TypeVar("T")

COLUMNS = {
    "code": ("code", "代码", "网格代码", "区划代码", "编码", "网格编码"),
    "name": ("name", "名称", "网格名称"),
    "level": ("level", "层级", "级别"),
    "parent": ("parent", "上级", "上级代码", "上级网格"),
    "starts": ("starts", "valid_from", "生效日期", "启用日期"),
    "ends": ("ends", "valid_to", "失效日期", "停用日期"),
    "successor": ("successor", "并入", "并入代码", "并入网格", "接替网格"),
}
"""Columns of a sheet and the headers that stand for them. ``ends`` is the first day without the area."""

SHOWN_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as written: ``cells`` maps a column of ``COLUMNS`` to its text; ``line`` counts from 1."""

    line: int
    cells: Mapping[str, str]

    def has(self, column: str) -> bool:
        """Return whether anything is written under ``column``."""
        return bool(self.text(column).strip())

    def text(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be taken: ``reason`` and ``cure`` are for the person who corrects the sheet."""

    line: int
    column: str
    value: str
    reason: str
    cure: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as understood. An empty ``name`` and dates of None mean that the row does not state them.

    parent: code of the area above, as the code itself states. ends: first instant without the area.
    """

    row: SheetRow
    code: str
    name: str
    parent: str | None
    starts: Instant | None
    ends: Instant | None
    successor: str | None

    def fault(self, column: str, refusal: Invalid) -> Fault:
        """Return ``refusal`` (with reason and cure) as a fault of this row."""
        return fault(self.row, column, refusal)


def entries(rows: Iterable[SheetRow], existing: Mapping[str, Area], faults: list[Fault]) -> list[Entry]:
    """Return the rows that name an area of this county for the first time; ``faults`` gets all that is wrong.

    A row with a readable code goes on whatever else is wrong, so that its children are not called orphans too.
    """
    read = (_entry(row, existing, faults) for row in rows)
    named = (entry for entry in read if entry is not None)
    return list(_one_county(_unrepeated(named, faults), existing, faults))


def fault(row: SheetRow, column: str, refusal: Invalid) -> Fault:
    """Return ``refusal`` (with reason and cure) as a fault of ``row``."""
    value = str(refusal.data.get("value", row.text(column)))[:SHOWN_LENGTH_MAX]
    return Fault(row.line, column, value, str(refusal.data["reason"]), str(refusal.data["cure"]))


def refused(faults: Iterable[Fault]) -> GridRefused:
    """Return the refusal that lists ``faults`` in order of lines."""
    listed = sorted(faults, key=lambda each: each.line)
    return GridRefused(
        f"网格表有 {len(listed)} 处错误，没有改动任何内容；请按提示改好后重新导入。",
        errors=[asdict(each) for each in listed],
    )


def _entry(row: SheetRow, existing: Mapping[str, Area], faults: list[Fault]) -> Entry | None:
    code = _read(row, "code", file_cells.code, faults) if row.has("code") else None
    if not row.has("code"):
        faults.append(fault(row, "code", invalid("没有代码", "填写网格代码，不用的行整行删去")))
    if code is None:
        return None
    name = _read(row, "name", file_cells.name, faults)
    if name == "" and code not in existing:
        faults.append(fault(row, "name", invalid("没有名称", "填写网格名称")))
    _compare_with_code(row, code, faults)
    starts, ends = (_read(row, column, file_cells.day, faults) for column in ("starts", "ends"))
    successor = _read(row, "successor", file_cells.code, faults) if row.has("successor") else None
    if successor and not row.has("ends"):
        faults.append(fault(row, "ends", invalid("写了并入网格而没有失效日期", "填写从哪一天起并入")))
    return Entry(row, code, name or "", areas.parent_code(code), starts, ends, successor)


def _compare_with_code(row: SheetRow, code: str, faults: list[Fault]) -> None:
    """Check that level and parent, where they are written, agree with the code, which states both."""
    level = _read(row, "level", file_cells.level, faults) if row.has("level") else None
    if level not in (None, areas.level_of(code)):
        right = file_cells.LEVELS[areas.level_of(code)][1]
        cure = "改正层级或代码，层级也可以空着"
        faults.append(fault(row, "level", invalid(f"层级与代码不符，{code} 是{right}的代码", cure)))
    parent = areas.parent_code(code)
    stated = _read(row, "parent", file_cells.code, faults) if row.has("parent") else None
    if stated not in (None, parent):
        cure = f"上级应为 {parent}" if parent else "县没有上级，让这一格空着"
        faults.append(fault(row, "parent", invalid("上级与代码不符", cure)))


def _read(row: SheetRow, column: str, reader: Callable[[str], T], faults: list[Fault]) -> T | None:
    try:
        return reader(row.text(column))
    except Invalid as refusal:
        faults.append(fault(row, column, refusal))
        return None


def _unrepeated(found: Iterable[Entry], faults: list[Fault]) -> Iterator[Entry]:
    first: dict[str, int] = {}
    for entry in found:
        if entry.code in first:
            reason = f"代码重复，第{first[entry.code]}行已有"
            faults.append(entry.fault("code", invalid(reason, "每个网格只留一行")))
            continue
        first[entry.code] = entry.row.line
        yield entry


def _one_county(found: Iterable[Entry], existing: Mapping[str, Area], faults: list[Fault]) -> Iterator[Entry]:
    county = next((code[:6] for code in existing), None)
    for entry in found:
        county = county or entry.code[:6]
        if entry.code[:6] == county:
            yield entry
        else:
            cure = "一个数据目录只管一个县，删去这一行"
            faults.append(entry.fault("code", invalid(f"不属于本县（{county}）", cure)))
