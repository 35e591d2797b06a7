"""Whether edits of profiles came out as they must (promises 5, 8 and 10), whatever the order in which they came.

Left out are sets, and records whose history has gaps: one that was settled, put back, or written by two hands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter

from server.db.sql import Row
from server.forms.store import forms
from server.simulate.checks import standing
from server.simulate.invariants import Findings
from server.simulate.store import stored_rows
from server.simulate.world import World
from sync import registers
from sync.rules import DEFAULT_RULE, FieldRule, MergePolicy

WRITING = ("create", "edit")
NO_FIELDS = ("label", "area")
"""What a change carries that no register of the record holds."""


def check(world: World, findings: Findings) -> None:
    """Compare what stands with what must, and look for every value that was ever saved."""
    with world.server.store.reading() as reading:
        records, revisions = stored_rows.records(reading), stored_rows.revisions(reading)
        stored, rules = stored_rows.changes(reading), forms.catalogue(reading).rules
        shared = stored_rows.shared_origins(reading)
    for id, group in groupby(revisions, itemgetter("record")):
        history, record = list(group), records[id]
        if record["kind"] == "profile" and _is_whole(history, shared):
            _check_record(record, history, rules.get(record["type"], {}), findings)
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


def _check_record(record: Row, history: list[Row], rules: Mapping[str, FieldRule], findings: Findings) -> None:
    known, fields = registers.from_json(record["registers"]), json.loads(record["fields"])
    overlaps, is_sure = False, True
    for members, is_latest in _registers(history, rules):
        came = standing.writes(history, members)
        if came is None or any(rules.get(name, DEFAULT_RULE).set_valued for name in members):
            is_sure = False
        elif came:
            name, stands = " ".join(members), standing.standing(came, is_latest=is_latest)
            must, are = {(each.origin, each.value) for each in stands}, standing.heads(known, members)
            if must != are:
                findings.add(5, f"{record['id']} {name} stands at {sorted(are)} and must at {sorted(must)}")
            shows = tuple(fields.get(each, "") for each in members)
            if shows != standing.shown(stands):
                findings.add(5, f"{record['id']} {name} shows {shows} and must show {standing.shown(stands)}")
            values = sorted({each.value for each in stands})
            overlaps |= len(values) > 1 and not is_latest
            if len(values) > 1 and not is_latest and not record["conflicted"]:
                findings.add(8, f"{record['id']} {name} has {values} and no flag")
    if record["conflicted"] and not overlaps and is_sure:
        findings.add(8, f"{record['id']} is flagged and nothing overlaps")


def _registers(history: Iterable[Row], rules: Mapping[str, FieldRule]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield what comes and goes as one: the members of a group, or a field; and whether only the last counts."""
    named = {name for each in history for name in json.loads(each["received"])} - {*NO_FIELDS}
    done: set[str] = set()
    for name in sorted(named):
        rule = rules.get(name, DEFAULT_RULE)
        members = [name]
        if rule.group is not None:
            members = sorted(each for each, other in rules.items() if other.group == rule.group)
        if name not in done:
            done |= {*members}
            policies = {rules.get(each, DEFAULT_RULE).policy for each in members}
            yield tuple(members), policies == {MergePolicy.LATEST}


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
