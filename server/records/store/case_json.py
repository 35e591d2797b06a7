"""Writes what the workflow remembers of a case as JSON text, and reads it back."""

from __future__ import annotations

from typing import Any

import orjson

from server.records.domain.case import Case, Given, Request
from server.records.domain.case_facts import CaseFacts, Dispatch
from server.records.domain.status import Status


def to_text(case: Case | None) -> str | None:
    """Return ``case`` as JSON text; None for a record that is no case."""
    # Named tuples are no lists to orjson until it is told so.
    return None if case is None else orjson.dumps(case, default=list).decode()


def from_text(text: str | None) -> Case | None:
    """Return the case that ``to_text`` wrote."""
    if text is None:
        return None
    plain: dict[str, Any] = orjson.loads(text)
    facts = plain["facts"]
    return Case(
        **(
            plain
            | {
                "facts": CaseFacts(
                    **(
                        facts
                        | {
                            "status": Status(facts["status"]),
                            "dispatches": tuple(Dispatch(*each) for each in facts["dispatches"]),
                        }
                    )
                ),
                "given": tuple(Given(*each) for each in plain["given"]),
                "hands": tuple(plain["hands"]),
                "requests": tuple(Request(*each) for each in plain["requests"]),
            }
        )
    )
