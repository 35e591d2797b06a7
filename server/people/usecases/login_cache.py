"""Remembers which logins were right a moment ago and which were wrong, without keeping any password."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from hmac import digest
from typing import NamedTuple

from server import instants
from server.instants import FOREVER, Instant
from server.people.domain import sign_in_limits

LOGINS_MAX = 10_000
"""How many logins are remembered; the oldest goes first."""


class _Known(NamedTuple):
    fits: bool
    until: Instant


class VerifiedLogins:
    """What this process knows of recent logins.

    Each is found by an HMAC of name, password and stored hash under a key that lives and dies with the process, so
    neither memory nor a core file tells a password, and another stored hash makes every earlier answer unknown.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, name: str, password: str, password_hash: str, at: Instant) -> bool | None:
        """Say whether this login was found right a moment ago, or wrong; None when nothing is known of it."""
        with self._lock:
            known = self._known.get(self._mark(name, password, password_hash))
        return known.fits if known is not None and at < known.until else None

    def remember(self, name: str, password: str, password_hash: str, at: Instant, *, fits: bool) -> None:
        """Keep what verifying this login at ``at`` has shown.

        A right one is kept as long as the rules of that day say. A wrong one stays wrong until the stored hash
        changes, so it is kept until newer ones push it out.
        """
        mark = self._mark(name, password, password_hash)
        until = instants.later(at, sign_in_limits.at(at).verified_for) if fits else FOREVER
        with self._lock:
            self._known[mark] = _Known(fits, until)
            self._known.move_to_end(mark)
            while len(self._known) > LOGINS_MAX:
                self._known.popitem(last=False)

    def _mark(self, name: str, password: str, password_hash: str) -> bytes:
        said = b"\0".join(part.encode() for part in (name, password_hash, password))
        return digest(self._key, said, "sha256")
