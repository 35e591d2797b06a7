"""Update facts, steps and sums with one step of a case, in the step's transaction.

A step costs three statements: its row, the facts, and the sums it moves; a fourth where the case is handed over or
closed. The sums change by what the case contributes now less what it did before, so they equal a count over all cases.
"""

from __future__ import annotations

from server.db.transactions import Transaction
from server.records.domain.case_facts import CaseFacts
from server.records.domain.case_steps import Step
from server.records.domain.records import Record
from server.summaries.store import case_facts, patrol_facts, rollups

CORRECTION = "categorise"
"""Name of the step by which an edit corrects the category of a case, or leaves it a longer limit than its rule."""


def record(tx: Transaction, before: CaseFacts | None, after: CaseFacts, step: Step | None, version: int) -> None:
    """Record what one revision did to a case.

    before: its facts until then, None for a new case. after: its facts now. step: what was done; None for an edit,
    which is a step of its own where it corrects the category: until then the case counts under the old one. So it is
    where it relaxes the limit.
    version: of the record.
    """
    if before is not None and before.category != after.category:
        case_facts.keep_first_category(tx.sql, after.id, before.category)
        step = (step or Step(CORRECTION, tx.now, after.status))._replace(category=after.category)
    if before is not None and after.relaxed and not before.relaxed:
        step = (step or Step(CORRECTION, tx.now, after.status))._replace(relaxes=True)
    if step is not None:
        case_facts.add_step(tx.sql, after.id, version, step)
    if before is None:
        case_facts.add(tx.sql, after, step.at if step is not None else after.received_at)
    elif before != after or step is not None:
        stepped_at = step.at if step is not None else case_facts.stepped_at(tx.sql, after.id) or after.received_at
        case_facts.replace(tx.sql, before, after, stepped_at)
    if before != after:
        rollups.move(tx.sql, before, after)


def find(tx: Transaction, id: str) -> CaseFacts | None:
    """Return the current facts of a case, for the next step; None when there is no such case."""
    return case_facts.find(tx.sql, id)


def record_patrol(tx: Transaction, before: Record | None, after: Record) -> None:
    """Record where a patrol was and how many premises it inspected; before: as it was, None for a new one."""
    patrol_facts.keep(tx.sql, before, after)
