"""Who a form is tried out with: people with phones to choose from, and others as an administrator types them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.store import areas
from server.office.admin import people_rows
from server.people.domain import roles
from server.people.domain.actors import Actor, Role
from server.people.domain.people import Person
from server.people.store import accounts, devices, display_names, duty_lists, people
from server.people.store.duty_lists import Filters
from server.staffing.usecases.account_management import people_scope

OFFERED = 24
"""People whose phones were in contact last: those who would get the draft at once."""

_NAMESAKES = 10


def offered(reading: Reading, by: Actor, chosen: Iterable[str], language: str) -> list[dict[str, Any]]:
    """Return people to choose from, whose phones were in contact last first, with those already chosen."""
    known = {each.role: people_rows.role_name(each, language) for each in roles.list_roles(reading.now)}
    seen = [each for each in devices.list_devices(reading, people_scope(by)) if each.is_phone and each.last_seen_at]
    latest = sorted(seen, key=lambda each: each.last_seen_at or "", reverse=True)
    first = {each.person: each for each in reversed(latest)}
    wanted = set(chosen)
    shown = [*dict.fromkeys(each.person for each in latest)][:OFFERED]
    shown += [name for name in first if name in wanted and name not in shown]
    places = areas.full_names(reading, (first[name].area for name in shown))
    return [
        {
            "name": name,
            "display": first[name].display,
            "role": known.get(Role(first[name].role), first[name].role),
            "area": places.get(first[name].area, ""),
            "is_chosen": name in wanted,
        }
        for name in shown
    ]


def named(reading: Reading, typed: str, by: Actor) -> tuple[str, ...]:
    """Return the user names of people whom somebody typed by user name or by full name, parted by blanks or commas.

    What is neither stays as it is, for the use case to refuse. Raises Invalid for a name that several people have.
    """
    return tuple(_user_name(reading, each, by) for each in re.split(r"[\s,，、;；]+", typed) if each)


def labelled(reading: Reading, names: Iterable[str]) -> list[str]:
    """Return people as a page names them: full name and user name."""
    found = display_names.of_people(reading, names)
    return [name if display == name else f"{display}（{name}）" for name, display in sorted(found.items())]


def _user_name(reading: Reading, typed: str, by: Actor) -> str:
    if accounts.find_ignoring_case(reading, typed) is not None:
        return typed
    called = [each for each in _namesakes(reading, typed, by) if each.display == typed]
    if len(called) > 1:
        names = "、".join(each.name for each in called)
        raise Invalid(f"有{len(called)}个“{typed}”：{names}；请填其中一个的用户名。", field="testers", value=typed)
    return called[0].name if called else typed


def _namesakes(reading: Reading, typed: str, by: Actor) -> list[Person]:
    narrowed = duty_lists.condition(Filters(q=typed[:100], is_open=True), reading.now)
    return list(people.list_people(reading, people_scope(by), limit=_NAMESAKES, narrowed=narrowed))
