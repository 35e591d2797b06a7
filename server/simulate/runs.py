"""Draws and runs simulations in temporary folders of their own, and tells what came of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import orjson

from server import log
from server.simulate import county, plan, simulation
from server.simulate.invariants import PROMISES
from server.simulate.plan import Script
from server.simulate.simulation import Outcome


def draw(seed: int, phones: int, days: int, faults: Iterable[str]) -> Script:
    """Return the plan of a seed. phones, days: its size. faults: which may happen, by name (``faults``)."""
    officers = [officer.name for officer in county.layout(phones).officers]
    return plan.draw(seed, phones, days, officers, faults)


def play(
    script: Script, progress: Callable[[int], None] = lambda _number: None, wanted: frozenset[int] = frozenset()
) -> Outcome:
    """Run a script in a temporary folder of its own, which is gone afterwards.

    progress: called after each event with its number. wanted: numbers of promises; the run ends when one is found
    broken.
    """
    with tempfile.TemporaryDirectory(prefix="firegrid-simulate-") as folder, log.file.silent():
        return simulation.run(script, Path(folder), progress, wanted)


def script_text(script: Script) -> bytes:
    """Return a script as the JSON of a file, with a line for each event."""
    whole = script.as_json()
    events = b",\n".join(orjson.dumps(event) for event in whole.pop("events"))
    return orjson.dumps(whole)[:-1] + b',"events":[\n' + events + b"\n]}\n"


def trace_text(outcome: Outcome) -> str:
    """Return the trace of a run as the text of a file."""
    return "".join(f"{line}\n" for line in outcome.trace)


def told(outcome: Outcome) -> Iterator[str]:
    """Yield the lines that tell what came of a run."""
    script = outcome.script
    yield f"seed {script.seed}: {script.phones} phones, {script.days} days, {len(script.events)} events"
    yield "verdicts: " + ", ".join(f"{verdict} {number}" for verdict, number in outcome.verdicts.items())
    share = 100 * outcome.flagged / outcome.written if outcome.written else 0.0
    yield f"profile changes that raised a flag: {outcome.flagged} of {outcome.written} ({share:.2f} %)"
    for number, promise in PROMISES.items():
        found = outcome.findings.broken.get(number, [])
        yield f"{number:>2} {'BROKEN' if found else 'kept'}  {promise}"
        yield from (f"     {each}" for each in found)
    yield f"trace: {len(outcome.trace)} lines, sha256 {sha256(trace_text(outcome).encode()).hexdigest()}"
