"""Stores the areas of the grid with their dates and successors.

An area is never deleted. What an area was called before is in the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from server.db.sql import Parameters, Row, inserting
from server.db.transactions import Reading, Transaction
from server.errors import NotFound
from server.grid.domain.areas import Area, Level, Place, Succession, code_of, full_code, path_of, short_name
from server.grid.domain.scope import Scope
from server.instants import Instant

_COLUMNS = ("code", "name", "level", "parent", "valid_from", "valid_to", "successor")
_SELECT = "SELECT code, name, level, parent, valid_from, valid_to, successor FROM area"
_ADD = inserting("area", ("path", *_COLUMNS))
_PER_QUERY = 500


def get(reading: Reading, code: str) -> Area:
    """Return the area of a code, which may be written short. Raises NotFound, and Invalid when it is no code."""
    area = find(reading, full_code(code))
    if area is None:
        raise NotFound(f"没有代码为 {code} 的网格；请核对代码。", area=code)
    return area


def find(reading: Reading, code: str) -> Area | None:
    """Return the area of a full code, to any caller: which areas there are is no secret. None when there is none."""
    row = reading.sql.find(f"{_SELECT} WHERE code = :code", {"code": code})
    return None if row is None else _area(row)


def whole_grid(reading: Reading) -> dict[str, Area]:
    """Return every area by code, ended ones too, parents first: for work on the grid itself, never for an answer."""
    return {row["code"]: _area(row) for row in reading.sql.each(f"{_SELECT} ORDER BY path")}


def list_children(reading: Reading, parent: str | None, scope: Scope) -> Iterator[Area]:
    """Yield the areas directly below ``parent`` (full code; None lists the county), ended ones too, by code.

    Only what ``scope`` covers, and the areas above it: a worker finds the way from the county to their unit.
    """
    inside, parameters = _inside(scope)
    ancestors, more = _among("path", "ancestor", _ancestors_of(scope))
    above = "parent IS NULL" if parent is None else "parent = :parent"
    wanted = {} if parent is None else {"parent": parent}
    sql = f"{_SELECT} WHERE {above} AND ({inside} OR {ancestors}) ORDER BY code"
    return map(_area, reading.sql.each(sql, {**wanted, **parameters, **more}))


def list_inside(reading: Reading, place: Place, scope: Scope) -> Iterator[Area]:
    """Yield the area at ``place`` and all below it that ``scope`` covers, ended ones too, parents first."""
    inside, parameters = _inside(scope)
    low, high = place.bounds()
    sql = f"{_SELECT} WHERE path >= :low AND path < :high AND ({inside}) ORDER BY path"
    return map(_area, reading.sql.each(sql, {"low": low, "high": high, **parameters}))


def list_covered(reading: Reading, scope: Scope) -> Iterator[Area]:
    """Yield every area that ``scope`` covers, ended ones too, by path."""
    inside, values = _inside(scope)
    return (_area(row) for row in reading.sql.each(f"{_SELECT} WHERE {inside} ORDER BY path", values))


def list_units(reading: Reading, scope: Scope) -> Iterator[Area]:
    """Yield the units in force now that ``scope`` covers, by path: what a phone may pick as a place of work."""
    inside, parameters = _inside(scope)
    sql = f"{_SELECT} WHERE level = :level AND valid_from <= :now AND valid_to > :now AND ({inside}) ORDER BY path"
    return map(_area, reading.sql.each(sql, {"level": Level.UNIT, "now": reading.now, **parameters}))


def names(reading: Reading, codes: Iterable[str]) -> dict[str, str]:
    """Return the present official name of each full code that exists."""
    found: dict[str, str] = {}
    wanted = sorted(set(codes))
    for start in range(0, len(wanted), _PER_QUERY):
        condition, parameters = _among("code", "code", wanted[start : start + _PER_QUERY])
        rows = reading.sql.each(f"SELECT code, name FROM area WHERE {condition}", parameters)
        found.update((row["code"], row["name"]) for row in rows)
    return found


def full_names(reading: Reading, codes: Iterable[str]) -> dict[str, str]:
    """Return what phones show for each full code that exists: 白石山镇 荆山口村 第1单元.

    The county goes without saying. Remembered.
    """
    return reading.cached_each("full names", codes, _full_names)


def _full_names(reading: Reading, codes: Iterable[str]) -> dict[str, str]:
    paths = {code: _path_codes(code) for code in codes}
    known = names(reading, (step for path in paths.values() for step in path))
    return {
        code: " ".join(short_name(known[step]) for step in path if step in known)
        for code, path in paths.items()
        if code in known
    }


def full_name(reading: Reading, code: str) -> str:
    """Return what phones show for one full code. Raises NotFound."""
    return full_names(reading, [get(reading, code).code])[full_code(code)]


def village_name(reading: Reading, path: str) -> str:
    """Return the short name of the village that holds ``path``; empty for what lies above villages. Remembered."""
    steps = path.split("/")
    if len(steps) < _VILLAGE_STEPS:
        return ""
    village = code_of("/".join(steps[:_VILLAGE_STEPS]))
    return reading.cached(("village name", village), lambda fresh: short_name(names(fresh, [village]).get(village, "")))


_VILLAGE_STEPS = 3
"""Steps in the path of a village: county, town, village."""


def successions(reading: Reading) -> tuple[Succession, ...]:
    """Return every area that was or will be merged into another; cached, and mostly none."""
    return reading.cached("successions", _successions)


def _successions(reading: Reading) -> tuple[Succession, ...]:
    rows = reading.sql.each(
        """
        SELECT area.path, target.path AS successor, area.valid_to AS since
          FROM area JOIN area AS target ON target.code = area.successor
         ORDER BY area.valid_to, area.path
        """
    )
    return tuple(Succession(**row) for row in rows)


def add(tx: Transaction, areas: Iterable[Area]) -> None:
    """Append areas, parents first; a code that exists is an integrity error, since callers have looked."""
    tx.sql.run_each(_ADD, ({"path": area.path, **asdict(area)} for area in areas))


def rename(tx: Transaction, code: str, name: str) -> None:
    """Give an area another official name; the caller keeps the old one in the audit."""
    tx.sql.put("UPDATE area SET name = :name WHERE code = :code", {"code": code, "name": name})


def end(tx: Transaction, code: str, at: Instant, successor: str | None) -> None:
    """End an area at ``at`` (half open), with its successor. What lies below is the caller's to end."""
    tx.sql.put(
        "UPDATE area SET valid_to = :at, successor = :successor WHERE code = :code",
        {"code": code, "at": at, "successor": successor},
    )


def _inside(scope: Scope) -> tuple[str, Parameters]:
    """Return the condition that an area lies inside ``scope``, and its parameters."""
    terms, parameters = ["1 = 0"], {}
    for number, place in enumerate(scope.places):
        terms.append(f"(path >= :low{number} AND path < :high{number})")
        parameters[f"low{number}"], parameters[f"high{number}"] = place.bounds()
    exact, more = _among("path", "exact", scope.exact_paths)
    return " OR ".join([*terms, exact]), {**parameters, **more}


def _among(column: str, prefix: str, values: Iterable[str]) -> tuple[str, Parameters]:
    parameters = {f"{prefix}{number}": value for number, value in enumerate(values)}
    listed = ", ".join(f":{name}" for name in parameters)
    return (f"{column} IN ({listed})" if listed else "1 = 0"), parameters


def _ancestors_of(scope: Scope) -> list[str]:
    """Return the paths of the areas above all that ``scope`` covers."""
    paths = {
        step for path in (*(place.path for place in scope.places), *scope.exact_paths) for step in _ancestors(path)
    }
    return sorted(paths)


def _ancestors(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _path_codes(code: str) -> list[str]:
    """Return the codes from the town down to ``code``; of a county, its own."""
    path = path_of(code)
    return [code_of(step) for step in sorted([path, *_ancestors(path)])][1:] or [full_code(code)]


def _area(row: Row) -> Area:
    return Area(**{**row, "level": Level(row["level"])})
