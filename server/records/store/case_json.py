"""Writes the case of a record as JSON text, and reads it back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson

from server.records.domain.case import Assignment, Case, Request
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Dispatch, Ending
from server.records.domain.status import Status

_STORED = {"assignments": "given", "processed_by": "hands", "merged_into": "into"}
"""Names of fields in the stored text where they differ: a folder's text outlives the names of the code."""
_NAMES = tuple((_STORED.get(each.name, each.name), each.name) for each in fields(Case))


def to_text(case: Case | None) -> str | None:
    """Return ``case`` as JSON text; None for a record that is no case."""
    if case is None:
        return None
    # Named tuples are lists to orjson only by a default.
    return orjson.dumps({stored: getattr(case, name) for stored, name in _NAMES}, default=list).decode()


def from_text(text: str | None) -> Case | None:
    """Return the case that ``to_text`` wrote."""
    if text is None:
        return None
    stored: dict[str, Any] = orjson.loads(text)
    values = {name: stored[key] for key, name in _NAMES if key in stored}
    facts = values["facts"]
    dispatches = tuple(Dispatch(*each) for each in facts["dispatches"])
    # Texts of cases that never ended, written before endings were kept, do without the key.
    endings = tuple(Ending(at, undone_at, Status(status)) for at, undone_at, status in facts.get("endings", ()))
    read = {"status": Status(facts["status"]), "dispatches": dispatches, "endings": endings}
    values["facts"] = CaseFacts(**(facts | read))
    values["assignments"] = tuple(Assignment(*each) for each in values["assignments"])
    values["processed_by"] = tuple(values["processed_by"])
    values["dispatchers"] = tuple(values.get("dispatchers", ()))
    values["requests"] = tuple(Request(*each) for each in values["requests"])
    return Case(**values)
