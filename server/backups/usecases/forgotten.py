"""Keeps beside the sets what was forgotten, so that an older set does not bring it back unnoticed.

The list names accounts and records by their ids, and no name or number that was taken out: who may not be kept cannot
be kept in order to be forgotten. So after a restore accounts are forgotten again at once, and of records it is told
which.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from server.admin.usecases import forgetting
from server.audit.store import entry_lists
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.backups.store import copying
from server.backups.store.copying import Pace
from server.db.transactions import Reading, Transaction
from server.errors import Invalid, NotFound
from server.instants import Instant
from server.people.store import accounts
from server.staffing.usecases import enrolment

FILE_NAME, EVENT = "forgotten.json", "user.forget"
_AT_ONCE = 500
"""How many entries of the audit are in memory together; each may name thousands of records."""

_RECORDS = "records"
"""What the audit names as object where names and numbers in records were forgotten, and no account."""


class Forgotten(NamedTuple):
    """Something that was forgotten. account: user name, empty for what records said. records: their ids."""

    at: Instant
    account: str
    records: tuple[str, ...] = ()


def keep(reading: Reading, to: Path) -> None:
    """Write into a folder of backups what the county has forgotten, beside what stands there.

    Raises OSError, and Invalid for a list there that is broken.
    """
    known = {*_read(to)}
    fresh = {each for each in _told(reading) if each not in known}
    if fresh:
        text = json.dumps([each._asdict() for each in sorted(known | fresh)], ensure_ascii=False, indent=1)
        copying.write(io.BytesIO(text.encode()), to / FILE_NAME, Pace())


def _told(reading: Reading) -> Iterator[Forgotten]:
    """Yield everything that the audit says was forgotten, newest first."""
    before: int | None = None
    while True:
        page = entry_lists.page(reading, EVERYWHERE, AuditFilters(events=(EVENT,)), before=before, limit=_AT_ONCE)
        for each in page:
            account = "" if each.object == _RECORDS else each.object
            yield Forgotten(each.at, account, tuple(each.details.get("objects", ())))
        if len(page) < _AT_ONCE:
            return
        before = page[-1].number


def since(to: Path, made_at: Instant) -> list[Forgotten]:
    """Return what was forgotten after the instant of a set, oldest first. Raises Invalid for a list that is broken."""
    return [each for each in _read(to) if each.at > made_at]


def again(tx: Transaction, found: Sequence[Forgotten], *, by: str) -> None:
    """Forget these accounts again; one that was still open at the time of the set is closed first."""
    for name in dict.fromkeys(each.account for each in found if each.account):
        try:
            account = accounts.get(tx, name)
        except NotFound:
            continue  # it was made after the set
        if account.revoked_at is None:
            enrolment.revoke_user(tx, name, by=by)
        forgetting.forget_account(tx, name, by=by)


def _read(to: Path) -> list[Forgotten]:
    path = to / FILE_NAME
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return sorted(Forgotten(row["at"], row["account"], tuple(row["records"])) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{path} 读不出来：里面记着备份之后删除过哪些个人信息。请从这个目录的另一份副本取回。") from error
