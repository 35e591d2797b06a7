"""The steps by which a database of any age becomes today's; one SQL file a step and engine.

What SQL does not express is in a module of the step's own, as frozen as the SQL: it imports nothing that can change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files

from sqlite_utils import Database as SqliteDatabase
from sqlite_utils import Migrations

from server.db.migrations import (
    step_0002_case_figures,
    step_0004_sync,
    step_0014_first_hands,
    step_0023_case_endings,
    step_0024_patrol_facts,
    step_0029_audit_chain,
    step_0037_named_contents,
    step_0059_checks_on_site,
    step_0068_reopenings,
    step_0073_late_for_good,
    step_0075_time_until_reports_come_in,
    step_0077_positions,
)
from server.db.sql import Sql

_SQL = ".sqlite.sql"
STEPS = tuple(sorted(each.name.removesuffix(_SQL) for each in files(__package__).iterdir() if each.name.endswith(_SQL)))
"""Names of the steps in order, which their numbers give; a step that has landed is never edited."""

FOLLOWED_BY: Mapping[str, Callable[[Sql], None]] = {
    "0002_case_figures": step_0002_case_figures.apply,
    "0004_sync": step_0004_sync.apply,
    "0014_first_hands": step_0014_first_hands.apply,
    "0023_case_endings": step_0023_case_endings.apply,
    "0024_patrol_facts": step_0024_patrol_facts.apply,
    "0029_audit_chain": step_0029_audit_chain.apply,
    "0037_uploads": step_0037_named_contents.apply,
    "0059_rechecks": step_0059_checks_on_site.apply,
    "0068_cases_that_come_back": step_0068_reopenings.apply,
    "0073_late_for_good": step_0073_late_for_good.apply,
    "0075_time_until_reports_come_in": step_0075_time_until_reports_come_in.apply,
    "0077_records_with_a_position": step_0077_positions.apply,
}
"""What is computed once the step's SQL has run, in the same transaction; frozen like the step, it calls no noun."""


def migrations() -> Migrations:
    """Return the steps as a set that sqlite-utils applies, each in a transaction of its own."""
    known = Migrations("firegrid")
    for step in STEPS:
        known(name=step)(_runner(step))
    return known


def _runner(step: str):  # type: ignore[no-untyped-def]  # sqlite-utils keeps its migration protocol private
    script = (files(__package__) / f"{step}{_SQL}").read_text(encoding="utf-8")

    def run(db: SqliteDatabase) -> None:
        db.executescript(script)
        if step in FOLLOWED_BY:
            FOLLOWED_BY[step](Sql(db))

    return run
