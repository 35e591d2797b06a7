"""Runs a script: one event after the other, then everybody comes to rest, then every promise is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from server.simulate import checks, county, county_events, field_work, laptops, officers, phones
from server.simulate.checks import entitlement
from server.simulate.clock import generator
from server.simulate.invariants import Enough, Findings
from server.simulate.laptops import Laptop
from server.simulate.phones import Phone
from server.simulate.plan import BEGIN, Event, Script
from server.simulate.store import stored_rows
from server.simulate.world import World
from sync.client import outbox

REST = (*(timedelta(hours=2),) * 3, timedelta(hours=26))
"""The pauses before everybody syncs once nothing goes wrong any more: the last hear of what the first brought, and a
phone that is back with an earlier user is noticed after a day without the other."""

EARLIER_USERS_ROUND = 2
"""After this round whoever has used a laptop before signs in there once more."""

AFTER_GRACE = timedelta(days=31)
"""After so long nobody holds any more what they handled, or were sent by a duty that has ended."""

LATE_ARRIVALS = 2
"""At most so many requests that were held back arrive between two events."""


class Outcome(NamedTuple):
    """What came of a run.

    trace: its lines. judged: the verdict on each change, by id. flagged, written: how many profile changes raised a
    conflict, and how many there were.
    """

    script: Script
    findings: Findings
    trace: tuple[str, ...]
    judged: Mapping[str, str]
    flagged: int
    written: int

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Return how many verdicts there are of each kind."""
        return dict(sorted(Counter(self.judged.values()).items()))

    @property
    def is_broken(self) -> bool:
        return bool(self.findings.broken)


def run(
    script: Script,
    folder: Path,
    progress: Callable[[int], None] = lambda _number: None,
    wanted: frozenset[int] = frozenset(),
) -> Outcome:
    """Run a script in an empty folder and return what came of it.

    progress: called after each event with its number. wanted: numbers of promises; once one of them is found broken
    nothing more is run.
    """
    world = World(folder, script.seed, script.phones)
    findings = Findings(wanted)
    judged: dict[str, str] = {}
    flagged = written = 0
    try:
        for number, event in enumerate(script.events):
            _happen(world, event, findings)
            progress(number + 1)
        _come_to_rest(world)
        with world.server.store.reading() as reading:
            judged = {id: row["verdict"] for id, row in stored_rows.changes(reading).items()}
            flagged, written = stored_rows.conflict_problems(reading), stored_rows.profile_changes(reading)
        checks.check(world, findings)
        _come_to_rest(world, (AFTER_GRACE,))
        checks.check_holdings(world, findings)
    except Enough:
        world.tell("enough")
    finally:
        world.close()
    return Outcome(script, findings, tuple(world.trace), judged, flagged, written)


def _happen(world: World, event: Event, findings: Findings) -> None:
    world.clock.move(BEGIN + timedelta(minutes=event.minute))
    chance = generator(event.seed)
    if chance.random() < 0.5:
        world.network.exchange(())
        world.network.deliver_held(LATE_ARRIVALS)
    world.tell(event.head)
    world.network.exchange(event.faults)
    said = _do(world, event, chance)
    world.network.exchange(())
    world.tell(f"  = {said}")
    if said.startswith(laptops.PUSHED):
        _check_after_sync(world, world.laptops[event.actor], findings)


def _check_after_sync(world: World, laptop: Laptop, findings: Findings) -> None:
    """Check what holds after every exchange that went through: nothing is stuck, nobody holds what is not theirs."""
    for id in laptops.unsent_without_reason(laptop):
        findings.add(9, f"{laptop.name} still held {id} after an exchange that went through")
    entitlement.check_laptop(world, laptop, findings)


def _do(world: World, event: Event, chance: Random) -> str:
    if event.actor == "county":
        return county_events.EVENTS[event.kind](world, chance)
    if event.actor in world.officers:
        return _at_desk(world, event, chance)
    if event.actor in world.laptops:
        return _at_laptop(world, world.laptops[event.actor], event.kind, chance)
    return _on_phone(world, world.phones[event.actor], event.kind, chance)


def _on_phone(world: World, phone: Phone, kind: str, chance: Random) -> str:
    if kind == "sync":
        _take_new_card(world, phone)
        said = phones.sync(phone, world.network, is_split=chance.random() < 0.3)
        for other in _extra_of(world, phone.person):
            said += f" {other.name} {phones.sync(other, world.network)}"
        return said
    if kind in ("update_station", "edit_any_station"):
        part = chance.choice(sorted(field_work.PARTS))
        return field_work.update_station(phone, part, chance, of_any=kind == "edit_any_station")
    if kind == "report_hazard":
        return field_work.report_hazard(phone, chance, with_photo=chance.random() < 0.5)
    return _PHONE_WORK[kind](phone, chance)


_PHONE_WORK: Mapping[str, Callable[[Phone, Random], str]] = {
    "register_station": field_work.register_station,
    "check_station": field_work.check_station,
    "handle_case": field_work.handle_case,
    "check_case": field_work.check_case,
    "patrol": field_work.patrol,
}


def _extra_of(world: World, person: str) -> list[Phone]:
    """Return further phones of a person, which sync when their first one does."""
    return [world.phones[name] for name in world.extra if name in world.phones and world.phones[name].person == person]


def _at_laptop(world: World, laptop: Laptop, kind: str, chance: Random) -> str:
    if kind == "sync":
        said = _sync_laptop(world, laptop)
        for name in world.extra:
            if name in world.laptops and world.laptops[name].person == laptop.person and chance.random() < 0.7:
                said += f" {name} {_sync_laptop(world, world.laptops[name])}"
        return said
    said = _laptop_work(world, laptop, kind, chance)
    laptop.note()
    for name in world.extra:
        if name in world.laptops and world.laptops[name].person == laptop.person and chance.random() < 0.3:
            said += f" {name} {_laptop_work(world, world.laptops[name], kind, chance)}"
            world.laptops[name].note()
    return said


def _sync_laptop(world: World, laptop: Laptop) -> str:
    _take_new_card(world, laptop)
    said = laptop.sync()
    if said == "NotSignedIn" and laptop.signs_in:
        said += f" {laptop.sign_in(county.PASSWORD)} {laptop.sync()}"
    return said


def _laptop_work(world: World, laptop: Laptop, kind: str, chance: Random) -> str:
    if kind == "create_station":
        areas = [each.area for each in world.layout.people if each.name == laptop.person]
        inside = [code for code in world.layout.units if code.startswith(areas[0].rstrip("0"))] or world.layout.units
        return laptop.create_station(chance, chance.choice(inside))
    if kind in ("edit_station", "edit_any_station"):
        part = chance.choice(sorted(field_work.PARTS))
        return laptop.edit_station(chance, part, of_any=kind == "edit_any_station")
    return laptop.act(chance) if kind == "act" else laptop.attach(chance)


def _at_desk(world: World, event: Event, chance: Random) -> str:
    officer = world.officers[event.actor]
    if event.kind == "take_in":
        return officers.take_in(officer, world.handlers(), chance)
    if event.kind == "edit_station":
        return officers.edit_station(officer, chance, field_work.value_of)
    return {"check": officers.check, "decide": officers.decide, "settle": officers.settle}[event.kind](officer, chance)


def _take_new_card(world: World, device: Phone | Laptop) -> None:
    """Let whoever uses a device whose key was replaced scan the new card, once it was refused."""
    key = world.keys[device.person]
    if device.key != key:
        device.key = key
        if isinstance(device, Laptop):
            device.connect(world.network, world.clock)
    if device.person in world.expired:
        world.keys[device.person] = world.expired.pop(device.person)


def _come_to_rest(world: World, pauses: Iterable[timedelta] = REST) -> None:
    """Let everything arrive: no fault any more, and everybody syncs until all have heard of all.

    pauses: before each round of everybody's syncs.
    """
    world.tell("rest")
    world.network.exchange(())
    world.network.deliver_held()
    world.keys |= world.expired
    world.expired.clear()
    for number, pause in enumerate(pauses, start=1):
        world.clock.sleep(pause.total_seconds())
        world.server.keep_house()
        devices: list[Phone | Laptop] = [*world.phones.values(), *world.laptops.values()]
        for device in [each for each in devices if not each.is_blank]:
            _take_new_card(world, device)
            said = _sync_laptop(world, device) if isinstance(device, Laptop) else phones.sync(device, world.network)
            world.tell(f"rest {device.name} = {said}")
        if number == EARLIER_USERS_ROUND:
            _let_earlier_users_back(world)


def _let_earlier_users_back(world: World) -> None:
    """Let everybody who has used a laptop sign in there once more: what is kept for them is offered again."""
    for laptop in list(world.laptops.values()):
        user = laptop.person
        for name in sorted(outbox.counts_of_earlier_users(laptop.device)):
            back = laptop.take_over(name, world.keys[name], world.network, world.clock)
            world.tell(f"rest {laptop.name} {back} {_sync_laptop(world, laptop)}")
        if laptop.person != user:
            back = laptop.take_over(user, world.keys[user], world.network, world.clock)
            world.tell(f"rest {laptop.name} {back} {_sync_laptop(world, laptop)}")
