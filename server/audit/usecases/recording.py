"""Records in the audit, from wherever something happens that an auditor may ask about.

- Inside of a write, ``record(tx, Entry(…))``: the entry commits with what it tells of, or neither does.
"""

from __future__ import annotations

from server.audit.domain.entries import Entry, event_row
from server.audit.store import chain
from server.db.transactions import Transaction


def record(tx: Transaction, entry: Entry) -> None:
    """Append ``entry`` to the audit in this transaction, with the role and the place of who did it.

    The address of the request comes with the transaction (``web.context.write``) or, where the caller writes by other
    ways, in the entry. Raises LookupError for an event that ``data/audit_events.csv`` does not have.
    """
    event_row(entry.event)
    chain.append(tx, entry)
