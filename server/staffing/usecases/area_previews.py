"""Show what a change of the grid would touch before anybody decides: cases, records, duties, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.db.transactions import Reading
from server.errors import Invalid, NotAllowed, NotFound
from server.forms.domain.record_types import Kind
from server.grid.domain.areas import Area, Level, short_name
from server.grid.store import areas
from server.instants import FOREVER, Instant, local_day
from server.people.domain.actors import Actor, Role
from server.people.store import bodies, duty_lists
from server.people.store.duty_lists import Held
from server.people.usecases import visibility
from server.records.store import area_counts
from server.records.store.area_counts import TypeCount
from server.staffing.usecases import area_changes


@dataclass(frozen=True, slots=True)
class AreaPreview:
    """What a change would touch; nothing has changed yet.

    into: the area that takes this one in, None for none. at: from when. open_cases, past_cases: in the area and below.
    ledgers: other records by type. duties: that end or follow. units: that end, with the names of those that follow
    (empty for none). takes_old_code: whether what phones still send under the code is taken. warnings: sentences on
    what to look at. faults: why it cannot be made so, as ``field`` and ``message``.
    """

    area: Area
    into: Area | None
    at: Instant | None
    open_cases: int
    past_cases: int
    ledgers: tuple[TypeCount, ...]
    duties: tuple[Held, ...]
    units: Mapping[str, str]
    takes_old_code: bool
    warnings: tuple[str, ...]
    faults: tuple[dict[str, str], ...]


def of_merger(reading: Reading, code: str, into: str, day: str, *, by: Actor) -> AreaPreview:
    """Return what merging an area into another from ``day`` on would touch. Raises NotFound, NotAllowed."""
    area = area_changes.managed(reading, code, by)
    try:
        found = area_changes.merger(reading, code, into, day, by=by)
    except (Invalid, NotFound, NotAllowed) as refusal:
        return _preview(reading, area, None, None, {}, (_as_fault(refusal),), by)
    faults = area_changes.faults(reading, found.rows)
    return _preview(reading, area, found.into, found.at, found.units, faults, by)


def of_closing(reading: Reading, code: str, day: str, *, by: Actor) -> AreaPreview:
    """Return what closing an area from ``day`` on would touch. Raises NotFound, NotAllowed."""
    area = area_changes.managed(reading, code, by)
    faults = area_changes.faults(reading, area_changes.closing_rows(area, day))
    at = None if faults else area_changes.beginning(day)
    return _preview(reading, area, None, at, {}, faults, by)


def of_renaming(reading: Reading, code: str, *, by: Actor) -> AreaPreview:
    """Return what lies in an area that would be called otherwise. Raises NotFound, NotAllowed."""
    return _preview(reading, area_changes.managed(reading, code, by), None, None, {}, (), by)


def holders(reading: Reading, area: Area, *, by: Actor) -> tuple[Held, ...]:
    """Return the duties in force or to come at an area itself, not below."""
    held = duty_lists.duties_inside(reading, visibility.of(by), area.place, reading.now)
    return tuple(each for each in held if each.duty.area == area.code)


def _preview(
    reading: Reading,
    area: Area,
    into: Area | None,
    at: Instant | None,
    units: Mapping[str, str],
    faults: tuple[dict[str, str], ...],
    by: Actor,
) -> AreaPreview:
    scope = visibility.of(by)
    counts = area_counts.by_type(reading, scope, area.place)
    cases = [each for each in counts if each.kind == Kind.CASE]
    open_cases = sum(each.open for each in cases)
    held = duty_lists.duties_inside(reading, scope, area.place, at or reading.now)
    names = areas.names(reading, units)
    return AreaPreview(
        area,
        into,
        at,
        open_cases,
        sum(each.total for each in cases) - open_cases,
        tuple(each for each in counts if each.kind != Kind.CASE),
        held,
        {old: f"{short_name(area.name)}{names[old]}" for old in units},
        into is not None,
        () if at is None else tuple(_warnings(reading, area, into, at, held, open_cases, by)),
        faults,
    )


def _warnings(
    reading: Reading,
    area: Area,
    into: Area | None,
    at: Instant,
    held: tuple[Held, ...],
    open_cases: int,
    by: Actor,
) -> list[str]:
    found = []
    if into is None:
        if held:
            found.append(f"{local_day(at)} 起这 {len(held)} 个岗位结束；他们手上的案件退回待派遣。")
        if open_cases:
            found.append(f"还有 {open_cases} 件案件没办完；没有接收的网格，请先办结，或改用合并。")
    elif into.level is Level.VILLAGE:
        there = duty_lists.duties_inside(reading, visibility.of(by), into.place, at)
        officers = {each.name for each in (*held, *there) if each.duty.role is Role.VILLAGE_OFFICER}
        if len(officers) != 1:
            words = f"{len(officers)} 名村干部" if officers else "没有村干部"
            cure = "生效前请在“人员”里定谁任职，否则几人都能受理。" if officers else "空岗期间由乡镇代办受理和派遣。"
            found.append(f"合并后{short_name(into.name)}有 {words}。{cure}" if officers else f"合并后{words}。{cure}")
    inside = [body for body in bodies.list_bodies(reading, by.scope, limit=10_000) if _is_in(body.area, area)]
    if inside:
        found.append(f"{'、'.join(body.name for body in inside[:5])} 登记在这里；请在“责任主体”里另行登记。")
    if area.valid_to != FOREVER:
        found.append(f"这个网格原定到 {local_day(area.valid_to)} 为止；这次会改掉。")
    return found


def _is_in(code: str, area: Area) -> bool:
    return code == area.code or (code.startswith(area.code) and area.level is Level.VILLAGE)


def _as_fault(refusal: Invalid | NotFound | NotAllowed) -> dict[str, str]:
    return {"field": str(refusal.data.get("field", "into")), "message": refusal.message}
