"""Measures the search in a million labels, through the index and by comparing every label."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from bench.cases import generator
from bench.cases.generator import CASES
from bench.county import COUNTY
from bench.environment import Environment
from bench.figures import Figure, latency, number
from server.admin.usecases.housekeeping import enter_labels
from server.db import database
from server.db.database import Database
from server.grid.domain.areas import Place, path_of
from server.grid.domain.scope import Scope
from server.records.store import label_search, record_lists
from server.records.store.record_lists import Filters

TITLE = "search in a million labels, beside LIKE"
TARGET_MS = 50
ROUNDS = 15
LIMIT = 100
TEXTS = {
    "two characters, rare": "仓库",
    "two characters, common": "演示",
    "two characters, absent": "龘龘",
    "one character, rare": "仓",
    "one character, common": "演",
    "one character, absent": "龘",
    "eight characters": "演示场所0007",
    "six characters, absent": "没有这样的事",
}


def measure(environment: Environment) -> Iterator[Figure]:
    folder = environment.copy_of_county("labels").folder
    generator.fill(folder)
    yield from indexed(folder)
    store = database.open_inline(folder)
    with store.reading() as reading:
        case_no = reading.sql.value("SELECT case_no FROM record WHERE case_no IS NOT NULL ORDER BY born_seq LIMIT 1")
    for name, text in {**TEXTS, "case number": str(case_no)}.items():
        seconds, found = zip(*(_page(store, text) for _ in range(ROUNDS)), strict=True)
        with patch.object(label_search, "LAG_MAX", -1):  # as if the index lay too far back
            like_s, like_found = _page(store, text)
        if {*found} != {like_found}:
            raise RuntimeError(f"the index finds other records than LIKE for {text!r}")
        yield latency(
            f"{name}: {text}", seconds, TARGET_MS, f"LIKE {number(like_s * 1000)} ms, {len(like_found)} shown"
        )
    store.close()


def indexed(folder: Path) -> Iterator[Figure]:
    """Index every label, as a server does in the background, and yield what it took."""
    store = database.open_inline(folder)
    began, computed = time.perf_counter(), time.process_time()
    while enter_labels(store):
        continue
    took, computed = time.perf_counter() - began, time.process_time() - computed
    with store.reading() as reading:
        size = int(reading.sql.value("SELECT SUM(LENGTH(block)) FROM label_search_data"))
    store.close()
    yield Figure("index of labels made", took, "s", reference=f"{computed:.0f} s of computing")
    yield Figure("size of the index", size / 1e6, "MB", reference=f"{CASES:,} labels")


def _page(store: Database, text: str) -> tuple[float, tuple[int, ...]]:
    """Return the seconds that the first page for ``text`` takes, and the ``born_seq`` of its records."""
    everywhere = Scope(places=(Place(path_of(COUNTY)),))
    began = time.perf_counter()
    with store.reading() as reading:
        page = record_lists.page(reading, everywhere, Filters(q=text), before=None, limit=LIMIT)
    return time.perf_counter() - began, tuple(row["born_seq"] for row in page)
