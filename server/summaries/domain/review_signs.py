"""The signs of the review list (线索清单): what is listed from which measure on, and in which words.

A sign is something to look at and never a verdict: each has innocent causes, none names a person, none counts in a
figure. What is not known (a position, a clock that can be believed) is no sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from server import dated
from server.instants import Instant

TABLE = "review_signs"

SAME_PHOTO, QUICK_CLOSE, MONTH_END = "same_photo", "quick_close", "month_end"
OVERDUE_VOID, OVERDUE_MERGE, OVERDUE_NEW_DUE = "overdue_void", "overdue_merge", "overdue_new_due"

NO_VERDICT = "这是线索，不是结论：只提示值得看一看的案件，不排名、不点人，也不计入任何指标。"
NO_VERDICT_EN = "These are signs, no verdict: cases worth a look; nobody is named or ranked, and no figure counts them."


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign in force. limit: metres, seconds or days, by the sign. share: percent of a month's closings, up to 100.

    least: closings. Each is 0 where the sign has none. note, note_en: with the names of a finding's values in braces.
    """

    key: str
    label: str
    label_en: str
    note: str
    note_en: str
    limit: int
    share: int
    least: int

    def said(self, values: Mapping[str, str | int], *, in_english: bool = False) -> str:
        """Return what was seen, as a sentence. values: of the finding."""
        measures = {"limit": self.limit, "share": self.share, "least": self.least}
        return (self.note_en if in_english else self.note).format(**measures, **values)


class Finding(NamedTuple):
    """A sign that was seen. path: of the area that all its cases lie in. cases: their ids, sorted.

    values: what its sentence says beside the measures of the sign.
    """

    sign: str
    path: str
    cases: tuple[str, ...]
    values: Mapping[str, str | int]


def signs_at(at: Instant) -> dict[str, Sign]:
    """Return the signs in force at an instant by their key, in their order."""
    return {
        row["sign"]: Sign(
            row["sign"],
            row["label"],
            row["label_en"],
            row["note"],
            row["note_en"],
            *(int(row[name] or 0) for name in ("limit", "share", "least")),
        )
        for row in dated.rows_at(TABLE, at)
    }
