"""Writes the lives of cases into a store, step by step in order of time, as the write path does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from server.db import database
from server.db.database import Database
from server.db.transactions import Transaction
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import code_of
from server.records.domain import case_facts
from server.records.domain.records import Record
from server.records.store import records
from server.summaries.store import figure_recording, movements
from server.summaries.store.rollups import TABLES
from tests.county import new_database
from tests.summaries.case_histories import UNITS, History, on

KEPT = ("case_fact", "case_step", "case_handover", "case_ending", *TABLES, "movement_day", *movements.TABLES)


def a_store(folder: Path, **more: object) -> Database:
    """Return an empty store of its own."""
    new_database(folder)
    return database.open_inline(folder, **more)


def live(store: Database, histories: Iterable[History]) -> None:
    """Write every step of every case, in order of time, in the place of whatever was there."""

    def work(tx: Transaction) -> None:
        for table in KEPT:
            tx.sql.run(f"DELETE FROM {table}")
        tx.configuration_changed()  # nothing that a month was remembered by is true any more
        write_lives(tx, histories)

    store.write(work)


def write_lives(tx: Transaction, histories: Iterable[History]) -> None:
    lives = {history.id: history for history in histories}
    steps = [(step.at, id, version, step) for id in lives for version, step in enumerate(lives[id].steps, start=1)]
    facts = {}
    for _, id, version, step in sorted(steps, key=lambda each: each[:3]):
        before = facts.get(id)
        if before is None:
            facts[id] = case_facts.begun(id, lives[id].path, lives[id].category, step)
        else:
            facts[id] = case_facts.after(before, step)
        figure_recording.record(tx, before, facts[id], step, version)


def walked(tx: Transaction, *rounds: tuple[str, str, int]) -> None:
    """Write patrols of the first unit: (day, place, premises)."""
    for number, (day, place, premises) in enumerate(rounds):
        id, fields = f"00000000-0000-4000-8000-{number:012}", {"premises_count": str(premises), "place": place}
        record = Record(
            id, "patrols", Kind.EVENT, code_of(UNITS[0]), UNITS[0], f"{day} {place}", 1, number, number, "worker",
            fields, "", on(day), on(day),
        )  # fmt: skip
        records.add(tx, record)
        figure_recording.record_patrol(tx, None, record)
