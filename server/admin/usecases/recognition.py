"""Recognises a data folder, and asks about one that was moved or copied.

Nobody but its owner knows which of three things a folder is that stands elsewhere than it did, and each needs another
cure: the county itself, moved; an older copy of it, put back; or a copy that goes its own way beside the original.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from server.admin.store import backup_facts
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db import identity
from server.db.identity import Identity
from server.db.transactions import Reading, Transaction
from server.errors import FolderMoved
from server.people.usecases import address_moves
from server.replication.usecases import restoring

BY = "command"


class Answer(StrEnum):
    """What a folder is that stands elsewhere than it did; the words are those of the audit.

    MOVED: the county itself, whole; the old folder is no longer used. RESTORED: an older copy in the place of what came
    since. AS_COPY: a copy beside the original, for trials or another county.
    """

    MOVED = "folder.moved"
    RESTORED = "folder.restored"
    AS_COPY = "folder.copied"


def settle(tx: Transaction, here: Identity | None, answer: Answer | None) -> None:
    """Let the database be ``here`` from now on; None where it is in no folder.

    answer: None when it was never asked where it is. A copy takes a new epoch, so that clients of the original notice
    and no version means two things.
    """
    if answer in (Answer.RESTORED, Answer.AS_COPY):
        restoring.take_new_epoch(tx, BY)
    if answer is Answer.AS_COPY:
        backup_facts.forget_all(tx)  # its sets would stand among those of the original, and each delete the other's
        address_moves.forget(tx, by=BY)
    if here is not None:
        identity.record(tx, here)
    if answer is not None:
        record(tx, Entry(answer, BY, "folder"))


def require_own(reading: Reading, folder: Path, here: Identity, cure: str) -> None:
    """Raise FolderMoved when the database was told that it is elsewhere. cure: as for ``moved``."""
    known = identity.recorded(reading)
    if known is not None and not known.is_same(here):
        raise moved(folder, cure)


def moved(folder: Path, cure: str) -> FolderMoved:
    """Return the question about a folder that was moved or copied. cure: the command that an answer is added to."""
    message = (
        f"数据目录 {folder} 像是移来或复制来的，请先说明是哪一种：运行 {cure} ，"
        "加上 --moved（整个搬来，原来的不再使用）、--restored（放回了较早的副本）或 --as-copy（与原来的并存）"
        " · this data folder was moved or copied; run that command with --moved (all of it, the old one is no longer"
        " used), --restored (an older copy was put back) or --as-copy (beside the original)"
    )
    return FolderMoved(message, folder=str(folder))
