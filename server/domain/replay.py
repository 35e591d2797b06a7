"""Reads a record's history: what it showed at any version, and all that was merged into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server.domain.record_types import LABEL, RecordType
from server.domain.records import Record, Revision
from server.domain.sorting import sort, written
from server.domain.workflow import ACTIONS, CREATING
from sync.changes import Dot, Verdict
from sync.merge import Received

Diff = Mapping[str, tuple[str | None, str | None]]

_MERGED = frozenset({Verdict.APPLIED, Verdict.MERGED, Verdict.LATE})
_MERGING = CREATING | {"edit", *ACTIONS}


def fields_before(record: Record, later: Iterable[Diff]) -> dict[str, str]:
    """Return the fields and label that ``record`` showed before ``later``, the diffs since, newest first."""
    shown: dict[str, str] = {**record.fields, LABEL: record.label}
    for diff in later:
        for name, (before, _) in diff.items():
            if before is None:
                shown.pop(name, None)
            else:
                shown[name] = before
    return shown


def received(history: Iterable[Revision], type: RecordType) -> list[Received]:
    """Return all that was merged into a record, oldest first, each with what its author's version showed.

    history: revisions in the order of versions, from the first. type: of the record, to leave out what did not fit.
    """
    shown: dict[str, str] = {}
    at: dict[int, dict[str, str]] = {0: {}}
    merged: list[Received] = []
    for revision in history:
        if revision.action in _MERGING and revision.verdict in _MERGED:
            merged.append(entry(revision, type, at))
        for name, (_, after) in revision.diff.items():
            if after is None:
                shown.pop(name, None)
            else:
                shown[name] = after
        at[revision.version] = dict(shown)
    return merged


def entry(revision: Revision, type: RecordType, at: Mapping[int, Mapping[str, str]]) -> Received:
    """Return one revision as it was merged. at: what the record showed, by version, as far as known."""
    base = revision.base_version
    stated = {name: write.seen for name, write in revision.received.items() if write.seen is not None}
    return Received(
        Dot(revision.origin, revision.origin_seq),
        base,
        sort(type, {name: write.new for name, write in written(revision.action, revision.received).items()}).values,
        revision.observed_at,
        revision.version,
        stated if base is None else at.get(base, stated),
    )
