"""Fills a data folder with a million hazards as a county would have them after eighteen months.

The program's own functions make the rows of five hundred generated histories, each shifted in time, area and category,
and the sums over them. Revisions are left out; everything that lists and summaries read is there, and the invariants
of records, facts, steps and sums hold.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlite_utils import Database

import kobo_forms
from bench.cases import histories
from bench.cases.rows import TYPE, CaseRows, Dates, Template
from server import instants
from server.db.folder import FILE_NAME
from server.db.sql import InsertInto, Sql, inserting
from server.db.sqlite.connections import connect
from server.grid.domain.areas import code_of
from server.records.store import checksums, columns
from server.summaries.store import case_facts as facts_store
from server.summaries.store.rollups import COUNTY, Sums, rollup_keys, town_of

__all__ = ["CASES", "DAYS", "TYPE", "fill"]

CASES = 1_000_000
HISTORIES = 500
DAYS = 548
"""Eighteen months, the last day of them yesterday."""

SEED = 20260401
BATCH = 20_000
PLACED = 75
"""Of how many of a hundred hazards a position is known."""

SEVERITIES = {"general": 96, "suspected_major": 4}
"""How many of a hundred hazards are of each."""


def fill(folder: Path, cases: int = CASES, now: datetime | None = None) -> None:
    """Add hazards to the database in ``folder``, which is set up and not in use; ``now`` is the end of their time."""
    db = connect(folder / FILE_NAME)
    for pragma in ("synchronous = OFF", "cache_size = -1200000", "foreign_keys = OFF"):
        db.execute(f"PRAGMA {pragma}")
    sql = Sql(db)
    end = now or datetime.now(UTC)
    first_seq = int(sql.value("SELECT value FROM counter WHERE name = 'seq'"))
    indexes = _drop_indexes(sql)
    with db.atomic():
        generated = _generated(sql, cases, end, first_seq)
        sums, buckets = Sums(), dict[str, int]()
        while batch := list(islice(generated, BATCH)):
            _write(db, batch)
            for case in batch:
                _add(sums, case)
                _raise(buckets, case)
        sums.write(sql)
        sql.run_each(_BUCKET, ({"type": TYPE, "name": name, "seq": seq} for name, seq in buckets.items()))
        sql.run("UPDATE counter SET value = :seq WHERE name = 'seq'", {"seq": first_seq + cases})
    for index in indexes:
        sql.run(index)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _generated(sql: Sql, cases: int, end: datetime, first_seq: int) -> Iterator[CaseRows]:
    draw = random.Random(SEED)
    paths = [row["path"] for row in sql.each("SELECT path FROM area WHERE level = 'unit' ORDER BY path")] or [
        row["path"] for row in sql.each("SELECT path FROM area WHERE level = 'village' ORDER BY path")
    ]
    items, sources = list(kobo_forms.codes("hazard_items")), list(kobo_forms.codes("hazard_sources"))
    start = datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(days=DAYS)
    templates = _Templates(draw, start, instants.text(end))
    days = sorted(
        draw.choices(range(DAYS), [histories.season(start + timedelta(days=day)) for day in range(DAYS)], k=cases)
    )
    case_paths = draw.choices(paths, [draw.paretovariate(1.5) for _ in paths], k=cases)
    case_items = draw.choices(items, [draw.paretovariate(1.2) for _ in items], k=cases)
    case_sources = draw.choices(sources, k=cases)
    spots = {path: (draw.uniform(39.1, 39.6), draw.uniform(114.5, 115.0)) for path in paths}
    severities = draw.choices(list(SEVERITIES), [*SEVERITIES.values()], k=cases)
    for number, (day, path, item) in enumerate(zip(days, case_paths, case_items, strict=True)):
        seq, id = first_seq + number + 1, str(UUID(int=draw.getrandbits(128), version=4))
        template, version = templates.draw(day, seq)
        date = start + timedelta(days=day)
        geometry = _near(draw, *spots[path]) if draw.randrange(100) < PLACED else ""
        told = {
            "id": id,
            "path": path,
            "area": code_of(path),
            "item": item["name"],
            "category": item["category"],
            "hazard": item["label"],
            "place": f"演示场所{seq % 6_000:04}",
            "severity": severities[number],
            "source": case_sources[number]["name"],
            "who": f"gw{number % 900:04}",
            "number": f"LY-{date.year}-{seq:07}",
            "month": f"{date:%Y-%m}",
            "seq": str(seq),
            "geometry": geometry,
            "placed": "1" if geometry else "0",
            "check": str(checksums.of(id, version)),
        }
        yield template.fill(day, told)


def _near(draw: random.Random, latitude: float, longitude: float) -> str:
    """Return a position within half a kilometre, as a phone writes it."""
    return f"{latitude + draw.uniform(-0.005, 0.005):.6f} {longitude + draw.uniform(-0.005, 0.005):.6f} 0 5"


class _Templates:
    """The rows of histories, each made once for what had happened of it by ``now``."""

    def __init__(self, draw: random.Random, start: datetime, now: str) -> None:
        self._draw, self._now = draw, now
        self._dates = Dates(start, 3 * DAYS)
        self._histories = [histories.history(draw, start) for _ in range(HISTORIES)]
        self._made: dict[tuple[int, int, bool, bool], Template] = {}

    def draw(self, day: int, seq: int) -> tuple[Template, int]:
        """Return the rows of any history for a case that begins on a day, and how many steps it has taken."""
        number = self._draw.randrange(HISTORIES)
        history = self._histories[number]
        taken = sum(self._dates.shifted(step.at, day) <= self._now for step in history) or 1
        key = (number, taken, seq % 500 == 0, seq % 50 == 0)
        if key not in self._made:
            self._made[key] = Template(history[:taken], *key[2:], self._dates)
        return self._made[key], taken


_TABLES = {
    "record": columns.NAMES,
    "case_fact": (*facts_store.COLUMNS, *facts_store.DERIVED),
    "case_step": facts_store.STEP_COLUMNS,
    "case_handover": facts_store.HANDOVER_COLUMNS,
    "case_ending": facts_store.ENDING_COLUMNS,
    "case_hand": ("record", "mark", "until"),
}
_BUCKET = f"{inserting('bucket', ('type', 'name', 'seq'))} ON CONFLICT (type, name) DO UPDATE SET seq = excluded.seq"


def _write(db: Database, batch: list[CaseRows]) -> None:
    rows = {
        "record": [case.record for case in batch],
        "case_fact": [case.facts for case in batch],
        "case_step": [row for case in batch for row in case.steps],
        "case_handover": [row for case in batch for row in case.handovers],
        "case_ending": [row for case in batch for row in case.endings],
        "case_hand": [row for case in batch for row in case.hands],
    }
    for table, names in _TABLES.items():
        db.conn.executemany(InsertInto(table, *names).text, rows[table])


_PATH, _CATEGORY = facts_store.COLUMNS.index("path"), facts_store.COLUMNS.index("category")
_SEQ, _AUTHOR, _AREA = (columns.NAMES.index(name) for name in ("seq", "author", "path"))


def _add(sums: Sums, case: CaseRows) -> None:
    """Add what a case contributes, as ``Sums.add`` does."""
    path, category = case.facts[_PATH], case.facts[_CATEGORY]
    for day, column, n in case.added:
        for key in rollup_keys(day, category, path):
            row = sums.counts.setdefault(key, {})
            row[column] = row.get(column, 0) + n
    if case.result is not None:
        day, code = case.result
        for key in rollup_keys(day, category, path):
            sums.results[(*key, code)] += 1
    if case.pace is not None:
        day, bucket = case.pace
        for town in (town_of(path), COUNTY):
            sums.handling_times[day // 100, town, bucket] += 1


def _raise(buckets: dict[str, int], case: CaseRows) -> None:
    seq = case.record[_SEQ]
    buckets[f"area:{case.record[_AREA]}"] = seq
    buckets[f"person:{case.record[_AUTHOR]}"] = seq  # who has or had it is the one who reported it


def _drop_indexes(sql: Sql) -> list[str]:
    """Drop the indexes of the tables that are filled; return the SQL that creates them again."""
    rows = sql.rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('record', 'case_fact', 'case_step', 'case_ending', 'case_hand', 'case_handover')"
    )
    for row in rows:
        sql.run(f"DROP INDEX {row['name']}")
    return [row["sql"] for row in rows]
