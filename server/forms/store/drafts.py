"""Stores which forms are drafts, of which form, and on whose phones they are listed; and what stands beside a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.db.transactions import Reading, Transaction
from server.instants import Instant


@dataclass(frozen=True, slots=True)
class Draft:
    """What makes a form a draft. live: id of the form that it is a draft of. testers: user names."""

    live: str
    testers: frozenset[str]


def put(tx: Transaction, form_id: str, live: str, testers: Iterable[str]) -> None:
    """Make a form a draft of the form ``live``, for these testers and no others."""
    tx.sql.put(
        """
        INSERT INTO form_draft (form, live) VALUES (:form, :live)
        ON CONFLICT (form) DO UPDATE SET live = excluded.live
        """,
        {"form": form_id, "live": live},
    )
    tx.sql.put("DELETE FROM form_tester WHERE form = :form", {"form": form_id})
    for name in testers:
        tx.sql.put("INSERT INTO form_tester (form, person) VALUES (:form, :person)", {"form": form_id, "person": name})
    tx.configuration_changed()


def all_drafts(reading: Reading) -> Mapping[str, Draft]:
    """Return every draft by the id of its form."""
    testers: dict[str, set[str]] = {}
    for row in reading.sql.each("SELECT form, person FROM form_tester"):
        testers.setdefault(row["form"], set()).add(row["person"])
    rows = reading.sql.each("SELECT form, live FROM form_draft")
    return {row["form"]: Draft(row["live"], frozenset(testers.get(row["form"], ()))) for row in rows}


def was_ever_beside(reading: Reading, form_id: str, name: str, content: bytes) -> bool:
    """Return whether a form has, or once had, this very file beside it under this name."""
    asked = {"form": form_id, "name": name, "content": content}
    sql = """
        SELECT 1 FROM form_media WHERE form = :form AND name = :name AND content = :content
        UNION ALL
        SELECT 1 FROM form_media_replaced WHERE form = :form AND name = :name AND content = :content
         LIMIT 1
    """
    return reading.sql.value(sql, asked) is not None


def last_replaced_media(reading: Reading, form_id: str) -> tuple[Instant, dict[str, bytes]]:
    """Return when files beside a form were last replaced, and those files by name; an empty text where none was."""
    replaced_at: Instant | None = reading.sql.value(
        "SELECT MAX(replaced_at) FROM form_media_replaced WHERE form = :form", {"form": form_id}
    )
    sql = "SELECT name, content FROM form_media_replaced WHERE form = :form AND replaced_at = :at"
    rows = reading.sql.each(sql, {"form": form_id, "at": replaced_at or ""})
    return replaced_at or "", {row["name"]: bytes(row["content"]) for row in rows}


def last_replaced_named(reading: Reading, name: str) -> tuple[Instant, bytes] | None:
    """Return when the file of this name beside forms that are no drafts was last replaced, and what it was before."""
    row = reading.sql.find(
        """
        SELECT replaced_at, content FROM form_media_replaced
         WHERE name = :name AND form NOT IN (SELECT form FROM form_draft)
         ORDER BY replaced_at DESC, form LIMIT 1
        """,
        {"name": name},
    )
    return None if row is None else (row["replaced_at"], bytes(row["content"]))
