"""Makes a failing script shorter: leaves events out as long as the same promise stays broken (delta debugging).

Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28 (2002): chunks of half the
events are left out, then of a quarter, and so on down to single ones.
"""

from __future__ import annotations

from collections.abc import Callable

from server.simulate import runs
from server.simulate.plan import Event, Script
from server.simulate.simulation import Outcome

RUNS_MAX = 150
"""So many shorter scripts are tried at most."""


def shortened(outcome: Outcome, runs_max: int = RUNS_MAX) -> Script:
    """Return a short script that breaks a promise which the run broke. runs_max: how many are tried."""
    wanted = outcome.findings.broken.keys()

    def fails(script: Script) -> bool:
        return bool(wanted & runs.play(script).findings.broken.keys())

    return shrink(outcome.script, fails, runs_max)


def shrink(script: Script, fails: Callable[[Script], bool], runs_max: int = RUNS_MAX) -> Script:
    """Return a shorter script that fails as well; the script itself where none is found.

    fails: runs a script and says whether it breaks what the whole one breaks.
    """
    events, parts, left = list(script.events), 2, runs_max
    while len(events) > 1 and left > 0:
        size = -(-len(events) // parts)
        shorter: list[Event] | None = None
        for start in range(0, len(events), size):
            if left <= 0:
                break
            left -= 1
            without = events[:start] + events[start + size :]
            if without and fails(script._replace(events=tuple(without))):
                shorter = without
                break
        if shorter is not None:
            events, parts = shorter, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(parts * 2, len(events))
    return script._replace(events=tuple(events))
