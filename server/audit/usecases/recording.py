"""Records in the audit, from wherever something happens that an auditor may ask about.

- Inside of a write, ``record(tx, Entry(…))``: the entry commits with what it tells of, or neither does.
- Of a request that only reads or is refused, ``deferred.later(database, Entry(…))``: nobody waits for it. Views call
  ``web.context.audit_read`` instead, which knows who asks from where, and leaves out phones.
- Of an export, ``exports.begin(database, Entry(…))`` before the first byte, on a full disk DiskFull; then the rows pass
  through its ``counted`` and the parts of the answer through its ``sending``, which makes the entry at whichever end.
- Of a reveal, ``record`` in a write that the answer waits for (``web.context.write``): on a full disk DiskFull, and
  nothing is shown.
- Of a sign-in that failed, ``count_failed_sign_in``: strangers are counted, not chained one by one.
- In a command, ``record`` in the command's own write, ``by`` COMMAND; an export as above, ended by ``Export.end``.
"""

from __future__ import annotations

from server.audit.domain.entries import Entry, event_row
from server.audit.store import chain, sign_in_failures
from server.db.transactions import Transaction


def record(tx: Transaction, entry: Entry) -> None:
    """Append ``entry`` to the audit in this transaction, with the role and the place of who did it.

    The address of the request comes with the transaction (``web.context.write``) or, where the caller writes by other
    ways, in the entry. Raises LookupError for an event that ``data/audit_events.csv`` does not have.
    """
    event_row(entry.event)
    chain.append(tx, entry)


def count_failed_sign_in(tx: Transaction, address: str, account: str) -> None:
    """Count a sign-in that failed; each minute and address becomes one entry once the minute is over.

    account: the user name of whom, empty where nobody has the name that was typed: it may be anything, a password too.
    """
    sign_in_failures.count(tx, address, account)
