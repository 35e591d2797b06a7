"""Reads the lives of the demonstration's cases from their table, and lays them out in time: data, no code.

A line of ``data/demo_stories.csv`` is one life. ``cases``: how many live it. ``oldest``, ``newest``: between how many
days before the end it begins. ``pool``: which hazards (``data/demo_hazards.csv``). ``village``: only there, any when
empty. ``deeds``, separated by ``>``: ``+2d officer close key=value …``, the delay after the deed before (none for the
first), who (``cast.py``), the action and its inputs. ``who@2`` acts on a second report of the same hazard, ``@1`` names
the first. ``+7d`` as a value is a day after the deed's own; ``*`` takes another code of the list each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from server import dated
from server.instants import BEIJING

OWN_WORDS = ("proof", "behind", "verdict")
"""Words of a deed that are no inputs: its evidence, how many versions the phone is behind, the verdict to come."""

MORNING, EVENING = 7, 20
"""Local hours in which people work; what would come at night waits for the morning."""


class Deed(NamedTuple):
    """One step of a story. delay: after the step before. side: 1, or 2 for the second report of the hazard."""

    delay: timedelta
    who: str
    side: int
    action: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """One life, and how many cases live it. oldest, newest: days before the end at which it begins."""

    code: str
    cases: int
    oldest: float
    newest: float
    pool: str
    village: str
    deeds: tuple[Deed, ...]


class Life(NamedTuple):
    """One case that lives a story. number: which of the story's cases. moments: when each deed is done."""

    story: Story
    number: int
    moments: tuple[datetime, ...]


def stories() -> tuple[Story, ...]:
    """Return the stories of ``data/demo_stories.csv``. Raises ValueError for a line that nobody can read."""
    return tuple(
        Story(
            row["code"], int(row["cases"]), float(row["oldest"]), float(row["newest"]), row["pool"], row["village"],
            tuple(_deeds(row["deeds"])),
        )
        for row in dated.table("demo_stories")
    )  # fmt: skip


def lives(told: Iterable[Story], chance: Random, room_days: float, end: datetime) -> Iterator[Life]:
    """Yield every case of the stories with its moments, all of them before ``end``.

    room_days: how long before the end the first may begin; a story that needs longer is left out. Raises ValueError
    for a story that begins too late to end in time.
    """
    for story in (story for story in told if story.newest <= room_days):
        for number in range(story.cases):
            # Spread evenly with a little chance, so that every month has some of each.
            share = (number + chance.random()) / story.cases
            days = story.newest + (min(story.oldest, room_days) - story.newest) * share
            yield Life(story, number, _moments(story, end - timedelta(days=days), chance, end))


def _moments(story: Story, first: datetime, chance: Random, end: datetime) -> tuple[datetime, ...]:
    moments: list[datetime] = []
    moment = first
    rest = sum((deed.delay for deed in story.deeds), timedelta())
    for deed in story.deeds:
        moment += deed.delay * (1 + _SLOWER * chance.random())
        rest -= deed.delay
        waking = _waking(moment, chance)
        if waking + rest * (1 + _SLOWER) < end - timedelta(minutes=5):  # else people work at night
            moment = waking
        if moment >= end:
            raise ValueError(f"story {story.code} does not end in time")
        moments.append(moment)
    return tuple(moments)


_SLOWER = 0.1
"""By how much a step may take longer than the table says."""


def _waking(moment: datetime, chance: Random) -> datetime:
    local = moment.astimezone(BEIJING)
    if MORNING <= local.hour < EVENING:
        return moment
    morning = local.replace(hour=MORNING, minute=0) + timedelta(minutes=chance.randrange(120))
    return morning if local.hour < MORNING else morning + timedelta(days=1)


def _deeds(text: str) -> Iterator[Deed]:
    for part in text.split(" > "):
        words = part.split()
        delay = _span(words.pop(0)) if words[0].startswith("+") else timedelta()
        who, _, side = words[0].partition("@")
        said = dict(word.split("=", 1) for word in words[2:])
        yield Deed(delay, who, int(side or 1), words[1], said)


def _span(word: str) -> timedelta:
    """Return the span of ``+5h`` or ``+2d``."""
    amount, unit = int(word[1:-1]), word[-1]
    return {"h": timedelta(hours=amount), "d": timedelta(days=amount)}[unit]


def day_after(moment: datetime, word: str) -> str:
    """Return the local day that ``+7d`` names at ``moment``, as ``2026-12-03``."""
    return (moment.astimezone(BEIJING) + _span(word)).date().isoformat()
