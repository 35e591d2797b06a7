"""What the audit does every minute beside a running server, and once when it starts."""

from __future__ import annotations

from server.audit.store import sign_in_failures
from server.audit.usecases import daily_heads, deferred, exports, refusals, retention
from server.audit.usecases.recording import record
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Unavailable
from server.log import log


def start(database: Database) -> None:
    """Make entries of the exports that the end of the last server interrupted; on a full disk, with the next start."""
    try:
        database.write(exports.end_interrupted)
    except Unavailable as error:
        log.error("interrupted exports not in the audit", cause=repr(error.__cause__ or error))


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


def count_failures(tx: Transaction) -> None:
    """Make one entry for each minute and address from which sign-ins failed."""
    for entry in sign_in_failures.take_over(tx):
        record(tx, entry)
