"""What happens in a simulation, drawn from its seed beforehand: a list of events, each on its own.

An event names who does what when, and a seed of its own for what it decides; so a list without some of its events is
still a plan, and a failing one can be made shorter by leaving events out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from server.instants import BEIJING
from server.simulate import faults
from server.simulate.clock import generator

BEGIN = datetime(2026, 3, 2, tzinfo=BEIJING)
"""When every simulation begins: a Monday on which the rules are in force."""

PHONES_OF_A_LAPTOP = 4
"""There is a laptop for so many phones, and at least two."""

REQUEST_FAULT_SHARE = 0.08
"""Share of requests that something befalls."""

REQUESTS = 14
"""So many requests of one exchange may have a fault of their own."""


class Event(NamedTuple):
    """Something that happens.

    minute: since the beginning. actor: name of a device or an officer, ``county`` for what happens to all. kind: what.
    seed: of all that it decides. faults: what befalls its requests in turn.
    """

    minute: int
    actor: str
    kind: str
    seed: int
    faults: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """The line with which a trace begins to tell of it."""
        return f"{self.minute:06d} {self.actor} {self.kind}"

    def as_json(self) -> list[Any]:
        return [self.minute, self.actor, self.kind, self.seed, list(self.faults)]


class Script(NamedTuple):
    """A plan with what it is a plan for. seed: it was drawn from."""

    seed: int
    phones: int
    days: int
    events: tuple[Event, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "phones": self.phones,
            "days": self.days,
            "events": [event.as_json() for event in self.events],
        }


def read(plain: Any) -> Script:
    """Read a script from JSON values. Raises ValueError for anything else."""
    try:
        events = tuple(
            Event(int(minute), str(actor), str(kind), int(seed), tuple(map(str, what)))
            for minute, actor, kind, seed, what in plain["events"]
        )
        return Script(int(plain["seed"]), int(plain["phones"]), int(plain["days"]), events)
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from error


def laptops_for(phones: int) -> int:
    """Return how many laptops a county with so many phones has."""
    return max(2, phones // PHONES_OF_A_LAPTOP)


def draw(seed: int, phones: int, days: int, officers: Iterable[str], with_faults: Iterable[str]) -> Script:
    """Return the plan of a seed.

    phones, days: of its county and its length. officers: their names. with_faults: which faults may happen, by name.
    """
    chance, may = generator(seed), tuple(with_faults)
    overlap = ((_OVERLAP, _OVERLAP_OFTEN),) if faults.OVERLAP in may else ()
    befalls = tuple(name for name in faults.REQUEST_FAULTS if name in may)
    actors = [
        *((f"phone{number:03d}", (*_PHONE, *overlap)) for number in range(1, phones + 1)),
        *((f"laptop{number:02d}", (*_LAPTOP, *overlap)) for number in range(1, laptops_for(phones) + 1)),
        *((name, _OFFICER) for name in officers),
    ]
    events = list(_beginning(chance, phones))
    for day in range(days):
        for actor, habits in actors:
            events += _day(chance, day, actor, habits, befalls)
        events.append(Event(day * 1440 + 60, "county", "housekeeping", chance.getrandbits(32)))
        events.append(Event(day * 1440 + 150, "county", "backup", chance.getrandbits(32)))
    events += _county_events(chance, days, may)
    return Script(seed, phones, days, tuple(sorted(events)))


def _beginning(chance: Random, phones: int) -> Iterator[Event]:
    """Yield how the first day begins: every phone is set up, and every other one registers a station."""
    for number in range(1, phones + 1):
        name = f"phone{number:03d}"
        yield Event(300, name, "sync", chance.getrandbits(32))
        if number % 2:
            yield Event(310, name, "register_station", chance.getrandbits(32))
            yield Event(320, name, "sync", chance.getrandbits(32))


Habit = tuple[str, float]
"""What somebody does, and how often a day on average."""

_PHONE: tuple[Habit, ...] = (
    ("sync", 2.2), ("register_station", 0.06), ("update_station", 0.4), ("check_station", 0.3),
    ("report_hazard", 0.35), ("handle_case", 0.7), ("check_case", 0.2), ("patrol", 0.4),
)  # fmt: skip
_LAPTOP: tuple[Habit, ...] = (
    ("sync", 2.0), ("create_station", 0.1), ("edit_station", 0.3), ("act", 1.0), ("attach", 0.15),
)  # fmt: skip
_OFFICER: tuple[Habit, ...] = (
    ("take_in", 1.5),
    ("check", 0.8),
    ("decide", 0.5),
    ("edit_station", 0.05),
    ("settle", 0.4),
)

_OVERLAP, _OVERLAP_OFTEN = "edit_any_station", 1.5
"""What everybody does besides where edits are to overlap: edit any station."""


def _day(chance: Random, day: int, actor: str, habits: tuple[Habit, ...], befalls: tuple[str, ...]) -> Iterator[Event]:
    for kind, often in habits:
        for _ in range(int(often) + (chance.random() < often % 1)):
            minute = day * 1440 + chance.randrange(7 * 60, 20 * 60)
            what = tuple(_fault(chance, befalls) for _ in range(REQUESTS)) if kind == "sync" else ()
            while what and what[-1] == faults.OK:
                what = what[:-1]
            yield Event(minute, actor, kind, chance.getrandbits(32), what)


def _fault(chance: Random, befalls: tuple[str, ...]) -> str:
    return chance.choice(befalls) if befalls and chance.random() < REQUEST_FAULT_SHARE else faults.OK


COUNTY_EVENTS: dict[str, tuple[tuple[str, float], ...]] = {
    "expired_token": (("expire_token", 0.3),),
    "form_upgrade": (("upgrade_form", 0.15),),
    "areas": (("merge_area", 0.07), ("add_unit", 0.07)),
    "swap": (("swap_workers", 0.15),),
    "shared_person": (("second_phone", 0.1),),
    "shared_phone": (("hand_over_phone", 0.1), ("hand_over_laptop", 0.1)),
    "restore": (("restore", 0.07),),
    "put_back": (("put_back", 0.3),),
    "clones": (("clone_laptop", 0.06), ("clone_phone", 0.08)),
    "restored_devices": (("copy_laptop", 0.2), ("restore_laptop", 0.1), ("copy_phone", 0.2), ("restore_phone", 0.1)),
    "clock": (("wrong_clock", 0.15),),
}
"""For each fault of the county: the events that it is, and how often a day each happens."""


def _county_events(chance: Random, days: int, may: tuple[str, ...]) -> Iterator[Event]:
    for fault in (name for name in faults.COUNTY_FAULTS if name in may):
        for kind, often in COUNTY_EVENTS[fault]:
            number = max(1, round(often * days)) if days >= 3 else int(chance.random() < 0.3)
            for _ in range(number):
                yield Event(chance.randrange(days * 1440), "county", kind, chance.getrandbits(32))
