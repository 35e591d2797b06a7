"""Enrol the people and bodies of the demonstration, so that a newcomer can try every role within a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server import dated
from server.db.transactions import Reading, Transaction
from server.errors import Conflict
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.people.store import accounts
from server.people.store import people as known_people
from server.people.usecases import password_hashing, phone_keys
from server.settings import OfferedSignIn
from server.staffing.usecases import enrolment

BY = "demo"
PASSWORD = "demo-laiyuan-2026"  # noqa: S105 - printed on purpose, it opens invented data only


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person who does not exist. area, body: codes, body None for none. has_phone: gets a phone key at each start."""

    name: str
    display: str
    role: Role
    area: str
    body: str | None
    has_phone: bool


LEAVER = DemoPerson("gw0099", "网格员甲0099", Role.GRID_WORKER, "130630106201001", None, has_phone=False)
"""A worker who leaves before the half year ends, with open cases; nobody signs in as them."""


def people() -> tuple[DemoPerson, ...]:
    """Return the invented people of ``data/demo_people.csv``, the administrator first."""
    return tuple(
        DemoPerson(
            row["name"], row["display"], Role(row["role"]), row["area"], row["body"] or None, row["phone"] == "yes"
        )
        for row in dated.table("demo_people")
    )


def enrol_bodies(tx: Transaction) -> None:
    """Add every body of ``data/demo_bodies.csv``; some have nobody with an account. Raises NotFound, Conflict."""
    for row in dated.table("demo_bodies"):
        enrolment.add_body(
            tx, row["code"], name=row["name"], kind=row["kind"], area=row["area"], contact=row["contact"], by=BY
        )


def enrol_people(tx: Transaction, password_hash: str) -> None:
    """Add everyone in ``people`` with one duty and one password; the bodies come first.

    password_hash: from ``sign_in.hash_password``. Raises NotFound when the grid is not Laiyuan's, Conflict when
    somebody of that name is here already.
    """
    enrolment.add_user(tx, LEAVER.name, role=LEAVER.role, area=LEAVER.area, display=LEAVER.display, by=BY)
    for each in people():
        enrolment.add_user(
            tx, each.name, role=each.role, area=each.area, body=each.body, display=each.display,
            password_hash=password_hash, password_state=PasswordState.PRINTED, by=BY,
        )  # fmt: skip


def end_duties_of_leaver(tx: Transaction) -> None:
    """End the duty of ``LEAVER``: their open cases return to be assigned anew."""
    for duty in known_people.duties_of(tx, LEAVER.name):
        enrolment.end_duty(tx, LEAVER.name, duty.id, by=BY)


def give_keys(tx: Transaction) -> dict[str, str]:
    """Return a new phone key for everyone who has a phone, by user name; phones set up earlier stay connected.

    People whose account was revoked while trying things out get none.
    """
    return {
        each.name: phone_keys.issue(tx, each.name, by=BY)
        for each in people()
        if each.has_phone and not has_left(tx, each)
    }


def to_keep_printed(reading: Reading) -> tuple[str, ...]:
    """Return who has the printed password and would have to change it: in a folder that an older version of ours made.

    Tens of milliseconds for each account whose password is not known as printed: not for use inside a transaction.
    """
    known = (accounts.get(reading, each.name) for each in people())
    return tuple(
        account.name
        for account in known
        if account.password_state is not PasswordState.PRINTED
        and account.password_hash is not None
        and password_hashing.matches(PASSWORD, account.password_hash)
    )


def keep_printed(tx: Transaction, names: Sequence[str]) -> None:
    """Let the printed password open everything for ``names``."""
    for name in names:
        accounts.set_password_state(tx, name, PasswordState.PRINTED)


def has_left(reading: Reading, person: DemoPerson) -> bool:
    """Return whether the account of ``person`` has been revoked meanwhile."""
    return accounts.get(reading, person.name).revoked_at is not None


def sign_ins(reading: Reading) -> Iterator[OfferedSignIn]:
    """Yield the sign-ins that the sign-in page of the demonstration offers: everybody whose account is in use."""
    for each in people():
        if not has_left(reading, each):
            yield OfferedSignIn(each.role.value, each.name, PASSWORD)


def require_everyone(reading: Reading, folder: str) -> None:
    """Do nothing when everybody of ``people`` is here. Raises Conflict for a folder that an older version made."""
    if not all(known_people.exists(reading, each.name) for each in people()):
        raise Conflict(f"演示目录 {folder} 由旧版本生成，人员不全；请删除该目录后重来。", folder=folder)
