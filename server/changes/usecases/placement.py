"""Decides to which area a new record belongs; a record never moves."""

from __future__ import annotations

from server.db.transactions import Transaction
from server.errors import NotFound
from server.grid.domain import areas as grid
from server.grid.store import areas
from server.people.domain.actors import Actor
from server.problems.domain.problems import Problem, ProblemKind
from server.records.domain import relation
from sync.changes import Change


def area_of_new_record(
    tx: Transaction, change: Change, by: Actor, submission: str | None
) -> tuple[str, str, tuple[Problem, ...]]:
    """Return code and path for a new record, and a problem when nobody can tell where it belongs.

    Its saved ``area``; missing or unknown, the author's unit where there is just one, else the narrowest area
    that holds all of the author's duties (``design.md`` section 5). Raises NotFound for an author without any duty.
    """
    stated = (change.area or "").strip()
    if stated:
        area = areas.find(tx, stated)
        if area is not None:
            return area.code, area.path, ()
    path = relation.home_path(by)
    if path is None:
        raise NotFound("填报人没有任何岗位，无法确定网格；请先由管理员分配岗位。", user=by.name)
    code = grid.code_of(path)
    if not stated and len(by.current) == 1 and grid.level_of(code) is grid.Level.UNIT:
        return code, path, ()
    reason = f"填报的网格“{stated}”不存在" if stated else "填报时没有确定网格"
    problem = Problem(
        ProblemKind.AREA_UNKNOWN,
        path,
        f"{reason}，暂记在填报人的辖区，请核对。",
        record=change.record,
        type=change.type,
        submission=submission,
        change=change.id,
        author=by.name,
        detail={"area": stated},
    )
    return code, path, (problem,)
