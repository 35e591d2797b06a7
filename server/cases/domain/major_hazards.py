"""How a major fire hazard is found: by three people at least, under the rules in force on the day of the finding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from server import dated, instants
from server.cases.domain import workflow
from server.cases.domain.acts import Act, ActContext
from server.records.domain.records import Record

TABLE = "major_rules"
"""The dated table of the national rules by which a hazard is found to be a major one."""


def rules_on(day: str) -> tuple[dated.Row, ...]:
    """Return the rules in force on a Beijing day: ``code``, ``label`` and ``label_en`` of each."""
    return dated.rows_on(TABLE, day)


def by_rules(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the rules that a finding names, or with its day."""
    today = instants.local_day(act.at)
    day = act["determined_on"] or today
    if not _is_day(day):
        return  # told as any other date
    if day > today:
        yield "determined_on", f"认定日期 {day} 还没有到，请填集体研究认定的那一天"
    known = {row["code"]: row for row in dated.table(TABLE)}
    named = act["rules"]
    in_force = rules_on(day)
    cure = "、".join(f"{row['code']}（{row['label']}）" for row in in_force)
    if named and named not in known:
        yield "rules", f"没有“{named[:30]}”这个判定标准，请选 {cure}"
    elif named and known[named] not in in_force:
        yield "rules", f"{day} 不适用{known[named]['label']}，那天适用的是 {cure}，请改选"


def by_three_people(record: Record, act: Act, context: ActContext) -> Iterator[tuple[str, str]]:
    """Yield that a finding names somebody twice: it takes three people."""
    named = [act[name] for name in workflow.JUDGED_BY if act[name]]
    for name in workflow.JUDGED_BY:
        if act[name] and named.count(act[name]) > 1:
            yield name, "集体研究须三人，同一个人写了两次，请写三个不同的人"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
