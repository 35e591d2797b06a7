"""What each row that is written costs besides itself: nothing that is built for it and thrown away again."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.cases.store import requests
from server.db import database
from server.db.folder import FILE_NAME
from server.db.sqlite.connections import connect
from server.records.store import revisions

pytestmark = pytest.mark.sqlite

FREQUENT = ("record", "revision", "change", "case_fact", "case_step", "bucket", "submission", "audit")
"""Tables that a push or a submission writes to for each of its changes."""


def test_no_index_makes_sqlite_fill_a_table_in_memory_for_each_row(tmp_path: Path):
    database.create(tmp_path / "data")
    db = connect(tmp_path / "data" / FILE_NAME)

    steps = {}
    for table in FREQUENT:
        names = [column.name for column in db[table].columns]
        listed, values = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        plan = db.execute(f"EXPLAIN INSERT INTO {table} ({listed}) VALUES ({values})", [None] * len(names))
        steps[table] = {step[1] for step in plan}
    db.close()

    assert all("Insert" in each or "IdxInsert" in each for each in steps.values())
    assert [table for table, each in steps.items() if "OpenEphemeral" in each] == []


def test_the_index_of_decisions_answers_the_list_of_decisions(tmp_path: Path):
    database.create(tmp_path / "data")
    db = connect(tmp_path / "data" / FILE_NAME)

    plan = db.execute(f"EXPLAIN QUERY PLAN SELECT seq FROM revision WHERE {requests.DECIDING} ORDER BY seq DESC")
    read = [step[3] for step in plan]
    db.close()

    assert read == ["SCAN revision USING INDEX revision_decision"]


def test_the_index_of_announced_files_answers_for_the_rows_of_a_page(tmp_path: Path):
    database.create(tmp_path / "data")
    db = connect(tmp_path / "data" / FILE_NAME)

    plan = db.execute(f"EXPLAIN QUERY PLAN {revisions.ANNOUNCED.format(listed=':a, :b, :c')}", dict.fromkeys("abc", ""))
    read = [step[3] for step in plan]
    db.close()

    assert read == ["SEARCH revision USING INDEX revision_files (record=?)"]
