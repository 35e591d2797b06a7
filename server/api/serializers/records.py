"""Turns records, their revisions and the outcomes of changes into JSON objects of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from server.api.responses import Json
from server.cases.domain import decisions, workflow
from server.changes.usecases.recording import Outcome
from server.records.domain.records import Record, Revision
from server.records.store import columns, record_lists
from server.records.store.columns import Projection
from server.records.usecases.disclosing import RecordMask
from sync.flags import Flag

listed = columns.showing(Projection.API)
"""Return a row of ``record_lists`` as lists show it."""

REQUESTS: Mapping[str, str] = {Flag(f"{kind.name}_pending"): kind.ask for kind in decisions.KINDS}

_stored = columns.storing(columns.select(Projection.API).split(", "))


class Named(NamedTuple):
    """What the area, assignee and author of a row of a list are called."""

    area: str
    assignee: str | None
    author: str


newest = columns.copying(Projection.API, record_lists.NEWEST)
"""Return a row of ``record_lists.page`` as ``listed`` does."""

by_due = columns.copying(Projection.API, record_lists.BY_DUE)
"""Return a row of ``record_lists.page_by_due`` as ``listed`` does."""


def in_list(shown: Json, named: Named, photos: int) -> Json:
    """Add to a row of a list, as it is shown, what was read for it. photos: how many it has."""
    shown["area_name"], shown["assignee_name"], shown["author_name"] = named
    shown["photos"] = photos
    flags = shown["flags"]
    shown["requests"] = [REQUESTS[flag] for flag in flags if flag in REQUESTS] if flags else []
    return shown


def record(found: Record) -> Json:
    """Return a record as single answers show it, the same as in lists."""
    return listed(_stored(found))


def outcome(found: Outcome, mask: RecordMask) -> Json:
    """Return what became of a change, with the record as ``mask`` shows it."""
    return {
        "id": found.id,
        "verdict": found.verdict.value,
        "version": found.version,
        "record": None if found.record is None else mask.record(record(found.record), found.record),
        "conflicts": found.conflicts,
        "problem": found.problem,
    }


def revision(found: Revision) -> Json:
    """Return a revision as a record's history shows it."""
    return {
        "version": found.version,
        "change": found.change,
        "action": found.action,
        "author": found.author,
        "verdict": found.verdict.value,
        "diff": dict(found.diff),
        "received": {name: list(write) for name, write in found.received.items()},
        "inputs": workflow.inputs_of(found.action, {name: write.new for name, write in found.received.items()}),
        "base_version": found.base_version,
        "origin": found.origin,
        "made_at": found.made_at,
        "observed_at": found.observed_at,
        "received_at": found.received_at,
        "form": found.form,
        "form_version": found.form_version,
        "submission": found.submission,
        "attachments": [each._asdict() for each in found.attachments],
    }
