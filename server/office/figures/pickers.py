"""What the page of figures lets one choose, as links: the period, the instant, what stands beside, the area."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from server.db.transactions import Reading
from server.grid.domain.areas import Level, code_of, short_name
from server.grid.store import areas
from server.office.figures import asked as addresses
from server.office.figures.asked import Asked
from server.people.domain.actors import Actor
from server.people.usecases import visibility
from server.summaries.domain import periods
from server.summaries.domain.periods import Span


def shown(reading: Reading, by: Actor, asked: Asked) -> dict[str, Any]:
    """Return what the page offers to choose: periods, instants, what stands beside, areas; each with its address."""
    today = periods.day_of(reading.now)
    yesterday = today - timedelta(days=1)
    month_end = periods.containing(Span.MONTH, today).first - timedelta(days=1)
    days = {"from": "", "to": ""}
    said = asked.said.get("against", addresses.BEFORE)
    return {
        "periods": [
            (word, asked.address(period=each.value, **days), word == asked.word)
            for each, word in addresses.PERIODS.items()
        ],
        "is_custom": "from" in asked.said,
        "instants": [
            ("现在", asked.address(as_of="")),
            ("昨天结束时", asked.address(as_of=yesterday.isoformat())),
            ("上月末", asked.address(as_of=month_end.isoformat())),
        ],
        "against": [(word, asked.address(against=key), key == said) for key, word in addresses.AGAINST_WORDS.items()],
        "against_word": addresses.AGAINST_WORDS[said],
        "area": asked.request.area,
        "bases": [
            (word, asked.address(areas=key), key == asked.said.get("areas", "current"))
            for key, word in addresses.AREAS_WORDS.items()
        ],
        "areas": _area_choices(reading, by, asked),
        "kept": [(name, asked.said[name]) for name in ("against", "area", "areas", "by") if name in asked.said],
        "period_kept": [(name, asked.said[name]) for name in ("period", "from", "to") if name in asked.said],
        "as_of_kept": asked.said.get("as_of", ""),
        "first": asked.request.period.first.isoformat(),
        "last": asked.request.period.last.isoformat(),
        "today": today.isoformat(),
    }


def _area_choices(reading: Reading, by: Actor, asked: Asked) -> list[tuple[str, str]]:
    """Return the areas to go to: all of one's own, the one above, and those below."""
    scope, area = visibility.of(by), asked.request.area
    found = [] if area is None else [("全部", asked.address(area="", by=""))]
    tops = [place.path for place in scope.places] if area is None else [area.path]
    if area is not None and area.parent and any(place.holds(area.path) for place in scope.places):
        above = areas.find(reading, area.parent)
        if above is not None and scope.covers(above.path) and above.level is not Level.COUNTY:
            found.append((short_name(above.name), asked.address(area=above.code, by="")))
    for path in tops:
        below = areas.list_children(reading, code_of(path), scope)
        found += [
            (short_name(each.name), asked.address(area=each.code, by=""))
            for each in below
            if each.in_force(reading.now)
        ]
    return found
