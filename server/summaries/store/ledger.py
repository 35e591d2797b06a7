"""Read what the hazard ledger (责任清单) tells and lists lack: what the office set to be done."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from server.db.transactions import Reading
from server.people.store.display_names import batches

_INSTRUCTING_ACTIONS = ("assign", "extend", "rework", "suspend", "resume", "transfer", "reopen", "supervise")
_OF_WHICH_ONLY = {"supervise": frozenset({"fund", "contingency"})}
"""Inputs that alone instruct whoever works on a case: what else supervision says is no measure."""


def work_instructions(reading: Reading, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the last non-blank value of each input (note, plan, …) of the instructing actions, by record.

    The caller has found the records inside a scope.
    """
    found: dict[str, dict[str, str]] = {}
    acts = ", ".join(f"'{action}'" for action in _INSTRUCTING_ACTIONS)
    for listed, values in batches(ids):
        rows = reading.sql.tuples(
            f"""
            SELECT record, received, action
              FROM revision
             WHERE record IN ({listed}) AND action IN ({acts}) AND verdict IN ('applied', 'merged', 'late')
             ORDER BY record, version
            """,
            values,
        )
        for id, received, action in rows:
            inputs = {name: write[1] for name, write in orjson.loads(received).items() if write[1]}
            if action in _OF_WHICH_ONLY:
                inputs = {name: said for name, said in inputs.items() if name in _OF_WHICH_ONLY[action]}
            found.setdefault(id, {}).update(inputs)
    return found
