"""Reads with which version of a form each phone sent last."""

from __future__ import annotations

from server.db.transactions import Reading
from server.instants import Instant

Sender = tuple[str, str]
"""Who sent, and what their phone calls itself; empty for one that does not say."""


def newest(reading: Reading, form: str, since: Instant) -> dict[Sender, str]:
    """Return the version of the newest submission of a form by each phone, of those received from ``since`` on.

    For counts over phones that are the reader's to see: the caller keeps to them.
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
    return {(author, device): version for author, device, version in rows}
