"""People (人员): who holds which duty where, with which phones; which villages lack an officer; adding somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Response, request

from server import table_files
from server.db.transactions import Reading
from server.errors import NotFound
from server.grid.domain.areas import Area, short_name
from server.grid.store import areas
from server.grid.usecases import searching
from server.instants import BEGINNING, FOREVER
from server.office import layout
from server.office.admin import inputs, people_rows, tabs
from server.office.admin.inputs import NOTHING, Sent
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.store import duty_lists, people
from server.people.store.duty_lists import Filters
from server.people.usecases import visibility
from server.staffing.domain.staff_rights import fillable
from server.staffing.usecases import account_management, area_changes, vacancies
from server.staffing.usecases.account_management import DutyRequest
from server.web import context, downloads, record_exports

blueprint = layout.create_blueprint("office-admin-people", __name__)

KEY, ADDRESS = "people", "/office/admin/people"
ROWS = 50
DONE = {"added": "已加上；发一张手机卡片，他就能用。", "revoked": "账号已停用：岗位结束，手机和登录立即失效。"}
PHONES = {"yes": "有手机卡片", "no": "没有发卡"}
NAMES = ("q", "area", "role", "phones", "cursor", "add", "done")


class Asked(NamedTuple):
    """What an address asks of the list. ignored: what of it nobody knows."""

    q: str
    area: Area | None
    role: str
    phones: str
    after: str
    ignored: tuple[str, ...]

    def address(self, **other: str) -> str:
        """Return the address of the same list but for ``other``."""
        area = "" if self.area is None else self.area.code
        said = {"q": self.q, "area": area, "role": self.role, "phones": self.phones, **other}
        return inputs.with_query(ADDRESS, **said)

    @property
    def filters(self) -> Filters:
        has_phone = {"yes": True, "no": False}.get(self.phones)
        place = None if self.area is None else self.area.place
        return Filters(self.q, place, self.role, has_phone, is_open=True)


@blueprint.get(ADDRESS)
@signed_in
def list_people() -> Response:
    """Show the people whom the caller sees, by filters, and the vacancies beside them."""
    tabs.require(KEY)
    return _page()


@blueprint.post(ADDRESS)
@signed_in
def add() -> Response:
    """Add somebody with a first duty; sent twice, they are added once."""
    tabs.require(KEY)
    return inputs.carry_out("add", _add, _page)


@blueprint.get(f"{ADDRESS}/vacancies.csv")
@signed_in
def export_vacancies() -> Response:
    """Give the villages without an officer as a file. Raises NotAllowed (the right to export)."""
    tabs.require(KEY)
    by = context.caller()
    scope = record_exports.scope_of(by)
    with context.database().reading() as reading:
        found = [each for each in vacancies.by_town(reading, by) if scope.covers(each.town.path)]
    export = record_exports.begin("people.export", "vacancies", {"format": "csv"})
    export.rows = sum(len(town.vacant) for town in found)
    with export.ending_where_it_fails():
        content = vacancies.as_csv(found)
    return downloads.exported(export, [content], table_files.CSV_TYPE, "vacancies.csv")


def _add() -> str:
    sent, by = inputs.typed(), context.caller()
    with context.database().reading() as reading:
        area = searching.get(reading, sent.get("area", ""), visibility.of(by))
    starts, ends = sent.get("from", ""), sent.get("to", "")
    wanted = DutyRequest(
        sent.get("role", ""),
        area.code,
        sent.get("body") or None,
        area_changes.beginning(starts) if starts else BEGINNING,
        area_changes.beginning(ends, "to") if ends else FOREVER,
    )
    name, display, password = sent.get("name", ""), sent.get("display", ""), request.form.get("password") or None
    person, _ = context.carry_out(
        lambda database: account_management.add(database, name, wanted, display=display, password=password, by=by)
    )
    return f"{ADDRESS}/{quote(person.name, safe='')}?done=added"


def _page(sent: Sent = NOTHING, status: int = 200) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        asked = _asked(reading, request.args, by)
        scope = account_management.people_scope(by)
        condition = duty_lists.condition(asked.filters, reading.now)
        found = list(people.list_people(reading, scope, asked.after, ROWS + 1, condition))
        values = {
            "asked": asked,
            "rows": people_rows.listed(reading, found[:ROWS], by, layout.language()),
            "next": asked.address(cursor=found[ROWS - 1].name) if len(found) > ROWS else "",
            "towns": _towns(reading, by),
            "roles": [(each.role.value, people_rows.role_name(each, layout.language())) for each in fillable(by)],
            "phones": PHONES,
            "vacancies": _vacancies(reading, by),
            "is_adding": sent.form == "add" or request.args.get("add") == "1",
            "sent": sent,
            "named": inputs.named_areas(reading, by),
            "done": DONE.get(request.args.get("done", ""), ""),
        }
        return tabs.show(reading, "admin/people.html", KEY, values, status)


def _asked(reading: Reading, said: Mapping[str, str], by: Actor) -> Asked:
    ignored = [name for name in said if name not in NAMES]
    area = None
    if code := said.get("area", ""):
        try:
            area = visibility.get_visible(reading, code, by)
        except NotFound:
            ignored.append(code)
    role, phones = said.get("role", ""), said.get("phones", "")
    if role and role not in {each.role.value for each in fillable(by)}:
        ignored.append(role)
        role = ""
    if phones and phones not in PHONES:
        ignored.append(phones)
        phones = ""
    cursor = said.get("cursor", "")[:64]
    return Asked(said.get("q", "").strip()[:100], area, role, phones, cursor, tuple(each[:50] for each in ignored))


def _towns(reading: Reading, by: Actor) -> list[tuple[str, str]]:
    found = vacancies.by_town(reading, by)
    if len(found) == 1:
        below = areas.list_children(reading, found[0].town.code, visibility.of(by))
        return [(area.code, short_name(area.name)) for area in below if area.in_force(reading.now)]
    return [(each.town.code, short_name(each.town.name)) for each in found]


def _vacancies(reading: Reading, by: Actor) -> dict[str, Any]:
    found = vacancies.by_town(reading, by)
    villages, vacant = sum(each.villages for each in found), sum(len(each.vacant) for each in found)
    return {
        "villages": villages,
        "vacant": vacant,
        "filled": villages - vacant,
        "towns": [
            {
                "name": short_name(each.town.name),
                "villages": each.villages,
                "vacant": len(each.vacant),
                "width": _tenth(each.filled, each.villages),
                "names": [short_name(area.name) for area in each.vacant],
            }
            for each in found
        ],
    }


def _tenth(part: int, whole: int) -> int:
    """Return a share in tens of a hundred, for the class of a bar; what is there at all shows."""
    if not part or not whole:
        return 0
    return max(5, round(10 * part / whole) * 10)
