"""What the audit does every minute beside a running server, and once when it starts."""

from __future__ import annotations

from collections.abc import Mapping

from server.audit.domain.entries import COMMAND, Entry
from server.audit.store import entry_lists, sign_in_failures
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.audit.usecases import daily_heads, deferred, exports, refusals, retention
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.log import log


def start(database: Database, settings: Mapping[str, str]) -> None:
    """Make entries of the exports that the last server did not end, and of settings that are other than then.

    Where another process serves the county, its exports are its own.

    settings: by name, as they are now. Nobody waits for it, since serving begins while a command may hold the write
    lock; it is the first work of the writer. On a full disk both wait for the next start.
    """
    is_alone = not database.engine.is_served_elsewhere()
    database.write_later(lambda tx: _begin(tx, settings, is_alone=is_alone), _not_begun)


def every_minute(database: Database) -> None:
    """Write down what was counted since the last round: gaps, refusals beyond number, failed sign-ins.

    Once a month entries that are past their time go, and once a day the head of the chain is written down.
    """
    deferred.write_gap(database)
    refusals.end_round(database)
    with database.reading() as reading:
        failed, past_its_time = sign_in_failures.are_over(reading), retention.is_due(reading)
    if failed:
        database.write(count_failures)
    while past_its_time:
        past_its_time = database.write(retention.prune) >= retention.AT_ONCE
    daily_heads.note(database)


def stop(database: Database) -> None:
    """Write down what was counted since the last round, if that can be: nothing else remembers it."""
    refusals.end_round(database)
    deferred.write_gap(database)


def _not_begun(error: BaseException) -> None:
    log.error("start not in the audit", cause=repr(error.__cause__ or error))


def _begin(tx: Transaction, settings: Mapping[str, str], *, is_alone: bool) -> None:
    if is_alone:
        exports.end_interrupted(tx)
    last = entry_lists.page(tx, EVERYWHERE, AuditFilters(events=("setting.change",)), before=None, limit=1)
    known = last[0].details["now"] if last else {}
    changed = sorted(name for name in {*known, *settings} if known.get(name) != settings.get(name))
    if changed:
        record(tx, Entry("setting.change", COMMAND, "settings", {"changed": changed, "now": dict(settings)}))


def count_failures(tx: Transaction) -> None:
    """Make one entry for each minute and address from which sign-ins failed."""
    for entry in sign_in_failures.take_over(tx):
        record(tx, entry)
