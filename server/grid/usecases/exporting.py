"""Writes the grid as a file that ``files.read`` takes again, so that a county can correct it in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from server import table_files
from server.grid.domain.areas import Area
from server.grid.domain.file_cells import LEVELS
from server.instants import BEGINNING, FOREVER, Instant, local_day

HEADINGS = ("代码", "名称", "层级", "上级", "生效日期", "失效日期", "并入")


def as_csv(areas: Iterable[Area]) -> bytes:
    """Return areas as a CSV file with a BOM, ended ones too. Codes are kept as text by a blank that reading drops."""
    return table_files.BOM + table_files.csv_lines([HEADINGS, *rows(areas)])


def rows(areas: Iterable[Area]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each area, in the order of ``HEADINGS``."""
    for area in areas:
        yield (
            _code(area.code),
            area.name,
            LEVELS[area.level][1],
            _code(area.parent),
            _day(area.valid_from, BEGINNING),
            _day(area.valid_to, FOREVER),
            _code(area.successor),
        )


def _code(code: str | None) -> str:
    """Return a code that a spreadsheet leaves alone: it would round 15 digits that look like a number."""
    return table_files.code(code or "")


def _day(instant: Instant, open_end: Instant) -> str:
    return "" if instant == open_end else local_day(instant)
