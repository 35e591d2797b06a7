"""Stores which photos have a thumbnail, which wait for one, and which cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from server.db.transactions import Reading, Transaction
from server.people.store.display_names import batches


class State(StrEnum):
    """How far the thumbnail of a photo is.

    DAMAGED: the photo cannot be read, or not to its end. UNDRAWN: it may be whole, and nothing here draws its kind.
    """

    WAITING = "waiting"
    MADE = "made"
    DAMAGED = "damaged"
    UNDRAWN = "undrawn"


class Waiting(NamedTuple):
    """A photo that waits for its thumbnail. tries: how often the process that draws died of it."""

    sha256: str
    tries: int


_ASK = """
    INSERT INTO thumbnail (sha256, state, tries, asked_at) VALUES (:sha256, 'waiting', 0, :now)
    ON CONFLICT (sha256) DO NOTHING
"""


def ask(tx: Transaction, sha256s: Iterable[str]) -> None:
    """Let photos have a thumbnail, made as soon as there is time; for one that has, nothing changes."""
    tx.sql.run_each(_ASK, [{"sha256": sha256, "now": tx.now} for sha256 in sha256s])


def ask_again(tx: Transaction, sha256: str) -> None:
    """Let a thumbnail be made whose file is not there, as after a backup was put back; a damaged photo stays so."""
    again = "DO UPDATE SET state = 'waiting', tries = 0, asked_at = excluded.asked_at WHERE thumbnail.state = 'made'"
    tx.sql.put(_ASK.replace("DO NOTHING", again), {"sha256": sha256, "now": tx.now})


def waiting(reading: Reading, limit: int) -> list[Waiting]:
    """Return photos that wait for their thumbnail, those that came last first: people look at these."""
    sql = """
        SELECT sha256, tries FROM thumbnail WHERE state = 'waiting' ORDER BY asked_at DESC, sha256 DESC LIMIT :limit
    """
    return [Waiting(*row) for row in reading.sql.tuples(sql, {"limit": limit})]


def note(tx: Transaction, sha256: str, state: State, tries: int = 0) -> bool:
    """Note how far a thumbnail is; return False where its photo has been deleted meanwhile."""
    sql = "UPDATE thumbnail SET state = :state, tries = :tries WHERE sha256 = :sha256"
    return tx.sql.run(sql, {"sha256": sha256, "state": state.value, "tries": tries}) > 0


def states(reading: Reading, sha256s: Iterable[str]) -> dict[str, State]:
    """Return how far the thumbnails of photos are, without those that have none and get none."""
    found: dict[str, State] = {}
    for listed, values in batches(set(sha256s)):
        rows = reading.sql.tuples(f"SELECT sha256, state FROM thumbnail WHERE sha256 IN ({listed})", values)
        found |= {sha256: State(state) for sha256, state in rows}
    return found


def damaged(reading: Reading, sha256s: Iterable[str | None]) -> set[str]:
    """Return which photos are known to be such as cannot be read, or not to their end."""
    found = states(reading, (sha256 for sha256 in sha256s if sha256))
    return {sha256 for sha256, state in found.items() if state is State.DAMAGED}


def forget(tx: Transaction, sha256s: Iterable[str]) -> None:
    """Forget the thumbnails of photos that have been deleted; their files are the caller's to delete."""
    tx.sql.run_each("DELETE FROM thumbnail WHERE sha256 = :sha256", [{"sha256": sha256} for sha256 in sha256s])
