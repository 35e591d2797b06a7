"""What a paper about a case says: the case without anybody's name or number, and the act that it speaks of.

A paper leaves the house and lies about. So it says no more of persons than a text for a group chat does, whoever prints
it: personal fields are left out or masked, and who reported a hazard or told of it is not on it at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from server import instants
from server.cases.domain import papers
from server.cases.domain.papers import Paper
from server.db.transactions import Reading
from server.errors import IllegalStep, NotAllowed, NotFound
from server.forms.store import codes, forms
from server.grid.store import areas
from server.instants import Instant
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.records.domain import disclosure
from server.records.domain.records import Record, Revision
from server.records.store import revisions

CATEGORIES, ITEMS = "hazard_categories", "hazard_items"
SPEAKS_OF: Mapping[str, tuple[str, ...]] = {
    "assignment": ("assign", "reassign", "reopen", "rework"),
    "supervision": ("supervise",),
    "transfer": ("transfer",),
}
"""The acts that a paper speaks of: the last of them on the case is the one."""


class PaperText(NamedTuple):
    """What is printed. Texts are Chinese as they stand in the case, days are ``2026-11-30``, empty for what is not
    known.

    number: of the case. place, area, category, hazard, description: what and where it is. found_on: day on which it was
    discovered. due_on: last day of its limit. to: whom the paper is for; document: number that its author gave it;
    level: of supervision; said: what went with the act. acted_on: day of the act that the paper speaks of. issuer: role
    and area of who prints it; issued_on: the day of the print.
    """

    paper: Paper
    number: str
    place: str
    area: str
    category: str
    hazard: str
    description: str
    found_on: str
    due_on: str
    to: str
    document: str
    level: int
    said: str
    acted_on: str
    issuer: str
    issued_on: str


def of_case(reading: Reading, record: Record, key: str, *, by: Actor) -> PaperText:
    """Return a paper about a case in the scope of ``by``.

    Raises NotFound for a kind that does not exist, NotAllowed for who may not issue it, and IllegalStep where it does
    not fit how the case stands.
    """
    paper = next((each for each in papers.papers_at(by.at) if each.key == key), None)
    if paper is None:
        raise NotFound(f"没有“{key}”这种单据。", paper=key)
    if not papers.fits(paper, record):
        raise IllegalStep(f"案件现在的状态不出“{paper.title}”；请回案件页看能出哪些单据。", status=record.status)
    if paper not in papers.issued_by(by, record):
        raise NotAllowed(f"您的岗位不能出“{paper.title}”；请联系乡镇（街道）消防工作站或消防救援大队。", paper=key)
    return _text(reading, record, paper, by)


def _text(reading: Reading, record: Record, paper: Paper, by: Actor) -> PaperText:
    type, fields, case = forms.catalogue(reading).types[record.type], record.fields, record.case
    names = disclosure.names_in(type, fields)
    act = _last(reading, record, paper)
    sent = {} if act is None else {name: write.new for name, write in act.received.items()}
    place, _, rest = record.label.partition("｜")
    due_at = None if case is None else case.facts.handle_due_at
    issuer = by.current[0]

    def masked(text: str) -> str:
        return disclosure.masked_text(text, names)

    return PaperText(
        paper=paper,
        number=record.case_no or "",
        place=masked(fields.get("place", "") or place),
        area=areas.full_name(reading, record.area),
        category=_code(reading, CATEGORIES, fields.get("category", "")),
        hazard=masked(_code(reading, ITEMS, fields.get("item", "")) or rest),
        description=masked(fields.get("description", "")),
        found_on=_found_on(fields.get("discovered_at", ""), record.created_at),
        due_on="" if due_at is None else instants.last_day(due_at),
        to=_to(reading, record, sent),
        document=masked(sent.get("document", "")),
        level=0 if case is None else case.supervised,
        said=masked(sent.get("note", "")),
        acted_on="" if act is None else instants.local_day(act.received_at),
        issuer=f"{areas.full_name(reading, issuer.area)} {roles.label(issuer.role, reading.now)}",
        issued_on=instants.local_day(reading.now),
    )


def _last(reading: Reading, record: Record, paper: Paper) -> Revision | None:
    """Return the last revision by which one of the acts that a paper speaks of was carried out; None for none."""
    acts = SPEAKS_OF.get(paper.key, ())
    found = (each for each in revisions.list_of(reading, record.id) if each.action in acts and each.diff)
    return max(found, key=lambda each: each.version, default=None)


def _to(reading: Reading, record: Record, sent: Mapping[str, str]) -> str:
    """Return whom a paper is for: the body that a case was handed over to, else who has it; of a person the role."""
    if body := sent.get("body", ""):
        mark = f"body:{body}"
        return display_names.of_assignees(reading, [mark])[mark]
    kind, _, name = (record.assignee or "").partition(":")
    if kind == "body":
        return display_names.of_assignees(reading, [f"body:{name}"])[f"body:{name}"]
    role = display_names.roles_at(reading, [name], reading.now).get(name) if name else None
    return "" if role is None else f"{areas.full_name(reading, record.area)} {roles.label(role, reading.now)}"


def _code(reading: Reading, listed: str, code: str) -> str:
    entry = codes.current(reading, listed, code) if code else None
    return code if entry is None else entry.label


def _found_on(written: str, received_at: Instant) -> str:
    """Return the Beijing day of a discovery, as the phone says it; that of receipt where it says none."""
    try:
        return instants.local_day(instants.text(instants.parse(written)))
    except ValueError:
        return instants.local_day(received_at)
