"""The one time of a simulation, and what each device takes for the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from server.demo.county import SettableClock

TICK = timedelta(milliseconds=1)


class ServerClock(SettableClock):
    """The server's clock: each look moves it on by a millisecond, so that nothing happens twice at once."""

    def __call__(self) -> datetime:
        self.at += TICK
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass, as somebody who waits for another try does."""
        self.at += timedelta(seconds=max(seconds, 0.0))


class DeviceClock:
    """What a device takes for the time.

    wrong_by: how far its clock is ahead of the server's; negative for one that is behind.
    """

    def __init__(self, server: ServerClock, wrong_by: timedelta = timedelta()) -> None:
        self._server = server
        self.wrong_by = wrong_by

    def __call__(self) -> datetime:
        return self._server() + self.wrong_by

    def server_time(self) -> datetime:
        """Return what the server takes for the time."""
        return self._server.at


def generator(seed: int | str) -> Random:
    """Return a generator that draws the same for the same seed, whatever the process."""
    return Random(seed)  # noqa: S311 - draws invented work, keeps no secret
