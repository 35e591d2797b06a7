"""Choose the people of the demonstration's cases: the worker, the officer, the shop of the village of each case.

Where its villages end is drawn around the same invented points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin
from random import Random
from typing import NamedTuple

import orjson

import kobo_forms
from server import dated
from server.db.transactions import Transaction
from server.demo.people import LEAVER, DemoPerson, people
from server.grid.usecases import bordering
from server.people.domain.actors import Role

VILLAGE_DIGITS, TOWN_DIGITS = 12, 9
_CORNERS = 24
_MARGIN, _WAVE = 1.4, 0.12
"""A ring lies so many times farther out than the farthest point, and swings by this share to look drawn by hand."""


class Hazard(NamedTuple):
    """What is wrong and where. row: of the code list ``hazard_items``. body: code of the department it is for."""

    row: Mapping[str, str]
    place: str
    body: str

    @property
    def label(self) -> str:
        return f"{self.place}｜{self.row['label']}"


@dataclass(frozen=True, slots=True)
class Participants:
    """The people and bodies of one case.

    area: code of the unit. position: where it is, as a phone writes it, empty where it found no satellites.
    names: user name by actor of the story. assignees: assignee by actor.
    """

    area: str
    position: str
    hazard: Hazard
    names: Mapping[str, str]
    assignees: Mapping[str, str]


class Roster:
    """The people of all villages, assigned to cases in turn. chance: decides places and which workers meet."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._everyone = people()
        workers = [each for each in self._everyone if each.role is Role.GRID_WORKER]
        self._villages = list(dict.fromkeys(each.area[:VILLAGE_DIGITS] for each in workers))
        self._next_village = 0
        self._places = 0
        self._points: dict[str, list[tuple[str, str]]] = {}
        for row in dated.table("demo_points"):
            self._points.setdefault(row["village"], []).append((row["latitude"], row["longitude"]))
        self._items = {row["name"]: row for row in kobo_forms.codes("hazard_items")}

    @property
    def villages(self) -> Sequence[str]:
        return self._villages

    def assign(self, pool: str, village: str) -> Participants:
        """Return the participants of the next case. pool: of hazards. village: code, empty for the next in turn."""
        if not village:
            village = self._villages[self._next_village % len(self._villages)]
            self._next_village += 1
        hazard = self._hazard(pool)
        worker, mate = self._chance.sample(self.workers(village), 2)
        names = {
            "worker": worker.name,
            "mate": mate.name,
            "officer": self.officer(village).name,
            "town": self._of(Role.TOWN_STATION, village[:TOWN_DIGITS]).name,
            "police": "police",
            "brigade": "brigade",
            "hotel": "hotel",
            "head": "head",
            "leaver": LEAVER.name,
        }
        assignees = {"shop": f"body:shop-{village[6:]}", "hotel": "body:hotel-01", "head": "body:station-01"}
        if hazard.body:
            names["dept"], assignees["dept"] = self._department(hazard.body)
            others = [row["code"] for row in _departments() if row["code"] != hazard.body]
            names["dept2"], assignees["dept2"] = self._department(self._chance.choice(others))
        assignees |= {actor: f"user:{name}" for actor, name in names.items() if actor not in assignees}
        return Participants(worker.area, self._position(village), hazard, names, assignees)

    def workers(self, village: str) -> list[DemoPerson]:
        """Return the grid workers of a village."""
        return [each for each in self._everyone if each.role is Role.GRID_WORKER and each.area.startswith(village)]

    def officer(self, village: str) -> DemoPerson:
        """Return the officer of a village; where there is none, the town stands in."""
        here = [each for each in self._everyone if (each.role, each.area) == (Role.VILLAGE_OFFICER, village)]
        return here[0] if here else self._of(Role.TOWN_STATION, village[:TOWN_DIGITS])

    def _position(self, village: str) -> str:
        """Return a place in a village: three of four phones find theirs."""
        points = self._points[village]
        latitude, longitude = points[self._places % len(points)]
        found = f"{latitude} {longitude} {800 + self._places % 90} {4 + self._places % 9}"
        return found if self._places % 4 else ""

    def _of(self, role: Role, within: str) -> DemoPerson:
        return next(each for each in self._everyone if each.role is role and each.area.startswith(within))

    def _department(self, code: str) -> tuple[str, str]:
        return next(each.name for each in self._everyone if each.body == code), f"body:{code}"

    def _hazard(self, pool: str) -> Hazard:
        row = self._chance.choice([row for row in dated.table("demo_hazards") if row["pool"] == pool])
        self._places += 1
        place = f"{self._chance.choice(row['places'].split())}{self._places:03d}"
        return Hazard(self._items[row["item"]], place, row["body"])


def _departments() -> list[Mapping[str, str]]:
    return [row for row in dated.table("demo_bodies") if row["kind"] == "department"]


def draw_borders(tx: Transaction) -> None:
    """Keep a border of each village that the demonstration has points in."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in dated.table("demo_points"):
        points[row["village"]].append((float(row["longitude"]), float(row["latitude"])))
    features = [
        {
            "type": "Feature",
            "properties": {"code": village},
            "geometry": {"type": "Polygon", "coordinates": [_ring(here, number)]},
        }
        for number, (village, here) in enumerate(points.items())
    ]
    bordering.load(tx, orjson.dumps({"type": "FeatureCollection", "features": features}), "command")


def _ring(points: list[tuple[float, float]], number: int) -> list[tuple[float, float]]:
    """Return a closed ring around ``points``, of another shape for each ``number``."""
    longitude, latitude = (sum(each[axis] for each in points) / len(points) for axis in (0, 1))
    narrow = cos(radians(latitude))  # a degree of longitude is so much shorter than one of latitude
    radius = _MARGIN * max(hypot((each[0] - longitude) * narrow, each[1] - latitude) for each in points)
    ring = []
    for corner in range(_CORNERS):
        angle = 2 * pi * corner / _CORNERS
        away = radius * (1 + _WAVE * sin(3 * angle + number) + _WAVE / 2 * sin(7 * angle + 2 * number))
        ring.append((longitude + away * cos(angle) / narrow, latitude + away * sin(angle)))
    return [*ring, ring[0]]
