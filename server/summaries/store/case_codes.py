"""Read what cases say of themselves as of an instant: item, severity, source, and who has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from server.db.transactions import Reading
from server.instants import Instant
from server.people.store.display_names import batches
from server.records.domain import premises, severity
from server.records.store import case_json

CORRECTED = ("item", severity.FIELD, "source")
"""Fields that an officer corrects; their past values stand in history."""


@dataclass(frozen=True, slots=True)
class CaseCodes:
    """What one case says of itself; empty where it says nothing. assignee: as an assignee is written.

    severity: major where the brigade's finding stands, and nowhere else.
    premises_kind: of the registered premises it is about; read by ``premises_kinds`` alone.
    """

    item: str = ""
    severity: str = ""
    source: str = ""
    assignee: str = ""
    premises_kind: str = ""


def as_of(reading: Reading, ids: Iterable[str], at: Instant) -> dict[str, CaseCodes]:
    """Return what cases said of themselves at an instant, by id; all lie inside a scope."""
    found: dict[str, CaseCodes] = {}
    for listed, values in batches(ids):
        rows = reading.sql.tuples(
            f"SELECT id, item, severity, source, assignee FROM record WHERE id IN ({listed})", values
        )
        found |= {id: CaseCodes(*(value or "" for value in said)) for id, *said in rows}
        if at < reading.now:
            found |= _before(reading, listed, {**values, "at": at}, found)
    return found


def premises_kinds(reading: Reading, ids: Iterable[str], at: Instant) -> dict[str, CaseCodes]:
    """Return of which kind the premises of cases were at an instant, by id of the case; all lie inside a scope."""
    premises_of = _field(reading, ids, premises.FIELD, at)
    kinds = _field(reading, filter(None, premises_of.values()), premises.KIND, at)
    return {id: CaseCodes(premises_kind=kinds.get(named, "")) for id, named in premises_of.items()}


def _field(reading: Reading, ids: Iterable[str], name: str, at: Instant) -> dict[str, str]:
    """Return what one field of records said at an instant, by id."""
    found: dict[str, str] = {}
    for listed, values in batches(ids):
        rows = reading.sql.tuples(f"SELECT id, fields FROM record WHERE id IN ({listed})", values)
        found |= {id: orjson.loads(fields).get(name, "") for id, fields in rows}
        if at >= reading.now:
            continue
        changed = {id for (id,) in reading.sql.tuples(_CHANGED.format(listed=listed), {**values, "at": at})}
        for listed_here, some in batches(changed):
            told: set[str] = set()
            for id, diff in reading.sql.tuples(_DIFFS.format(listed=listed_here), {**some, "at": at}):
                write = orjson.loads(diff).get(name)
                if write is not None and id not in told:  # the first correction tells what stood until then
                    told.add(id)
                    found[id] = write[0] or ""
    return found


def _before(reading: Reading, listed: str, values: dict[str, str], now: dict[str, CaseCodes]) -> dict[str, CaseCodes]:
    """Return what those cases said at an instant that have changed since."""
    changed = {id for (id,) in reading.sql.tuples(_CHANGED.format(listed=listed), values)}
    old: dict[str, dict[str, str]] = {}
    for listed_here, ids in batches(changed):
        sql = _DIFFS.format(listed=listed_here)
        for id, diff in reading.sql.tuples(sql, {**ids, "at": values["at"]}):
            said = old.setdefault(id, {})
            for name, (before, _) in orjson.loads(diff).items():
                if name in CORRECTED:
                    said.setdefault(name, before or "")  # the first correction after the instant tells what stood then
        major = _found_major(reading, listed_here, {**ids, "at": values["at"]})
        for id, state, fields in reading.sql.tuples(_STATES.format(listed=listed_here), ids):
            case, said = case_json.from_text(state), old.setdefault(id, {})
            lead = None if case is None else case.lead_at(values["at"])
            said["assignee"] = "" if lead is None else lead.mark
            reported = said.get(severity.FIELD, orjson.loads(fields).get(severity.FIELD))
            said[severity.FIELD] = severity.of_case(reported, is_major=id in major) or ""
    return {
        id: CaseCodes(**{name: said.get(name, getattr(now[id], name)) for name in CaseCodes.__slots__})
        for id, said in old.items()
    }


def _found_major(reading: Reading, listed: str, values: dict[str, str]) -> set[str]:
    """Return those of the cases whose finding as major hazards stood at an instant."""
    last = dict(reading.sql.tuples(_FINDINGS.format(listed=listed), values))
    return {id for id, action in last.items() if action == "mark_major"}


_CHANGED = "SELECT id FROM record WHERE id IN ({listed}) AND updated_at > :at"
_DIFFS = """
    SELECT record, diff FROM revision
     WHERE record IN ({listed}) AND received_at > :at AND diff <> '{{}}' ORDER BY record, version
"""
_FINDINGS = """
    SELECT record, action FROM case_step
     WHERE record IN ({listed}) AND action IN ('mark_major', 'unmark_major') AND at <= :at ORDER BY record, version
"""
_STATES = "SELECT id, case_state, fields FROM record WHERE id IN ({listed})"
