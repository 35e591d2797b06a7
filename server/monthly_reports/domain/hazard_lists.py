"""The lists of hazards that go with the sheet: all that is open, what is suspended, supervised, or overdue."""

from __future__ import annotations

from dataclasses import dataclass

from server import dated
from server.errors import NotFound
from server.instants import Instant

TABLE = "hazard_lists"

HEADINGS = (
    "编号", "乡镇", "村（社区）", "场所", "隐患", "等级", "责任", "措施", "资金", "时限", "应急预案",
    "状态", "督办", "超期环节", "超期天数",
)  # fmt: skip
"""Columns of every list; 责任、措施、资金、时限、预案 are the five things to be settled (五落实).

时限 is that of the clock that runs, which 超期环节 names once it is over. In a list of what is overdue, 责任 is who
has to act on that clock; in every other one, who handles the hazard.
"""

NAMES = (
    "case_no", "town", "village", "place", "hazard", "severity", "party", "measure", "fund", "due_on", "contingency",
    "status", "supervision", "overdue_clock", "days_overdue",
)  # fmt: skip
"""What ``HEADINGS`` are called in JSON."""


@dataclass(frozen=True, slots=True)
class HazardList:
    """A list. key: its code. statuses: of its cases. flag: that they have, empty for any. overdue: only what is."""

    key: str
    title: str
    title_en: str
    statuses: tuple[str, ...]
    flag: str
    overdue: bool


def lists_at(at: Instant) -> tuple[HazardList, ...]:
    """Return the lists in force at an instant, in their order."""
    return tuple(
        HazardList(
            row["list"], row["title"], row["title_en"], tuple(row["statuses"].split()), row["flag"],
            row["overdue"] == "yes",
        )
        for row in dated.rows_at(TABLE, at)
    )  # fmt: skip


def find(key: str, at: Instant) -> HazardList:
    """Return the list with this code. Raises NotFound, which names those there are."""
    known = {each.key: each for each in lists_at(at)}
    if key not in known:
        raise NotFound(f"没有“{key[:30]}”这张清单；有：{'、'.join(known)}。", list=key[:30])
    return known[key]
