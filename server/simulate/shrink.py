"""Makes a failing script shorter: leaves events out as long as the same promise stays broken (delta debugging).

Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28 (2002): chunks of half the
events are left out, then of a quarter, and so on down to single ones. Before that go what the trace says had no effect
or nothing to do with it, whole devices and officers, and whole days: a short script runs in a tenth of the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from server.simulate import runs
from server.simulate.plan import Event, Script
from server.simulate.simulation import Outcome

RUNS_MAX = 150
"""So many shorter scripts are tried at most."""

COUNTY = "county"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z]+\d+")
_NOTHING = re.compile(r"  = (no |nothing |nobody )")
"""How the trace tells that an event did nothing."""

Events = tuple[Event, ...]


def shortened(outcome: Outcome, runs_max: int = RUNS_MAX) -> Script:
    """Return a short script that breaks a promise which the run broke. runs_max: how many are tried."""
    wanted = frozenset(outcome.findings.broken)

    def fails(script: Script) -> bool:
        return bool(wanted & runs.play(script, wanted=wanted).findings.broken.keys())

    return shrink(outcome.script, fails, runs_max, guesses=_guesses(outcome))


def shrink(
    script: Script, fails: Callable[[Script], bool], runs_max: int = RUNS_MAX, guesses: Iterable[Events] = ()
) -> Script:
    """Return a shorter script that fails as well; the script itself where none is found.

    fails: runs a script and says whether it breaks what the whole one breaks. guesses: events that may be enough, the
    fewest first.
    """
    trial = _Trial(script, fails, runs_max)
    for guess in guesses:
        if trial.is_enough(guess):
            break
    trial.leave_out(lambda event: event.actor)
    trial.leave_out(lambda event: event.minute // (24 * 60))
    trial.leave_out(lambda event: event)
    trial.calm()
    return script._replace(events=trial.events)


class _Trial:
    """The shortest list of events that fails so far, and how many may still be tried."""

    def __init__(self, script: Script, fails: Callable[[Script], bool], runs_max: int) -> None:
        self.events = script.events
        self._script, self._fails, self._left = script, fails, runs_max

    def is_enough(self, events: Events) -> bool:
        """Say whether ``events`` fail by themselves; then they are the shortest so far."""
        if not events or events == self.events or self._left <= 0:
            return False
        self._left -= 1
        if not self._fails(self._script._replace(events=events)):
            return False
        self.events = events
        return True

    def leave_out(self, group: Callable[[Event], object]) -> None:
        """Leave groups of events out, half of them at once, then a quarter, then each. group: what an event is of."""
        names = list(dict.fromkeys(map(group, self.events)))
        size = len(names) // 2
        while size:
            start = 0
            while start < len(names):
                out = set(names[start : start + size])
                if self.is_enough(tuple(event for event in self.events if group(event) not in out)):
                    del names[start : start + size]
                else:
                    start += size
            size //= 2

    def calm(self) -> None:
        """Let nothing befall any request, or else as few as it takes."""
        if self.is_enough(tuple(event._replace(faults=()) for event in self.events)):
            return
        for event in self.events:
            if event.faults:
                self.is_enough(tuple(each._replace(faults=()) if each is event else each for each in self.events))


def _guesses(outcome: Outcome) -> Iterator[Events]:
    """Yield events that may be enough: those of whoever is named in the findings, or met the same records."""
    told = " ".join(each for found in outcome.findings.broken.values() for each in found)
    blocks = list(_blocks(outcome))
    ids, actors = set(_ID.findall(told)), {*_NAME.findall(told), COUNTY}
    actors |= {event.actor for event, lines in blocks if ids.intersection(_ID.findall(lines))}
    with_effect = [(event, lines) for event, lines in blocks if not _NOTHING.search(lines)]
    yield tuple(event for event, _ in with_effect if event.actor in actors)
    yield tuple(event for event, _ in with_effect)


def _blocks(outcome: Outcome) -> Iterator[tuple[Event, str]]:
    """Yield each event with what the trace tells of it."""
    lines, at = outcome.trace, 0
    for event in outcome.script.events:
        begun = lines.index(event.head, at)
        at = begun + 1
        while at < len(lines) and not lines[at].startswith("  = "):
            at += 1
        yield event, "\n".join(lines[begun : at + 1])
