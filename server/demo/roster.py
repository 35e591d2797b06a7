"""Casts the demonstration's stories: who is the worker, the officer, the shop in the village where a case lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import kobo_forms
from server import dated
from server.demo.people import LEAVER, Invented, people
from server.people.domain.actors import Role

VILLAGE_DIGITS, TOWN_DIGITS = 12, 9


class Hazard(NamedTuple):
    """What is wrong and where. row: of the code list ``hazard_items``. body: code of the department it is for."""

    row: Mapping[str, str]
    place: str
    body: str

    @property
    def label(self) -> str:
        return f"{self.place}｜{self.row['label']}"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in one case. area: code of the unit. parts: role in the story to user name. marks: to assignee mark."""

    area: str
    hazard: Hazard
    parts: Mapping[str, str]
    marks: Mapping[str, str]


class Troupe:
    """Hands out casts in turn, so that every village has its share. chance: decides places and who is whose mate."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._everyone = people()
        workers = [each for each in self._everyone if each.role is Role.GRID_WORKER]
        self._villages = list(dict.fromkeys(each.area[:VILLAGE_DIGITS] for each in workers))
        self._turn = 0
        self._places = 0
        self._items = {row["name"]: row for row in kobo_forms.codes("hazard_items")}

    @property
    def villages(self) -> Sequence[str]:
        return self._villages

    def cast(self, pool: str, village: str) -> Cast:
        """Return the cast of the next case. pool: of hazards. village: code, empty for the next in turn."""
        if not village:
            village = self._villages[self._turn % len(self._villages)]
            self._turn += 1
        hazard = self._hazard(pool)
        worker, mate = self._chance.sample(self.workers(village), 2)
        parts = {
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
        marks = {"shop": f"body:shop-{village[6:]}", "hotel": "body:hotel-01", "head": "body:station-01"}
        if hazard.body:
            parts["dept"], marks["dept"] = self._department(hazard.body)
            others = [row["code"] for row in _departments() if row["code"] != hazard.body]
            parts["dept2"], marks["dept2"] = self._department(self._chance.choice(others))
        marks |= {part: f"user:{name}" for part, name in parts.items() if part not in marks}
        return Cast(worker.area, hazard, parts, marks)

    def workers(self, village: str) -> list[Invented]:
        """Return the grid workers of a village."""
        return [each for each in self._everyone if each.role is Role.GRID_WORKER and each.area.startswith(village)]

    def officer(self, village: str) -> Invented:
        """Return the officer of a village; where there is none, the town stands in."""
        here = [each for each in self._everyone if (each.role, each.area) == (Role.VILLAGE_OFFICER, village)]
        return here[0] if here else self._of(Role.TOWN_STATION, village[:TOWN_DIGITS])

    def _of(self, role: Role, within: str) -> Invented:
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
