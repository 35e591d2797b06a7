"""Find areas by what people write: a name, a town and a village, or a code."""

from __future__ import annotations

from collections.abc import Mapping

from server.db.transactions import Reading
from server.errors import Invalid
from server.grid.domain.areas import Area, Level, short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas

FOUND_MOST = 50
_NAMED_MOST = 5


def find(reading: Reading, written: str, scope: Scope, limit: int = FOUND_MOST) -> list[Area]:
    """Return at most ``limit`` areas that ``scope`` covers and ``written`` may mean, those in force first, by path.

    written: a code or the beginning of one, or names between blanks, the last of them the area's own:
    ``白石山镇 荆山口``.
    """
    covered = list(areas.list_covered(reading, scope))
    by_code = {area.code: area for area in covered}
    words = written.split()
    if not words:
        return []
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        found = [area for area in covered if area.code.startswith(words[0].rstrip("0") or "0")]
    else:
        found = [area for area in covered if _is_meant(area, words, by_code)]
    found.sort(key=lambda area: (not area.in_force(reading.now), short_name(area.name) != words[-1], area.path))
    return found[:limit]


def get(reading: Reading, written: str, scope: Scope, field: str = "area") -> Area:
    """Return the one area in force that ``written`` means. Raises Invalid that says which it could be.

    field: the input that ``written`` stands in.
    """
    found = [area for area in find(reading, written, scope, 1_000) if area.in_force(reading.now)]
    digits, shown = "".join(written.split()), written[:40]
    exact = [area for area in found if area.code == digits.ljust(12, "0")] or [
        area for area in found if written.split()[-1] in (area.name, short_name(area.name))
    ]
    named = exact or [area for area in found if area.level is not Level.UNIT] or found
    if len(named) == 1:
        return named[0]
    if not named:
        raise Invalid(f"没有叫“{shown}”的网格，或不在您的辖区；可填名称或代码。", field=field, value=shown)
    listed = "、".join(f"{name}（{code}）" for code, name in list(_full_names(reading, named).items())[:_NAMED_MOST])
    raise Invalid(f"“{shown}”有{len(named)}个：{listed}；请加上乡镇，或填代码。", field=field, value=shown)


def _is_meant(area: Area, words: list[str], by_code: Mapping[str, Area]) -> bool:
    if not _is_called(area, words[-1]):
        return False
    above, around = words[:-1], area.parent
    while above and around is not None and around in by_code:
        if _is_called(by_code[around], above[-1]):
            above = above[:-1]
        around = by_code[around].parent
    return not above


def _is_called(area: Area, word: str) -> bool:
    return word in area.name or word in short_name(area.name)


def _full_names(reading: Reading, found: list[Area]) -> dict[str, str]:
    names = areas.full_names(reading, [area.code for area in found])
    return {area.code: names[area.code] for area in found}
