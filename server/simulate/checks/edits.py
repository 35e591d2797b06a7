"""Whether edits of profiles came out as they must (promises 5, 8 and 10), told without the code that merges.

A value stands when its author's hand has written no later one, and nobody has replaced it who saw it: it was the value
they saw, in a version that they held. That says nothing of the order in which edits arrive, so whatever the order was,
the server must have come to the same. Merge groups, sets and values of which only the last counts have rules of their
own and are left out, as are records whose history has gaps: one that was settled, put back, or written by two hands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from server.db.sql import Row
from server.forms.store import forms
from server.simulate.invariants import Findings
from server.simulate.store import stored_rows
from server.simulate.world import World
from sync import registers
from sync.rules import DEFAULT_RULE

WRITING = ("create", "edit")
NO_FIELDS = ("label", "area")
"""What a change carries that no register of the record holds."""


class Write(NamedTuple):
    """One value that came in. seen: what its author was shown. base: version that they held."""

    origin: str
    seq: int
    seen: str
    value: str
    base: int | None
    version: int
    observed_at: str


def check(world: World, findings: Findings) -> None:
    """Compare what stands with what must, and look for every value that was ever saved."""
    with world.server.store.reading() as reading:
        records, revisions = stored_rows.records(reading), stored_rows.revisions(reading)
        stored, rules = stored_rows.changes(reading), forms.catalogue(reading).rules
        shared = stored_rows.shared_origins(reading)
    plain = {type: {name for name, rule in of_type.items() if rule != DEFAULT_RULE} for type, of_type in rules.items()}
    for id, group in groupby(revisions, itemgetter("record")):
        history, record = list(group), records[id]
        if record["kind"] == "profile" and _is_whole(history, shared):
            _check_record(record, history, plain.get(record["type"], set()), findings)
    _check_retrievable(world, revisions, stored, findings)
    _check_clocks(revisions, records, findings)


def _is_whole(history: Iterable[Row], shared: set[str]) -> bool:
    return all(
        each["action"] in WRITING
        and each["origin"].partition("/")[0].partition("#")[0] not in shared
        and "#" not in each["origin"]
        and each["verdict"] != "quarantined"
        and each["base_version"] is not None
        for each in history
    )


def _check_record(record: Row, history: list[Row], special: set[str], findings: Findings) -> None:
    known = registers.from_json(record["registers"])
    writes = _writes(history)
    for field, came in writes.items():
        if field in special or field in NO_FIELDS:
            continue
        must = {(each.origin, each.value) for each in standing(came)}
        are = {(head.origin, head.value) for head in known[field].heads} if field in known else set()
        if must != are:
            findings.add(5, f"{record['id']} {field} stands at {sorted(are)} and must at {sorted(must)}")
        values = {value for _, value in must}
        if len(values) > 1 and not record["conflicted"]:
            findings.add(8, f"{record['id']} {field} has {sorted(values)} and no flag")
    ordinary = {name for name in writes if name not in special and name not in NO_FIELDS}
    overlaps = any(len({each.value for each in standing(writes[name])}) > 1 for name in ordinary)
    if record["conflicted"] and not overlaps and not special & writes.keys():
        findings.add(8, f"{record['id']} is flagged and nothing overlaps")


def _writes(history: Iterable[Row]) -> dict[str, list[Write]]:
    found: dict[str, list[Write]] = {}
    for each in history:
        for name, (seen, new) in json.loads(each["received"]).items():
            if (seen or "") != new:
                write = Write(
                    each["origin"], each["origin_seq"], seen or "", new, each["base_version"], each["version"],
                    each["observed_at"],
                )  # fmt: skip
                found.setdefault(name, []).append(write)
    return found


def standing(came: list[Write]) -> list[Write]:
    """Return the writes whose value stands, whatever the order in which they came."""
    newest: dict[str, int] = {}
    for each in came:
        newest[each.origin] = max(each.seq, newest.get(each.origin, 0))
    return [
        each
        for each in came
        if each.seq == newest[each.origin]
        and not any(
            other is not each
            and other.origin != each.origin
            and other.seen == each.value
            and (other.base is None or each.version <= other.base)
            for other in came
        )
    ]


def _check_retrievable(world: World, revisions: Iterable[Row], stored: Mapping[str, Row], findings: Findings) -> None:
    """Look for every value that was saved on a device in what can be read of its record."""
    told = {each["change"]: each["received"] for each in revisions}
    of_form = {
        (each["submission"], each["record"]): each["id"] for each in stored.values() if each["submission"] is not None
    }
    with world.server.store.reading() as reading:
        instances = stored_rows.instances(reading)
    saved = [(each.id, each.writes) for each in world.ledger.changes.values()]
    for instance, form in world.ledger.forms.items():
        change = of_form.get((instances.get(instance, ""), form.record))
        saved += [(change, form.writes)] if change is not None else []
    for change, writes in saved:
        if change not in stored:
            continue
        received = json.loads(told[change]) if change in told else {}
        whole = stored[change]["body"] or ""
        for name, (seen, new) in writes.items():
            is_there = name in received and received[name][1] == new
            if (seen or "") != new and not is_there and json.dumps(new, ensure_ascii=False) not in str(whole):
                findings.add(8, f"{change} wrote {name} = {new}, which cannot be read any more")


def _check_clocks(revisions: Iterable[Row], records: Mapping[str, Row], findings: Findings) -> None:
    """No time that the server decides by comes from a device, and nothing was observed after it was received."""
    for each in revisions:
        if each["observed_at"] > each["received_at"]:
            findings.add(10, f"{each['record']} v{each['version']} was observed after it was received")
    ordered: dict[str, str] = {}
    for each in revisions:
        if each["received_at"] < ordered.get(each["record"], ""):
            findings.add(10, f"{each['record']} v{each['version']} was received before the version below it")
        ordered[each["record"]] = each["received_at"]
        created = records[each["record"]]["created_at"]
        if each["version"] == 1 and created != each["received_at"]:
            findings.add(10, f"{each['record']} says that it was made at {created}, not when it was received")
