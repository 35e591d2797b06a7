"""A database of every age becomes today's, with the rows that its own version had written, and all promises hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlite_utils import Database as SqliteDatabase

from server.admin.store import invariants
from server.admin.usecases.housekeeping import enter_labels
from server.audit.store import chain
from server.db import database
from server.db.database import Database
from server.db.folder import FILE_NAME
from server.db.migrations import STEPS, migrations
from server.db.migrations.step_0002_case_figures import add_counts, cells
from server.db.sql import Sql
from server.db.sqlite.connections import connect, migrate
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from tests.summaries.case_histories import end_of, on

pytestmark = pytest.mark.sqlite

Row = dict[str, Any]
Step = tuple[str, str, dict[str, str]]
"""What was done, on which day, and the values that it set."""
PATH, CODE = "130630/100", "130630100000"


def revisions(id: str, number: int, steps: list[Step]) -> list[tuple[str, Row]]:
    """Return the revisions of a record with their verdicts."""
    rows, shown = [], dict.fromkeys(("status",), None)
    for version, (action, day, values) in enumerate(steps, start=1):
        diff = {name: [shown.get(name), value] for name, value in values.items()}
        shown |= values
        change = {"id": f"change-{id}-{version}", "record": id, "verdict": "applied", "version": version}
        texts = dict.fromkeys(("type", "author", "content", "conflicts"), "")
        rows.append(("change", texts | change | {"received_at": on(day)}))
        revision = {"record": id, "version": version, "seq": number + version, "change": change["id"]}
        revision |= {"action": action, "author": "", "verdict": "applied", "diff": orjson.dumps(diff).decode()}
        revision |= {"received": "{}", "origin": "", "origin_seq": version}
        rows.append(("revision", revision | {"observed_at": on(day), "received_at": on(day)}))
    return rows


def record(
    id: str, number: int, type: str, fields: dict[str, str], *steps: Step, **more: object
) -> list[tuple[str, Row]]:
    """Return a record with its history and the bucket that it is in."""
    row = dict.fromkeys(("author", "flags", "registers"), "")
    row |= {"id": id, "type": type, "area": CODE, "path": PATH, "label": f"演示{id}", "conflicted": 0}
    row |= {"fields": orjson.dumps(fields).decode(), "version": len(steps), "seq": number + len(steps)}
    row |= {"born_seq": number + 1, "created_at": on(steps[0][1]), "updated_at": on(steps[-1][1])}
    bucket = {"type": type, "name": f"area:{PATH}", "seq": number + len(steps)}
    action, day, values = steps[0]
    history = revisions(id, number, [(action, day, values | fields), *steps[1:]])
    return [("record", row | more), ("bucket", bucket), *history]


def audited(seq: int, day: str, action: str, subject: str, **detail: str) -> tuple[str, Row]:
    """Return an entry of the audit as versions wrote it that had no chain: numbered by the county's seq."""
    row = {"id": f"{seq:016d}", "at": on(day), "actor": "admin", "action": action, "subject": subject}
    return "audit", row | {"detail": orjson.dumps(detail).decode()}


def case(id: str, number: int, *steps: tuple[str, str, str], stage: str) -> list[tuple[str, Row]]:
    """Return a case of the category ``lane``. steps: (action, day, status)."""
    taken = [(action, day, {"status": status}) for action, day, status in steps]
    status = steps[-1][2]
    return record(id, number, "hazards", {"category": "lane"}, *taken, kind="case", status=status, stage=stage)


def facts(id: str, steps: list[tuple[str, str, str]], **more: object) -> list[tuple[str, Row]]:
    """Return the steps and the facts of a case that was registered on the day of its first step, 1 April."""
    fact = {"id": id, "path": PATH, "category": "lane", "received_at": on("04-01"), "status": steps[-1][2]}
    fact |= {"decided_at": on("04-01"), "registered_at": on("04-01"), "dispatches": "", "stepped_at": on(steps[-1][1])}
    fact |= dict.fromkeys(("held_s", "checked", "reworked", "extended"), 0) | {"running": 1}
    fact |= {"received_day": 20260401, "registered_day": 20260401, "registered_month": 202604}
    return [
        *(
            ("case_step", {"record": id, "version": n, "at": on(day), "action": action, "status": status})
            for n, (action, day, status) in enumerate(steps, start=1)
        ),
        ("case_fact", fact | more),
    ]


SENT = [("report", "04-01", "reported"), ("assign", "04-01", "assigned"), ("feedback", "04-03", "feedback")]
BACK = [("spot_close", "04-01", "feedback"), ("rework", "04-03", "handling")]

WRITTEN: dict[str, list[tuple[str, Row]]] = {
    "0002_case_figures": [
        ("setting", {"name": "epoch", "value": "e"}),
        ("counter", {"name": "seq", "value": 1_000}),
        ("counter", {"name": "configuration", "value": 0}),
        ("area", {"code": CODE, "path": PATH, "level": "town", "name": "演示镇", "valid_from": "", "valid_to": ""}),
        ("person", {"name": "worker", "display": "演示甲", "created_at": on("04-01")}),
        *case("1", 10, ("report", "04-01", "reported"), stage="collect"),
        *case("2", 20, ("spot_close", "04-01", "spot_closed"), stage="close"),
        *record("3", 30, "patrols", {"premises_count": "12"}, ("create", "04-01", {}), kind="event"),
        *record("4", 40, "stations", {"head": "演示甲"}, ("create", "04-01", {}), ("edit", "04-02", {}), kind="event"),
    ],
    "0006_lateness_indexes": [
        ("phone_key", {"id": "k", "person": "worker", "token_hash": "h", "created_at": on("04-01"), "unsent": 3}),
        audited(9, "04-02", "user.revoke", "worker"),
        audited(10, "04-02", "user.unlock", "worker"),
        audited(2, "04-01", "user.add", "worker", display="演示甲"),
    ],
    "0013_handovers_in_order": [
        *case("5", 50, *SENT, stage="feedback"),
        *facts("5", SENT, dispatches=f"{on('04-01')}/", first_fed_back_at=on("04-03"), fed_back_at=on("04-03"),
               handle_due_at=end_of("04-09"), handled_s=2 * 86_400),
        ("case_handover", {"day": 20260401, "record": "5"}),
        ("case_pace", {"month": 202604, "town": PATH, "bucket": 24, "n": 1}),
    ],
    "0014_first_hands": [
        *case("6", 60, *BACK, stage="handle"),
        *facts("6", BACK, first_fed_back_at=on("04-01"), checked=1, reworked=1),
    ],
}  # fmt: skip
"""What versions had written by the time of each step, and not before."""

REGISTERED = ("reports", "decided_reports", "registered_reports", "valid_reports", "registered", "once_fed_back")
COUNTED = {
    "0013_handovers_in_order": dict.fromkeys(
        (*REGISTERED, "rectified", "dispatched", "handled", "handled_on_time", "dispatches"), 1
    )
    | {"handled_s": 2 * 86_400},
    "0014_first_hands": dict.fromkeys((*REGISTERED, "checked", "reworked"), 1),
}
"""What the cases of ``WRITTEN`` add to the sums, all of it on 1 April."""
LIMITS_OF_5 = "UPDATE case_step SET handle_due_at = :at WHERE record = '5' AND version = 2"


def database_written_until(folder: Path, step: str) -> None:
    """Make a database as the version left it that did not have this step yet."""
    db = connect(folder / FILE_NAME)
    for each in STEPS[: STEPS.index(step) + 1]:
        if each != STEPS[0]:
            migrations().apply(db, stop_before=each)
            write(db, each)
    db.close()


def write(db: SqliteDatabase, step: str) -> None:
    for table, row in WRITTEN.get(step, ()):
        db[table].insert(row, ignore=table == "bucket")
        if table == "bucket":
            db.execute("UPDATE bucket SET seq = :seq WHERE type = :type AND name = :name", row)
    if step == "0013_handovers_in_order":
        db.execute(LIMITS_OF_5, {"at": end_of("04-09")})
    if step in COUNTED:
        found = {(cell, column): n for cell in cells(20260401, "lane", PATH) for column, n in COUNTED[step].items()}
        add_counts(Sql(db), found)


def ages() -> Iterator[Any]:
    """Yield every age: the newest six and every fourth one before them in the usual run, the others in the slow one."""
    for before, step in enumerate(reversed(STEPS[1:])):
        yield pytest.param(step, marks=() if before < 6 or before % 4 == 0 else pytest.mark.slow, id=step)


@pytest.fixture(scope="module")
def new_one(tmp_path_factory) -> Path:
    """Return the file of a database that this version has made."""
    folder = tmp_path_factory.mktemp("new") / "data"
    database.create(folder)
    return folder / FILE_NAME


@pytest.mark.parametrize("step", [*ages()])
def test_a_database_of_every_age_becomes_todays(step, tmp_path, new_one):
    database_written_until(tmp_path, step)

    migrate(tmp_path)

    store = database.open_inline(tmp_path)
    with store.reading() as reading:
        broken = list(invariants.broken(reading))
        values = reading.sql.rows("SELECT check_value FROM record WHERE id <= '4'")
    store.close()
    assert broken == []
    assert all(row["check_value"] for row in values)
    assert columns(tmp_path / FILE_NAME) == columns(new_one)
    assert (tmp_path / f"{FILE_NAME}.before-{step}").exists()


def test_labels_that_an_older_version_had_indexed_are_found_before_and_after_they_are_entered_anew(tmp_path):
    database_written_until(tmp_path, "0020_label_search")
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE counter SET value = 1000 WHERE name = 'labels'")
    connection.close()

    migrate(tmp_path)

    store = database.open_inline(tmp_path)
    assert [found(store, q) for q in ("演示3", "3", "演示")] == [["3"], ["3"], ["6", "5", "4", "3", "2", "1"]]
    while enter_labels(store):
        continue
    assert [found(store, q) for q in ("演示3", "3", "演示")] == [["3"], ["3"], ["6", "5", "4", "3", "2", "1"]]
    store.close()


def test_the_audit_of_older_versions_becomes_a_chain_in_its_order(tmp_path):
    database_written_until(tmp_path, "0028_device_origins")

    migrate(tmp_path)

    store = database.open_inline(tmp_path)
    with store.reading() as reading:
        entries = list(chain.list_about(reading, "worker"))
        assert list(chain.broken(reading)) == []
    store.close()
    assert [(entry.number, entry.event) for entry in entries] == [
        (1, "user.add"), (2, "user.revoke"), (3, "user.unlock"),
    ]  # fmt: skip
    assert entries[0].details == {"display": "演示甲"}
    assert (entries[0].at, entries[0].actor, entries[0].result) == (on("04-01"), "admin", "done")


def found(store: Database, q: str) -> list[str]:
    """Return the ids of the records with a text in their label, newest first."""
    with store.reading() as reading:
        page = record_lists.page(reading, Scope((Place("130630"),)), Filters(q=q), before=None, limit=100)
    return [row["id"] for row in page]


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the columns of every table and index by name."""
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        found = {name: connection.execute(f"PRAGMA {kind}_xinfo({name})").fetchall() for kind, name in names}
    connection.close()
    return found


def test_each_step_has_a_number_of_its_own():
    numbers = [step.partition("_")[0] for step in STEPS]

    assert sorted(set(numbers)) == numbers
