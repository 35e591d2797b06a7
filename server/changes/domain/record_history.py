"""Reads a record's history: its fields at any version, and all that was merged into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType
from typing import TypedDict

from server.cases.domain.workflow import ACTIONS
from server.changes.domain.validation import field_writes, validate
from server.forms.domain.record_types import LABEL, RecordType
from server.instants import Instant
from server.records.domain.records import Record, Revision
from sync.changes import CREATING, DESKS, Change, Dot, FieldWrite, Verdict
from sync.hands import Received
from sync.replay import Settled

Diff = Mapping[str, tuple[str | None, str | None]]

_MERGED = frozenset({Verdict.APPLIED, Verdict.MERGED, Verdict.LATE})
_MERGING = CREATING | {"edit", *ACTIONS}

SETTLE, UNSETTLE = "settle", "unsettle"
"""Actions by which somebody puts one value in the place of all that stand, and takes that back."""
UNDOES = "undoes"
"""Entry of an ``unsettle`` that names the versions of the settlements it takes back, parted by blanks."""

_NOTHING_UNDONE: Set[int] = frozenset()
_NO_AUTHORS: Mapping[str, str] = MappingProxyType({})


def fields_before(record: Record, later: Iterable[Diff]) -> dict[str, str]:
    """Return the fields and label that ``record`` showed before ``later``, the diffs since, newest first."""
    current: dict[str, str] = {**record.fields, LABEL: record.label}
    for diff in later:
        for name, (before, _) in diff.items():
            if before is None:
                current.pop(name, None)
            else:
                current[name] = before
    return current


def received(
    history: Iterable[Revision],
    type: RecordType,
    undone: Set[int] = _NOTHING_UNDONE,
    authors: Mapping[str, str] = _NO_AUTHORS,
) -> list[Received | Settled]:
    """Return all that came into a record, oldest first, each with what its author's version showed.

    history: revisions in the order of versions, from the first. type: of the record, to leave out what did not fit.
    undone: versions of settlements to leave out, beside those that the history itself takes back. authors: the first
    author of each device, whose origin is the bare id also where others once wrote under it.
    """
    revisions = list(history)
    active_settlements = settlements(revisions) - undone
    current: dict[str, str] = {}
    at: dict[int, dict[str, str]] = {0: {}}
    found: list[Received | Settled] = []
    for revision in revisions:
        if revision.version in active_settlements:
            found.append(settlement(revision))
        elif revision.action in _MERGING and (revision.verdict in _MERGED or _is_shown_by_device(revision)):
            found.append(received_entry(revision, type, at, authors))
        for name, (_, after) in revision.diff.items():
            if after is None:
                current.pop(name, None)
            else:
                current[name] = after
        at[revision.version] = dict(current)
    return found


def settlements(history: Iterable[Revision]) -> frozenset[int]:
    """Return the versions that a settlement made and that none has taken back since."""
    made: set[int] = set()
    for revision in history:
        if revision.verdict not in _MERGED:
            continue
        if revision.action == SETTLE:
            made.add(revision.version)
        elif revision.action == UNSETTLE:
            made -= undone_by(revision.received)
    return frozenset(made)


def undone_by(fields: Mapping[str, FieldWrite]) -> frozenset[int]:
    """Return the versions that an ``unsettle`` with these fields takes back."""
    named = fields[UNDOES].new.split() if UNDOES in fields else []
    return frozenset(int(each) for each in named if each.isascii() and each.isdigit() and len(each) <= _DIGITS_MAX)


_DIGITS_MAX = 18


def settlement(revision: Revision) -> Settled:
    """Return a settlement as it was made: it has seen every value of its fields up to its own version."""
    return Settled(
        Dot(revision.origin, revision.origin_seq),
        {name: write.new for name, write in revision.received.items()},
        revision.observed_at,
        revision.version,
    )


def received_entry(
    revision: Revision,
    type: RecordType,
    at: Mapping[int, Mapping[str, str]],
    authors: Mapping[str, str] = _NO_AUTHORS,
) -> Received:
    """Return one revision as it came in. at: what the record showed, by version, as far as known. authors: as above."""
    base = revision.base_version
    stated = {name: write.seen for name, write in revision.received.items() if write.seen is not None}
    seen = stated if base is None else at.get(base, stated)
    # What a phone's list left out, since its holder may not write it, was in the record all the same.
    unseen = {name for name, write in revision.received.items() if write.seen is None and name in seen}
    origin, author = revision.origin, revision.author
    if is_from_device(revision.origin, revision.submission) and authors.get(origin, author) != author:
        origin = f"{origin}/{author}"
    return Received(
        Dot(origin, revision.origin_seq),
        base,
        _applied(revision, type),
        revision.observed_at,
        revision.version,
        {name: value for name, value in seen.items() if name not in unseen} if unseen else seen,
        change=revision.change,
        after=revision.after,
        applies=revision.verdict in _MERGED,
        **_by_device(revision.origin, revision.submission, revision.action, revision.received),
    )


def arrived(
    change: Change, base: Mapping[str, str] | None, values: Mapping[str, str], observed_at: Instant, version: int
) -> Received:
    """Return a change that has just arrived, as ``received`` will tell of it.

    base: what the record showed at its base version, None where it is not known. values: those that apply.
    """
    stated = {name: write.seen for name, write in change.fields.items() if write.seen is not None}
    seen = stated if base is None else base
    submission = None if change.device is not None else ""
    return Received(
        change.dot,
        change.base_version,
        values,
        observed_at,
        version,
        seen,
        change=change.id,
        after=change.after,
        **_by_device(change.dot.origin, submission, change.action, change.fields),
    )


def is_from_device(origin: str, submission: str | None) -> bool:
    """Say whether a write came in on our own protocol: neither in a submission nor from a desk."""
    return submission is None and origin.partition("#")[0] not in DESKS


class _ByDevice(TypedDict, total=False):
    stated: Mapping[str, str | None]
    shows: Mapping[str, str]


def _by_device(origin: str, submission: str | None, action: str, fields: Mapping[str, FieldWrite]) -> _ByDevice:
    """Return what a device said that it saw, and what it shows itself; an act changes nothing that a device shows."""
    if not is_from_device(origin, submission):
        return {}
    stated = {name: write.seen for name, write in fields.items()}
    return {"stated": stated, "shows": {name: write.new for name, write in fields.items()} if action in _SHOWN else {}}


def _is_shown_by_device(revision: Revision) -> bool:
    return revision.action in _SHOWN and is_from_device(revision.origin, revision.submission)


_SHOWN = CREATING | {"edit"}


def _applied(revision: Revision, type: RecordType) -> Mapping[str, str]:
    writes = field_writes(revision.action, revision.received)
    held = {name: write.seen for name, write in writes.items()}
    values = {name: write.new for name, write in writes.items()}
    return validate(type, values, revision.observed_at, held).values
