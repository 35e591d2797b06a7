"""Keeps who has or had each case, so that what they see follows them for a while (``design.md`` section 5)."""

from __future__ import annotations

from server.domain.cases import Case
from server.domain.instants import FOREVER
from server.store.database import Transaction


def replace(tx: Transaction, record: str, before: Case | None, after: Case) -> None:
    """Keep everyone to whom the case ``record`` was ever given, with the instant until which they had it."""
    if before is not None and before.given == after.given:
        return
    until: dict[str, str] = {}
    for each in after.given:
        until[each.mark] = max(until.get(each.mark, ""), each.until or FOREVER)
    tx.sql.run_each(
        """
        INSERT INTO case_hand (record, mark, until) VALUES (:record, :mark, :until)
        ON CONFLICT (record, mark) DO UPDATE SET until = excluded.until
        """,
        [{"record": record, "mark": mark, "until": ends} for mark, ends in until.items()],
    )
