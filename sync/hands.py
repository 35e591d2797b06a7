"""Tells apart the hands that write under one device id: a cloned phone, a copied store, one put back from a backup.

A device counts its changes over all of its records, and its author saw the server's record with their own unsent edits
on top (``sync.md`` section 2). What cannot be so is another hand's. From the first counter at which that shows, nobody
can say which hand a write is of: each is an origin of its own, ``device#n``, unless ``after`` names the one before it.
So two hands never replace each other's values unseen, and the outcome does not depend on what came in first. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import NamedTuple

from sync.changes import Dot
from sync.registers import Head
from sync.rules import DEFAULT_RULE, FieldRule, canonical

Shared = Mapping[str, int]
"""Origins under which more than one hand writes, each with the counter from which on that is so."""

NOT_SHARED: Shared = MappingProxyType({})


class Received(NamedTuple):
    """A change as it came in.

    base_version, seen: the record version that the device held, and the record's fields in it. None: not known.
    values: every value received that applies, changed or not; in one that was only kept they count for nothing.
    observed_at: as in Head. version: the record version that its arrival made.
    change: its id. after: id of the change that it builds on, None where it names none.
    stated: what the device said it saw, by field; None where it says nothing of it, or wrote at a desk.
    shows: what the device itself shows from then on, by field, whatever came of it here.
    applies: False for one that was only kept.
    """

    dot: Dot
    base_version: int | None
    values: Mapping[str, str]
    observed_at: str
    version: int
    seen: Mapping[str, str] | None = None
    change: str = ""
    after: str | None = None
    stated: Mapping[str, str | None] | None = None
    shows: Mapping[str, str] = MappingProxyType({})
    applies: bool = True


class Sign(NamedTuple):
    """A write that is not of the hand that made the others of its origin.

    since: counter of the write that it does not follow; it means nothing while a counter between the two is missing.
    None where it is certain, whatever else comes in.
    """

    dot: Dot
    since: int | None


def counted_as(origin: str, shared: Shared) -> str:
    """Return the origin under whose counter a hand writes: ``device`` of ``device#n``, others as they are."""
    device, _, number = origin.rpartition("#")
    return device if device in shared and number.isdigit() else origin


def signs(history: Iterable[Received], rules: Mapping[str, FieldRule], shared: Shared = NOT_SHARED) -> list[Sign]:
    """Return every write that must be another hand's, by origin and counter.

    history: of one record, in any order. shared: what is known already, and not told again; it is compared with all
    the same, so that the first counter of an origin does not depend on which sign came in first.
    """
    by_origin: dict[str, list[Received]] = {}
    for entry in history:
        if entry.stated is not None:
            by_origin.setdefault(counted_as(entry.dot.origin, shared), []).append(entry)
    found: list[Sign] = []
    for entries in by_origin.values():
        entries.sort(key=lambda entry: (entry.dot.seq, entry.version))
        for entry in entries:
            sign = None if _is_shared(entry, shared) else _sign(entry, entries, rules)
            found += [] if sign is None else [sign]
    return found


def origins(history: Iterable[Received], shared: Shared) -> dict[str, str]:
    """Return the origin of each write under a shared device id, by id of the change."""
    of: dict[str, str] = {}
    continued: set[str] = set()
    unclear = {entry.change: entry for entry in history if _is_shared(entry, shared)}
    for entry in sorted(unclear.values(), key=lambda entry: (entry.dot.seq, entry.change)):
        before = unclear.get(entry.after or "")
        origin = counted_as(entry.dot.origin, shared)
        if (
            before is not None
            and before.change not in continued
            and counted_as(before.dot.origin, shared) == origin
            and before.dot.seq < entry.dot.seq
        ):
            continued.add(before.change)
            of[entry.change] = of[before.change]
        else:
            of[entry.change] = f"{origin}#{_number_of(entry.change)}"
    return of


def _number_of(change: str) -> int:
    """Return a number of 48 bits made of a change's id, not of its arrival: ties are decided alike in any order."""
    return int.from_bytes(sha256(change.encode()).digest()[:6])


def seen_before(
    entry: Received, history: Iterable[Received], rules: Mapping[str, FieldRule], shared: Shared
) -> list[Received]:
    """Return the writes under a shared id that the author of ``entry`` must have made or copied, though not named.

    Those of a lower counter that left a value which the author saw and which their version of the record does not show.
    There are none where the id is not shared: the counter alone says there what was made before. history: of the
    record.
    """
    if not _is_shared(entry, shared) or entry.seen is None:
        return []
    device, base = counted_as(entry.dot.origin, shared), entry.base_version or 0
    saw = {}
    for name, value in (entry.stated or {}).items():
        rule = rules.get(name, DEFAULT_RULE)
        if value is not None and canonical(value, rule) != canonical(entry.seen.get(name, ""), rule):
            saw[name] = canonical(value, rule)
    return [
        other
        for other in (history if saw else ())
        if other.dot.seq < entry.dot.seq
        and (other.base_version or 0) <= base < other.version
        and counted_as(other.dot.origin, shared) == device
        and any(canonical(other.shows.get(name, ""), rules.get(name, DEFAULT_RULE)) == saw[name] for name in saw)
    ]


def own_heads(
    entry: Received, history: Mapping[str, Received], names: Mapping[str, str], seen_before: Iterable[Received]
) -> Callable[[Head, str], bool] | None:
    """Return what says of a head whether the author of ``entry`` made it, though under another origin; None where
    there can be no such.

    It is one that ``after`` names, or that one's; under a shared id also a value that the author saw.
    history: of the record, by id of the change. names: as ``origins`` gives them. seen_before: of ``entry``, as above.
    """
    built_on: dict[str, int] = {}
    walked: set[str] = set()
    before = history.get(entry.after or "")
    while before is not None and before.change not in walked:
        walked.add(before.change)
        origin = names.get(before.change, before.dot.origin)
        built_on[origin] = max(before.dot.seq, built_on.get(origin, 0))
        before = history.get(before.after or "")
    saw = {(names.get(each.change, each.dot.origin), each.dot.seq) for each in seen_before}
    if not built_on and not saw:
        return None

    def is_own(head: Head, seen: str) -> bool:
        return head.seq <= built_on.get(head.origin, 0) or (head.value == seen and (head.origin, head.seq) in saw)

    return is_own


def _is_shared(entry: Received, shared: Shared) -> bool:
    first = shared.get(counted_as(entry.dot.origin, shared))
    return first is not None and entry.stated is not None and entry.dot.seq >= first


def _sign(entry: Received, of_origin: Iterable[Received], rules: Mapping[str, FieldRule]) -> Sign | None:
    base = entry.base_version
    pending: dict[str, tuple[str, int]] = {}
    for other in of_origin:
        if other.change != entry.change and other.dot == entry.dot:
            return Sign(entry.dot, None)
        if other.dot.seq > entry.dot.seq and base is not None and other.version <= base:
            return Sign(entry.dot, None)  # it held what the higher counter wrote, so it was no early write
        if other.dot.seq >= entry.dot.seq:
            continue
        if base is None or other.version > base:
            pending |= {name: (value, other.dot.seq) for name, value in other.shows.items()}
        else:
            pending = {name: own for name, own in pending.items() if name not in other.shows}
    since = [pending[name][1] for name in pending if _is_unlike(entry, name, pending[name][0], rules)]
    return Sign(entry.dot, min(since)) if since else None


def _is_unlike(entry: Received, name: str, own: str, rules: Mapping[str, FieldRule]) -> bool:
    """Say whether a write shows that its author saw neither their own last value nor the server's."""
    stated = (entry.stated or {}).get(name)
    if stated is None or name not in entry.shows or entry.seen is None:
        return False
    rule = rules.get(name, DEFAULT_RULE)
    seen, new, last, held = (
        canonical(value, rule) for value in (stated, entry.shows[name], own, entry.seen.get(name, ""))
    )
    return seen not in (new, last, held)
