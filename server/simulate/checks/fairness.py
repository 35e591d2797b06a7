"""Whether commands and edits were judged fairly (promise 1): who may act, or might within 30 days, is not set aside.

Told from duties, authors and hands as they are stored, at the time when the change was received.
"""

from __future__ import annotations

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


def check(world: World, findings: Findings) -> None:
    """Hold every verdict against what its author had to do with the record."""
    with world.server.store.reading() as reading:
        records, revisions = stored_rows.records(reading), stored_rows.revisions(reading)
        duties, areas = stored_rows.duties(reading), stored_rows.areas(reading)
        had = {(each["record"], each["mark"]) for each in stored_rows.hands(reading)}
    for each in revisions:
        record, author = records[each["record"]], each["author"]
        if each["verdict"] not in DONE or each["action"] in BY_ITSELF or each["origin"] == "server":
            continue
        recent = instants.later(each["received_at"], -GRACE)
        held = [
            duty
            for duty in duties
            if duty["person"] == author and duty["starts_at"] <= each["received_at"] and duty["ends_at"] > recent
        ]
        marks = {f"user:{author}", *(f"body:{duty['body']}" for duty in held if duty["body"])}
        is_own = record["author"] == author or any((record["id"], mark) in had for mark in marks)
        if not is_own and not _covers(record, paths(held, areas)):
            findings.add(1, f"{author} had nothing to do with {record['id']}, and their {each['action']} was done")


def _covers(record: Row, found: tuple[list[str], list[str]]) -> bool:
    within, exactly = found
    path = str(record["path"])
    return path in exactly or any(path == each or path.startswith(f"{each}/") for each in within)
