"""The options by which a command is told that its data folder was moved, put back or copied, and what follows."""

from __future__ import annotations

from pathlib import Path

import click

from server import settings
from server.admin.usecases import recognition
from server.admin.usecases.recognition import Answer
from server.cli.folder import opened, with_data
from server.db import identity
from server.db.database import Database
from server.db.folder import new_secret

moved_option = click.option(
    "--moved", is_flag=True, help="the folder was moved here, the old one is no longer used 目录是整个搬来的"
)
as_copy_option = click.option(
    "--as-copy", is_flag=True, help="the folder is a copy beside the original; sign-ins end 目录是副本，与原来的并存"
)
restored_option = click.option(
    "--restored", is_flag=True, help="an older copy was put back in this place 放回了较早的副本"
)


def answer_of(*, moved: bool = False, as_copy: bool = False, restored: bool = False) -> Answer | None:
    """Return the answer that the options give, None for none. Raises UsageError for two."""
    options = ((Answer.MOVED, moved), (Answer.AS_COPY, as_copy), (Answer.RESTORED, restored))
    given = [answer for answer, is_given in options if is_given]
    if len(given) > 1:
        raise click.UsageError("--moved、--as-copy、--restored 只能选一个 · only one of them")
    return given[0] if given else None


def recognise(data: Path, answer: Answer | None) -> None:
    """Let the database in ``data`` be where it is now, if it was never elsewhere or ``answer`` says what it is.

    The caller holds ``serving``. An answer to a question that nobody asks changes nothing, so that it may stand in the
    command line of a service; RESTORED is always carried out. Raises FolderMoved where an answer is needed.
    """
    from server.log import say

    with opened(data) as store:
        if not store.engine.is_in_folder:
            _settle_elsewhere(store, answer)
            return
        here = identity.here(data, settings.machine())
        with store.reading() as reading:
            known = identity.recorded(reading)
        if known is not None and known.is_same(here) and answer is not Answer.RESTORED:
            return
        if answer is None and known is not None:
            raise recognition.moved(data, with_data("check", data))
        if answer is Answer.AS_COPY:
            # Before it counts as a copy: who dies between the two is asked once more.
            store.engine.set_secret(new_secret())
        store.write(lambda tx: recognition.settle(tx, here, answer))
    say(f"Firegrid: 已记下数据目录 {data} 在这台机器上 the folder knows its place")


def _settle_elsewhere(store: Database, answer: Answer | None) -> None:
    """Carry out an answer about a county that a database keeps: nobody asks where that is."""
    if answer in (Answer.RESTORED, Answer.AS_COPY):
        if answer is Answer.AS_COPY:
            store.engine.set_secret(new_secret())
        store.write(lambda tx: recognition.settle(tx, None, answer))
