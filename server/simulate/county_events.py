"""What happens to the county as a whole: the server put back, areas and people that change, devices copied."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import TypeVar

from server import instants
from server.errors import Refusal
from server.forms.usecases import publish
from server.people.store import people
from server.simulate import county, server_copies
from server.simulate.phones import Phone
from server.simulate.store import stored_rows
from server.simulate.world import World
from server.staffing.usecases import area_changes, enrolment

DOCUMENT = "涞政办〔2026〕演示"
YEAR = timedelta(days=365)

Device = TypeVar("Device")


def housekeeping(world: World, _chance: Random) -> str:
    world.server.keep_house()
    return "done"


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
    server_copies.excuse_twice_lost(world)
    return name


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
        housekeeping, server_copies.backup, server_copies.restore, server_copies.put_back, expire_token, upgrade_form,
        merge_area, add_unit, swap_workers, second_phone, hand_over_phone, hand_over_laptop, clone_phone, clone_laptop,
        copy_phone, restore_phone, copy_laptop, restore_laptop, wrong_clock,
    )
}  # fmt: skip
