"""Pages through what has changed in the records that a field client may hold (``sync.md`` section 5).

A cursor names the scope of the client at its last pull, the seq up to which it holds every bucket of that scope, and
the buckets that stand elsewhere because a page ended among them. Entitlement is worked out anew at every pull: what is
no longer in it is left, what is new in it is entered, and the rest is sent from where the client stands. ``seq``
follows the order of commits, so nothing that commits later can come in behind a cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from server.db.sql import Row
from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain.areas import Place, code_of, path_of
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.people.domain.actors import Actor
from server.records.domain.disclosure import Sight
from server.records.store import buckets
from server.records.usecases import disclosing
from server.records.usecases.disclosing import NOTHING, Mask
from server.replication.store import pulls
from server.replication.store.epochs import Mark
from server.replication.store.pulls import Check
from server.replication.usecases import shared_lists

NOTHING_HELD = -1
COUNTY = "county"
"""Bucket of the lists that everyone shares: areas, codes, forms, ledgers, acts."""


NO_MARK = Mark("", NOTHING_HELD)
"""Of whoever has pulled nothing, or from another database."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a client stands.

    mark: how far the database had got that it pulled from; up to its seq the client holds each bucket of ``scope``,
    save those in ``elsewhere`` (NOTHING_HELD for one it has yet to enter). scope: what it was entitled to. mask: what
    its rows leave out, which is part of the names of its buckets. county: mark of the shared lists it has, empty for
    none.
    """

    mark: Mark = NO_MARK
    scope: Scope = field(default_factory=Scope)
    mask: Mask = NOTHING
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    county: str = ""


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that the client is to do: ``enter``, ``put``, ``remove`` or ``leave``. row: of a ``put``."""

    op: str
    bucket: str
    id: str = ""
    row: Row | None = None
    shared: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull. checks: of each bucket that this page finishes."""

    ops: tuple[Op, ...]
    cursor: Cursor
    more: bool
    checks: Mapping[str, Check] = field(default_factory=dict)


def page(reading: Reading, by: Actor, cursor: Cursor, mark: Mark, *, limit: int, forget: frozenset[str]) -> Page:
    """Return the next page for ``by``, who stands at ``cursor``; an idle one costs the same whatever they hold.

    mark: how far this database has got; a cursor of another epoch is worth nothing. limit: how many rows at most.
    forget: buckets, as on the wire, whose rows the client has dropped and wants again.
    """
    known = cursor if cursor.mark.epoch == mark.epoch else Cursor()
    scope, left_out = by.scope, disclosing.mask_of(reading, by)
    shared = shared_lists.version_hash(reading)
    if known.mask == left_out and _is_idle(reading, known, scope, mark.seq, shared, forget):
        # As of now, so that the next idle pull need not look at buckets until something else commits.
        return Page((), replace(known, mark=mark), more=False)
    pages = _BucketPages(reading, known, scope, left_out, mark.seq, limit, forget)
    ops = [*pages.leaving(), *_county(reading, known, shared, forget), *pages.rows()]
    return Page(tuple(ops), pages.cursor(mark, shared), pages.has_more, pages.checks)


def bucket_of(wire: str) -> str:
    """Return a bucket as the store names it: areas by their path. Whatever is no bucket names none."""
    bucket, mask = disclosing.base_of(wire)
    kind, _, name = bucket.partition(":")
    try:
        return f"area:{path_of(name)}{mask}" if kind == "area" else wire
    except Invalid:
        return wire


def wire_name(bucket: str) -> str:
    """Return a bucket as clients know it: areas by their code."""
    base, mask = disclosing.base_of(bucket)
    kind, _, name = base.partition(":")
    return f"area:{code_of(name)}{mask}" if kind == "area" else bucket


def _is_idle(reading: Reading, cursor: Cursor, scope: Scope, seq: int, shared: str, forget: frozenset[str]) -> bool:
    return (
        not cursor.elsewhere
        and not forget
        and cursor.scope == scope
        and cursor.county == shared
        and cursor.mark.seq != NOTHING_HELD
        and (seq == cursor.mark.seq or buckets.newest_of_all(reading, scope) <= cursor.mark.seq)
    )


def _county(reading: Reading, cursor: Cursor, shared: str, forget: frozenset[str]) -> Iterator[Op]:
    """Yield the shared lists, whole, when they are not those that the client has."""
    if cursor.county == shared and COUNTY not in forget:
        return
    yield Op("enter", COUNTY)
    for row in shared_lists.rows(reading):
        yield Op("put", COUNTY, str(row["id"]), shared=row)


class _BucketPages:
    """Collects the rows of one page, bucket by bucket in the order of their names."""

    def __init__(
        self, reading: Reading, cursor: Cursor, scope: Scope, mask: Mask, seq: int, limit: int, forget: frozenset[str]
    ) -> None:
        self._reading = reading
        self._scope, self._mask = scope, mask
        self._seq = seq
        self._left = limit
        held = _positions(reading, cursor)
        self._positions = {name: held.get(name, NOTHING_HELD) for name in map(mask.name, _names(reading, scope))}
        self._positions |= {name: NOTHING_HELD for name in map(bucket_of, forget) if name in self._positions}
        self._leave = sorted(held.keys() - self._positions.keys())
        self.has_more = False
        self.checks: dict[str, Check] = {}

    def leaving(self) -> Iterator[Op]:
        for name in self._leave:
            yield Op("leave", wire_name(name))

    def rows(self) -> Iterator[Op]:
        newest = buckets.newest_of_each(self._reading, self._scope)
        for name, position in sorted(self._positions.items()):
            if position != NOTHING_HELD and newest.get(disclosing.base_of(name)[0], 0) <= position:
                self._positions[name] = self._seq
                continue
            if self._left <= 0:
                self.has_more = True
                return
            if position == NOTHING_HELD:
                yield Op("enter", wire_name(name))
            yield from self._bucket(name, position)

    def _bucket(self, name: str, position: int) -> Iterator[Op]:
        wire, sent, bucket = wire_name(name), 0, disclosing.base_of(name)[0]
        last = max(position, 0)
        for row in pulls.changed(self._reading, bucket, last, self._seq, self._left):
            sent, last = sent + 1, row["seq"]
            yield Op("put", wire, row["id"], row) if "version" in row else Op("remove", wire, row["id"])
        is_complete = sent < self._left
        self._left -= sent
        self._positions[name] = self._seq if is_complete else last
        if is_complete:
            self.checks[wire] = pulls.check(self._reading, bucket)

    def cursor(self, mark: Mark, shared: str) -> Cursor:
        """Return where the client stands after this page. mark: how far the database has got."""
        behind = {name: at for name, at in self._positions.items() if at != self._seq}
        if self._left <= 0 and behind:
            self.has_more = True
        return Cursor(mark, self._scope, self._mask, behind, shared)


def _positions(reading: Reading, cursor: Cursor) -> dict[str, int]:
    """Return every bucket that the client holds, with the seq up to which it does."""
    known = {
        name: cursor.elsewhere.get(name, cursor.mark.seq)
        for name in map(cursor.mask.name, _names(reading, cursor.scope))
    }
    return {name: at for name, at in known.items() if at != NOTHING_HELD}


def _names(reading: Reading, scope: Scope) -> tuple[str, ...]:
    """Return the buckets that ``scope`` entitles to; cached, since the grid changes seldom."""
    return reading.cached(("buckets", scope), lambda fresh: _bucket_names(fresh, scope))


def _bucket_names(reading: Reading, scope: Scope) -> tuple[str, ...]:
    paths = [area.path for area in areas.list_covered(reading, scope)]
    people = (f"person:{scope.person}",) if scope.person and scope != Scope() else ()
    return (*(f"area:{path}" for path in paths), *people, *(f"body:{code}" for code in scope.bodies))


def to_json(cursor: Cursor) -> Mapping[str, Any]:
    """Return a cursor as plain JSON values."""
    scope, mark = cursor.scope, cursor.mark
    return {
        "e": mark.epoch,
        "p": [place.path for place in scope.places],
        "o": scope.exact_paths,
        "n": scope.person,
        "b": scope.bodies,
        "q": mark.seq,
        "x": dict(cursor.elsewhere),
        "c": cursor.county,
        "m": [mark.restores, mark.revision, mark.change],
        **_mask_to_json(cursor.mask),
    }


def _mask_to_json(mask: Mask) -> Mapping[str, Any]:
    sight = mask.sight
    if not sight.hidden:
        return {}
    whole = [[[place.path for place in scope.places], scope.exact_paths] for scope in sight.whole]
    return {"s": [sight.person, sight.roles, sight.hidden, whole, mask.declared]}


def _mask_from_json(plain: Sequence[Any] | None) -> Mask:
    if plain is None:
        return NOTHING
    person, roles, hidden, whole, declared = plain
    scopes = tuple(Scope(tuple(map(Place, places)), tuple(exact)) for places, exact in whole)
    return Mask(Sight(person, tuple(roles), tuple(hidden), scopes), declared)


def from_json(plain: Mapping[str, Any]) -> Cursor:
    """Return the cursor that ``to_json`` wrote, an older version's too; only what this server has signed comes here."""
    scope = Scope(tuple(map(Place, plain["p"])), tuple(plain["o"]), plain["n"], tuple(plain["b"]))
    mark = Mark(plain["e"], plain["q"], *plain.get("m", ()))
    return Cursor(mark, scope, _mask_from_json(plain.get("s")), plain["x"], plain["c"])
