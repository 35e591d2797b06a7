"""Add up what the steps of one day moved in the sums: each case as it stood when the day ended, less when it began.

As in a ledger, what stands now less the movements of the days since then is what stood then. What depends on the
instant of the count, because a limit passes while nothing happens, is no sum: of cases with a limit that had passed
when the day began both states are kept, and of all others no instant before that day has anything to tell.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from server import instants
from server.instants import Instant
from server.records.domain.case_facts import CaseFacts
from server.summaries.domain import case_parts, contributions, periods
from server.summaries.domain.periods import Day, Period


class Movements:
    """What the steps of one day moved, by the town of each case and the day to which a sum belongs.

    counts: sums of ``contributions.COLUMNS``. results: closed cases by result code, times: cases by the seconds that
    their handling took, both by the day of registration. states: (-1, as it stood when the day began) and (1, as it
    stood when the day ended) of each case whose lateness either tells.
    """

    def __init__(self, day: Period) -> None:
        self._begins_at = day.starts_at
        self.counts: dict[tuple[Day, str], Counter[str]] = {}
        self.results: Counter[tuple[Day, str, str]] = Counter()
        self.times: Counter[tuple[Day, str, int]] = Counter()
        self.states: list[tuple[int, CaseFacts]] = []

    def add(self, town: str, began: CaseFacts | None, ended: CaseFacts) -> None:
        """Add what the steps of a case moved. began: as it stood when the day began; None where it was not there."""
        parts = case_parts.parts(ended) if began is None else case_parts.moved(began, ended)
        for day, columns, n in parts:
            row = self.counts.setdefault((day, town), Counter())
            for column in columns:
                row[column] += n
        for n, case in ((-1, began), (1, ended)):
            if case is not None:
                self._add_state(n, town, case)

    def _add_state(self, n: int, town: str, case: CaseFacts) -> None:
        if had_passed(case, self._begins_at):
            self.states.append((n, case))
        if case.registered_at is None:
            return
        day = periods.day_number(case.registered_at)
        code, took = contributions.result(case), contributions.handling_seconds(case)
        if code is not None:
            self.results[day, town, code] += n
        if took is not None:
            self.times[day, town, took] += n


def had_passed(case: CaseFacts, at: Instant) -> bool:
    """Return whether an instant before ``at`` can find a limit of a case passed, which stands as it does since then.

    Of one that nobody has decided on it is a day after it came in, as ``undecided_over_24h`` counts.
    """
    if case.decided_at is None:
        return case.received_at < instants.later(at, timedelta(hours=-24))
    return any(due is not None and due <= at for due in (case.close_due_at, case.handle_due_at))
