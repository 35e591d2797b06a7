"""The steps by which a database of any age becomes today's; one SQL file a step and engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from sqlite_utils import Database as SqliteDatabase
from sqlite_utils import Migrations

from server.db.sql import Sql
from server.records.store import checksums
from server.summaries.store import recount

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
    "0002_case_figures": recount.lay,
    "0004_sync": checksums.lay,
    "0014_first_hands": recount.mend,
}
"""What is worked out by the core once the step's SQL has run, in the same transaction."""


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
