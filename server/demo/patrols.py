"""Walks the demonstration's rounds: patrols, micro fire stations, their checks, and two phones on one station."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

from server.db.transactions import Transaction
from server.demo.people import Invented, let_go
from server.demo.phones import Aim, Phones
from server.demo.roster import Troupe
from server.instants import BEIJING
from server.records.store import records

TYPE = "micro_stations"
PATROL_EVERY_DAYS = 12
CHECK_EVERY_DAYS = 35
QUARREL_AGE_DAYS = 9
"""So long ago two phones, both without signal, wrote two numbers into one station's duty phone."""

LEAVE_AGE_DAYS = 5
"""So long ago a worker left."""

QUARRELS = 2
"""In how many villages."""

STRAYS = 2
"""How many updates come before their record, and how many concern somebody else's village."""


class Errand(NamedTuple):
    """Something that happens at a moment, in a transaction of its own."""

    at: datetime
    run: Callable[[Transaction], None]


def errands(
    troupe: Troupe, phones: Phones, ids: Callable[[], str], chance: Random, room_days: int, end: datetime
) -> Iterator[Errand]:
    """Yield the rounds of every village in the ``room_days`` before ``end``."""
    stations = [ids() for _ in troupe.villages]
    for number, village in enumerate(troupe.villages):
        workers, officer = troupe.workers(village), troupe.officer(village)
        yield from _patrols(phones, workers, ids, chance, room_days, end)
        yield from _station(phones, number, (workers[0], officer), stations[number], chance, room_days, end)
    yield Errand(end - timedelta(days=LEAVE_AGE_DAYS), let_go)
    yield from _strays(troupe, phones, ids, stations, end)


def _patrols(
    phones: Phones, workers: list[Invented], ids: Callable[[], str], chance: Random, room_days: int, end: datetime
) -> Iterator[Errand]:
    for days in range(2, room_days - 4, PATROL_EVERY_DAYS):
        worker, at = chance.choice(workers), _daytime(end - timedelta(days=days + chance.randrange(4)), chance)
        result, label = chance.choice((("nothing", "没有发现隐患"), ("found", "发现了隐患")))
        day = at.astimezone(BEIJING).date().isoformat()
        answers = {
            "patrolled_on": day,
            "area": worker.area,
            "place": "主街",
            "premises_count": str(chance.randrange(3, 25)),
            "result": result,
            "result_label": label,
        }
        aim = Aim("patrols", ids(), label=f"{day} 主街｜{label}")
        yield Errand(at, partial(phones.send, name=worker.name, form="patrol", aim=aim, answers=answers))


def _station(
    phones: Phones,
    number: int,
    people: tuple[Invented, Invented],
    id: str,
    chance: Random,
    room_days: int,
    end: datetime,
) -> Iterator[Errand]:
    worker, officer = people
    title = f"演示微型消防站{number + 1:02d}"
    registered = {
        "task": "register",
        "area": worker.area,
        "title": title,
        "station_kind": "village",
        "station_state": "running",
        "place": "村委会院内东侧",
        "head": f"站长甲{number + 1:04d}",
        "duty_phone": f"138000003{number + 1:02d}",
        "staff_count": "6",
        "shift_count": "3",
        "kit_ok": "yes",
    }
    begun = _daytime(end - timedelta(days=room_days), chance)
    aim = Aim(TYPE, id, label=title)
    yield Errand(begun, partial(phones.send, name=officer.name, form="micro_station", aim=aim, answers=registered))
    for days in range(room_days - CHECK_EVERY_DAYS, 0, -CHECK_EVERY_DAYS):
        at = _daytime(end - timedelta(days=days), chance)
        failed, readiness = chance.choice((("", "ready"), ("hose_no_leak", "basic"), ("phone_works", "unready")))
        yield Errand(at, partial(_check, phones=phones, who=worker, id=id, at=at, failed=failed, readiness=readiness))
    if number < QUARRELS and room_days > QUARREL_AGE_DAYS:
        at = _daytime(end - timedelta(days=QUARREL_AGE_DAYS), chance)
        numbers = (f"138000004{number + 1:02d}", f"138000005{number + 1:02d}")
        for behind, (who, written) in enumerate(zip((officer, worker), numbers, strict=True)):
            call = partial(_call, phones=phones, who=who, id=id, title=title, number=written, behind=behind)
            yield Errand(at + timedelta(seconds=30 * behind), call)  # so soon that no check comes between


def _strays(
    troupe: Troupe, phones: Phones, ids: Callable[[], str], stations: list[str], end: datetime
) -> Iterator[Errand]:
    """Yield what reaches nobody's list: updates that came before their record, and work in another village."""
    for number in range(STRAYS):
        worker = troupe.workers(troupe.villages[number])[0]
        early = {"task": "update", "station": "", "station_id": "", "parts": "people", "staff_count": "5"}
        aim = Aim(TYPE, ids(), 1, f"更新 演示微型消防站{90 + number}")
        at = end - timedelta(days=2, hours=number)
        yield Errand(at, partial(phones.send, name=worker.name, form="micro_station", aim=aim, answers=early))
        foreign = stations[(number + 2) % len(stations)]
        at = end - timedelta(days=4, hours=number)
        call = partial(
            _call, phones=phones, who=worker, id=foreign, title="", number=f"138000006{number:02d}", behind=0
        )
        yield Errand(at, call)


def _check(tx: Transaction, phones: Phones, who: Invented, id: str, at: datetime, failed: str, readiness: str) -> None:
    answers = {
        "checked_on": at.astimezone(BEIJING).date().isoformat(),
        "station": id,
        "station_id": id,
        "all_ok": "no" if failed else "yes",
        "failed": failed,
        "failed_items": failed,
        "readiness": readiness,
    }
    phones.send(tx, who.name, "station_check", Aim(TYPE, id, _version(tx, id)), answers)


def _call(tx: Transaction, phones: Phones, who: Invented, id: str, title: str, number: str, *, behind: int) -> None:
    """Let ``who`` write another duty phone; behind: versions of the station that their phone has not seen."""
    answers = {"task": "update", "station": id, "station_id": id, "parts": "people", "duty_phone": number}
    aim = Aim(TYPE, id, _version(tx, id) - behind, f"更新 {title}")
    phones.send(tx, who.name, "micro_station", aim, answers)


def _version(tx: Transaction, id: str) -> int:
    station = records.find_for_writing(tx, id)
    return 0 if station is None else station.version


def _daytime(moment: datetime, chance: Random) -> datetime:
    local = moment.astimezone(BEIJING)
    return local.replace(hour=9 + chance.randrange(8), minute=chance.randrange(60))
