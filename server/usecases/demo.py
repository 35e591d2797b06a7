"""Fills a demonstration: invented people on a real grid, so that a newcomer can try every role within a minute."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain import dated
from server.domain.actors import Role
from server.store.database import Transaction
from server.usecases import enrol, phone_keys

BY = "demo"
PASSWORD = "demo-laiyuan-2026"  # noqa: S105 - printed on purpose, it opens invented data only


@dataclass(frozen=True, slots=True)
class Invented:
    """A person who does not exist. area: code. has_phone: whether they are given a phone key at each start."""

    name: str
    display: str
    role: Role
    area: str
    has_phone: bool


def people() -> tuple[Invented, ...]:
    """Return the invented people of ``data/demo_people.csv``, the administrator first."""
    return tuple(
        Invented(row["name"], row["display"], Role(row["role"]), row["area"], row["phone"] == "yes")
        for row in dated.table("demo_people")
    )


def enrol_people(tx: Transaction, password_hash: str) -> None:
    """Add everyone in ``people`` with one duty and one password.

    password_hash: from ``sign_in.hash_password``. Raises NotFound when the grid is not Laiyuan's, Conflict when
    somebody of that name is here already.
    """
    for each in people():
        enrol.add_user(
            tx, each.name, role=each.role, area=each.area, display=each.display, password_hash=password_hash, by=BY
        )


def give_keys(tx: Transaction) -> dict[str, str]:
    """Return a new phone key for everyone who has a phone, by user name; phones set up earlier stay connected.

    Raises NotFound or Conflict when one of them has been revoked meanwhile.
    """
    return {each.name: phone_keys.issue(tx, each.name, by=BY) for each in people() if each.has_phone}
