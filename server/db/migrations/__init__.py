"""The steps by which a database of any age becomes today's; one SQL file a step and engine.

What SQL does not express is in a module of the step's own, as frozen as the SQL: it imports nothing that can change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from sqlite_utils import Database as SqliteDatabase
from sqlite_utils import Migrations

from server.db.migrations import step_0002_case_figures, step_0004_sync, step_0014_first_hands
from server.db.sql import Sql

STEPS = (
    "0001_foundations",
    "0002_case_figures",
    "0003_cases",
    "0004_sync",
    "0005_unsent",
    "0006_lateness_indexes",
    "0007_settlements",
    "0008_label_grams",
    "0009_items",
    "0010_fewer_indexes",
    "0011_moved_cases",
    "0012_bucket_names",
    "0013_handovers_in_order",
    "0014_first_hands",
    "0015_problems_of_items",
    "0016_announced_files",
    "0017_todo_told",
    "0018_items_kept_whole",
    "0019_field_clients",
)
"""Names of the steps in order; a step that has landed is never edited."""

FOLLOWED_BY: Mapping[str, Callable[[Sql], None]] = {
    "0002_case_figures": step_0002_case_figures.apply,
    "0004_sync": step_0004_sync.apply,
    "0014_first_hands": step_0014_first_hands.apply,
}
"""What is computed once the step's SQL has run, in the same transaction; frozen like the step, it calls no noun."""


def migrations() -> Migrations:
    """Return the steps as a set that sqlite-utils applies, each in a transaction of its own."""
    known = Migrations("firegrid")
    for step in STEPS:
        known(name=step)(_runner(step))
    return known


def _runner(step: str):  # type: ignore[no-untyped-def]  # sqlite-utils keeps its migration protocol private
    script = (files(__package__) / f"{step}.sqlite.sql").read_text(encoding="utf-8")

    def run(db: SqliteDatabase) -> None:
        db.executescript(script)
        if step in FOLLOWED_BY:
            FOLLOWED_BY[step](Sql(db))

    return run
