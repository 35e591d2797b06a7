"""Reads with which version of a form each phone sent last."""

from __future__ import annotations

from collections.abc import Collection

from server.db.transactions import Reading
from server.instants import Instant

Sender = tuple[str, str]
"""Who sent, and what their phone calls itself; empty for one that does not say."""


def newest(reading: Reading, form: str, people: Collection[str], since: Instant) -> dict[Sender, str]:
    """Return the version of the newest submission of a form by each phone, of those received from ``since`` on.

    people: user names of those whose phones are the reader's to see; of others nothing is returned.
    """
    rows = reading.sql.tuples(
        """
        SELECT author, COALESCE(device, ''), form_version
          FROM submission
         WHERE form = :form AND seq IN (
               SELECT MAX(seq) FROM submission
                WHERE form = :form AND received_at >= :since
                GROUP BY author, COALESCE(device, ''))
        """,
        {"form": form, "since": since},
    )
    return {(author, device): version for author, device, version in rows if author in people}
