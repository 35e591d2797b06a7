"""The steps by which a database of any age becomes today's; one SQL file a step and engine.

What SQL does not express is in a module of the step's own, as frozen as the SQL: it imports nothing that can change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from functools import cache
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
    step_0076_who_gave_cases_out,
    step_0077_positions,
    step_0079_limits_by_day,
    step_0086_parts_of_co_handlers,
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
    "0076_who_gave_cases_out": step_0076_who_gave_cases_out.apply,
    "0077_records_with_a_position": step_0077_positions.apply,
    "0079_limits_by_day": step_0079_limits_by_day.apply,
    "0086_parts_of_co_handlers": step_0086_parts_of_co_handlers.apply,
}
"""What is computed once the step's SQL has run, in the same transaction; frozen like the step, it calls no noun."""


@cache
def migrations() -> Migrations:
    """Return the steps as a set that sqlite-utils applies, each in a transaction of its own.

    One set serves every database of the process: it remembers of none what was applied.
    """
    known = Migrations("firegrid")
    for step in STEPS:
        known(name=step)(_runner(step))
    return known


def _runner(step: str):  # type: ignore[no-untyped-def]  # sqlite-utils keeps its migration protocol private
    def run(db: SqliteDatabase) -> None:
        for statement in _statements(step):
            db.conn.execute(statement)
        if step in FOLLOWED_BY:
            FOLLOWED_BY[step](Sql(db))

    return run


@cache
def _statements(step: str) -> tuple[str, ...]:
    """Return the statements of a step; only who applies it reads its file.

    The script is not handed over as a whole: SQLite's own way commits first, and that of sqlite-utils asks after every
    character whether a statement has ended.
    """
    return tuple(_split((files(__package__) / f"{step}{_SQL}").read_text(encoding="utf-8")))


def _split(script: str) -> Iterator[str]:
    """Yield statements, each of which ends where a line does."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
