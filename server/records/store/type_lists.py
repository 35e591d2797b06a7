"""Lists the records of one type by what their fields hold, and says where there are any; always inside a scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.domain.areas import Place, predecessors
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.instants import Instant
from server.people.store import scopes
from server.records.store import columns
from server.records.store.columns import Projection

_SELECT = f"SELECT {columns.select(Projection.API | Projection.CSV, 'born_seq')} FROM record"
_READ_MOST = 2_000
"""Candidates that are read and compared in one query."""

LOOKED_AT_MOST = 40_000
"""Records of a type that a narrowed list looks at before it asks whether to look on."""

_LAST = 2**62
"""Higher than any ``born_seq``."""


@dataclass(frozen=True, slots=True)
class TypeFilters:
    """What a list of one type is narrowed to.

    codes: code by field; of a field in ``several`` one among those that stand there. q: part of the label or of one
    of ``texts``, in either case of ASCII letters. place: subtree, None for all. conflict: some field has two values.
    """

    type: str
    place: Place | None = None
    conflict: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    several: frozenset[str] = frozenset()
    q: str = ""
    texts: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Say whether it leaves out records of the type that one may see."""
        return bool(self.codes or self.q or self.conflict or self.place is not None)

    def holds(self, row: Row) -> bool:
        """Say whether a row, as its reader sees it, has these codes and words."""
        if not self.codes and not self.q:
            return True
        fields: dict[str, str] = orjson.loads(row["fields"])
        for name, code in self.codes.items():
            value = fields.get(name, "")
            if code not in value.split() if name in self.several else code != value:
                return False
        said = (row["label"], *(fields.get(name, "") for name in self.texts))
        return not self.q or any(self.q.lower() in text.lower() for text in said)


def page(
    reading: Reading, scope: Scope, filters: TypeFilters, shown: Callable[[Row], Row], *, before: int | None, limit: int
) -> list[Row]:
    """Return up to ``limit`` records inside ``scope``, newest first, each as ``shown`` makes it.

    shown: makes of a row what its reader sees; by that they find it, or they could guess what is masked. before:
    ``born_seq`` of the last record of the page before.
    """
    return _page(reading, scope, filters, shown, before=before, after=-1, limit=limit)


def page_of_newest(
    reading: Reading, scope: Scope, filters: TypeFilters, shown: Callable[[Row], Row], *, before: int | None, limit: int
) -> tuple[list[Row], int | None]:
    """Return the same of a list that is narrowed, from the next LOOKED_AT_MOST records of the type alone.

    Second: the ``before`` with which one looks on, None where nothing older is left: what is rare is looked for in
    parts that each take the same time, however many records there are.
    """
    after = None
    if filters.is_narrowed:
        after = reading.sql.value(
            "SELECT MIN(born_seq) FROM (SELECT born_seq FROM record WHERE type = :type AND born_seq < :before"
            " ORDER BY born_seq DESC LIMIT 1 OFFSET :most) AS looked_at",
            {"type": filters.type, "before": _LAST if before is None else before, "most": LOOKED_AT_MOST},
        )
    found = _page(reading, scope, filters, shown, before=before, after=-1 if after is None else after, limit=limit)
    return found, None if after is None else after + 1


def _page(
    reading: Reading, scope: Scope, filters: TypeFilters, shown: Callable[[Row], Row], *, before: int | None,
    after: int, limit: int,
) -> list[Row]:  # fmt: skip
    """Return the same of the records with a ``born_seq`` higher than ``after``."""
    where, values = _conditions(reading, scope, filters)
    searched = bool(filters.codes or filters.q)
    size = _READ_MOST if searched else limit
    found: list[Row] = []
    while len(found) < limit:
        # Always a bound: without it a planner may collect and sort all records of the type.
        rows = reading.sql.rows(
            f"{_SELECT} WHERE {where} AND born_seq < :before AND born_seq > :after ORDER BY born_seq DESC LIMIT :limit",
            {**values, "before": _LAST if before is None else before, "after": after, "limit": size},
        )
        visible = (shown(row) for row in rows)
        found += [row for row in visible if filters.holds(row)]
        if len(rows) < size:
            break
        before = rows[-1]["born_seq"]
    return found[:limit]


def count(reading: Reading, scope: Scope, type: str, most: int) -> int:
    """Return how many records of a type lie inside ``scope``; ``most`` is as far as it counts."""
    where, values = _conditions(reading, scope, TypeFilters(type))
    sql = f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM record WHERE {where} LIMIT :most) AS counted"
    return int(reading.sql.value(sql, {**values, "most": most}))


def count_codes(
    reading: Reading, scope: Scope, filters: TypeFilters, codes: Sequence[tuple[str, str]], most: int
) -> tuple[int, list[int]]:
    """Return how many records of a list there are, and how many of them hold each code in its field.

    codes: field and code. most: as far as is counted. ``q`` is not for counting: see ``page``.
    """
    where, values = _conditions(reading, scope, filters)
    held = "".join(
        f", SUM(CASE WHEN fields LIKE :held{n} ESCAPE '\\' THEN 1 ELSE 0 END) AS held{n}" for n in range(len(codes))
    )
    values |= {f"held{n}": f'%"{_part(name)}":"{_part(code)}"%' for n, (name, code) in enumerate(codes)}
    sql = f"SELECT COUNT(*) AS number{held} FROM (SELECT fields FROM record WHERE {where} LIMIT :most) AS counted"
    row = reading.sql.rows(sql, {**values, "most": most})[0]
    return int(row["number"]), [int(row[f"held{n}"] or 0) for n in range(len(codes))]


def count_by_path(reading: Reading, scope: Scope, type: str, since: Instant | None) -> dict[str, int]:
    """Return how many records of a type there are at each path inside the places of ``scope``.

    since: only those that came in at that instant or later, None for all.
    """
    inside, values = scopes.by_place(scope)
    recent = "" if since is None else " AND created_at >= :since"
    rows = reading.sql.tuples(
        f"SELECT path, COUNT(*) FROM record WHERE type = :type AND {inside}{recent} GROUP BY path",
        {"type": type, **values, **({} if since is None else {"since": since})},
    )
    return {path: int(number) for path, number in rows}


def _conditions(reading: Reading, scope: Scope, filters: TypeFilters) -> tuple[str, dict[str, Any]]:
    inside, values = scopes.by_place_or_person(scope, reading.now)
    # The type leads, by its index in the order of the list; all else is checked row by row (``record_lists``).
    terms, found = ["type = :type", f"({inside}) IS TRUE"], {"type": filters.type, **values}
    if filters.place is not None:
        paths = (filters.place.path, *predecessors(filters.place, areas.successions(reading), reading.now))
        within = []
        for number, path in enumerate(paths):
            within.append(f"(path >= :area_low{number} AND path < :area_high{number})")
            found[f"area_low{number}"], found[f"area_high{number}"] = Place(path).bounds()
        terms.append(f"({' OR '.join(within)}) IS TRUE")
    if filters.conflict:
        terms.append("(conflicted = 1) IS TRUE")
    for number, (name, code) in enumerate(filters.codes.items()):
        between = "%" if name in filters.several else ""
        terms.append(f"(fields LIKE :code{number} ESCAPE '\\') IS TRUE")
        found[f"code{number}"] = f'%"{_part(name)}":"{between}{_part(code)}%'
    if filters.q:
        either = "label LIKE :word ESCAPE '\\' OR fields LIKE :part ESCAPE '\\'"
        terms.append(f"({either}) IS TRUE")
        found["word"], found["part"] = f"%{_escaped(filters.q)}%", f"%{_part(filters.q)}%"
    return " AND ".join(terms), found


def _part(text: str) -> str:
    """Return a text as it stands within JSON, for LIKE."""
    return _escaped(orjson.dumps(text).decode()[1:-1])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
