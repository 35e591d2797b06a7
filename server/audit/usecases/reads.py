"""Records whose personal data somebody was shown, each record once a day: an officer's list is the same all day long.

A page of a hundred records takes 18 kB in the audit; with every look at it, the audit would outgrow all else. What a
process no longer knows, since it began anew or knows too many, is recorded again.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from weakref import WeakKeyDictionary

from server import instants
from server.audit.domain.entries import Entry
from server.audit.usecases import deferred
from server.db.database import Database

KNOWN_MAX = 200_000
"""How many reads of a day are known; then all are forgotten."""


class _Today:
    """Who was shown what on a local day; used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day = ""
        self._known: set[int] = set()

    def news(self, day: str, entry: Entry) -> tuple[str, ...]:
        """Return the objects of ``entry`` that its author has not been shown on this day, and know them from now on."""
        with self._lock:
            if day != self._day or len(self._known) > KNOWN_MAX:
                self._day, self._known = day, set()
            keys = {each: hash((entry.by, entry.event, entry.address, entry.object, each)) for each in entry.objects}
            found = tuple(each for each, key in keys.items() if key not in self._known)
            self._known.update(keys.values())
        return found


_TODAY: WeakKeyDictionary[Database, _Today] = WeakKeyDictionary()
_MAKING = threading.Lock()


def record(database: Database, entry: Entry) -> None:
    """Record without waiting what of a page its reader had not been shown today; nothing where they had been.

    A look at one record is another than a list that has it, and so is one from another address.

    An entry without objects, such as a look at the audit, is recorded each time.
    """
    if not entry.objects:
        deferred.later(database, entry)
        return
    with _MAKING:
        today = _TODAY.setdefault(database, _Today())
    news = today.news(instants.local_day(database.now()), entry)
    if news:
        deferred.later(database, replace(entry, objects=news))
