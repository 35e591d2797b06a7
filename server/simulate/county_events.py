"""What happens to the county as a whole: backups, restores, areas and people that change, devices copied and lost."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeVar

from server import instants
from server.backups.usecases import making, restoring
from server.backups.usecases.orders import Order
from server.db import database, identity
from server.errors import Refusal
from server.forms.usecases import publish
from server.people.store import people
from server.people.usecases import phone_keys
from server.simulate import county
from server.simulate.phones import Phone
from server.simulate.store import stored_rows
from server.simulate.world import World
from server.staffing.usecases import area_changes, enrolment

DOCUMENT = "涞政办〔2026〕演示"
YEAR = timedelta(days=365)
AGAIN = 0.5
"""How often the copy is put back that was put back before."""

Device = TypeVar("Device")


def housekeeping(world: World, _chance: Random) -> str:
    world.server.keep_house()
    return "done"


def backup(world: World, _chance: Random) -> str:
    """Make a backup set while the server serves, and keep the plain folder as somebody's own copy."""
    making.make(world.server.store, Order(world.folder / "backups", "simulate"))
    stored_rows.copy_folder(world.server.folder, world.server.store.now(), world.folder / "copy")
    world.copied_at = world.clock.at
    return "made"


def restore(world: World, _chance: Random) -> str:
    """Put the server back from its newest backup, as ``firegrid restore`` does."""
    sets = world.folder / "backups"
    if not sets.is_dir():
        return "no backup"
    source = restoring.find(sets)
    restoring.verify(source)
    fresh = world.folder / "restored"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    restoring.put_back(source, fresh)
    store = database.open_inline(fresh, world.clock, world.server_ids)
    try:
        store.write(lambda tx: restoring.settle(tx, identity.here(fresh), source))
    finally:
        store.close()
    return f"restored {_put_back(world, fresh)} forms lost"


def put_back(world: World, chance: Random) -> str:
    """Put an older copy of the folder in its place, and tell the server nothing.

    Now and then it is the copy that was put back before, though there is a newer one. The server can only notice by a
    field client that has heard of what the copy lacks.
    """
    copied, before = world.folder / "copy", world.folder / "copy put back before"
    if not copied.is_dir():
        return "no copy"
    if not any(each.heard_at and each.heard_at > world.copied_at for each in world.laptops.values()):
        return "nobody would notice"
    source = before if before.is_dir() and chance.random() < AGAIN else copied
    if source is copied:
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(copied, before)
    again = " again" if source is before else ""
    return f"put back{again} {_put_back(world, source)} forms lost"


def _put_back(world: World, folder: Path) -> int:
    """Serve a copy of the folder, and return how many forms it lacks that phones have sent.

    Those are excused: Collect cannot offer them again. What arrived before is not repeated: the server as it is now may
    never have had it.
    """
    world.server.put_back(folder)
    world.network.kept.clear()
    for laptop in world.laptops.values():
        laptop.heard_at = None
    world.expired.clear()
    for name in sorted(world.renewed):  # the copy may not know their newest key
        world.keys[name] = world.server.write(lambda tx, person=name: phone_keys.issue(tx, person, by=county.BY))  # type: ignore[misc]  # mypy infers no lambda with a default
    with world.server.store.reading() as reading:
        there = stored_rows.instances(reading)
    _excuse_twice_lost(world)
    lost = [id for id in world.ledger.forms if id in world.ledger.acknowledged and id not in there]
    for id in lost:
        world.ledger.excuse(id, "sent by a phone after the copy that was put back")
    return len(lost)


def expire_token(world: World, chance: Random) -> str:
    """Let the sign-in of a laptop run out.

    Where its user signs in by a key, that is replaced, and refused until they scan the new card.
    """
    laptop = _any(world.laptops, chance)
    if laptop.signs_in:
        laptop.expire()
        return f"token of {laptop.name}"
    key = world.server.write(lambda tx: enrolment.replace_phone_key(tx, laptop.person, by=county.BY))
    world.expired[laptop.person] = key
    world.renewed.add(laptop.person)
    return f"{laptop.person} of {laptop.name}"


def upgrade_form(world: World, chance: Random) -> str:
    """Publish a form anew."""
    name = chance.choice(("micro_station", "hazard_report", "patrol"))
    number = world.upgrades.get(name, 0) + 1
    world.upgrades[name] = number
    published = world.server.write(lambda tx: publish.publish(tx, county.prepared(name, number), None))
    return f"{name} {published.version}"


def merge_area(world: World, chance: Random) -> str:
    """Merge a unit into its neighbour from tomorrow on."""
    with world.server.store.reading() as reading:
        codes = stored_rows.units(reading)
    pairs = [(one, other) for one, other in pairwise(codes) if one[:12] == other[:12]]
    if not pairs:
        return "nothing to merge"
    one, other = chance.choice(pairs)
    day = instants.local_day(instants.later(world.server.store.now(), timedelta(days=1)))
    return _as_admin(world, lambda tx, by: area_changes.merge(tx, one, other, day, DOCUMENT, by=by), f"{one} {other}")


def add_unit(world: World, chance: Random) -> str:
    """Split a village: it gets one more unit, and a worker of it moves there."""
    village = chance.choice(world.layout.villages)
    said = _as_admin(world, lambda tx, by: area_changes.add_unit(tx, village, "", "", by=by), village)
    with world.server.store.reading() as reading:
        new = [code for code in stored_rows.units(reading) if code.startswith(village)]
    movers = [each.name for each in world.layout.workers if each.area.startswith(village)]
    if new and movers:
        name = chance.choice(movers)
        said += " " + _move(world, name, new[-1])
    return said


def swap_workers(world: World, chance: Random) -> str:
    """Let two workers change places."""
    with world.server.store.reading() as reading:
        held = {
            each.name: [duty.area for duty in people.duties_of(reading, each.name)] for each in world.layout.workers
        }
    pairs = [
        (one, other) for one in sorted(held) for other in sorted(held)
        if held[one] and held[other] and held[one][-1] < held[other][-1]
    ]  # fmt: skip
    if not pairs:
        return "nobody"
    one, other = chance.choice(pairs)
    return f"{_move(world, one, held[other][-1])} {_move(world, other, held[one][-1])}"


def _move(world: World, name: str, area: str) -> str:
    try:
        world.server.write(lambda tx: enrolment.move_user(tx, name, area=area, by=county.BY))
    except Refusal as refusal:
        return f"{name} stays ({type(refusal).__name__})"
    return f"{name} to {area}"


def second_phone(world: World, chance: Random) -> str:
    """Give somebody a second phone."""
    person = chance.choice(world.layout.workers).name
    phone = world.add_phone(f"second{len(world.phones) + 1:03d}", person)
    world.extra.append(phone.name)
    return f"{phone.name} of {person}"


def hand_over_phone(world: World, chance: Random) -> str:
    """Pass a phone on with everything on it: another person scans their card."""
    phone, person = _any(world.phones, chance), chance.choice(world.layout.workers).name
    phone.person, phone.key, phone.has_passed = person, world.keys[person], True
    return f"{phone.name} to {person}"


def hand_over_laptop(world: World, chance: Random) -> str:
    """Let another person sign in at a laptop."""
    laptop, person = _any(world.laptops, chance), chance.choice(world.layout.people).name
    world.network.exchange(())
    return f"{laptop.name} {laptop.take_over(person, world.keys[person], world.network, world.clock)}"


def clone_phone(world: World, chance: Random) -> str:
    """Copy a phone with everything on it; both go on."""
    phone = _any(world.phones, chance)
    twin = _copied(phone, f"twin{len(world.phones) + 1:03d}", world)
    world.phones[twin.name] = twin
    world.extra.append(twin.name)
    return f"{phone.name} as {twin.name}"


def clone_laptop(world: World, chance: Random) -> str:
    """Copy the store of a laptop to another one; both go on."""
    laptop = _any(world.laptops, chance)
    name = f"twin-laptop{len(world.laptops) + 1:02d}"
    laptop.copy_to(world.folder / name)
    twin = world.add_laptop(name, laptop.person, signs_in=laptop.signs_in)
    twin.key = laptop.key
    twin.connect(world.network, world.clock, None if laptop.connection is None else laptop.connection.credentials)
    world.extra.append(name)
    return f"{laptop.name} as {name}"


def copy_phone(world: World, chance: Random) -> str:
    """Keep a copy of all that is on a phone."""
    phone = _any(world.phones, chance)
    world.phone_copies[phone.name] = _copied(phone, phone.name, world)
    return phone.name


def restore_phone(world: World, chance: Random) -> str:
    """Put a phone back from its copy; what was finished since and never sent is lost with it."""
    if not world.phone_copies:
        return "no copy"
    name = chance.choice(sorted(world.phone_copies))
    kept = {each.filled.instance for each in world.phone_copies[name].unsent}
    for each in world.phones[name].unsent:
        if each.filled.instance not in kept:
            world.ledger.excuse(each.filled.instance, "lost with the device")
    world.phones[name] = _copied(world.phone_copies[name], name, world)
    return name


def copy_laptop(world: World, chance: Random) -> str:
    """Keep a copy of the store of a laptop."""
    laptop = _any(world.laptops, chance)
    laptop.copy_to(world.folder / f"{laptop.name}.copy")
    world.laptop_copies[laptop.name] = laptop.person
    return laptop.name


def restore_laptop(world: World, chance: Random) -> str:
    """Put the store of a laptop back from its copy."""
    same = sorted(name for name, person in world.laptop_copies.items() if world.laptops[name].person == person)
    if not same:
        return "no copy"
    name = chance.choice(same)
    world.laptops[name].restore_from(world.folder / f"{name}.copy")
    _excuse_twice_lost(world)
    return name


def _excuse_twice_lost(world: World) -> None:
    """Excuse changes that the server has lost with a copy put back, and their laptop with another."""
    with world.server.store.reading() as reading:
        there = stored_rows.changes(reading)
    for id in sorted(world.ledger.at_server_alone - there.keys()):
        world.ledger.excuse(id, "lost with the device, and with the server's copy")


def wrong_clock(world: World, chance: Random) -> str:
    """Set the clock of a device wrong by a year, or right again."""
    name = chance.choice(sorted((*world.phones, *world.laptops)))
    clock = (world.phones.get(name) or world.laptops[name]).clock
    clock.wrong_by = chance.choice((-YEAR, YEAR)) if not clock.wrong_by else timedelta()
    return f"{name} by {clock.wrong_by.days} days"


def _copied(phone: Phone, name: str, world: World) -> Phone:
    twin = copy.copy(phone)
    twin.name, twin.ids, twin.clock = name, world.new_ids(name), copy.copy(phone.clock)
    twin.lists, twin.media = copy.deepcopy(phone.lists), dict(phone.media)
    twin.forms, twin.hashes, twin.unsent = dict(phone.forms), dict(phone.hashes), list(phone.unsent)
    return twin


def _as_admin(world: World, work: Callable[..., object], what: str) -> str:
    try:
        world.server.write(lambda tx: work(tx, people.actor(tx, "admin")))
    except Refusal as refusal:
        return f"refused {what} ({type(refusal).__name__})"
    return what


def _any(named: Mapping[str, Device], chance: Random) -> Device:
    return named[chance.choice(sorted(named))]


EVENTS: Mapping[str, Callable[[World, Random], str]] = {
    each.__name__: each
    for each in (
        housekeeping, backup, restore, put_back, expire_token, upgrade_form, merge_area, add_unit, swap_workers,
        second_phone, hand_over_phone, hand_over_laptop, clone_phone, clone_laptop, copy_phone, restore_phone,
        copy_laptop, restore_laptop, wrong_clock,
    )
}  # fmt: skip
