"""Stores who writes under the id of a device, and from which counter on more than one hand does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from server.db.transactions import Reading, Transaction
from sync.changes import Change, Dot
from sync.hands import Sign


class DeviceOrigin(NamedTuple):
    """An origin of a device. author: the first who wrote under it. shared_from: counter from which on hands share it.

    is_doubted: some write of it does not follow the one before, as far as has come in. is_used: the counter that was
    asked about is in already, by another change.
    """

    author: str
    shared_from: int | None
    is_doubted: bool
    is_used: bool


class DoubtedWrite(NamedTuple):
    """A write that does not follow the one before of its origin, whose counter is ``since``."""

    dot: Dot
    record: str
    since: int


def find(tx: Transaction, origin: str, change: Change, author: str) -> DeviceOrigin | None:
    """Return what is known of an origin, and whether ``change`` has a counter of its own there; None for a new one."""
    sql = f"SELECT {KNOWN} FROM device_origin AS known WHERE known.origin = :origin"
    found = next(tx.sql.tuples(sql, asked(origin, change, author)), None)
    return None if found is None else known(found)


KNOWN = """
    known.author, known.shared_from, known.doubted,
    EXISTS (SELECT 1 FROM revision
             WHERE revision.origin = :origin AND origin_seq = :seq AND submission IS NULL
               AND change <> :change AND revision.author = :author)
"""
"""Columns that ``known`` reads, of a row of device_origin that is called so; ``asked`` gives their parameters."""


def asked(origin: str, change: Change, author: str) -> dict[str, str | int]:
    """Return what ``KNOWN`` is asked of an origin and a change of ``author``."""
    return {"origin": origin, "seq": change.dot.seq, "change": change.id, "author": author}


def known(columns: Sequence[Any]) -> DeviceOrigin | None:
    """Return what ``KNOWN`` selected; None where there was no row."""
    author, shared_from, doubted, used = columns
    return None if author is None else DeviceOrigin(author, shared_from, bool(doubted), bool(used))


def shared_from(reading: Reading, device: str, author: str) -> int | None:
    """Return the counter from which on more than one hand writes as ``author`` under a device id; None for one hand."""
    for first, counter in reading.sql.tuples(
        "SELECT author, shared_from FROM device_origin WHERE origin IN (:device, :other) ORDER BY origin = :device",
        {"device": device, "other": of_author(device, author)},
    ):
        if first == author:
            found: int | None = counter
            return found
    return None


def of_author(device: str, author: str) -> str:
    """Return the origin of a device for an author who is not its first."""
    return f"{device}/{author}"


def add(tx: Transaction, origin: str, author: str) -> None:
    """Keep the first author of an origin."""
    tx.sql.put(
        "INSERT INTO device_origin (origin, author) VALUES (:origin, :author) ON CONFLICT (origin) DO NOTHING",
        {"origin": origin, "author": author},
    )


def share(tx: Transaction, origin: str, author: str, counter: int) -> None:
    """Keep that more than one hand writes under an origin, from a counter on."""
    tx.sql.put(
        """
        INSERT INTO device_origin (origin, author, shared_from) VALUES (:origin, :author, :counter)
        ON CONFLICT (origin) DO UPDATE SET shared_from = :counter
        """,
        {"origin": origin, "author": author, "counter": counter},
    )


def shared_among(tx: Transaction, origins: Iterable[str]) -> dict[str, int]:
    """Return which of these origins more than one hand writes under, each with the counter from which on."""
    return {origin: counter for origin, (_, counter) in _known(tx, origins).items() if counter is not None}


def authors_of(tx: Transaction, origins: Iterable[str]) -> dict[str, str]:
    """Return the first author of each of these origins that is known."""
    return {origin: author for origin, (author, _) in _known(tx, origins).items()}


def _known(tx: Transaction, origins: Iterable[str]) -> dict[str, tuple[str, int | None]]:
    names = {f"origin{number}": origin for number, origin in enumerate(sorted(set(origins)))}
    if not names:
        return {}
    listed = ", ".join(f":{name}" for name in names)
    rows = tx.sql.tuples(f"SELECT origin, author, shared_from FROM device_origin WHERE origin IN ({listed})", names)
    return {origin: (author, counter) for origin, author, counter in rows}


def records_of(tx: Transaction, origin: str, counter: int) -> list[str]:
    """Return the records to which the hands of an origin wrote from a counter on, and not that alone."""
    rows = tx.sql.tuples(
        """
        SELECT DISTINCT record FROM revision
         WHERE (origin = :origin OR (origin >= :low AND origin < :high))
           AND origin_seq >= :counter AND submission IS NULL
           AND EXISTS (SELECT 1 FROM revision AS other
                        WHERE other.record = revision.record AND other.change <> revision.change
                          AND (other.origin = :origin OR (other.origin >= :low AND other.origin < :high)))
         ORDER BY record
        """,
        {"origin": origin, "counter": counter, "low": f"{origin}#", "high": f"{origin}$"},  # "$" comes after "#"
    )
    return [record for (record,) in rows]


def is_missing(tx: Transaction, device: str, origin: str, seq: int, arriving: int) -> bool:
    """Say whether a counter of a device below ``seq`` has not come in, above the lowest that has, whoever wrote.

    arriving: the counter of the change that is being judged, and so is not among those that are in.
    """
    low, high = of_author(device, ""), f"{device}0"  # "0" is the character after "/"
    [(lowest, number)] = tx.sql.tuples(
        """
        SELECT MIN(origin_seq), COUNT(DISTINCT origin_seq) FROM revision
         WHERE (origin IN (:origin, :device) OR (origin >= :low AND origin < :high))
           AND origin_seq < :seq AND origin_seq <> :arriving AND submission IS NULL
        """,
        {"origin": origin, "device": device, "low": low, "high": high, "seq": seq, "arriving": arriving},
    )
    if arriving < seq:
        lowest, number = min(arriving, arriving if lowest is None else lowest), number + 1
    return lowest is not None and number < seq - lowest


def doubt(tx: Transaction, record: str, sign: Sign) -> None:
    """Keep that a write does not follow the one before, until all between the two has come in."""
    tx.sql.put(
        """
        INSERT INTO doubted_write (origin, origin_seq, record, since) VALUES (:origin, :seq, :record, :since)
        ON CONFLICT (origin, origin_seq, record) DO NOTHING
        """,
        {"origin": sign.dot.origin, "seq": sign.dot.seq, "record": record, "since": sign.since},
    )
    tx.sql.put("UPDATE device_origin SET doubted = 1 WHERE origin = :origin", {"origin": sign.dot.origin})


def doubts_of(tx: Transaction, origin: str) -> list[DoubtedWrite]:
    """Return the doubted writes of an origin, by counter."""
    rows = tx.sql.tuples(
        "SELECT origin_seq, record, since FROM doubted_write WHERE origin = :origin ORDER BY origin_seq, record",
        {"origin": origin},
    )
    return [DoubtedWrite(Dot(origin, seq), record, since) for seq, record, since in rows]


def decide(tx: Transaction, doubted: DoubtedWrite) -> None:
    """Forget a doubt: what was missing has come in."""
    tx.sql.put(
        "DELETE FROM doubted_write WHERE origin = :origin AND origin_seq = :seq AND record = :record",
        {"origin": doubted.dot.origin, "seq": doubted.dot.seq, "record": doubted.record},
    )
    tx.sql.put(
        """
        UPDATE device_origin SET doubted = 0
         WHERE origin = :origin AND NOT EXISTS (SELECT 1 FROM doubted_write WHERE doubted_write.origin = :origin)
        """,
        {"origin": doubted.dot.origin},
    )
