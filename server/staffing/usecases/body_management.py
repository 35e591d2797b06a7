"""Manage the organisations that can be given work, as an actor who needs the right to; idempotent."""

from __future__ import annotations

from server.db.transactions import Reading, Transaction
from server.errors import Conflict, NotFound
from server.grid.domain.areas import full_code, path_of
from server.instants import Instant
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.people import Body
from server.people.store import bodies
from server.people.usecases import visibility
from server.staffing.usecases import enrolment


def add(tx: Transaction, code: str, *, name: str, kind: str, area: str, contact: str, by: Actor) -> tuple[Body, bool]:
    """Return the body ``code``, and whether it was added now: the very same body is added once.

    Arguments as for ``enrolment.add_body``. Raises NotFound (area out of reach), NotAllowed, Invalid, Conflict.
    """
    rights.require(by, "configuration", "edit", visibility.get_visible(tx, area, by).path)
    existing = bodies.find(tx, code)
    if existing is not None:
        requested = (name.strip(), kind, full_code(area), contact.strip())
        if requested != (existing.name, existing.kind, existing.area, existing.contact):
            message = f"责任主体代码“{code}”已用于{existing.name}，内容与这次所填不同；请换一个代码，或修改已有的。"
            raise Conflict(message, body=code)
        return existing, False
    return enrolment.add_body(tx, code, name=name, kind=kind, area=area, contact=contact, by=by.name), True


def revise(tx: Transaction, code: str, *, name: str | None, contact: str | None, at: Instant | None, by: Actor) -> Body:
    """Give a body another name or contact from ``at`` (now when None) and return it as it then stands.

    None leaves as it is; what already stands so is not written again. Raises NotFound, NotAllowed, Invalid.
    """
    current = managed(tx, code, by)
    wanted = (current.name if name is None else name.strip(), current.contact if contact is None else contact.strip())
    if wanted == (current.name, current.contact):
        return current
    return enrolment.revise_body(tx, code, name=wanted[0], contact=wanted[1], by=by.name, at=at)


def end(tx: Transaction, code: str, at: Instant | None, *, by: Actor) -> Body:
    """End a body at ``at`` (now when None) and return it as it was. Raises NotFound, NotAllowed, Invalid."""
    current = managed(tx, code, by)
    enrolment.end_body(tx, code, by=by.name, at=at)
    return current


def managed(reading: Reading, code: str, by: Actor) -> Body:
    """Return a body that ``by`` may change, as it stands now. Raises NotFound (also out of sight), NotAllowed."""
    current = bodies.find(reading, code)
    if current is None or not visibility.of(by).covers(path_of(current.area)):
        raise NotFound(f"没有代码为“{code}”的责任主体，或它不在您的管辖范围内；请核对代码。", body=code)
    rights.require(by, "configuration", "edit", path_of(current.area))
    return current
