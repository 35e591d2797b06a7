"""Knows the public addresses of the running server: those of the environment, and what the data folder keeps.

A command moves the address in another process, so the folder is asked again, at most once a second.
"""

from __future__ import annotations

import time

from server.db.database import Database
from server.db.engine import raising_refusals
from server.errors import Damaged, Unavailable
from server.log import log
from server.people.domain.public_addresses import Addresses, effective
from server.people.store import public_addresses

KNOWN_FOR_S = 1.0
"""How long what the folder said is taken to hold, in seconds."""


class PublicAddresses:
    """The public addresses of one server, as they are now. stated: by the environment, None for none."""

    def __init__(self, database: Database, stated: str | None) -> None:
        self._database = database
        self._stated = stated
        self._known = effective(None, stated)
        self._until = 0.0

    def known(self) -> Addresses:
        """Return the addresses that held when they were last asked for; it waits for nothing."""
        return self._known

    def now(self) -> Addresses:
        """Return the addresses that hold now; several threads may ask at once."""
        asked_at = time.monotonic()
        if asked_at >= self._until:
            self._until = asked_at + KNOWN_FOR_S
            try:
                with raising_refusals(self._database.engine):
                    self._known = effective(public_addresses.newest(self._database.single_read()), self._stated)
            except (Damaged, Unavailable) as error:  # what can be read of a broken file is read, as before
                log.error("public address not read", cause=repr(error.__cause__))
        return self._known
