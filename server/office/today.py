"""Today (今日): what waits for a person, in the order in which it should be done, and how their area stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, request

from server.cases.usecases import waiting
from server.cases.usecases.waiting import Waiting
from server.db.transactions import Reading
from server.office import layout, pages
from server.office.cases import case_rows
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor, Role
from server.people.domain.devices import Contact
from server.people.store import devices
from server.problems.domain.problems import ProblemKind
from server.problems.domain.settlements import KIND_LABELS
from server.problems.store import problems
from server.records.domain.status import OPEN, Status
from server.records.store import record_lists
from server.records.store.record_lists import Filters
from server.staffing.usecases import vacancies
from server.staffing.usecases.account_management import people_scope
from server.summaries.domain import periods
from server.summaries.domain.summary_rows import Rate
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from server.web import context

blueprint = layout.create_blueprint("office-today", __name__)

SHOWN = 3
"""Cases of each kind of work that are shown at once."""

COUNTED_MOST = 10_000
PROBLEMS_MOST = 200

RATES = {"closure_rate_ex_susp": "闭环率", "on_time_closure_rate": "按期结案率"}
"""Figures that are shown, with what a page calls them."""

WORDS = {
    "intake": ("条上报待受理", "去受理", "reported"),
    "decide": ("件申请待审批", "去审批", "open"),
    "meet": ("件退回了两次，要会商由谁承办", "去会商", "registered&flag=joint_meeting"),
    "assign": ("件已立项，等您派遣", "去派遣", "registered"),
    "check": ("件等您核查", "去核查", "feedback"),
    "review": ("件挂账、移交该核查了", "去核查", "held"),
    "accept": ("件等您签收", "去签收", "assigned"),
    "handle": ("件在您手上，等您处置", "去处置", "handling"),
    "recheck": ("件已办结的抽中回访，等您看", "去回访", "ended&flag=recheck_due"),
}
"""Of each kind of work: what is counted, the button, and the tab of the board that it opens."""

_OF_THEIR_OWN = {"intake": layout.INTAKE.address, "decide": layout.APPROVALS.address}
"""Kinds of work that have a page of their own; of every other, the board has a tab."""

PROBLEM_WORDS = {
    **KIND_LABELS,
    ProblemKind.CONFLICT: "两人填得不一样",
    ProblemKind.QUARANTINED: "暂存待核",
    ProblemKind.RECORDED: "迟到的反馈",
    ProblemKind.WAITING: "等上报件",
    ProblemKind.MISFIT: "填的内容不能用",
    ProblemKind.EDIT_DIFFERS: "手机改过已发的表",
    ProblemKind.UNREADABLE: "没有收下",
}


@blueprint.get("/office/")
@signed_in
def today() -> Response:
    """Show what waits for the caller; ``poll`` asks for that part alone, 304 while it is what the page has."""
    actor = context.caller()
    with context.database().reading() as reading:
        found = waiting.for_person(reading, actor)
        if (drawn := waiting.rechecks(reading, actor)).rows:
            found.append(drawn)
        values = {
            "date": pages.day_with_weekday(reading.now, layout.language()),
            "groups": [_group(reading, each, actor) for each in found],
            "stock": _stock(reading, actor),
            "closure": _closure(reading, actor),
            "problems": _problems(reading, actor),
            "people": _people(reading, actor),
            "may_report": bool(rights.scope_for(actor, "case", "report").places),
            "has_figures": layout.FIGURES in layout.rail_of(actor),
        }
        if request.args.get("poll"):
            response = pages.respond("today_parts.html", layout.language(), values)
            response.add_etag()
            response.make_conditional(request)
            return response
        return layout.show(reading, "today.html", layout.TODAY.key, values)


def _group(reading: Reading, found: Waiting, by: Actor) -> dict[str, Any]:
    word, button, tab = WORDS[found.task.name]
    rows = case_rows.shown(reading, found.rows[:SHOWN], by, layout.language())
    return {
        "word": word,
        "button": button,
        "address": _OF_THEIR_OWN.get(found.task.name, f"/office/board?tab={tab}"),
        "count": f"{len(found.rows)}{'+' if found.more else ''}",
        "rows": rows,
        "overdue": sum(1 for row in found.rows if row["due_at"] is not None and row["due_at"] < reading.now),
        "worst": rows[0].days_over,
    }


def _stock(reading: Reading, actor: Actor) -> dict[str, str]:
    """Return how many open cases there are in the caller's scope, and how many of them want looking after.

    A plus says that there are more: of each status ``COUNTED_MOST`` are counted.
    """
    statuses = tuple(status.value for status in OPEN)

    def count(filters: Filters) -> str:
        return _counted(record_lists.count_by_status(reading, actor.scope, filters, COUNTED_MOST + 1).values())

    return {
        "open": count(Filters(statuses=statuses)),
        "overdue": count(Filters(statuses=statuses, overdue=True)),
        "soon": count(Filters(statuses=statuses, soon=True)),
        "untaken": count(Filters(statuses=(Status.ASSIGNED.value,), given_before=waiting.given_too_long_ago(reading))),
        "unanswered": count(Filters(statuses=statuses, unanswered=True)),
        "suspected": count(Filters(statuses=statuses, columns={"severity": "suspected_major"})),
    }


def _counted(counts: Iterable[int]) -> str:
    found = list(counts)
    return f"{sum(min(n, COUNTED_MOST) for n in found)}{'+' if max(found, default=0) > COUNTED_MOST else ''}"


def _closure(reading: Reading, actor: Actor) -> dict[str, Any] | None:
    """Return this quarter's closure of what the caller may sum up, None where that is nothing."""
    scope = rights.scope_for(actor, "summary", "read")
    if not scope.places:
        return None
    period = periods.named(periods.Named.QUARTER, periods.day_of(reading.now))
    total = closure_summary.summarise(reading, Query(scope, None, None, period)).summary.total
    return {
        "begins": period.first.isoformat()[5:],
        "rates": [{"word": word, **_rate(total.rates[code])} for code, word in RATES.items()],
    }


def _people(reading: Reading, actor: Actor) -> dict[str, int] | None:
    """Return how many villages lack an officer and how many people a phone; None for who does not fill duties."""
    if not {Role.TOWN_STATION, Role.COUNTY_ADMIN} & actor.roles:
        return None
    found = devices.list_devices(reading, people_scope(actor))
    return {
        "vacant": sum(len(each.vacant) for each in vacancies.by_town(reading, actor)),
        "never": sum(1 for each in found if each.contact(reading.now) is Contact.NEVER),
    }


def _rate(rate: Rate) -> dict[str, str]:
    value = rate.value
    return {"rate": "—" if value is None else f"{float(value):.2%}", "of": f"{rate.n} / {rate.d}"}


def _problems(reading: Reading, actor: Actor) -> dict[str, Any] | None:
    """Return the open problems that the caller may settle, by kind; None for who settles none."""
    scope = rights.scope_for(actor, "problem", "settle")
    if not scope.places:
        return None
    counts: dict[ProblemKind, int] = {}
    filed = problems.list_filed(
        reading, scope, filters={}, settled="open", bounds=None, before=None, limit=PROBLEMS_MOST
    )
    for each in filed:
        kind = ProblemKind(each.kind)
        counts[kind] = counts.get(kind, 0) + 1
    shown = [(f"{layout.PROBLEMS.address}?kind={kind}", PROBLEM_WORDS[kind], count) for kind, count in counts.items()]
    return {"counts": shown, "total": sum(counts.values()), "more": sum(counts.values()) >= PROBLEMS_MOST}
