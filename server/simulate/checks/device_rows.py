"""Whether devices hold what the server has (promise 2), against other devices and against one set up just now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from server.simulate import phones
from server.simulate.checks import entitlement
from server.simulate.entity_lists import Row
from server.simulate.invariants import Findings
from server.simulate.laptops import Laptop
from server.simulate.phones import Phone
from server.simulate.world import World

PERSONAL = frozenset({"todo"})
"""Columns that tell each person something else."""

Rows = dict[str, tuple[int, Any]]


def check(world: World, findings: Findings) -> None:
    """Pull once more everywhere, and compare."""
    world.network.exchange(())
    laptops = [each for each in world.laptops.values() if not each.is_blank]
    for laptop in laptops:
        laptop.sync()
        for bucket in laptop.reread:
            findings.add(2, f"{laptop.name} had to read {bucket} again: it held other rows at the server's cursor")
    _check_buckets(world, findings)
    fresh_rows: dict[str, dict[str, Any]] = {}
    for laptop in laptops:
        if laptop.person not in fresh_rows:
            fresh_rows[laptop.person] = _of_a_fresh_laptop(world, laptop, findings)
        _compare_laptop(laptop, fresh_rows[laptop.person], findings)
    fresh_lists: dict[str, Phone] = {}
    for phone in [each for each in world.phones.values() if not each.is_blank]:
        phones.sync(phone, world.network)
        if phone.person not in fresh_lists:
            fresh_lists[phone.person] = _a_fresh_phone(world, phone)
        _compare_phone(world, phone, fresh_lists[phone.person], findings)


def _check_buckets(world: World, findings: Findings) -> None:
    seen: dict[str, tuple[str, Mapping[str, int]]] = {}
    for laptop in world.laptops.values():
        held: dict[str, dict[str, int]] = {
            each["name"]: {} for each in laptop.device.rows("SELECT name FROM bucket ORDER BY name")
        }
        for each in laptop.device.rows("SELECT bucket, id, version FROM member ORDER BY bucket, id"):
            held[each["bucket"]][each["id"]] = each["version"]
        for bucket, rows in held.items():
            if bucket == "county":
                continue  # its rows tell each person what they may do
            other, theirs = seen.setdefault(bucket, (laptop.name, rows))
            if theirs != rows:
                differing = sorted(set(theirs.items()) ^ set(rows.items()))[:2]
                findings.add(2, f"{other} and {laptop.name} hold other rows of {bucket}: {differing}")


def _of_a_fresh_laptop(world: World, laptop: Laptop, findings: Findings) -> dict[str, Any]:
    """Return the rows of a laptop set up just now, which must have all that its user may have."""
    fresh = world.add_laptop(f"fresh-{laptop.person}", laptop.person)
    try:
        fresh.sync()
        rows = _shown(fresh)
        for id in sorted(entitlement.of_person(world, laptop.person) - rows.keys()):
            findings.add(2, f"a laptop of {laptop.person} set up just now lacks {id}")
        return rows
    finally:
        fresh.close()
        del world.laptops[fresh.name]


def _shown(laptop: Laptop) -> dict[str, Any]:
    rows = laptop.device.rows("SELECT id, body FROM row WHERE is_handed_over = 0 ORDER BY id")
    return {each["id"]: json.loads(each["body"]) for each in rows}


def _compare_laptop(laptop: Laptop, fresh: Mapping[str, Any], findings: Findings) -> None:
    held = _shown(laptop)
    for id in sorted(fresh.keys() | held.keys()):
        if held.get(id) != fresh.get(id):
            what = "lacks" if id not in held else "holds" if id not in fresh else "has otherwise"
            findings.add(2, f"{laptop.name} {what} {id}, beside a laptop set up just now")


def _a_fresh_phone(world: World, phone: Phone) -> Phone:
    name, ids = f"fresh-{phone.person}", world.new_ids("fresh")
    fresh = Phone(name, name, phone.person, phone.key, phone.clock, ids, world.ledger)
    phones.sync(fresh, world.network)
    return fresh


def _compare_phone(world: World, phone: Phone, fresh: Phone, findings: Findings) -> None:
    """Compare rows.

    Of copies that go on under one id the server cannot tell which has passed to whom: what they may do is left out.
    """
    copies = [each for each in world.phones.values() if each.id == phone.id]
    left_out = PERSONAL if len(copies) > 1 and any(each.has_passed for each in copies) else frozenset[str]()
    for name, wanted in fresh.lists.items():
        held = phone.lists[name].rows if name in phone.lists else {}
        for id in sorted(held.keys() | wanted.rows.keys()):
            here, there = held.get(id), wanted.rows.get(id)
            if here is not None and there is None and not here.is_online:
                continue  # made here, and no list ever had it: Collect keeps it
            if here is None or there is None or here.version != there.version or {*_differing(here, there)} - left_out:
                findings.add(2, f"{phone.name} {_told(here, there)} {name} {id}, beside a phone set up just now")


def _told(here: Row | None, there: Row | None) -> str:
    if here is None or there is None:
        return "lacks" if here is None else "holds"
    return f"has v{here.version} (v{there.version}, {_differing(here, there)}) otherwise of"


def _differing(here: Row, there: Row) -> list[str]:
    """Return the names of columns that differ; one that came with a later form is blank in rows from before."""
    names = sorted(here.values.keys() | there.values.keys())
    return [name for name in names if here.values.get(name, "") != there.values.get(name, "")]
