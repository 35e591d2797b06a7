"""Hashes passwords with argon2, one at a time: a hash takes a core for tens of milliseconds, and 19 MiB.

Whoever signs in waits for it in one of the threads that answer everybody, so few may wait: forty guesses at once would
else keep every officer from their page.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import HashingError, InvalidHashError, VerificationError
from argon2.low_level import error_to_str

from server.errors import ShortOfMemory, TooManySignIns

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

WAITING_MAX = 4
"""How many sign-ins wait for their turn; each holds one of the threads that answer everybody."""

RETRY_AFTER_S = 2
"""When who found no place may come again, in seconds; all who wait are served long before."""


class HashingQueue:
    """Lets one password be hashed at a time, and few sign-ins wait: a hash takes a core and 19 MiB.

    waiting_max: how many may wait; the next one is refused.
    """

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._places = threading.BoundedSemaphore(1 + waiting_max)
        self._hashing = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn to hash. Raises TooManySignIns when too many wait for theirs."""
        if not self._places.acquire(blocking=False):
            raise TooManySignIns("现在登录的人太多，请稍等几秒再登录。", retry_after_s=RETRY_AFTER_S)
        try:
            with self._hashing:
                yield
        finally:
            self._places.release()

    @contextmanager
    def sure_turn(self) -> Iterator[None]:
        """Hold the turn to hash, however many wait for it: for what somebody does who has signed in."""
        with self._hashing:
            yield


QUEUE = HashingQueue()

_SHORT = frozenset(map(error_to_str, (-22, -33)))
"""What argon2 says where the machine gave it no memory, or no thread (``ARGON2_MEMORY_ALLOCATION_ERROR``,
``ARGON2_THREAD_FAIL`` of ``argon2.h``); all else that it says of a stored hash means that the hash is damaged.
"""


def matches(password: str, stored: str | None) -> bool:
    """Return whether a password is that of a stored hash; without one, False after the same time.

    Raises TooManySignIns when too many wait already, ShortOfMemory when argon2 got none: that is no wrong password.
    """
    with QUEUE.turn():
        try:
            _HASHER.verify(stored or _dummy_hash(), password)
        except (VerificationError, InvalidHashError) as error:
            if str(error) in _SHORT:
                raise ShortOfMemory from error
            return False
        except (HashingError, MemoryError) as error:  # the hash that stands in for an unknown name's is made here
            raise ShortOfMemory from error
    return stored is not None


def hashed(password: str) -> str:
    """Return the argon2 hash of a password, in PHC form. Raises ShortOfMemory."""
    with QUEUE.sure_turn():
        try:
            return _HASHER.hash(password)
        except (HashingError, MemoryError) as error:
            raise ShortOfMemory from error


@cache
def _dummy_hash() -> str:
    """Return a hash that no password matches, so that an unknown name costs the same time."""
    return _HASHER.hash(secrets.token_urlsafe(32))
