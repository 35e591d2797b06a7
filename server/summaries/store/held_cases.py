"""Narrows the cases that a figure may count to those that one assignee has now, before any of them is read."""

from __future__ import annotations

from server.summaries.store.counted_cases import AssigneeCondition, Condition

SOME_PERSON = "user:"
"""Stands for whichever person has a case."""


class HeldCondition(AssigneeCondition):
    """SQL condition: another one, and the case is now held by one assignee, by some person, or by nobody.

    held_by: ``body:<code>``, SOME_PERSON, or empty for nobody.
    """

    __slots__ = ()

    def __init__(self, inside: Condition, held_by: str) -> None:
        if not held_by:
            held = "COALESCE(assignee, '') = ''"
        elif held_by == SOME_PERSON:
            held = "assignee LIKE 'user:%'"
        else:
            held = "assignee = :held_by"
        super().__init__(())
        self.values = {**inside.values, **({"held_by": held_by} if ":held_by" in held else {})}
        self.sql = f"{inside.sql} AND id IN (SELECT id FROM record WHERE {held})"
