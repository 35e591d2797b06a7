"""Rows of the server's database as they are, for checks that must not rest on what they check."""

from __future__ import annotations

import shutil
from pathlib import Path

from server.db.folder import FILE_NAME
from server.db.sql import Row
from server.db.sqlite.snapshot import snapshot
from server.db.transactions import Reading


def instances(reading: Reading) -> dict[str, str]:
    """Return the id of each submission, by id of its instance."""
    return {row["instance_id"]: row["id"] for row in reading.sql.each("SELECT id, instance_id FROM submission")}


def files(reading: Reading) -> set[tuple[str, str, str]]:
    """Return (submission, name, SHA-256) of every file of a submission that is here."""
    sql = "SELECT submission, name, sha256 FROM submission_file"
    return {(row["submission"], row["name"], row["sha256"]) for row in reading.sql.each(sql)}


def uploaded(reading: Reading) -> set[str]:
    """Return the SHA-256 of every photo of a change that is here."""
    return {row["sha256"] for row in reading.sql.each("SELECT DISTINCT sha256 FROM sent_file")}


def changes(reading: Reading) -> dict[str, Row]:
    """Return every stored verdict, by id of the change: record, author, verdict, version, submission, body."""
    sql = "SELECT id, record, type, author, verdict, version, submission, received_at, body FROM change"
    return {row["id"]: row for row in reading.sql.each(sql)}


def records(reading: Reading) -> dict[str, Row]:
    """Return every record, by id, as it is stored."""
    return {row["id"]: row for row in reading.sql.each("SELECT * FROM record ORDER BY id")}


def revisions(reading: Reading) -> list[Row]:
    """Return every revision, by record and version."""
    return reading.sql.rows("SELECT * FROM revision ORDER BY record, version")


def case_revisions(reading: Reading, until: str) -> list[Row]:
    """Return what every revision of a case says, by case and version: those received until an instant."""
    sql = """
        SELECT record, path, action, verdict, diff, received, revision.received_at AS at,
               made_at, observed_at
          FROM revision JOIN record ON record.id = revision.record
         WHERE kind = 'case' AND revision.received_at <= :until ORDER BY record, revision.version
    """
    return reading.sql.rows(sql, {"until": until})


def hands(reading: Reading) -> list[Row]:
    """Return who had a case, and until when it stays in their list."""
    return reading.sql.rows("SELECT record, mark, until FROM case_hand ORDER BY record, mark")


def duties(reading: Reading) -> list[Row]:
    """Return every duty that anybody ever had."""
    return reading.sql.rows("SELECT person, role, area, body, starts_at, ends_at FROM duty ORDER BY person, starts_at")


def areas(reading: Reading) -> dict[str, Row]:
    """Return every area that there ever was, by code: code, path, successor."""
    return {row["code"]: row for row in reading.sql.each("SELECT code, path, successor FROM area ORDER BY code")}


def shared_origins(reading: Reading) -> set[str]:
    """Return the device ids under which more than one hand has written."""
    return {row["origin"] for row in reading.sql.each("SELECT origin FROM device_origin WHERE shared_from IS NOT NULL")}


def conflict_problems(reading: Reading) -> int:
    """Return how many conflicts were ever shown to an officer."""
    return int(reading.sql.value("SELECT COUNT(*) FROM problem WHERE kind = 'conflict'", {}))


def profile_changes(reading: Reading) -> int:
    """Return how many changes wrote to profiles."""
    sql = """
        SELECT COUNT(*) FROM revision JOIN record ON record.id = revision.record
         WHERE record.kind = 'profile' AND revision.action IN ('create', 'edit')
    """
    return int(reading.sql.value(sql, {}))


def units(reading: Reading) -> list[str]:
    """Return the codes of the units that are in force."""
    sql = "SELECT code FROM area WHERE valid_from <= :now AND valid_to > :now AND LENGTH(code) = 15 ORDER BY code"
    return [row["code"] for row in reading.sql.each(sql, {"now": reading.now})]


def state(reading: Reading) -> dict[str, object]:
    """Return all that a repeated request must leave as it is: records, revisions, verdicts, submissions."""
    return {
        "records": reading.sql.rows("SELECT id, version, fields, registers, status, assignee FROM record ORDER BY id"),
        "revisions": reading.sql.rows("SELECT record, version, change FROM revision ORDER BY record, version"),
        "verdicts": reading.sql.rows("SELECT id, verdict, version FROM change ORDER BY id"),
        "submissions": reading.sql.rows("SELECT id, instance_id, files_present FROM submission ORDER BY id"),
        "problems": reading.sql.rows("SELECT id, settled_at FROM problem ORDER BY id"),
    }


def copy_folder(folder: Path, now: str, to: Path) -> None:
    """Copy a data folder as of one commit. to: a folder, replaced where there is one."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for each in sorted(folder.iterdir()):
        if each.name.startswith(FILE_NAME):
            continue
        if each.is_dir():
            shutil.copytree(each, to / each.name)
        else:
            shutil.copyfile(each, to / each.name)
    with snapshot(folder, now) as taken:
        taken.copy_to(to / FILE_NAME, lambda _size: None)
