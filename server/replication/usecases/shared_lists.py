"""Creates the lists that every field client needs beside its records: grid, codes, forms, ledgers, acts.

They are the same for everyone, so that a person who moves gets none of them again; the official grid is no secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson

from server import instants
from server.cases.domain import workflow
from server.cases.domain.guards import DATES
from server.db.transactions import Reading
from server.forms.domain.record_types import Kind
from server.forms.store import codes, forms
from server.grid.store import areas

Row = dict[str, Any]


def version_hash(reading: Reading) -> str:
    """Return a hash that changes when any of ``rows`` does; cached until the configuration or the day changes."""
    return reading.cached(("county lists", instants.local_day(reading.now)), _hash)


def _hash(reading: Reading) -> str:
    digest = hashlib.sha256()
    for row in rows(reading):
        digest.update(orjson.dumps(row))
    return digest.hexdigest()[:16]


def rows(reading: Reading) -> Iterator[Row]:
    """Yield each row as ``{id, type, label, version, fields}``; ids are words such as ``area:130630106201``."""
    for area in areas.whole_grid(reading).values():
        fields = {"level": area.level.value, "parent": area.parent or "", "successor": area.successor or ""}
        fields |= {"in_force": "1" if area.in_force(reading.now) else "0"}
        yield _row(f"area:{area.code}", "_area", area.name, fields)
    today = instants.local_day(reading.now)
    for code in codes.list_all(reading):
        fields = {"list": code.list, "code": code.code, "label_en": code.label_en}
        fields |= {"active": "1" if code.is_active(today) else "0", **code.extra}
        yield _row(f"code:{code.list}:{code.code}", "_code", code.label, fields)
    for form in forms.catalogue(reading).forms.values():
        fields = {"form": form.id, "version": form.version, "state": form.state}
        if form.draft is None:
            yield _row(f"form:{form.id}", "_form", form.title, fields)
    yield from _ledgers(reading)
    yield from _acts()


def _ledgers(reading: Reading) -> Iterator[Row]:
    for type in forms.catalogue(reading).types.values():
        yield _row(f"type:{type.name}", "_type", type.title, {"kind": type.kind.value})
        for field in type.fields.values():
            if field.name in type.claims:
                continue
            fields = {"type": type.name, "name": field.name, "datatype": field.type}
            yield _row(f"field:{type.name}:{field.name}", "_field", type.label_of(field.name), fields)


def _acts() -> Iterator[Row]:
    """Yield which acts create records and which a case takes, each with the names of its inputs."""
    for action, (label, kind) in _CREATING_ACTS.items():
        yield _row(f"act:{action}", "_act", label, {"action": action, "kind": kind, "begins": "1", "inputs": ""})
    for step in workflow.STEPS:
        if step.action in workflow.BY_SERVER:
            continue
        inputs = (*step.needs, *step.takes)
        dates = " ".join(name for name in inputs if name in DATES)
        fields = {"action": step.action, "kind": Kind.CASE.value, "begins": "0", "inputs": " ".join(inputs)}
        fields |= {"dates": dates} if dates else {}
        yield _row(f"act:{step.action}", "_act", step.label, fields)


_CREATING_ACTS = {
    "create": ("新建", ""),
    "report": ("上报", Kind.CASE.value),
    "spot_close": ("当场整改", Kind.CASE.value),
}
"""Acts that create a record: label, and the only kind of record that they create (empty for any)."""


def _row(id: str, type: str, label: str, fields: dict[str, str]) -> Row:
    return {"id": id, "type": type, "label": label, "version": 1, "fields": fields}
