"""Brings in where areas end, and tells it to whoever may see these areas; borders are for maps alone.

Nothing is judged by them: a case lies in the area that its author named, wherever its position is.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.grid.domain import borders
from server.grid.domain.areas import short_name
from server.grid.domain.scope import Scope
from server.grid.store import areas
from server.grid.store import borders as stored

FILE_BYTES_MAX = 20_000_000


def load(tx: Transaction, content: bytes, by: str) -> dict[str, int]:
    """Keep the borders of a GeoJSON file; areas that it does not name keep theirs.

    Returns how many are ``added``, ``changed`` and ``unchanged``; zeros are left out. by: whom the audit names. Raises
    Invalid with every feature that cannot be used, and then nothing has changed.
    """
    found = borders.read(content)
    known = areas.names(tx, (each.code for each in found))
    codes = [each.code for each in found]
    borders.require_none(
        [(n, f"没有代码为 {code} 的网格；请核对代码。") for n, code in enumerate(codes, 1) if code not in known]
    )
    before, counts = stored.texts(tx, codes), Counter[str]()
    for each in found:
        text = before.get(each.code)
        is_same = text == stored.text_of(each.rings)
        counts["unchanged" if is_same else "added" if text is None else "changed"] += 1
        if not is_same:
            stored.put(tx, each)
    if counts["added"] or counts["changed"]:
        record(tx, Entry("grid.borders", by, codes[0], dict(counts)))
    return {name: count for name, count in counts.items() if count}


def as_geojson(reading: Reading, scope: Scope) -> dict[str, Any]:
    """Return the borders of the areas in force that ``scope`` covers, as a FeatureCollection."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": area.code, "name": short_name(area.name), "level": area.level.value},
                "geometry": {"type": "MultiPolygon", "coordinates": rings},
            }
            for area, rings in stored.of_areas(reading, scope)
        ],
    }
