"""Finds and removes what the database holds of a person: of an account, and of whoever is named in records.

History keeps its numbers, instants and verdicts; the texts alone are replaced, in every place that repeats them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson

from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.instants import Instant

OfText = Callable[[str], str]
"""Returns a text without what is forgotten."""

_TEXTS = {
    "record": ("id", ("label", "list_label", "office_note"), ("fields", "registers", "case_state")),
    "revision": ("seq", (), ("diff", "received", "attachments")),
    "change": ("id", (), ("body",)),
    "problem": ("id", ("message",), ("detail", "settlement")),
    "body": ("valid_from", ("contact",), ()),
    "audit_begun": ("id", ("subject",), ("detail",)),
}
"""Tables that hold what people wrote: the key, columns of plain text, and columns of JSON."""

_APART = {"change": "id", "problem": "id", "body": "code", "audit_begun": "id"}
"""Tables whose rows are looked through one by one, since some are about no record or about one that never came: by what
their rows are named."""

_HOLDING = {"change": "body IS NOT NULL"}
"""Which rows of a table hold any text at all; they are found by an index, where a table has many others."""

_OF_RECORD = {"record": "id", "revision": "record", "change": "record", "problem": "record"}

_ACCOUNT = (
    "UPDATE person SET display = :shown, password_hash = NULL WHERE name = :name",
    "UPDATE phone_key SET device = NULL, app_version = NULL WHERE person = :name",
    "UPDATE submission SET device = NULL, user_agent = NULL WHERE author = :name",
    "DELETE FROM field_client WHERE person = :name",
    "DELETE FROM sign_in_address WHERE person = :name",
    "DELETE FROM sign_in_session WHERE person = :name",
    "DELETE FROM todo_told WHERE person = :name",
    "DELETE FROM phone_holder WHERE person = :name",
    "DELETE FROM notice WHERE person = :name",
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


_DELETED = {"notice": ("notice", "at < :before")}
"""The same of what goes whole."""


def forget_account(tx: Transaction, name: str, shown: str) -> None:
    """Take the name, password, devices and addresses of an account out. shown: what it is called from now on."""
    for statement in _ACCOUNT:
        tx.sql.put(statement, {"name": name, "shown": shown} if ":shown" in statement else {"name": name})
    tx.configuration_changed()


def accounts_revoked_before(reading: Reading, before: Instant, shown: str) -> list[str]:
    """Return the user names of accounts that were closed before an instant and still have a name of their own."""
    sql = "SELECT name FROM person WHERE revoked_at < :before AND display <> :shown ORDER BY name"
    return [name for (name,) in reading.sql.tuples(sql, {"before": before, "shown": shown})]


def count_expired(reading: Reading, kind: str, before: Instant) -> int:
    """Return how many rows of a kind hold what is past its time."""
    table, condition = _DELETED.get(kind) or _EXPIRED[kind][:2]
    return int(reading.sql.value(f"SELECT COUNT(*) FROM {table} WHERE {condition}", {"before": before}))


def remove_expired(tx: Transaction, kind: str, before: Instant) -> None:
    """Take out of the rows of a kind what is past its time; of notices, the rows."""
    if kind in _DELETED:
        table, condition = _DELETED[kind]
        tx.sql.put(f"DELETE FROM {table} WHERE {condition}", {"before": before})
        return
    table, condition, taken_out = _EXPIRED[kind]
    tx.sql.put(f"UPDATE {table} SET {taken_out} WHERE {condition}", {"before": before})


def records_naming(reading: Reading, since: int, *parts: str) -> Iterator[Row]:
    """Yield ``id``, ``type``, ``fields``, ``registers``, ``label``, ``office_note``, ``case_state`` and the ``diff``,
    ``received`` and ``attachments`` of each revision, of records that changed after a seq, and in which a text that
    holds ``parts`` in this order stands now or once stood; ordered by record."""
    return reading.sql.stream(
        r"""
        SELECT record.id, record.type, record.fields, record.registers, record.label, record.office_note,
               record.case_state, revision.diff, revision.received, revision.attachments
          FROM record JOIN revision ON revision.record = record.id
         WHERE record.id IN (SELECT record FROM revision WHERE seq > :since)
           AND (record.fields LIKE :pattern ESCAPE '\' OR record.registers LIKE :pattern ESCAPE '\'
                OR record.label LIKE :pattern ESCAPE '\' OR record.office_note LIKE :pattern ESCAPE '\'
                OR record.case_state LIKE :pattern ESCAPE '\'
                OR EXISTS (SELECT 1 FROM revision AS told
                            WHERE told.record = record.id
                              AND (told.diff LIKE :pattern ESCAPE '\' OR told.received LIKE :pattern ESCAPE '\'
                                   OR told.attachments LIKE :pattern ESCAPE '\')))
         ORDER BY record.id, revision.version
        """,
        {"since": since, "pattern": _pattern(parts)},
    )


def apart_naming(reading: Reading, *parts: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (table, name, texts) of the rows beside records in which a text that holds ``parts`` in this order stands.

    texts: all that its columns of plain text say, and each text in its columns of JSON.
    """
    for table, key in _APART.items():
        _, texts, jsons = _TEXTS[table]
        columns = (*texts, *jsons)
        told = " OR ".join(rf"{column} LIKE :pattern ESCAPE '\'" for column in columns)
        where = f"({told}) AND {_HOLDING.get(table, '1 = 1')}"
        sql = f"SELECT {key} AS row_key, {', '.join(columns)} FROM {table} WHERE {where}"
        rows = reading.sql.rows(sql, {"pattern": _pattern(parts)})
        for row in sorted(rows, key=itemgetter("row_key")):  # by SQL it would go through the whole table in that order
            plain = [row[name] for name in texts if row[name] is not None]
            more = [each for name in jsons if row[name] is not None for each in texts_in(orjson.loads(row[name]))]
            yield table, row["row_key"], [*plain, *more]


def texts_in(value: Any) -> Iterator[str]:
    """Yield each text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def delete_rosters_naming(tx: Transaction, parts: Sequence[str]) -> int:
    """Delete the rosters, kept for a day before they are imported, in which ``parts`` stand; return how many."""
    return tx.sql.run(
        r"""
        DELETE FROM roster_import
         WHERE file_name LIKE :pattern ESCAPE '\' OR content LIKE :pattern ESCAPE '\' OR result LIKE :pattern ESCAPE '\'
        """,
        {"pattern": _pattern(parts)},
    )


def media_naming(reading: Reading, is_named: Callable[[bytes], bool]) -> list[tuple[str, str]]:
    """Return form and name of the files beside forms, replaced ones too, of which ``is_named`` holds."""
    found = []
    for table in ("form_media", "form_media_replaced"):
        rows = reading.sql.each(f"SELECT form, name, content FROM {table} ORDER BY form, name")
        found += [(row["form"], row["name"]) for row in rows if is_named(bytes(row["content"]))]
    return list(dict.fromkeys(found))


def _pattern(parts: Sequence[str]) -> str:
    return f"%{'%'.join(map(_escaped, parts))}%"


def _escaped(part: str) -> str:
    return orjson.dumps(part).decode()[1:-1].replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def rewrite_apart(tx: Transaction, table: str, key: str, without: OfText) -> int:
    """Replace what is forgotten in a row of ``apart_naming``; return 0 where it has gone with a record already."""
    changed = _rewrite(tx, table, _APART[table], key, without)
    if changed and table == "body":
        tx.configuration_changed()
    return changed


def rewrite_record(tx: Transaction, id: str, without: OfText) -> dict[str, int]:
    """Replace what is forgotten in a record and in all that repeats it; return how many rows of each table changed."""
    return {table: _rewrite(tx, table, _OF_RECORD[table], id, without) for table in _OF_RECORD}


def _rewrite(tx: Transaction, table: str, column: str, id: str, without: OfText) -> int:
    key, texts, jsons = _TEXTS[table]
    columns, changed = (*texts, *jsons), 0
    where = f"{column} = :id AND {_HOLDING.get(table, '1 = 1')}"
    rows = tx.sql.rows(f"SELECT {key} AS row_key, {', '.join(columns)} FROM {table} WHERE {where}", {"id": id})
    for row in rows:
        new = {name: None if row[name] is None else without(row[name]) for name in texts}
        new |= {name: None if row[name] is None else _json(row[name], without) for name in jsons}
        if any(new[name] != row[name] for name in columns):
            settings = ", ".join(f"{name} = :{name}" for name in columns)
            tx.sql.put(
                f"UPDATE {table} SET {settings} WHERE {key} = :row_key AND {where}",
                {**new, "row_key": row["row_key"], "id": id},
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
