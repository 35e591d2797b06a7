"""What codes, roles and handlers are called in the reader's language, where lists are made in Chinese for phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server import dated
from server.db.transactions import Reading
from server.forms.store import codes
from server.grid.domain.areas import UNKNOWN_AREA
from server.office import layout, pages
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.phones.usecases import handler_list


def in_english(reading: Reading, listed: str) -> dict[str, str]:
    """Return by its Chinese label what each code of a list is called, for who reads English; nothing in Chinese."""
    if layout.language() != pages.ENGLISH:
        return {}
    return {row.label: row.label_en or row.label for rows in codes.of_list(reading, listed).values() for row in rows}


def of_rows(reading: Reading, listed: str, rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows of a list beside a form, as phones are given them, with English labels for who reads English."""
    if layout.language() != pages.ENGLISH:
        return [dict(row) for row in rows]
    if listed == "areas":
        names = {UNKNOWN_AREA[0]: pages.say(pages.ENGLISH, UNKNOWN_AREA[1])}
    elif listed == handler_list.LIST:
        names = {row["name"]: _handler(reading, row["label"], row["kind"]) for row in rows}
    else:
        names = {code: dated_rows[-1].label_en for code, dated_rows in codes.of_list(reading, listed).items()}
    return [{**row, "label_en": row.get("label_en") or names.get(row.get("name", ""), "")} for row in rows]


def handlers(reading: Reading, by: Actor) -> dict[str, str]:
    """Return those to whom ``by`` may assign now, by mark, each with role or kind in the reader's language."""
    return {
        each.name: _handler(reading, each.label, each.kind).replace("｜", " · ")
        for each in handler_list.rows(reading, by)
    }


def _handler(reading: Reading, label: str, kind: str) -> str:
    """Return the label of a handler with what its role or kind of body is called in the reader's language."""
    if layout.language() != pages.ENGLISH:
        return label
    name, _, rest = label.partition("｜")
    _, _, place = rest.partition("｜")
    words = {row["code"]: row["label_en"] for row in dated.rows_at("body_kinds", reading.now)}
    words |= {each.role.value: each.label_en for each in roles.list_roles(reading.now)}
    word = words.get(kind) or kind
    return "｜".join((name, word, place))
