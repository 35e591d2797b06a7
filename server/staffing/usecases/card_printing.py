"""Make phone cards for many people at once. Making a card makes a key: it is shown this once, and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.audit.domain.entries import Entry
from server.audit.store import chain
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid, NotAllowed, NotFound
from server.grid.domain.areas import Place
from server.grid.store import areas
from server.instants import Instant
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.people.domain.people import Person
from server.people.store import duty_lists, people, public_addresses, unmoved_devices
from server.people.store.duty_lists import Filters
from server.people.usecases import setup_qr
from server.people.usecases.setup_card import SetupCard
from server.staffing.usecases import account_management

CARDS_MAX = 500
"""Of one sheet: more keys would block the writer, and a printer."""


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A card as it is printed. place: town and village; post: role and unit; payload: of the QR code."""

    card: SetupCard
    place: str
    post: str
    payload: str


def cardholders(reading: Reading, place: Place | None, names: Sequence[str], *, by: Actor) -> list[Person]:
    """Return the people of whom ``by`` may make cards: with a duty at ``place``, or of these names, by name.

    Those whom ``by`` may not manage are left out.
    """
    narrowed = duty_lists.condition(Filters(place=place, is_open=True), reading.now)
    scope = account_management.people_scope(by)
    if names:
        found = [each for name in dict.fromkeys(names) if (each := _find(reading, name, by)) is not None]
    elif place is not None:
        found = list(people.list_people(reading, scope, limit=CARDS_MAX + 1, narrowed=narrowed))
    else:
        found = []
    return [person for person in found if person.revoked_at is None and _is_managed(reading, person.name, by)]


def unmoved_cardholders(reading: Reading, *, by: Actor) -> dict[str, Instant | None]:
    """Return the user names of people with a phone that has not come by the public address yet, silent longest first.

    With each comes when its holder was last given a new card that nobody has scanned, None for no such card. They are
    those whom ``by`` may see.
    """
    kept = public_addresses.newest(reading)
    found = unmoved_devices.list_unmoved(reading, account_management.people_scope(by), kept)
    return {each.person: each.card_at for each in found if each.is_phone}


def make(
    tx: Transaction, names: Sequence[str], server_url: str, *, batch: str, replace: bool, by: Actor
) -> tuple[PrintedCard, ...]:
    """Return a card with a new key for each of ``names``.

    server_url: as phones reach it. batch: id of this request, made by the client: sent twice, it is refused, since what
    was made is shown once. replace: earlier keys of theirs are refused from now on. Raises NotFound, NotAllowed,
    Invalid, Conflict.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        raise Invalid("请选要做卡片的人。", field="names")
    if len(wanted) > CARDS_MAX:
        raise Invalid(f"一次最多做{CARDS_MAX}张卡片；请按村或乡镇分几次。", field="names", value=len(wanted))
    if batch and any(entry.event == "phone_cards.make" for entry in chain.list_about(tx, batch)):
        raise Conflict("这批卡片刚才已经做好，只显示那一次；没有打印上的话，请重新做一批。", batch=batch)
    give = account_management.replace_key if replace else account_management.issue_key
    cards = tuple(_printed(tx, name, give(tx, name, server_url, by=by)) for name in wanted)
    record(tx, Entry("phone_cards.make", by.name, batch or by.name, {"cards": len(cards), "replaced": replace}))
    return cards


def _printed(tx: Transaction, name: str, card: SetupCard) -> PrintedCard:
    holder = people.actor(tx, name)
    duty = next(iter(holder.current or holder.duties))
    steps = areas.full_name(tx, duty.area).split(" ")
    settings = setup_qr.settings(card.url, card.username, card.project)
    post = " ".join((roles.label(duty.role, tx.now), *steps[2:]))
    return PrintedCard(card, " ".join(steps[:2]), post, setup_qr.payload(settings))


def _find(reading: Reading, name: str, by: Actor) -> Person | None:
    try:
        return people.get(reading, name, account_management.people_scope(by))
    except NotFound:
        return None


def _is_managed(reading: Reading, name: str, by: Actor) -> bool:
    try:
        account_management.get_managed(reading, name, by)
    except (NotFound, NotAllowed):
        return False
    return True
