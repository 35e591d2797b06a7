"""Tells of a case at which premises it is, and of premises which of their cases are open."""

from __future__ import annotations

from itertools import islice

import orjson

from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.grid.domain.areas import Place
from server.people.domain.actors import Actor
from server.records.domain import premises
from server.records.domain.records import Record
from server.records.store import records

OPEN_SHOWN = 50
"""Open cases of premises that one answer shows."""


def premises_of(reading: Reading, case: Record, by: Actor) -> Record | None:
    """Return the premises that a case is about; None where it names none, or ``by`` may not see them."""
    id = case.fields.get(premises.FIELD, "")
    if not id:
        return None
    try:
        found = records.get(reading, id, by.scope)
    except NotFound:
        return None
    return found if found.type == premises.TYPE else None


def open_cases(reading: Reading, found: Record, by: Actor) -> list[Record]:
    """Return the open cases at premises that ``by`` may see, the newest first, at most ``OPEN_SHOWN``.

    Looks at the open cases of the village in which the premises lie. A record of another type has none.
    """
    if found.type != premises.TYPE:
        return []
    village = Place("/".join(found.path.split("/")[:3]))
    linked = (type for type in forms.catalogue(reading).types.values() if type.kind is Kind.CASE)
    near = (
        each
        for type in linked
        if premises.FIELD in type.fields
        for each in records.cases_in(reading, by.scope, type.name, village, reading.now)
    )
    here = (each.id for each in near if orjson.loads(each.fields).get(premises.FIELD) == found.id)
    return [records.get(reading, id, by.scope) for id in islice(here, OPEN_SHOWN)]
