"""Stores who has or had each case, and until when, so that they see it for 30 days more (``design.md`` section 5)."""

from __future__ import annotations

from server import instants
from server.db.transactions import Reading, Transaction
from server.instants import FOREVER, Instant
from server.people.domain.actors import GRACE
from server.records.domain.case import Case
from server.records.store import buckets


def replace(tx: Transaction, record: str, before: Case | None, after: Case) -> None:
    """Keep everyone to whom the case ``record`` was ever given, with the instant until which they had it."""
    if before is not None and before.assignments == after.assignments:
        return
    tx.sql.run_each(
        """
        INSERT INTO case_hand (record, mark, until) VALUES (:record, :mark, :until)
        ON CONFLICT (record, mark) DO UPDATE SET until = excluded.until, gone_seq = NULL
        """,
        [{"record": record, "mark": mark, "until": ends} for mark, ends in until_when(after).items()],
    )


def until_when(case: Case) -> dict[str, Instant]:
    """Return everyone who has or had ``case``, with the instant until which they had it last."""
    until: dict[str, Instant] = {}
    for each in case.assignments:
        until[each.mark] = max(until.get(each.mark, ""), each.until or FOREVER)
    return until


def of_leavers(reading: Reading, person: str | None = None) -> list[str]:
    """Return the ids of open cases in the hands of people one of whose duties has ended; of one person, or of all.

    A case that waits (suspended, say) comes up for as long as it is theirs. Co-handlers are looked for among those
    whose duty ended within the last 30 days: they were found then.
    """
    ended = "SELECT 'user:' || person FROM duty WHERE ends_at <= :now AND ends_at > starts_at"
    values = {"now": reading.now, "forever": FOREVER, "lately": instants.later(reading.now, -GRACE)}
    if person is not None:
        ended += " AND person = :person"
        values["person"] = person
    rows = reading.sql.rows(
        f"""
        SELECT id FROM record WHERE closed_at IS NULL AND assignee IN ({ended})
         UNION
        SELECT record.id
          FROM case_hand JOIN record ON record.id = case_hand.record
         WHERE record.closed_at IS NULL AND case_hand.until = :forever
           AND case_hand.mark IN ({ended} AND ends_at > :lately)
         ORDER BY 1
        """,
        values,
    )
    return [row["id"] for row in rows]


def let_go(tx: Transaction, before: Instant) -> int:
    """Let those who had a case until ``before`` or earlier lose sight of it; return how many rows left a bucket.

    Their lists and pulls change like by any other write: the bucket of each is raised.
    """
    rows = tx.sql.rows(
        """
        SELECT case_hand.record, case_hand.mark, record.type
          FROM case_hand JOIN record ON record.id = case_hand.record
         WHERE case_hand.gone_seq IS NULL AND case_hand.until <= :before
         ORDER BY case_hand.until
         LIMIT 1000
        """,
        {"before": before},
    )
    for row in rows:
        seq = tx.next_seq()
        tx.sql.put(
            "UPDATE case_hand SET gone_seq = :seq WHERE record = :record AND mark = :mark",
            {"seq": seq, "record": row["record"], "mark": row["mark"]},
        )
        tx.raise_bucket(row["type"], buckets.of_mark(row["mark"]), seq)
    return len(rows)
