"""The valley that the phones' stories play in: two towns, three units, and small forms of every kind."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from server.forms.store import codes
from server.forms.store.codes import Code
from server.forms.usecases import publish
from tests import field_forms as forms
from tests.county import County, a_county, add_grid, add_people, prepared

COUNTY, TOWN, FAR_TOWN = "130630000000", "130630100000", "130630101000"
VILLAGE, FAR_VILLAGE = "130630100201", "130630101201"
UNIT, NEXT_UNIT, FAR_UNIT = "130630100201001", "130630100201002", "130630101201001"
GRID = {
    COUNTY: "涞源县",
    TOWN: "白石山镇",
    FAR_TOWN: "走马驿镇",
    VILLAGE: "荆山口村村民委员会",
    FAR_VILLAGE: "水云乡村村民委员会",
    UNIT: "第1单元",
    NEXT_UNIT: "第2单元",
    FAR_UNIT: "第1单元",
}
PEOPLE = (
    ("worker", "grid_worker", UNIT),
    ("neighbour", "grid_worker", NEXT_UNIT),
    ("stranger", "grid_worker", FAR_UNIT),
    ("officer", "village_officer", VILLAGE),
    ("town", "town_station", TOWN),
    ("brigade", "brigade", COUNTY),
    ("viewer", "viewer", COUNTY),
)
FORMS = (
    prepared(forms.station_new()),
    prepared(forms.STATION_EDIT),
    prepared(forms.STATION_ANY),
    prepared(forms.HAZARD),
    prepared(forms.HAZARD_STEP),
    prepared(forms.ROUND, (("streets.csv", forms.STREETS),)),
    prepared(forms.AUDITED),
    prepared(forms.ODD_ID),
    prepared(forms.TOWN_ONLY),
)
ITEMS = (
    Code("hazard_items", "wires_pulled", "私拉乱接", "Wires", "2026-01-01", "", {"spot_ok": "1"}),
    Code("hazard_items", "gas_hose", "燃气软管老化", "Hose", "2026-01-01", "", {"spot_ok": "0"}),
)


def a_valley(folder: Path, **settings: object) -> AbstractContextManager[County]:
    """Serve the valley; what we promise of a database holds when it ends."""
    return a_county(folder, lay, **settings)


def lay(tx: Any) -> list[str]:
    add_grid(tx, GRID)
    codes.replace_list(tx, "hazard_items", ITEMS)
    for form in FORMS:
        publish.publish(tx, form, None)
    return add_people(tx, PEOPLE)
