"""Whether commands and edits were judged fairly (promise 1): who may act, or might within 30 days, is not set aside.

Told from duties, authors and hands as they are stored, at the time when the change was received.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from server import instants
from server.db.sql import Row
from server.people.domain.actors import GRACE
from server.simulate.checks.entitlement import paths
from server.simulate.invariants import Findings
from server.simulate.store import stored_rows
from server.simulate.world import World

DONE = ("applied", "merged", "late")
BY_ITSELF = ("create", "report", "spot_close", "settle")
"""What needs no relation to a record: it begins one, or is an officer's decision on a problem."""


_WRITERS = ("grid_worker", "village_officer", "town_station")
"""Roles that may correct any station of their area (``data/rights.csv``)."""


class _Past(NamedTuple):
    """What is known of who had to do with what: duties, areas by code, and (record, mark) of those who had a case."""

    duties: list[Row]
    areas: dict[str, Row]
    had: set[tuple[str, str]]

    def is_related(self, author: str, record: Row, at: str, roles: tuple[str, ...] = ()) -> bool:
        """Say whether an author had to do with a record within 30 days before ``at``. roles: with a duty in one."""
        recent = instants.later(at, -GRACE)
        held = [
            duty
            for duty in self.duties
            if duty["person"] == author and duty["starts_at"] <= at and duty["ends_at"] > recent
        ]
        marks = {f"user:{author}", *(f"body:{duty['body']}" for duty in held if duty["body"])}
        is_own = record["author"] == author or any((record["id"], mark) in self.had for mark in marks)
        return (is_own and not roles) or _covers(
            record, paths([duty for duty in held if not roles or duty["role"] in roles], self.areas)
        )


def check(world: World, findings: Findings) -> None:
    """Hold every verdict against what its author had to do with the record."""
    with world.server.store.reading() as reading:
        records, revisions = stored_rows.records(reading), stored_rows.revisions(reading)
        stored = stored_rows.changes(reading)
        had = {(each["record"], each["mark"]) for each in stored_rows.hands(reading)}
        past = _Past(stored_rows.duties(reading), stored_rows.areas(reading), had)
    for each in revisions:
        record, author = records[each["record"]], each["author"]
        if each["verdict"] not in DONE or each["action"] in BY_ITSELF or each["origin"] == "server":
            continue
        if not past.is_related(author, record, each["received_at"]):
            findings.add(1, f"{author} had nothing to do with {record['id']}, and their {each['action']} was done")
    for change in stored.values():
        record, body = records.get(change["record"], {}), json.loads(change["body"] or "{}")
        if change["verdict"] != "quarantined" or record.get("kind") != "profile" or body.get("action") != "edit":
            continue
        if past.is_related(change["author"], record, change["received_at"], _WRITERS):
            findings.add(1, f"{change['author']} may correct {record['id']}, and {change['id']} was set aside")


def _covers(record: Row, found: tuple[list[str], list[str]]) -> bool:
    within, exactly = found
    path = str(record["path"])
    return path in exactly or any(path == each or path.startswith(f"{each}/") for each in within)
