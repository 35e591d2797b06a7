"""Move work and people while phones are offline: preview of a move, hand-over of many cases, swap of two workers.

Nothing is sent to a phone and nothing is taken from one: lists and pulls follow from duties and assignments, and what
a phone sends late is judged by what its owner had within the last 30 days (``sync.md`` section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.audit.domain.entries import Entry
from server.audit.store import chain
from server.audit.usecases.recording import record
from server.cases.domain import guards
from server.cases.domain.workflow import AT_REST
from server.cases.usecases import authorization, standing
from server.changes.usecases import change_ids, interactive
from server.changes.usecases.interactive import ChangeRequest
from server.changes.usecases.recording import Outcome
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid, Refusal
from server.grid.domain.areas import Place
from server.grid.store import areas
from server.people.domain.actors import Actor, Duty
from server.people.domain.people import FieldClient, Person, Phone
from server.people.store import field_clients, people
from server.people.usecases import visibility
from server.records.domain.records import Record
from server.records.domain.status import WITH_HANDLER
from server.records.store import records
from server.staffing.usecases import account_management, enrolment

SWAP = "user.swap"
CASES_MAX = 500
"""Cases of one hand-over: more would block the writer."""


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving somebody would affect.

    Of cases and records it tells those alone that whoever asks may see.

    leaving: areas whose records their phones will lose. going_back: open cases that return to be assigned anew.
    staying: open cases that stay theirs, those among them that nobody works on until they are checked or taken up
    again. helping: cases that go on without their help. records: how many records lie in the areas left. phones:
    their unsent work is unknown. clients: field clients, with the unsent changes that they reported.
    """

    person: Person
    leaving: tuple[str, ...]
    going_back: tuple[Record, ...]
    staying: tuple[Record, ...]
    helping: tuple[Record, ...]
    records: int
    phones: tuple[Phone, ...]
    clients: tuple[FieldClient, ...]


@dataclass(frozen=True, slots=True)
class HandedCase:
    """One case of a hand-over: its outcome, or the refusal."""

    id: str
    outcome: Outcome | None = None
    refusal: Refusal | None = None


def preview(reading: Reading, name: str, area: str | None, *, by: Actor) -> MovePreview:
    """Return what it would affect to move ``name`` to ``area`` (code), or to end all of their duties (None).

    Whoever may see the person may see this; the move itself needs a right. Raises NotFound (out of scope), and
    Invalid for what is no area.
    """
    person = people.get(reading, name, account_management.people_scope(by))
    kept = () if area is None else (visibility.get_visible(reading, area, by).place,)
    held = [duty for duty in person.duties if duty.holds_at(reading.now)]
    left = tuple(dict.fromkeys(duty.area for duty in held if not _is_inside(duty, kept)))
    mine = records.open_of(reading, f"user:{name}", by.scope)
    helped = records.helped_by(reading, f"user:{name}", by.scope)
    lost = {record.id for record in (*mine, *helped) if not any(place.holds(record.path) for place in kept)}
    going_back = tuple(record for record in mine if record.id in lost and record.status in WITH_HANDLER)
    staying = tuple(record for record in mine if record not in going_back)
    helping = tuple(record for record in helped if record.id in lost)
    places = [place for code in left if by.scope.covers((place := areas.get(reading, code).place).path)]
    phones = tuple(phone for phone in person.phones if phone.revoked_at is None)
    inside, clients = records.count_inside(reading, places), field_clients.of_person(reading, name)
    return MovePreview(person, left, going_back, staying, helping, inside, phones, clients)


def hand_over(
    tx: Transaction, taker: str, *, giver: str | None, cases: Sequence[str], note: str, by: Actor
) -> tuple[HandedCase, ...]:
    """Assign many open cases to ``taker``, each by itself: a refused one is reported and blocks none of the others.

    Who helps with a case goes on helping. taker, giver: assignees (``user:<name>``, ``body:<code>``). cases: ids;
    without any, all open cases of ``giver`` that ``by`` may see. Raises NotAllowed for who may assign nothing, and
    Invalid when ``by`` may give ``taker`` nothing, when neither cases nor a giver within their reach are named, or when
    there are too many cases. Nobody and somebody beyond reach are refused in the same words.
    """
    authorization.require_ever("assign", by)
    if not standing.may_be_given(tx, taker, by):
        raise Invalid(f"{guards.not_to_be_given(taker)}。", field="to", value=taker)
    ids = list(dict.fromkeys(cases)) or _open_cases_of(tx, giver, by)
    if len(ids) > CASES_MAX:
        raise Invalid(f"一次最多移交{CASES_MAX}件；请分几次办理。", field="cases", value=len(ids))
    handed = tuple(_hand_over_one(tx, id, taker, note, by) for id in ids)
    record(tx, Entry("case.hand_over", by.name, taker, {"from": giver, "cases": len(ids)}))
    return handed


def _open_cases_of(reading: Reading, giver: str | None, by: Actor) -> list[str]:
    """Return the ids of the open cases of ``giver`` that ``by`` may see. Raises Invalid for a giver beyond reach."""
    if giver is None:
        raise Invalid("请写明交出人（from）或案件（cases）。", field="from")
    ids = [record.id for record in records.open_of(reading, giver, by.scope)]
    if not ids and not standing.may_be_given(reading, giver, by):
        message = f"没有“{giver[:60]}”这个承办人，或他名下没有您能移交的案件；写成 user:用户名 或 body:代码。"
        raise Invalid(message, field="from", value=giver)
    return ids


def hand_over_case(tx: Transaction, id: str, request: ChangeRequest, *, by: Actor) -> Outcome:
    """Assign one case to another; who helps with it goes on helping, and its limit stays.

    request: ``assign`` or ``reassign`` with ``assignee`` and perhaps ``note``, and what was seen of the case. Raises
    what ``interactive.change`` raises.
    """
    taker = request.fields["assignee"]
    helpers = " ".join(mark for mark in _helpers(records.find_for_writing(tx, id)) if mark != taker)
    asked = replace(request, fields={**request.fields, **({"helpers": helpers} if helpers else {})})
    is_repeated = request.id is not None and change_ids.find(tx, request.id, by)[1] is not None
    outcome = interactive.change(tx, id, asked, by=by)
    if not is_repeated:
        record(tx, Entry("case.hand_over", by.name, str(taker), {"cases": 1, "case": id}))
    return outcome


def swap(tx: Transaction, one: str, other: str, *, id: str | None, by: Actor) -> tuple[Duty, Duty]:
    """Swap the areas of two people now, and return their new duties, ``one``'s first.

    id: of this request, made by the client; a repeated one changes nothing, since a second swap would undo it.
    Raises NotFound, NotAllowed, Conflict (the same place), and Invalid when either holds no duty or several.
    """
    if one == other:
        raise Conflict("请选两个不同的人对调。", user=one)
    places = [_only_duty(tx, account_management.get_managed(tx, name, by)) for name in (one, other)]
    done = (entry.details.get("id") for entry in chain.list_about(tx, one) if entry.event == SWAP)
    if id is not None and id in done:
        return places[0], places[1]
    if places[0].role is not places[1].role:
        raise Invalid("两人的岗位不同，不能对调；请分别调动。", field="with", user=other)
    record(tx, Entry(SWAP, by.name, one, {"with": other, "id": id}))
    first = enrolment.move_user(tx, one, area=places[1].area, by=by.name)
    return first, enrolment.move_user(tx, other, area=places[0].area, by=by.name)


def _hand_over_one(tx: Transaction, id: str, taker: str, note: str, by: Actor) -> HandedCase:
    record = records.find_for_writing(tx, id)
    helpers = " ".join(mark for mark in _helpers(record) if mark != taker)
    fields = {"assignee": taker, "helpers": helpers, "note": note}
    try:
        with tx.savepoint():
            action = "reassign" if record is not None and record.status in AT_REST else "assign"
            request = ChangeRequest(action, {name: value for name, value in fields.items() if value})
            return HandedCase(id, interactive.change(tx, id, request, by=by))
    except Refusal as refusal:  # reported beside the outcomes of the others
        return HandedCase(id, refusal=refusal)


def _helpers(record: Record | None) -> tuple[str, ...]:
    """Return the marks of who helps with a case now."""
    assignments = () if record is None or record.case is None else record.case.assignments
    return tuple(each.mark for each in assignments if each.until is None and not each.lead)


def _is_inside(duty: Duty, places: Sequence[Place]) -> bool:
    return any(place.holds(duty.place.path) for place in places)


def _only_duty(reading: Reading, person: Person) -> Duty:
    held = [duty for duty in people.duties_of(reading, person.name) if duty.holds_at(reading.now)]
    if len(held) != 1:
        raise Invalid(
            f"“{person.name}”现在有{len(held)}个岗位，只有一个岗位的人能对调；请分别调动。",
            field="with",
            user=person.name,
        )
    return held[0]
