"""Reads a record's history: its fields at any version, and all that was merged into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from server.cases.domain.workflow import ACTIONS
from server.changes.domain.validation import field_writes, validate
from server.forms.domain.record_types import LABEL, RecordType
from server.records.domain.records import Record, Revision
from sync.changes import CREATING, Dot, FieldWrite, Verdict
from sync.merge import Received, Settled

Diff = Mapping[str, tuple[str | None, str | None]]

_MERGED = frozenset({Verdict.APPLIED, Verdict.MERGED, Verdict.LATE})
_MERGING = CREATING | {"edit", *ACTIONS}

SETTLE, UNSETTLE = "settle", "unsettle"
"""Actions by which somebody puts one value in the place of all that stand, and takes that back."""
UNDOES = "undoes"
"""Entry of an ``unsettle`` that names the versions of the settlements it takes back, parted by blanks."""

_NOTHING_UNDONE: Set[int] = frozenset()


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
    history: Iterable[Revision], type: RecordType, undone: Set[int] = _NOTHING_UNDONE
) -> list[Received | Settled]:
    """Return all that was merged into a record, oldest first, each with what its author's version showed.

    history: revisions in the order of versions, from the first. type: of the record, to leave out what did not fit.
    undone: versions of settlements to leave out, beside those that the history itself takes back.
    """
    revisions = list(history)
    active_settlements = settlements(revisions) - undone
    current: dict[str, str] = {}
    at: dict[int, dict[str, str]] = {0: {}}
    merged: list[Received | Settled] = []
    for revision in revisions:
        if revision.action in _MERGING and revision.verdict in _MERGED:
            merged.append(received_entry(revision, type, at))
        elif revision.version in active_settlements:
            merged.append(settlement(revision))
        for name, (_, after) in revision.diff.items():
            if after is None:
                current.pop(name, None)
            else:
                current[name] = after
        at[revision.version] = dict(current)
    return merged


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


def received_entry(revision: Revision, type: RecordType, at: Mapping[int, Mapping[str, str]]) -> Received:
    """Return one revision as it was merged. at: what the record showed, by version, as far as known."""
    base = revision.base_version
    stated = {name: write.seen for name, write in revision.received.items() if write.seen is not None}
    return Received(
        Dot(revision.origin, revision.origin_seq),
        base,
        _applied(revision, type),
        revision.observed_at,
        revision.version,
        stated if base is None else at.get(base, stated),
    )


def _applied(revision: Revision, type: RecordType) -> Mapping[str, str]:
    writes = field_writes(revision.action, revision.received)
    held = {name: write.seen for name, write in writes.items()}
    values = {name: write.new for name, write in writes.items()}
    return validate(type, values, revision.observed_at, held).values
