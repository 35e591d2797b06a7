"""Takes out of the audit what is past its time, and the names of a person whom the law lets be forgotten.

The chain holds all the same: an entry tells what was taken out, and vouches for it (``store/removal.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from server import dated, instants
from server.audit.domain.entries import SERVER, Entry, events_of, id_of, more_objects
from server.audit.store import removal
from server.audit.store.removal import OfText, Range
from server.audit.usecases.recording import record
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.instants import Instant

AT_ONCE = 2_000
"""How many entries of a kind one transaction takes out: more would block the writer."""

GATHERED = timedelta(days=30)
"""How long entries that are past their time are gathered, so that one entry a month tells of them."""


def is_due(reading: Reading) -> bool:
    """Return whether entries have been past their time for ``GATHERED``."""
    return any(
        removal.due(reading, events, instants.later(before, -GATHERED), 1) for events, before in _limits(reading)
    )


def prune(tx: Transaction) -> int:
    """Take out entries that are past their time as ``data/audit_retention.csv`` says, and return how many.

    At most ``AT_ONCE`` of each kind; whoever calls it calls again while there are that many.
    """
    found = sorted(each for events, before in _limits(tx) for each in removal.due(tx, events, before, AT_ONCE))
    if not found:
        return 0
    ranges = list(_ranges(found))
    for first, last, _ in ranges:
        removal.delete(tx, id_of(first), id_of(last))
    record(tx, Entry("audit.prune", SERVER, "audit", {"entries": len(found), "ranges": ranges}))
    return len(found)


def forget(tx: Transaction, words: Mapping[str, str], *, by: str, about: str | None = None) -> int:
    """Replace the names of a person in every entry, and return in how many.

    words: each name as it stands there (user name, display name) to what is to stand there; a name is replaced where it
    is the whole of a value, never within a longer text. by: who says so. about: in entries about this object, or by
    this user, alone, since others may have the same name. What the person did stays: the law keeps it for as long as
    ``data/audit_retention.csv`` says.
    """
    rows = removal.naming(tx, ((word,) for word in words))
    named = (row for row in rows if about is None or about in {row["actor"], row["subject"], *more_objects(row)})
    return _replace(tx, named, lambda text: words.get(text, text), by)


def newest(reading: Reading) -> str:
    """Return the id of the newest entry, for ``telling``."""
    return removal.newest(reading)


def telling(reading: Reading, parts: Iterable[Sequence[str]], since: str) -> tuple[str, ...]:
    """Return the ids of the entries that may tell of somebody. parts, since: as of ``removal.naming``."""
    return tuple(row["id"] for row in removal.naming(reading, parts, since))


def forget_texts(tx: Transaction, entries: Iterable[str], without: OfText, *, by: str) -> int:
    """Take what is forgotten out of entries, within longer texts too, and return out of how many.

    entries: the ids that ``telling`` found; one that was pruned since is none. without: takes it out of one text.
    """
    return _replace(tx, removal.get_all(tx, entries), without, by)


def _replace(tx: Transaction, rows: Iterable[Row], without: OfText, by: str) -> int:
    replaced = {row["id"]: sealed for row in rows if (sealed := removal.replace(tx, row, without)) is not None}
    if replaced:
        record(tx, Entry("audit.forget", by, "audit", {"entries": len(replaced), "replaced": replaced}))
    return len(replaced)


def _limits(reading: Reading) -> Iterator[tuple[tuple[str, ...], Instant]]:
    """Yield the events of each kind that is not kept for good, and before when they are past their time."""
    for row in dated.rows_at("audit_retention", reading.now):
        if row["days"]:
            yield events_of(row["kind"]), instants.later(reading.now, -timedelta(days=int(row["days"])))


def _ranges(found: list[tuple[int, str]]) -> Iterator[Range]:
    """Yield the runs of consecutive numbers among entries that are given in their order."""
    first, (last, hash) = found[0][0], found[0]
    for number, next_hash in found[1:]:
        if number != last + 1:
            yield first, last, hash
            first = number
        last, hash = number, next_hash
    yield first, last, hash
