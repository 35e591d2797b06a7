"""Phone cards (手机卡片): choose people, be told what making cards does, and print them this once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, request

from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.areas import Area, Level, short_name
from server.grid.store import areas
from server.office import layout, pages
from server.office.admin import inputs, people_rows, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.domain.people import Person
from server.people.usecases import setup_card, setup_qr, visibility
from server.staffing.usecases import card_printing, roster_import
from server.staffing.usecases.card_printing import CARDS_MAX, PrintedCard
from server.web import context, repeatable
from server.web.problem_details import status_of

blueprint = layout.create_blueprint("office-admin-cards", __name__)

KEY, ADDRESS = "cards", "/office/admin/cards"
OF_A_SHEET = 8
"""Cards of a page of A4: two beside each other, four below."""


@blueprint.get(ADDRESS)
@signed_in
def choose() -> Response:
    """Show the people of an area, of a roster, or those named, to be chosen for cards."""
    tabs.require(KEY)
    return _page()


@blueprint.post(ADDRESS)
@signed_in
def make() -> Response:
    """Make cards, and show them for print: in this answer alone, since it holds the keys."""
    tabs.require(KEY)
    names, by, url = request.form.getlist("names"), context.caller(), context.card_url()
    if setup_card.warning(url) is not None:
        return _page(Sent("cards", {}, {}, "现在的地址只有本机能用，先设好对外地址。"), 409)
    batch, is_lost = request.form.get("batch", "")[:64], request.form.get("old") == "end"
    try:
        made = context.write(lambda tx: card_printing.make(tx, names, url, batch=batch, replace=is_lost, by=by))
    except (*inputs.OURS, NotFound) as refusal:  # somebody who was chosen may have gone since the page was opened
        return _page(inputs.refused("cards", refusal), status_of(refusal))
    with context.database().reading() as reading:
        values = {"sheets": _sheets(made), "count": len(made), "county": _county(reading), "back": ADDRESS}
        return pages.respond("admin/card_sheet.html", layout.language(), {**layout.bare_in(reading), **values})


def _page(sent: Sent = NOTHING, status: int = 200) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        area, names, told = _asked(reading, by)
        unmoved = card_printing.unmoved_cardholders(reading, by=by)
        is_of_move = request.values.get("moved") == "no"
        listed = list(unmoved) if is_of_move and not request.form else names
        found = card_printing.cardholders(reading, None if area is None else area.place, listed, by=by)
        chosen = {person.name for person in found if not (is_of_move and unmoved.get(person.name))}
        if sent.form:
            chosen = set(request.form.getlist("names"))
        warning = setup_card.warning(context.card_url())
        values = {
            "choices": _choices(reading, by, area),
            "area": "" if area is None else area.code,
            "rows": _rows(reading, found[:CARDS_MAX], by),
            "chosen": chosen,
            "is_asked": area is not None or bool(names) or told or is_of_move,
            "unmoved": len(unmoved),
            "is_of_move": is_of_move,
            "with_card": sum(person.name not in chosen for person in found) if is_of_move else 0,
            "more": len(found) > CARDS_MAX,
            "most": CARDS_MAX,
            "sent": sent,
            "warning": warning or "",
            "server_url": context.card_url(),
            "batch": repeatable.sent_once_more("batch") or str(uuid4()),
            "is_lost": request.form.get("old") == "end",
        }
        return tabs.show(reading, "admin/cards.html", KEY, values, status)


def _asked(reading: Reading, by: Actor) -> tuple[Area | None, list[str], bool]:
    """Return the area and the names that the address says, and whether it says a roster; what is none is ignored."""
    said = request.values
    names = [name for name in said.get("names", "").replace(",", " ").split() if name] if not request.form else []
    names = request.form.getlist("names") if request.form else [*names, *_several(names)]
    if token := said.get("roster", "")[:64]:
        try:
            done = roster_import.get(reading, token, by=by).done or {}
        except NotFound:
            done = {}
        return None, [*done.get("new", []), *names], True
    if code := said.get("area", ""):
        try:
            return visibility.get_visible(reading, code, by), names, False
        except NotFound:
            return None, names, True
    return None, names, False


def _several(names: list[str]) -> list[str]:
    return [each for each in request.args.getlist("names")[1:] if each not in names]


def _rows(reading: Reading, found: list[Person], by: Actor) -> list[dict[str, Any]]:
    return people_rows.listed(reading, found, by, layout.language())


def _choices(reading: Reading, by: Actor, area: Area | None) -> list[tuple[str, str]]:
    """Return the towns and villages to choose from; of a county all towns, and the villages of the one chosen."""
    covered = [each for each in areas.list_covered(reading, visibility.of(by)) if each.in_force(reading.now)]
    towns = [each for each in covered if each.level is Level.TOWN]
    opened = "/".join(area.path.split("/")[:2]) if area is not None else ""
    shown: list[tuple[str, str]] = []
    for town in towns:
        shown.append((town.code, short_name(town.name)))
        if len(towns) == 1 or town.path == opened:
            inside = (each for each in covered if each.level is Level.VILLAGE and town.place.holds(each.path))
            shown += [(each.code, f"　{short_name(each.name)}") for each in inside]
    return shown


def _sheets(made: tuple[PrintedCard, ...]) -> list[list[dict[str, str]]]:
    shown = [
        {
            "qr": setup_qr.inline(each.payload),
            "place": each.place,
            "display": each.card.display,
            "post": each.post,
            "project": each.card.project,
            "number": each.card.username,
        }
        for each in made
    ]
    return [shown[start : start + OF_A_SHEET] for start in range(0, len(shown), OF_A_SHEET)]


def _county(reading: Reading) -> str:
    return next((area.name for area in areas.whole_grid(reading).values() if area.level is Level.COUNTY), "")
