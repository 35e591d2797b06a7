"""Stores where areas end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from server.db.sql import inserting
from server.db.transactions import Reading, Transaction
from server.grid.domain.areas import Area
from server.grid.domain.borders import Border, Rings
from server.grid.domain.scope import Scope
from server.grid.store import areas

_ADD = inserting("area_border", ("area", "rings", "set_at"))


def of_areas(reading: Reading, scope: Scope) -> list[tuple[Area, Rings]]:
    """Return the areas in force that ``scope`` covers and that have a border, with it, by path."""
    stored = {row["area"]: row["rings"] for row in reading.sql.rows("SELECT area, rings FROM area_border", {})}
    covered = areas.list_covered(reading, scope) if stored else ()
    return [
        (area, orjson.loads(stored[area.code]))
        for area in covered
        if area.code in stored and area.in_force(reading.now)
    ]


def texts(reading: Reading, codes: Iterable[str]) -> Mapping[str, str]:
    """Return what is stored of these areas, by code, for comparing with what comes in; of the others nothing."""
    wanted = set(codes)
    rows = reading.sql.rows("SELECT area, rings FROM area_border", {})
    return {row["area"]: row["rings"] for row in rows if row["area"] in wanted}


def put(tx: Transaction, border: Border) -> None:
    """Keep the border of an area that exists, in place of the one that it had."""
    tx.sql.put("DELETE FROM area_border WHERE area = :area", {"area": border.code})
    tx.sql.put(_ADD, {"area": border.code, "rings": text_of(border.rings), "set_at": tx.now})


def text_of(rings: Rings) -> str:
    """Return polygons as they are stored."""
    return orjson.dumps(rings).decode()
