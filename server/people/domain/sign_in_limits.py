"""Holds the limits of signing in as they stand on a day: the dated table ``data/sign_in.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from server import dated
from server.instants import Instant


@dataclass(frozen=True, slots=True)
class Rules:
    """failures_max: failed tries in a row before the account locks, for ``locked_for``.

    password_length_min: in characters. verified_for: how long a good Basic login is taken without hashing again.
    """

    failures_max: int
    locked_for: timedelta
    password_length_min: int
    verified_for: timedelta


def at(instant: Instant) -> Rules:
    """Return the rules in force at ``instant``."""
    row = dated.rows_at("sign_in", instant)[0]
    return Rules(
        int(row["failures_max"]),
        timedelta(minutes=int(row["locked_minutes"])),
        int(row["password_length_min"]),
        timedelta(minutes=int(row["verified_minutes"])),
    )
