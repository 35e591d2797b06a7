"""Makes the Date of answers, once a second."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache


def http_date() -> str:
    """Return now as HTTP writes it."""
    return _text(int(time.time()))


@lru_cache(maxsize=1)
def _text(second: int) -> str:
    return formatdate(second, usegmt=True)
