"""What a use case works with: a reading of the database at one instant, or a transaction that may also write."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from server.db.sql import Lookup, Sql
from server.instants import Instant

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_CONFIGURATION = Lookup("SELECT value FROM counter WHERE name = 'configuration'")
_SEQ = Lookup("SELECT value FROM counter WHERE name = 'seq'")
LOOKUPS = (_CONFIGURATION, _SEQ)
"""What every transaction asks."""

Cache = dict[Hashable, tuple[int, Any]]
"""What this process remembers of the configuration: key to (configuration version, value)."""


class Reading:
    """A consistent view of the database at one instant."""

    __slots__ = ("_cache", "_once", "_version", "now", "sql")

    def __init__(self, sql: Sql, now: Instant, cache: Cache) -> None:
        self.sql = sql
        self.now = now
        self._cache = cache
        self._version: int | None = None
        self._once: dict[Hashable, Any] = {}

    def configuration_version(self) -> int:
        """Return the number that rises whenever people, forms, codes or the grid change."""
        if self._version is None:
            self._version = int(self.sql.value(_CONFIGURATION.sql))
        return self._version

    def set_configuration_version(self, configuration: int) -> None:
        """Take the version of the configuration from a statement that has read it beside what it was after."""
        self._version = configuration

    def cached(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        """Return ``make(self)``, remembered in this process until the configuration changes.

        key: names what is made, all of its arguments included. The value must not be changed by anyone.
        """
        version = self.configuration_version()
        known = self._cache.get(key)
        if known is not None and known[0] == version:
            value: T = known[1]
            return value
        value = make(self)
        self._cache[key] = (version, value)
        return value

    def cached_each(
        self, name: Hashable, keys: Iterable[K], make: Callable[[Reading, list[K]], Mapping[K, T]]
    ) -> dict[K, T]:
        """Return what is found for each of ``keys``, remembered like ``cached``, one by one.

        name: what is found, as the key of ``cached``. make: finds it for all keys that are not known yet, at once. For
        what it leaves out nothing is returned or remembered.
        """
        wanted = dict.fromkeys(keys)
        known: dict[K, T] = self.cached(name, lambda _: {})
        missing = [key for key in wanted if key not in known]
        if missing:
            known.update(make(self, missing))  # true for this version of the configuration, like all that is there
        return {key: known[key] for key in wanted if key in known}

    def once(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        """Return ``make(self)``, remembered for this reading alone, which sees one state of the database throughout.

        key: as for ``cached``. The value must not be changed by anyone.
        """
        if key not in self._once:
            self._once[key] = make(self)
        value: T = self._once[key]
        return value


class Commit:
    """What the works of one commit share, read once and written once before it ends: its numbers and its buckets.

    A work that is undone leaves a gap in the numbers, and a bucket marked newer than it is; neither does harm.
    configuration: its version, None until somebody asks. has_changed: some work in this commit has changed the
    configuration, so nothing made of it may be remembered: it may yet be rolled back, and its version used again.
    """

    __slots__ = ("_kept", "_raised", "_seq", "_sql", "configuration", "has_changed")

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.configuration: int | None = None
        self.has_changed = False
        self._kept = self._seq = -1
        self._raised: dict[tuple[str, str], int] = {}

    def next_seq(self) -> int:
        if self._seq < 0:
            self._kept = self._seq = int(self._sql.value(_SEQ.sql))
        self._seq += 1
        return self._seq

    def raise_bucket(self, type: str, name: str, seq: int) -> None:
        self._raised[type, name] = seq

    def raise_every_bucket(self, seq: int) -> None:
        known = self._sql.tuples("SELECT type, name FROM bucket")
        self._raised |= dict.fromkeys([*known, *self._raised], seq)

    def finish(self) -> None:
        """Write what was gathered; called inside the transaction, before it commits."""
        if self._seq > self._kept:
            self._sql.put("UPDATE counter SET value = :value WHERE name = 'seq'", {"value": self._seq})
        if self._raised:
            rows = [{"type": type, "name": name, "seq": seq} for (type, name), seq in self._raised.items()]
            self._sql.run_each(_RAISE_BUCKET, rows)


_RAISE_BUCKET = """
INSERT INTO bucket (type, name, seq) VALUES (:type, :name, :seq)
ON CONFLICT (type, name) DO UPDATE SET seq = excluded.seq
"""


class Transaction(Reading):
    """A reading that may also write; everything it does commits together or not at all.

    now: the one clock of this transaction. new_id: makes a UUID. next_seq: takes the next number
    of the county's order of commits. address: of the network from which this work is asked for, as the door that asks
    says; empty where none does.
    """

    __slots__ = ("_commit", "_ids", "address")

    def __init__(self, sql: Sql, now: Instant, cache: Cache, ids: Callable[[], str], commit: Commit) -> None:
        super().__init__(sql, now, cache)
        self._ids = ids
        self._commit = commit
        self.address = ""

    def at(self, now: Instant) -> Transaction:
        """Return this very transaction at another instant, for whoever makes up a history: all commits together."""
        moved = Transaction(self.sql, now, self._cache, self._ids, self._commit)
        moved.address = self.address
        return moved

    def configuration_version(self) -> int:
        if self._commit.configuration is None:
            self._commit.configuration = super().configuration_version()
        return self._commit.configuration

    def cached(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        return make(self) if self._commit.has_changed else super().cached(key, make)

    def once(self, key: Hashable, make: Callable[[Reading], T]) -> T:
        return make(self)  # what it writes changes what it would remember

    def new_id(self) -> str:
        return self._ids()

    def new_record_id(self) -> str:
        """Return a UUID of version 4, which is how phones and other ODK tools know entities."""
        return str(uuid.UUID(self._ids(), version=4))

    def next_seq(self) -> int:
        """Return the next seq; gaps may occur, but a later commit never has a lower one."""
        return self._commit.next_seq()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Carry out a part of this work in a savepoint of its own: when it raises, it alone is undone."""
        self.sql.run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.sql.run("ROLLBACK TO part")
            self.sql.run("RELEASE part")
            raise
        self.sql.run("RELEASE part")

    def undone(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, with everything undone that it wrote: what would come of it."""
        self.sql.run("SAVEPOINT tried")
        try:
            return work()
        finally:
            self.sql.run("ROLLBACK TO tried")
            self.sql.run("RELEASE tried")

    def raise_bucket(self, type: str, name: str, seq: int) -> None:
        """Mark a bucket of a record type as changed at ``seq``; readers see it with this commit."""
        self._commit.raise_bucket(type, name, seq)

    def raise_every_bucket(self, seq: int) -> None:
        """Mark every bucket as changed at ``seq``, those too that this commit makes."""
        self._commit.raise_every_bucket(seq)

    def configuration_changed(self) -> None:
        """Tell every process that people, forms, codes or the grid are no longer what they were."""
        self.sql.put("UPDATE counter SET value = value + 1 WHERE name = 'configuration'")
        self._commit.has_changed = True
        self._commit.configuration = self._version = None
