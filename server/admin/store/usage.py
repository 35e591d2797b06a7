"""Counts what a server has taken in lately and which phones were seen, for whoever looks after it."""

from __future__ import annotations

from typing import NamedTuple

from server.db.transactions import Reading
from server.instants import Instant


class PhonesSeen(NamedTuple):
    """Phone keys that are good, by when their phone was last heard of."""

    known: int
    since: int
    never: int


def phones_seen(reading: Reading, since: Instant) -> PhonesSeen:
    """Return how many phones hold a good key, how many were heard of since an instant, and how many never."""
    row = reading.sql.rows(
        """
        SELECT COUNT(*) AS known,
               COUNT(*) FILTER (WHERE last_seen_at >= :since) AS since,
               COUNT(*) FILTER (WHERE last_seen_at IS NULL) AS never
          FROM phone_key WHERE revoked_at IS NULL
        """,
        {"since": since},
    )[0]
    return PhonesSeen(row["known"], row["since"], row["never"])


def bytes_received(reading: Reading, since: Instant) -> int:
    """Return how many bytes of photos and other files phones have sent since an instant."""
    found: int | None = reading.sql.value(
        """
        SELECT SUM(submission_file.size)
          FROM submission JOIN submission_file ON submission_file.submission = submission.id
         WHERE submission.received_at >= :since
        """,
        {"since": since},
    )
    return found or 0


def submissions_received(reading: Reading, since: Instant) -> int:
    """Return how many forms phones have sent since an instant."""
    found: int = reading.sql.value("SELECT COUNT(*) FROM submission WHERE received_at >= :since", {"since": since})
    return found
