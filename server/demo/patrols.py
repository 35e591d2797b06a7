"""Make the events beside cases: patrols, micro fire stations with their checks, and conflicting updates of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

from server import instants
from server.db.transactions import Transaction
from server.demo.people import BY, DemoPerson, end_duties_of_leaver
from server.demo.phones import Phones, Target
from server.demo.roster import Roster
from server.instants import BEIJING, Instant
from server.people.domain.actors import Role
from server.records.store import records
from server.staffing.usecases import enrolment

TYPE = "micro_stations"
PATROL_EVERY_DAYS = 12
PATROL_PLACES = ("主街", "东头", "西头", "学校周边", "老街")
"""Where the patrols of a village go, in turn."""
CHECK_EVERY_DAYS = 35
CHECKS = (("", "ready"), ("hose_no_leak", "basic"), ("phone_works", "unready"))
"""What a check finds wrong with a station, and how ready that leaves it."""

CONFLICT_AGE_DAYS = 9
"""Days ago that two phones, both offline, wrote two numbers into one station's duty phone."""

LEAVE_AGE_DAYS = 5
"""Days ago that a worker left."""

CONFLICTS = 2
"""Villages with such a conflict."""

MISDIRECTED = 2
"""How many updates come before their record, and how many a village that their author has left."""

LEFT_OTHER_VILLAGE_DAYS = 400
"""Days ago that those authors left it."""


class Event(NamedTuple):
    """Something that happens at an instant, in a transaction of its own."""

    at: datetime
    run: Callable[[Transaction], None]


def events(
    roster: Roster, phones: Phones, ids: Callable[[], str], chance: Random, days_available: int, end: datetime
) -> Iterator[Event]:
    """Yield the patrols and stations of every village in the ``days_available`` before ``end``."""
    stations = [ids() for _ in roster.villages]
    for number, village in enumerate(roster.villages):
        workers, officer = roster.workers(village), roster.officer(village)
        yield from _patrols(phones, workers, ids, chance, days_available, end)
        yield from _station(phones, number, (workers[0], officer), stations[number], chance, days_available, end)
    yield Event(end - timedelta(days=LEAVE_AGE_DAYS), end_duties_of_leaver)
    yield from _misdirected_updates(roster, phones, ids, stations, end)


def _patrols(
    phones: Phones,
    workers: list[DemoPerson],
    ids: Callable[[], str],
    chance: Random,
    days_available: int,
    end: datetime,
) -> Iterator[Event]:
    for number, days in enumerate(range(2, days_available - 4, PATROL_EVERY_DAYS)):
        place = PATROL_PLACES[number % len(PATROL_PLACES)]
        worker, at = chance.choice(workers), _daytime(end - timedelta(days=days + chance.randrange(4)), chance)
        result, label = chance.choice((("nothing", "没有发现隐患"), ("found", "发现了隐患")))
        day = at.astimezone(BEIJING).date().isoformat()
        answers = {
            "patrolled_on": day,
            "area": worker.area,
            "place": place,
            "saved_place": place,
            "premises_count": str(chance.randrange(3, 25)),
            "result": result,
            "result_label": label,
        }
        target = Target("patrols", ids(), label=f"{day} {place}｜{label}")
        yield Event(at, partial(phones.send, name=worker.name, form="patrol", target=target, answers=answers))


ALIKE = {
    "task": "register",
    "station_kind": "village",
    "station_state": "running",
    "place": "村委会院内东侧",
    "staff_count": "6",
    "shift_count": "3",
    "kit_ok": "yes",
}
"""What every station of the demonstration is registered with."""


def _station(
    phones: Phones,
    number: int,
    people: tuple[DemoPerson, DemoPerson],
    id: str,
    chance: Random,
    days_available: int,
    end: datetime,
) -> Iterator[Event]:
    worker, officer = people
    title = f"演示微型消防站{number + 1:02d}"
    registered = ALIKE | {
        "area": worker.area,
        "title": title,
        "head": f"站长甲{number + 1:04d}",
        "duty_phone": f"138000003{number + 1:02d}",
    }
    begun = _daytime(end - timedelta(days=days_available), chance)
    target = Target(TYPE, id, label=title)
    yield Event(begun, partial(phones.send, name=officer.name, form="micro_station", target=target, answers=registered))
    for days in range(days_available - CHECK_EVERY_DAYS, 0, -CHECK_EVERY_DAYS):
        at = _daytime(end - timedelta(days=days), chance)
        failed, readiness = chance.choice(CHECKS)
        if number % 2 == 0 and days <= 2 * CHECK_EVERY_DAYS:  # what the check before the last found is put right
            failed, readiness = CHECKS[0] if days <= CHECK_EVERY_DAYS else CHECKS[1]
        yield Event(at, partial(_check, phones=phones, who=worker, id=id, at=at, failed=failed, readiness=readiness))
    if number < CONFLICTS and days_available > CONFLICT_AGE_DAYS:
        at = _daytime(end - timedelta(days=CONFLICT_AGE_DAYS), chance)
        numbers = (f"138000004{number + 1:02d}", f"138000005{number + 1:02d}")
        for behind, (who, written) in enumerate(zip((officer, worker), numbers, strict=True)):
            call = partial(
                _change_duty_phone, phones=phones, who=who, id=id, title=title, number=written, behind=behind
            )
            yield Event(at + timedelta(seconds=30 * behind), call)  # so soon that no check comes between


def _misdirected_updates(
    roster: Roster, phones: Phones, ids: Callable[[], str], stations: list[str], end: datetime
) -> Iterator[Event]:
    """Yield updates that are not applied: before their record, and for a village that the author left long ago."""
    for number in range(MISDIRECTED):
        worker = roster.workers(roster.villages[number])[0]
        early = {"task": "update", "station": "", "station_id": "", "parts": "people", "staff_count": "5"}
        target = Target(TYPE, ids(), 1, f"更新 演示微型消防站{90 + number}")
        at = end - timedelta(days=2, hours=number)
        yield Event(at, partial(phones.send, name=worker.name, form="micro_station", target=target, answers=early))
        at_other = (number + 2) % len(stations)
        foreign, area = stations[at_other], roster.workers(roster.villages[at_other])[0].area
        at = end - timedelta(days=4, hours=number)
        left = instants.text(end - timedelta(days=LEFT_OTHER_VILLAGE_DAYS))
        yield Event(at - timedelta(minutes=1), partial(_was_in_charge, who=worker, area=area, until=left))
        call = partial(
            _change_duty_phone,
            phones=phones,
            who=worker,
            id=foreign,
            title="",
            number=f"138000006{number:02d}",
            behind=0,
        )
        yield Event(at, call)


def _was_in_charge(tx: Transaction, who: DemoPerson, area: str, until: Instant) -> None:
    enrolment.add_duty(tx, who.name, role=Role.GRID_WORKER, area=area, by=BY, ends_at=until)


def _check(
    tx: Transaction, phones: Phones, who: DemoPerson, id: str, at: datetime, failed: str, readiness: str
) -> None:
    answers = {
        "checked_on": at.astimezone(BEIJING).date().isoformat(),
        "station": id,
        "station_id": id,
        "all_ok": "no" if failed else "yes",
        "failed": failed,
        "failed_items": failed,
        "readiness": readiness,
        "kit_missing": "",
        "check_note": "",
    }
    phones.send(tx, who.name, "station_check", Target(TYPE, id, _version(tx, id)), answers)


def _change_duty_phone(
    tx: Transaction, phones: Phones, who: DemoPerson, id: str, title: str, number: str, *, behind: int
) -> None:
    """Let ``who`` write another duty phone; behind: versions of the station that their phone has not seen."""
    answers = {"task": "update", "station": id, "station_id": id, "parts": "people", "duty_phone": number}
    target = Target(TYPE, id, _version(tx, id) - behind, f"更新 {title}")
    phones.send(tx, who.name, "micro_station", target, answers)


def _version(tx: Transaction, id: str) -> int:
    station = records.find_for_writing(tx, id)
    return 0 if station is None else station.version


def _daytime(moment: datetime, chance: Random) -> datetime:
    local = moment.astimezone(BEIJING)
    return local.replace(hour=9 + chance.randrange(8), minute=chance.randrange(60))
