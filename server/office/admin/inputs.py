"""What pages of administration share: inputs that were sent, what was wrong with them, acts carried out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    ShortOfMemory,
    TooLarge,
    Unavailable,
    Unreadable,
)
from server.grid.domain.areas import Level, short_name
from server.grid.store import areas
from server.instants import Instant
from server.office import pages, sessions
from server.office.cases import acting
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.web import observability
from server.web.problem_details import set_retry_after, status_of

OURS = (Invalid, Conflict, NotAllowed, IllegalStep, TooLarge, Unreadable)
FOR_ANOTHER_TIME = (Unavailable, Busy, ShortOfMemory)
_NEVER_SHOWN = frozenset({"form_token", "password"})


class Sent(NamedTuple):
    """A form that was sent and not carried out. form: which; values: as typed; faults: by input; said: as a whole."""

    form: str = ""
    values: Mapping[str, str] = {}
    faults: Mapping[str, str] = {}
    said: str = ""

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """Return what was typed into an input of a form; ``otherwise`` where it was not sent."""
        return self.values.get(name, otherwise) if form == self.form else otherwise

    def fault(self, form: str, name: str) -> str:
        """Return what was wrong with an input of a form, empty for nothing."""
        return self.faults.get(name, "") if form == self.form else ""


NOTHING = Sent()

CHARS_MAX = 2_000
"""Characters of one input."""


def admit_uploads(
    blueprint: Blueprint, require: Callable[[Actor], None], bytes_max: int, views: Collection[str] = ()
) -> None:
    """Let forms of a blueprint hold up to ``bytes_max``, from those whom ``require`` lets pass.

    Judged before any of a body is read. require: raises NotAllowed. views: which take uploads; without any, all.
    """

    @blueprint.before_request
    def admit() -> None:
        if request.method == "POST" and (not views or (request.endpoint or "").rpartition(".")[2] in views):
            require(sessions.caller())
            request.max_content_length = bytes_max


def typed() -> dict[str, str]:
    """Return what a form of ours says, each input once; its own token is not of it, nor what no page shows again."""
    return {name: value.strip() for name, value in request.form.items() if name not in _NEVER_SHOWN}


def require_short(fields: Mapping[str, str]) -> None:
    """Do nothing for inputs of a length that pages offer. Raises Invalid, which names each one that is longer."""
    errors = [
        {"field": name, "message": f"有{len(value)}个字符，最多{CHARS_MAX}个；请删短后再提交。"}
        for name, value in fields.items()
        if len(value) > CHARS_MAX
    ]
    if errors:
        raise Invalid("填写内容有误，请按提示改正；写的内容都还在。", errors=errors)


def carry_out(form: str, act: Callable[[], str], page: Callable[[Sent, int], Response]) -> Response:
    """Carry out an act and lead on to the address that it returns; refused, show ``page`` again with what was typed.

    Raises NotFound for what is out of sight, unless it was typed into an input, which is to be corrected there.
    """
    try:
        require_short(typed())
        return pages.see_other(act())
    except NotFound as refusal:
        sent = typed()
        mistyped = [name for name, value in sent.items() if value and refusal.data.get(name) == value]
        if not mistyped:
            raise
        return page(Sent(form, sent, dict.fromkeys(mistyped, refusal.message), refusal.message), 422)
    except OURS as refusal:
        return page(refused(form, refusal), status_of(refusal))
    except FOR_ANOTHER_TIME as refusal:
        observability.log_failure(refusal)
        answer = page(refused(form, refusal), status_of(refusal))
        set_retry_after(refusal, answer)
        return answer


def refused(form: str, refusal: Refusal) -> Sent:
    """Return a form that was refused, with what is wrong with each input, to be shown again."""
    faults = acting.faults_of(refusal)
    if "field" in refusal.data:
        faults.setdefault(str(refusal.data["field"]), refusal.message)
    return Sent(form, typed(), faults, refusal.message)


def with_query(path: str, **values: str) -> str:
    """Return an address with what of ``values`` is not empty."""
    said = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(said)}" if said else path


def named_areas(reading: Reading, by: Actor) -> list[str]:
    """Return what the towns and villages of somebody are called, for an input that proposes them."""
    covered = [area for area in areas.list_covered(reading, visibility.of(by)) if area.in_force(reading.now)]
    towns = {area.code: short_name(area.name) for area in covered if area.level is Level.TOWN}
    villages = [
        f"{towns[area.parent]} {short_name(area.name)}" if area.parent in towns else short_name(area.name)
        for area in covered
        if area.level is Level.VILLAGE
    ]
    return [*towns.values(), *villages]


def day_or_none(instant: Instant, now: Instant, *, open_end: Instant) -> str:
    """Return an instant as people read it, empty for one that is open."""
    return "" if instant == open_end else pages.moment(instant, now)
