"""Records what must make nobody wait: refusals, reads of personal data, the end of an export.

The entry joins the writer's next commit, and its request is answered meanwhile: it is on disk some milliseconds later.
What cannot be written, since the disk is full, is counted here and told in the log; as soon as something can be written
again, one entry ``audit.gap`` says what is missing since when. The end of an export, which is noted on disk since it
began, is kept here and written then as well; until then no other export begins. What is true if we die: an entry that
was not on disk yet is lost with what else the last milliseconds brought, and of a gap the log alone tells.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from server.audit.domain.entries import SERVER, Entry, event_row
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Unavailable
from server.instants import Instant
from server.log import log


@dataclass(frozen=True, slots=True)
class Gap:
    """Entries that could not be written. since, until: of the first and of the last; events: how many of each."""

    since: Instant
    until: Instant
    events: Counter[str]

    def entry(self) -> Entry:
        """Return the entry that tells of this gap."""
        return Entry("audit.gap", SERVER, "audit", {"since": self.since, "until": self.until, "entries": self.events})


Ending = tuple[Entry, Callable[[Transaction], object]]
"""The entry of an export that has ended, and what takes the note of its beginning away."""


class _Missing:
    """What is missing in the audit of one database; used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gap: Gap | None = None
        self._ends: list[Ending] = []

    def take_ends(self) -> list[Ending]:
        """Return the ends of exports that wait, for whoever tries to write them down; put them back when that fails."""
        with self._lock:
            ends, self._ends = self._ends, []
        return ends

    def put_ends(self, ends: list[Ending]) -> None:
        with self._lock:
            self._ends = ends + self._ends

    def take(self) -> Gap | None:
        """Return the gap, for whoever tries to write it down; put it back when that fails."""
        with self._lock:
            gap, self._gap = self._gap, None
        return gap

    def put(self, gap: Gap) -> None:
        with self._lock:
            known = self._gap
            self._gap = gap if known is None else _joined(known, gap)


_MISSING: WeakKeyDictionary[Database, _Missing] = WeakKeyDictionary()
_MAKING = threading.Lock()


def later(database: Database, entry: Entry, also: Callable[[Transaction], object] | None = None) -> None:
    """Record ``entry`` in the next commit, without waiting for it; its address must be in it.

    also: takes the note on disk away that stands for the entry until it is written. Raises LookupError for an event
    that ``data/audit_events.csv`` does not have.
    """
    event_row(entry.event)
    missing = _missing_in(database)
    gap = missing.take()

    def work(tx: Transaction) -> None:
        if gap is not None:
            record(tx, gap.entry())
        if also is not None:
            also(tx)
        record(tx, entry)

    def failed(error: BaseException) -> None:
        if gap is not None:
            missing.put(gap)
        if also is None:
            missed(database, entry, error)
        else:
            missing.put_ends([(entry, also)])
            _log_missed(entry, error)

    database.write_later(work, failed)


def missed(database: Database, entry: Entry, error: BaseException) -> None:
    """Count an entry that could not be written, though what it tells of goes on: signing in on a full disk."""
    at = database.now()
    _missing_in(database).put(Gap(at, at, Counter({entry.event: 1})))
    _log_missed(entry, error)


def _log_missed(entry: Entry, error: BaseException) -> None:
    log.error(
        "not in the audit", audit=entry.event, user=entry.by, object=entry.object, cause=repr(error.__cause__ or error)
    )


def write_gap(database: Database) -> None:
    """Write down what is missing, if anything is and can be; a minute later it is tried again."""
    with suppress(Unavailable):  # what could not be written was told in the log when it happened
        write_missing(database)


def write_missing(database: Database) -> None:
    """Write down what is missing, if anything is. Raises Unavailable, DiskFull for one, where it cannot be."""
    missing = _missing_in(database)
    gap, ends = missing.take(), missing.take_ends()
    if gap is None and not ends:
        return

    def work(tx: Transaction) -> None:
        if gap is not None:
            record(tx, gap.entry())
        for entry, also in ends:
            also(tx)
            record(tx, entry)

    try:
        database.write(work)
    except Unavailable:
        if gap is not None:
            missing.put(gap)
        missing.put_ends(ends)
        raise


def _missing_in(database: Database) -> _Missing:
    with _MAKING:
        return _MISSING.setdefault(database, _Missing())


def _joined(one: Gap, other: Gap) -> Gap:
    return Gap(min(one.since, other.since), max(one.until, other.until), one.events + other.events)
