"""Records what people who are signed in were refused, each once, up to as many a minute as a person can mean.

A program that tries ids by the thousand is told by its first tries and by how many followed: the audit must not fill
the disk for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from weakref import WeakKeyDictionary

from server.audit.domain.entries import Entry
from server.audit.usecases import deferred
from server.db.database import Database

EACH_MAX = 60
"""How many refusals of one person are entries of their own from one round of a minute to the next."""


class _Counts:
    """How often each person was refused since the last round; used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()

    def add(self, name: str) -> int:
        with self._lock:
            self._refused[name] += 1
            return self._refused[name]

    def take(self) -> Counter[str]:
        with self._lock:
            counted, self._refused = self._refused, Counter()
        return counted


_COUNTS: WeakKeyDictionary[Database, _Counts] = WeakKeyDictionary()
_MAKING = threading.Lock()


def record(database: Database, entry: Entry) -> None:
    """Record a refusal without waiting, or count it where this person has had EACH_MAX since the last round."""
    if _counts_of(database).add(entry.by) <= EACH_MAX:
        deferred.later(database, entry)


def end_round(database: Database) -> None:
    """Record how many more there were of each person, one entry each; called every minute."""
    for name, count in sorted(_counts_of(database).take().items()):
        if count > EACH_MAX:
            more = {"event": "access.refused", "entries": count - EACH_MAX}
            deferred.later(database, Entry("audit.more", name, name, more))


def _counts_of(database: Database) -> _Counts:
    with _MAKING:
        return _COUNTS.setdefault(database, _Counts())
