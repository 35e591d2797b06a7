"""Turns requests, open and decided, into the rows that the page of approvals shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from server import instants
from server.cases.domain import workflow
from server.cases.domain.decisions import Consequence, Decided
from server.cases.usecases.requests import OpenRequest
from server.db.sql import Row
from server.db.transactions import Reading
from server.grid.store import areas
from server.instants import Instant
from server.office import pages
from server.office.cases import act_forms, act_words, case_rows
from server.office.cases.act_forms import Input, Offers, Sent
from server.people.domain.roles import DecisionLevel
from server.people.store import display_names
from server.records.usecases.disclosing import RecordMask
from server.web import decision_ledger

ICONS = {
    "return": "return", "extension": "clock", "suspension": "pause", "transfer": "send", "void": "close",
    "major": "flame",
}  # fmt: skip

LEVELS = {
    DecisionLevel.VILLAGE: "村/社区",
    DecisionLevel.TOWN: "乡镇",
    DecisionLevel.BRIGADE: "大队",
    DecisionLevel.COUNTY: "县",
}
"""What the page calls the level that a request waits for."""


class Opened(NamedTuple):
    """A form that stands open under its row. inputs: what it asks; is_grant: it grants, else it declines."""

    action: str
    is_grant: bool
    inputs: tuple[Input, ...]


class ShownRequest(NamedTuple):
    """An open request as a row. given: inputs of granting it at once, None where more has to be said first.

    level: that it waits for; decide_on: the last day of that, is_late: it is over. grant, decline: acts that its reader
    may take, empty for none. obstacle: why it is not granted as it was asked for.
    """

    id: str
    kind: str
    label: str
    icon: str
    place: str
    hazard: str
    number: str
    area: str
    address: str
    asker: str
    instant: str
    at: str
    days: int
    reason: str
    safeguard: str
    consequence: Consequence
    level: str
    decide_on: str
    is_late: bool
    grant: str
    decline: str
    obstacle: str
    given: Mapping[str, str] | None
    version: int
    status: str
    opened: Opened | None


class ShownDecision(NamedTuple):
    """A decision as a row."""

    label: str
    icon: str
    place: str
    number: str
    area: str
    address: str
    asker: str
    asked: str
    is_granted: bool
    reason: str
    before: str
    after: str
    instant: str
    at: str


def open_rows(
    reading: Reading,
    found: Sequence[OpenRequest],
    mask: RecordMask,
    offers: Offers,
    language: str,
    opened_record: str,
    opened_action: str,
    sent: Sent,
) -> list[ShownRequest]:
    """Return open requests as rows, in their order.

    opened_record, opened_action: whose form stands open, where its reader may take that act. sent: what was typed.
    """
    people = display_names.of_people(reading, (each.request.author for each in found))
    names = areas.full_names(reading, (each.row["area"] for each in found))
    rows = []
    for each in found:
        is_open = each.row["id"] == opened_record and opened_action in each.actions
        opened = _opened(each, mask, opened_action, offers, sent) if is_open else None
        rows.append(_open_row(reading, each, mask, people, names, language, opened))
    return rows


def decided_rows(
    reading: Reading, found: Sequence[Decided], cases: Mapping[str, Row], mask: RecordMask, language: str
) -> list[ShownDecision]:
    """Return decisions as rows, in their order."""
    people = display_names.of_people(reading, (each.asked.author for each in found if each.asked is not None))
    names = areas.full_names(reading, (row["area"] for row in cases.values()))
    return [_decided_row(reading, each, cases[each.record], mask, people, names, language) for each in found]


def _open_row(
    reading: Reading,
    each: OpenRequest,
    mask: RecordMask,
    people: Mapping[str, str],
    names: Mapping[str, str],
    language: str,
    opened: Opened | None,
) -> ShownRequest:
    row, said = each.row, each.asked.inputs
    seen = mask.exported(row)
    place, hazard, _ = case_rows.told(reading, seen["label"], orjson.loads(seen["fields"]), language)
    return ShownRequest(
        id=row["id"],
        kind=each.kind.name,
        label=each.kind.label,
        icon=ICONS[each.kind.name],
        place=place,
        hazard=hazard,
        number=row["case_no"] or "",
        area=names.get(row["area"], ""),
        address=f"/office/cases/{row['id']}",
        asker=people[each.request.author],
        instant=each.request.at,
        at=pages.moment(each.request.at, reading.now),
        days=-pages.days_until(reading.now, instants.local_day(each.request.at)),
        reason=mask.text(row, _reason(reading, each.kind.ask, said.get("reason", ""), language)),
        safeguard=mask.text(row, said.get("safeguard", "")),
        consequence=_dated(each.consequence, reading.now),
        level=LEVELS[each.level],
        decide_on=pages.day(instants.last_day(each.decide_by), reading.now),
        is_late=each.decide_by <= reading.now,
        grant=each.kind.grant if each.kind.grant in each.actions else "",
        decline=each.kind.decline if each.kind.decline in each.actions else "",
        obstacle=each.obstacle,
        given=_given_at_once(each, mask),
        version=row["version"],
        status=row["status"],
        opened=opened,
    )


def _given(each: OpenRequest, mask: RecordMask) -> dict[str, str]:
    """Return with what a request is granted, as its reader is shown it: a page holds no number that it masks."""
    return {name: mask.text(each.row, value) for name, value in each.granted_with.items()}


def _given_at_once(each: OpenRequest, mask: RecordMask) -> Mapping[str, str] | None:
    """Return the inputs of granting a request by one click; None where more is to be said, or it cannot be undone."""
    given, needs = _given(each, mask), workflow.STEP_OF[each.kind.grant].needs
    if each.obstacle or each.kind.grant in act_words.CONFIRMED or any(name not in given for name in needs):
        return None
    return given


def _dated(consequence: Consequence, now: Instant) -> Consequence:
    """Return what granting does, its days as pages write them."""
    due_on, until = (pages.day(each, now) if each else "" for each in (consequence.due_on, consequence.until))
    return replace(consequence, due_on=due_on, until=until)


def _opened(each: OpenRequest, mask: RecordMask, action: str, offers: Offers, sent: Sent) -> Opened:
    is_grant = action == each.kind.grant
    given = _given(each, mask) if is_grant else {}
    typed = sent if sent.action == action else Sent(action, given, {}, "")
    inputs = act_forms.form_of(offers, action, typed).inputs
    return Opened(action, is_grant, inputs if is_grant else tuple(one for one in inputs if one.is_needed))


def _decided_row(
    reading: Reading,
    each: Decided,
    case: Row,
    mask: RecordMask,
    people: Mapping[str, str],
    names: Mapping[str, str],
    language: str,
) -> ShownDecision:
    seen, asked = mask.exported(case), each.asked
    place, _, _ = case_rows.told(reading, seen["label"], orjson.loads(seen["fields"]), language)
    wanted = "" if asked is None else asked.inputs.get("reason", "")
    before, after = (pages.day(instants.last_day(due), reading.now) if due else "" for due in each.due)
    return ShownDecision(
        label=each.kind.label,
        icon=ICONS[each.kind.name],
        place=place,
        number=case["case_no"] or "",
        area=names.get(case["area"], ""),
        address=f"/office/cases/{case['id']}",
        asker="" if asked is None else people[asked.author],
        asked=mask.text(case, _reason(reading, each.kind.ask, wanted, language)),
        is_granted=each.is_granted,
        reason=mask.text(case, _reason(reading, each.action, each.inputs.get("reason", ""), language)),
        before=before,
        after=after,
        instant=each.at,
        at=pages.moment(each.at, reading.now),
    )


def _reason(reading: Reading, action: str, reason: str, language: str) -> str:
    known = decision_ledger.reason_code(reading, action, reason)
    return reason if known is None else pages.code_label(known, language)
