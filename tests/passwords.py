"""Hashes the passwords of invented people at the least cost that argon2 knows: hundreds of tests sign somebody in.

A stored hash says itself what it costs to verify, so the product checks these by the same code as its own, which take
tens of milliseconds each.
"""

from __future__ import annotations

from argon2 import PasswordHasher

_AT_LEAST_COST = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def hash_of(password: str) -> str:
    """Return a hash of ``password`` in PHC form, as it is stored with a person; each time another."""
    return _AT_LEAST_COST.hash(password)
