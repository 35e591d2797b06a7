"""Finds and removes what the database holds of a person: of an account, and of whoever is named in records.

History keeps its numbers, instants and verdicts; the texts alone are replaced, in every place that repeats them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.instants import Instant

OfText = Callable[[str], str]
"""Returns a text without what is forgotten."""

_TEXTS = {
    "record": ("id", ("label", "list_label", "office_note"), ("fields", "registers", "case_state")),
    "revision": ("seq", (), ("diff", "received")),
    "change": ("id", (), ("body",)),
    "problem": ("id", ("message",), ("detail", "settlement")),
}
"""Tables that hold what people wrote about a record: the key, columns of plain text, and columns of JSON."""

_OF_RECORD = {"record": "id", "revision": "record", "change": "record", "problem": "record"}

_ACCOUNT = (
    "UPDATE person SET display = :shown, password_hash = NULL WHERE name = :name",
    "UPDATE phone_key SET device = NULL, app_version = NULL WHERE person = :name",
    "UPDATE submission SET device = NULL, user_agent = NULL WHERE author = :name",
    "DELETE FROM field_client WHERE person = :name",
    "DELETE FROM sign_in_address WHERE person = :name",
    "DELETE FROM sign_in_session WHERE person = :name",
    "DELETE FROM todo_told WHERE person = :name",
)

_EXPIRED = {
    "phone": (
        "phone_key",
        "revoked_at < :before AND (device IS NOT NULL OR app_version IS NOT NULL)",
        "device = NULL, app_version = NULL",
    ),
    "submission_device": (
        "submission",
        "received_at < :before AND (device IS NOT NULL OR user_agent IS NOT NULL)",
        "device = NULL, user_agent = NULL",
    ),
}
"""By kind of ``data/retention.csv``: the table, what is past its time in it, and what is taken out."""


def forget_account(tx: Transaction, name: str, shown: str) -> None:
    """Take the name, password, devices and addresses of an account out. shown: what it is called from now on."""
    for statement in _ACCOUNT:
        tx.sql.run(statement, {"name": name, "shown": shown} if ":shown" in statement else {"name": name})
    tx.configuration_changed()


def accounts_revoked_before(reading: Reading, before: Instant, shown: str) -> list[str]:
    """Return the user names of accounts that were closed before an instant and still have a name of their own."""
    sql = "SELECT name FROM person WHERE revoked_at < :before AND display <> :shown ORDER BY name"
    return [name for (name,) in reading.sql.tuples(sql, {"before": before, "shown": shown})]


def count_expired(reading: Reading, kind: str, before: Instant) -> int:
    """Return how many rows of a kind hold what is past its time."""
    table, condition, _ = _EXPIRED[kind]
    return int(reading.sql.value(f"SELECT COUNT(*) FROM {table} WHERE {condition}", {"before": before}))


def remove_expired(tx: Transaction, kind: str, before: Instant) -> None:
    """Take out of the rows of a kind what is past its time."""
    table, condition, taken_out = _EXPIRED[kind]
    tx.sql.run(f"UPDATE {table} SET {taken_out} WHERE {condition}", {"before": before})


def records_naming(reading: Reading, *parts: str) -> Iterator[Row]:
    """Yield ``id``, ``type``, ``fields``, ``registers`` and the ``diff`` and ``received`` of each revision, of records
    in which a text that holds ``parts`` in this order stands now or once stood; ordered by record."""
    escaped = "%".join(map(_escaped, parts))
    return reading.sql.each(
        r"""
        SELECT record.id, record.type, record.fields, record.registers, revision.diff, revision.received
          FROM record JOIN revision ON revision.record = record.id
         WHERE record.id IN (SELECT id FROM record
                              WHERE fields LIKE :pattern ESCAPE '\' OR registers LIKE :pattern ESCAPE '\'
                              UNION
                             SELECT record FROM revision
                              WHERE diff LIKE :pattern ESCAPE '\' OR received LIKE :pattern ESCAPE '\')
         ORDER BY record.id, revision.version
        """,
        {"pattern": f"%{escaped}%"},
    )


def _escaped(part: str) -> str:
    return orjson.dumps(part).decode()[1:-1].replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def rewrite_record(tx: Transaction, id: str, without: OfText) -> dict[str, int]:
    """Replace what is forgotten in a record and in all that repeats it; return how many rows of each table changed."""
    changed = {table: _rewrite(tx, table, id, without) for table in _TEXTS}
    changed["submission"] = _rewrite_submissions(tx, id, without)
    return changed


def _rewrite(tx: Transaction, table: str, record: str, without: OfText) -> int:
    key, texts, jsons = _TEXTS[table]
    columns, changed = (*texts, *jsons), 0
    rows = tx.sql.rows(
        f"SELECT {key} AS row_key, {', '.join(columns)} FROM {table} WHERE {_OF_RECORD[table]} = :id", {"id": record}
    )
    for row in rows:
        new = {name: None if row[name] is None else without(row[name]) for name in texts}
        new |= {name: None if row[name] is None else _json(row[name], without) for name in jsons}
        if any(new[name] != row[name] for name in columns):
            settings = ", ".join(f"{name} = :{name}" for name in columns)
            tx.sql.run(
                f"UPDATE {table} SET {settings} WHERE {key} = :row_key AND {_OF_RECORD[table]} = :id",
                {**new, "row_key": row["row_key"], "id": record},
            )
            changed += 1
    return changed


def _json(text: str, without: OfText) -> str:
    told = orjson.loads(text)
    new = _in_value(told, without)
    return text if new == told else orjson.dumps(new).decode()


def _in_value(value: Any, without: OfText) -> Any:
    if isinstance(value, str):
        return without(value)
    if isinstance(value, Mapping):
        return {name: _in_value(each, without) for name, each in value.items()}
    return [_in_value(each, without) for each in value] if isinstance(value, list) else value


_TEXT_OF_XML = re.compile(r"(?<=>)[^<>]+(?=<)")
"""What stands between two tags: a word that is also the name of a question must not break the document."""


def _rewrite_submissions(tx: Transaction, record: str, without: OfText) -> int:
    """Replace what is forgotten in the submissions that wrote a record, edits of them included."""
    rows = tx.sql.rows(
        """
        SELECT id, xml, instance_name FROM submission
         WHERE root IN (SELECT submission.root FROM change JOIN submission ON submission.id = change.submission
                         WHERE change.record = :record)
        """,
        {"record": record},
    )
    changed = 0
    for row in rows:
        xml = _TEXT_OF_XML.sub(lambda found: without(found[0]), bytes(row["xml"]).decode()).encode()
        name = None if row["instance_name"] is None else without(row["instance_name"])
        if xml != bytes(row["xml"]) or name != row["instance_name"]:
            tx.sql.run(
                "UPDATE submission SET xml = :xml, instance_name = :name WHERE id = :id",
                {"xml": xml, "name": name, "id": row["id"]},
            )
            changed += 1
    return changed
