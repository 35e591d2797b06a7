"""``firegrid check`` finds each kind of damage, names the promise that broke, and finds nothing where all is well."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.admin.store import invariants
from server.cli.main import main
from server.db import database
from server.db.database import Database
from server.db.folder import FILE_NAME
from server.submissions.store.blobs import BlobStore
from tests import postgres_server
from tests.filled_forms import a_hazard, a_station, a_visit, photo, uuid_of
from tests.valley import a_valley

STATION, HAZARD, UNSEEN = uuid_of("station"), uuid_of("hazard"), uuid_of("unseen")

DAMAGE = {
    "a record's version is the number of its revisions, and what new epochs raised it by": f"""
        UPDATE record SET version = 7 WHERE id = '{STATION}'
    """,
    "a new epoch raises a record by thousands, from where it stood": f"""
        UPDATE revision SET action = 'restore', origin = 'server', base_version = 0 WHERE record = '{STATION}'
    """,
    "a record stands where its newest revision left it": f"""
        UPDATE record SET seq = seq - 1 WHERE id = '{STATION}'
    """,
    "every revision belongs to a record": f"""
        DELETE FROM record WHERE id = '{STATION}'
    """,
    "every revision has its stored verdict": f"""
        DELETE FROM change WHERE record = '{STATION}'
    """,
    "every verdict that applied a change has its revision": f"""
        DELETE FROM revision WHERE record = '{STATION}'
    """,
    "nothing waits for a record that is here": f"""
        UPDATE change SET record = '{STATION}' WHERE verdict = 'waiting'
    """,
    "what waits or is quarantined is kept whole": """
        UPDATE change SET body = NULL WHERE verdict = 'waiting'
    """,
    "no seq is above the counter": """
        UPDATE counter SET value = 1 WHERE name = 'seq'
    """,
    "a submission has one newest version": """
        UPDATE submission SET current = 0 WHERE form = 'hazard'
    """,
    "the count of files that are here is right": """
        UPDATE submission SET files_present = 0 WHERE files_present = 1
    """,
    "a record lies in a known area": f"""
        UPDATE record SET path = '130630/999' WHERE id = '{STATION}'
    """,
    "a bucket is as new as its newest record": """
        DELETE FROM bucket
    """,
    "a record shows what its history adds up to": f"""
        UPDATE record SET fields = '{{"head": "乙"}}' WHERE id = '{STATION}'
    """,
    "a case has a status of the table, and nothing else has one": f"""
        UPDATE record SET status = 'lost' WHERE id = '{HAZARD}'
    """,
    "the status history of a case is a path in the table": f"""
        UPDATE revision SET diff = '{{"status": [null, "closed"]}}' WHERE record = '{HAZARD}'
    """,
    "a case is kept for those who have or had it": f"""
        INSERT INTO case_hand (record, mark, until) VALUES ('{HAZARD}', 'user:worker', '9999')
    """,
    "SQLite foreign_key_check": """
        DELETE FROM person WHERE name = 'worker'
    """,
}
DAMAGE |= {
    "every case has its facts, and stands where they say": f"""
        UPDATE case_fact SET status = 'void' WHERE id = '{HAZARD}'
    """,
    "the facts of a case are what its steps add up to": f"""
        UPDATE case_fact SET checked = 3 WHERE id = '{HAZARD}'
    """,
    "sums are what the cases add up to": """
        UPDATE case_count SET reports = reports + 1
    """,
    "the movements of a day are what its steps moved": f"""
        INSERT INTO movement_day (day, kept_at) SELECT received_day, '' FROM case_fact WHERE id = '{HAZARD}'
    """,
    "what figures are opened by is what the cases and patrols tell": """
        INSERT INTO patrol_fact VALUES ('gone', '2026-11-01T00:00:00.000Z', '130630', '', 3, 20261101)
    """,
}
MORE_DAMAGE = {
    "steps that are gone": (
        "the facts of a case are what its steps add up to",
        f"DELETE FROM case_step WHERE record = '{HAZARD}'",
    ),
    "an ending that no case has": (
        "what figures are opened by is what the cases and patrols tell",
        f"INSERT INTO case_ending VALUES ('{HAZARD}', 0, 'closed', 20261101, 20261102, '', '130630')",
    ),
    "a field went missing": (
        "a record shows what its history adds up to",
        f"UPDATE record SET fields = '{{}}' WHERE id = '{STATION}'",
    ),
    "a station has a status": (
        "a case has a status of the table, and nothing else has one",
        f"UPDATE record SET status = 'reported', stage = 'collect' WHERE id = '{STATION}'",
    ),
    "a case has none": (
        "a case has a status of the table, and nothing else has one",
        f"UPDATE record SET status = NULL, stage = NULL WHERE id = '{HAZARD}'",
    ),
    "a case stands elsewhere than its history leads": (
        "the status history of a case is a path in the table",
        f"UPDATE record SET status = 'registered', stage = 'assign' WHERE id = '{HAZARD}'",
    ),
    "a hazard's history does not say how it began": (
        "the status history of a case is a path in the table",
        f"UPDATE revision SET diff = '{{}}' WHERE record = '{HAZARD}'",
    ),
    "somebody is said to have a case that is not there": (
        "a case is kept for those who have or had it",
        "INSERT INTO case_hand (record, mark, until) VALUES ('gone', 'user:worker', '9999')",
    ),
    "the stage belongs to another status": (
        "a case has a status of the table, and nothing else has one",
        f"UPDATE record SET stage = 'close' WHERE id = '{HAZARD}'",
    ),
}


@pytest.fixture(scope="module")
def worked_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a station of two versions and a photo, a hazard, and an update that waits for its record."""
    folder = tmp_path_factory.mktemp("valley") / "data"
    with a_valley(folder) as valley:
        phone = valley.phone()
        phone.send(a_station(STATION, before="1.jpg"), photo("1.jpg"))
        phone.send(a_visit(STATION, 1, hoses="8"))
        phone.send(a_hazard(HAZARD))
        phone.send(a_visit(UNSEEN, 2, trunk=1, branch=uuid_of("branch"), hoses="8"))
    return folder


@pytest.fixture
def folder(worked_in: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    for path in worked_in.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(worked_in)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return copy


def damage(folder: Path, statement: str, **values: object) -> None:
    """Do what nobody may do, past every rule."""
    if not (folder / FILE_NAME).exists():
        assert postgres_server.changed_past_every_rule(folder, statement, values) > 0
        return
    connection = sqlite3.connect(folder / FILE_NAME)
    with connection:
        touched = connection.execute(statement, values).rowcount
    connection.close()
    assert touched > 0


@pytest.fixture
def store(folder: Path) -> Iterator[Database]:
    opened = database.open_inline(folder)
    yield opened
    opened.close()


def found(store: Database) -> set[str]:
    with store.reading() as reading:
        return {promise for promise, _ in invariants.broken(reading)}


def test_a_sound_database_breaks_no_promise(store):
    assert found(store) == set()


def test_an_empty_database_breaks_no_promise(tmp_path):
    database.create(tmp_path)
    store = database.open_inline(tmp_path)

    assert found(store) == set()
    store.close()


OF_SQLITE = {"SQLite foreign_key_check": pytest.mark.sqlite}  # PostgreSQL holds keys with every statement


@pytest.mark.parametrize("promise", [pytest.param(each, marks=OF_SQLITE.get(each, ())) for each in DAMAGE])
def test_each_promise_is_found_broken(promise, folder, store):
    damage(folder, DAMAGE[promise])

    assert promise in found(store)


@pytest.mark.parametrize("what", MORE_DAMAGE)
def test_the_same_promise_can_break_in_several_ways(what, folder, store):
    promise, statement = MORE_DAMAGE[what]
    damage(folder, statement)

    assert promise in found(store)


def test_every_promise_has_its_damage_here(store):
    assert set(invariants._QUERIES) <= set(DAMAGE)


@pytest.mark.sqlite  # it spoils pages of the file
def test_a_page_that_rotted_is_found(folder):
    path = folder / FILE_NAME
    content = bytearray(path.read_bytes())
    for page in range(4096 * 5, len(content) - 4096, 4096 * 3):
        content[page + 8 : page + 200] = bytes(192)
    path.write_bytes(content)

    checked = CliRunner().invoke(main, ["check", "--data", str(folder)])

    assert checked.exit_code == 1
    assert checked.stderr.strip()


def test_the_command_says_that_all_is_well_and_how_many_files_it_read(folder):
    checked = CliRunner().invoke(main, ["check", "--data", str(folder)])

    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "附件 1 个" in checked.stdout


def test_the_command_names_promise_and_subject_and_ends_with_status_1(folder):
    damage(folder, DAMAGE["a record lies in a known area"])

    checked = CliRunner().invoke(main, ["check", "--data", str(folder)])

    assert checked.exit_code == 1
    assert f"broken: a record lies in a known area: {STATION}" in checked.stderr


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"another photo")])
def test_a_photo_that_is_gone_or_altered_is_found(harm, folder, store):
    with store.reading() as reading:
        [sha256] = [row["sha256"] for row in reading.sql.rows("SELECT sha256 FROM submission_file")]
    harm(BlobStore(folder / "blobs").path(sha256))

    checked = CliRunner().invoke(main, ["check", "--data", str(folder)])

    assert checked.exit_code == 1
    assert sha256 in checked.stderr


BAD_LIST = "UPDATE form_media SET content = :content WHERE name = 'streets.csv'"
BAD_CONTENT = b"name here,label"
NO_LIST = "DELETE FROM form_media WHERE name = 'streets.csv'"


@pytest.mark.parametrize("harm", [BAD_LIST, NO_LIST])
def test_a_live_form_that_no_phone_can_open_with_its_lists_is_found(harm, folder):
    damage(folder, harm, content=BAD_CONTENT)

    checked = CliRunner().invoke(main, ["check", "--data", str(folder)])

    assert checked.exit_code == 1
    assert "broken: phones can open every form with its lists: round：" in checked.stderr
    assert "streets.csv" in checked.stderr


def test_the_lists_of_a_form_that_no_phone_is_given_are_nobodys_business(folder):
    damage(folder, BAD_LIST, content=BAD_CONTENT)
    damage(folder, "UPDATE form SET state = 'closed' WHERE id = 'round'")

    assert CliRunner().invoke(main, ["check", "--data", str(folder)]).exit_code == 0
