"""Read the stories of the demonstration's cases from their table, and schedule them.

A line of ``data/demo_stories.csv`` is one story. ``cases``: how many cases follow it. ``oldest``, ``newest``: between
how many days before the end it begins. ``pool``: which hazards (``data/demo_hazards.csv``). ``village``: only there,
any when empty. ``deeds``: its steps, separated by ``>``: ``+2d officer close key=value …``, the delay after the step
before (none for the first), the actor (``roster.py``), the action and its inputs. ``actor@2`` acts on a second report
of the same hazard, ``@1`` names the first. ``+7d`` as a value is a day after the step's own; ``*`` takes another code
of the list each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from server import dated
from server.instants import BEIJING

DIRECTIVES = ("proof", "behind", "verdict")
"""Keys of a step that are no inputs: its evidence, how many versions the phone is behind, the verdict to come."""

MORNING, EVENING = 7, 20
"""Local hours in which people work; what would fall into the night waits for the morning."""


class StoryStep(NamedTuple):
    """One step of a story. delay: after the step before. report: 1, or 2 for the second report of the hazard."""

    delay: timedelta
    actor: str
    report: int
    action: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Story:
    """One story, and how many cases follow it. oldest, newest: days before the end at which it begins."""

    code: str
    cases: int
    oldest: float
    newest: float
    pool: str
    village: str
    steps: tuple[StoryStep, ...]


class StoryCase(NamedTuple):
    """One case that follows a story. number: which of the story's cases. moments: when each step is done."""

    story: Story
    number: int
    moments: tuple[datetime, ...]


def stories() -> tuple[Story, ...]:
    """Return the stories of ``data/demo_stories.csv``. Raises ValueError for a line that nobody can read."""
    return tuple(
        Story(
            row["code"], int(row["cases"]), float(row["oldest"]), float(row["newest"]), row["pool"], row["village"],
            tuple(_steps_of(row["deeds"])),
        )
        for row in dated.table("demo_stories")
    )  # fmt: skip


def cases(stories: Iterable[Story], chance: Random, days_available: float, end: datetime) -> Iterator[StoryCase]:
    """Yield every case of the stories with its moments, all of them before ``end``.

    days_available: how long before the end the first may begin; a story that needs longer is left out.
    Raises ValueError for a story that begins too late to end in time.
    """
    for story in (story for story in stories if story.newest <= days_available):
        for number in range(story.cases):
            # Spread evenly with a little chance, so that every month has some of each.
            share = (number + chance.random()) / story.cases
            days = story.newest + (min(story.oldest, days_available) - story.newest) * share
            yield StoryCase(story, number, _moments(story, end - timedelta(days=days), chance, end))


def _moments(story: Story, first: datetime, chance: Random, end: datetime) -> tuple[datetime, ...]:
    moments: list[datetime] = []
    moment = first
    rest = sum((step.delay for step in story.steps), timedelta())
    for step in story.steps:
        moment += step.delay * (1 + _SLOWER * chance.random())
        rest -= step.delay
        shifted = _in_working_hours(moment, chance)
        if shifted + rest * (1 + _SLOWER) < end - timedelta(minutes=5):  # otherwise at night
            moment = shifted
        if moment >= end:
            raise ValueError(f"story {story.code} does not end in time")
        moments.append(moment)
    return tuple(moments)


_SLOWER = 0.1
"""By how much a step may take longer than the table says."""


def _in_working_hours(moment: datetime, chance: Random) -> datetime:
    local = moment.astimezone(BEIJING)
    if MORNING <= local.hour < EVENING:
        return moment
    morning = local.replace(hour=MORNING, minute=0) + timedelta(minutes=chance.randrange(120))
    return morning if local.hour < MORNING else morning + timedelta(days=1)


def _steps_of(text: str) -> Iterator[StoryStep]:
    for part in text.split(" > "):
        tokens = part.split()
        delay = _span(tokens.pop(0)) if tokens[0].startswith("+") else timedelta()
        actor, _, report = tokens[0].partition("@")
        values = dict(pair.split("=", 1) for pair in tokens[2:])
        yield StoryStep(delay, actor, int(report or 1), tokens[1], values)


def _span(text: str) -> timedelta:
    """Return the span of ``+5h`` or ``+2d``."""
    amount, unit = int(text[1:-1]), text[-1]
    return {"h": timedelta(hours=amount), "d": timedelta(days=amount)}[unit]


def day_after(moment: datetime, text: str) -> str:
    """Return the local day that ``+7d`` names at ``moment``, as ``2026-12-03``."""
    return (moment.astimezone(BEIJING) + _span(text)).date().isoformat()
