"""The promises of sync by number, and what a simulation finds that breaks them."""

from __future__ import annotations

from dataclasses import dataclass, field

PROMISES = {
    1: "every change ever saved is applied, kept with a verdict, or still on its device with a reason",
    2: "devices that hold a bucket at the same cursor have the same rows and hash",
    3: "after a finished pull no row outside the entitlement is on the device",
    4: "the status history of every case is a path in the table of transitions",
    5: "repeated pushes change nothing, and the order in which edits arrive changes nothing",
    6: "closure figures from SQL are those that are counted from the events",
    7: "after a restore nothing that was acknowledged is missing",
    8: "of overlapping edits both values can be read, and without an overlap there is no flag",
    9: "an item that is stuck delays no other record",
    10: "a clock that is wrong changes nothing but flags and the value that is shown",
    11: "the server never fails, and what firegrid check asks of a folder holds",
}
"""By number, as the protocol numbers them; the last is of the server itself."""

TOLD_MAX = 20


class Enough(Exception):
    """A promise is broken of those that were asked for: nothing more need be run."""


@dataclass
class Findings:
    """What was found. wanted: promises of which one is enough. broken: by number of the promise, what breaks it."""

    wanted: frozenset[int] = frozenset()
    broken: dict[int, list[str]] = field(default_factory=dict)

    def add(self, promise: int, what: str) -> None:
        """Add what breaks a promise; of many only the first are kept. Raises Enough where it is a wanted one."""
        found = self.broken.setdefault(promise, [])
        if len(found) < TOLD_MAX:
            found.append(what)
        if promise in self.wanted:
            raise Enough
