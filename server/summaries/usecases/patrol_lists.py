"""Format the patrols behind 检查N家 as lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain import areas
from server.grid.store import areas as stored_areas
from server.summaries.domain.patrols import Patrol
from server.summaries.store import counted_cases
from server.summaries.usecases.spreadsheets import Value
from server.summaries.usecases.summary_tables import local

FIGURE = "visited"
"""Name of the figure that opens into patrols, as JSON has it."""

COLUMNS: Mapping[str, str] = {
    "label": "巡查",
    "area": "网格代码",
    "area_name": "网格",
    "premises": "检查家数",
    "received_at": "收到",
    "id": "记录",
}
"""What a patrol is shown by; the premises add up to 检查N家."""

_PER_QUERY = 2_000


def items(
    reading: Reading, patrols: Sequence[Patrol], label: Callable[[Row], str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the values of COLUMNS of patrols, which the caller has found inside a scope, as plain values.

    label: as for ``counted_cases.record_columns``.
    """
    for start in range(0, len(patrols), _PER_QUERY):
        found = patrols[start : start + _PER_QUERY]
        records = counted_cases.record_columns(reading, [patrol.id for patrol in found], reading.now, label)
        names = stored_areas.full_names(reading, {record["area"] for record in records.values()})
        for patrol in found:
            code = areas.code_of(patrol.path)
            yield {
                "label": records[patrol.id]["label"],
                "area": code,
                "area_name": names.get(code, ""),
                "premises": patrol.premises,
                "received_at": patrol.received_at,
                "id": patrol.id,
            }


def as_codes(items: Iterable[Mapping[str, Any]]) -> list[list[Value]]:
    """Return items as rows of COLUMNS, with UTC as JSON has it."""
    return [[item[name] for name in COLUMNS] for item in items]


def as_texts(items: Iterable[Mapping[str, Any]]) -> list[list[Value]]:
    """Return items as rows of COLUMNS, with Beijing time."""
    return as_codes({**item, "received_at": local(item["received_at"])} for item in items)
