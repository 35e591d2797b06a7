"""Hands that write under device ids on our own protocol, as ``sync.md`` section 2 says: also copied and put back."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.field_clients import Client

Json = dict[str, Any]


@dataclass
class Made:
    """A change that a hand made: by whom, under which device id, and what it replaced. hand: number of the hand."""

    name: str
    device: str
    change: Json
    hand: int


@dataclass
class Store:
    """The store of a laptop: records as last seen, own unsent changes on top. hand: who holds it, for the tests."""

    device: str
    name: str
    hand: int
    counter: int = 0
    held: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    unsent: list[Made] = field(default_factory=list)

    def copied(self, hand: int) -> Store:
        """Return a copy of the store, as it is on a second laptop or comes out of a backup."""
        other = copy.deepcopy(self)
        other.hand = hand
        return other

    def shown(self, record: str) -> dict[str, str]:
        values = dict(self.held.get(record, (0, {}))[1])
        for made in self.unsent:
            if made.change["record"] == record:
                values |= {name: new for name, (_, new) in made.change["fields"].items()}
        return values

    def create(self, area: str, **fields: str) -> Made:
        return self._add(str(uuid4()), "create", {name: [None, value] for name, value in fields.items()}, area=area)

    def edit(self, record: str, *, made_at: str | None = None, says_after: bool = True, **fields: str) -> Made:
        shown = self.shown(record)
        writes = {name: [shown.get(name), value] for name, value in fields.items()}
        before = [made.change["id"] for made in self.unsent if made.change["record"] == record]
        more = {"after": before[-1]} if before and says_after else {}
        return self._add(record, "edit", writes, made_at=made_at, **more)

    def push(self, client: Client, *, most: int = 200, backwards: bool = False) -> list[Json]:
        """Send what is unsent, keep the records of the answers, and use the id that the server gives."""
        outcomes: list[Json] = []
        while self.unsent:
            device = self.unsent[0].device
            batch = [made for made in self.unsent[:most] if made.device == device]
            sent = [made.change for made in batch]
            answer = client.post("push", {"device": device, "changes": sent[::-1] if backwards else sent})
            assert answer.status_code == 200, answer.text
            for outcome in answer.json["outcomes"]:
                self.hold(outcome["record"])
            outcomes += answer.json["outcomes"]
            self.unsent = [made for made in self.unsent if made not in batch]
            if answer.json["device"] is not None and device == self.device:
                self.device = answer.json["device"]
        return outcomes

    def hold(self, row: Json | None) -> None:
        if row is not None and self.held.get(row["id"], (0, {}))[0] <= row["version"]:
            self.held[row["id"]] = (row["version"], dict(row["fields"]))

    def _add(self, record: str, action: str, fields: Json, **more: Any) -> Made:
        self.counter += 1
        change = {
            "id": str(uuid4()), "seq": self.counter, "record": record, "type": "stations", "action": action,
            "fields": fields, "base_version": self.held.get(record, (0, {}))[0],
            **{name: value for name, value in more.items() if value is not None},
        }  # fmt: skip
        made = Made(self.name, self.device, change, self.hand)
        self.unsent.append(made)
        return made
