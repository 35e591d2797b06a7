"""Simulated laptops: the real field client, with its store on the simulation's disk and its network in between."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import requests

from server.demo import photos as pictures
from server.simulate import field_work
from server.simulate.clock import DeviceClock, ServerClock, generator
from server.simulate.ledger import Ledger
from server.simulate.network import ADDRESS, Adapter, ClientKilled, Network
from sync.client import earlier_users, outbox, photos, records, synchronization
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.failures import Failure, NoConnection, NotSignedIn, Refused

TRIES = 3
PUSHED = "pushed"
"""How what is told of an exchange begins that went through."""
UNDECIDED = ("waiting", "quarantined")
"""The verdicts that may change, once."""

HAZARDS, STATIONS = field_work.HAZARDS, field_work.STATIONS


class Laptop:
    """A laptop with the field client.

    name: of the laptop. person, key: who uses it. signs_in: whether by name and password, not by the key. heard_at:
    when it last heard of the server, by the server's clock; None for never, and since that was put back. reread: what
    buckets it had to read again, since what it held there was not what the server has.
    """

    def __init__(
        self, name: str, person: str, key: str, folder: Path, clock: DeviceClock, ids: Callable[[], str], ledger: Ledger
    ) -> None:
        self.name = name
        self.person = person
        self.key = key
        self.folder = folder
        self.clock = clock
        self.ids = ids
        self.ledger = ledger
        self.device = Device(folder, clock=clock, ids=ids)
        self.connection: Connection | None = None
        self.signs_in = False
        self.heard_at: datetime | None = None
        self.reread: list[str] = []

    def connect(self, network: Network, server_clock: ServerClock, credentials: Credentials | None = None) -> None:
        """Connect anew, as whoever has signed in now; the store knows the server, as after a sign-in."""
        with self.device.writing():
            self.device.set_setting("server", ADDRESS)
        session = requests.Session()
        session.mount(ADDRESS, Adapter(network, self.name))
        if self.signs_in:
            credentials = credentials or Credentials(ADDRESS, user=self.person, access="", refresh="")
        backoff = Backoff(tries=TRIES, sleep=server_clock.sleep, jitter=generator(self.name))
        self.connection = Connection(
            credentials or Credentials(ADDRESS, key=self.key), backoff=backoff, session=session
        )

    @property
    def is_blank(self) -> bool:
        """Whether nothing is on it yet."""
        return self.device.setting("epoch") is None and self.device.row("SELECT id FROM change LIMIT 1") is None

    def ask_for(self, rows: int) -> None:
        """Ask for so many rows at a time from now on."""
        with self.device.writing():
            self.device.set_setting("limit rows", str(rows))

    def sign_in(self, password: str) -> str:
        """Sign in by name and password; return what came of it."""
        try:
            self._connected().sign_in(self.person, password)
        except (ClientKilled, Failure) as failure:
            return type(failure).__name__
        return "signed in"

    def expire(self) -> None:
        """Let the access token run out, as it does within the hour: the server refuses it from now on."""
        connection = self._connected()
        connection.credentials = replace(connection.credentials, access="run-out")

    def sync(self) -> str:
        """Push and pull; return what came of it: the verdicts, or why it ended."""
        try:
            pushed, pulled = synchronization.exchange(self.device, self._connected())
        except ClientKilled:
            self.reopen()
            return "killed"
        except (NoConnection, NotSignedIn) as failure:
            return type(failure).__name__
        except Refused as refusal:
            return f"refused: {refusal.message.partition(' · ')[0]}"
        finally:
            self.note()
        self.heard_at = self.clock.server_time()
        self.reread += pulled.reread
        said = " ".join(f"{verdict} {number}" for verdict, number in sorted(pushed.verdicts.items()))
        restored = " restored" if pulled.is_restored or pushed.is_restored else ""
        return f"{PUSHED} [{said}] photos {pushed.photos.sent} pulled {pulled.rows} removed {pulled.removed}{restored}"

    def reopen(self) -> None:
        """Open the store anew from its files, as after the laptop was switched off."""
        with suppress(Exception):  # a store that was left in a transaction is closed all the same
            self.device.close()
        self.device = Device(self.folder, clock=self.clock, ids=self.ids)

    def create_station(self, chance: Random, area: str) -> str:
        """Register a station."""
        values = {name: field_work.value_of(name, chance) for part in field_work.PARTS.values() for name in part}
        values |= {"label": values["title"], "staff_count": "9", "shift_count": "3"}
        with self.device.writing():
            id = records.create(self.device, STATIONS, values, area=area)
        return f"created {id}"

    def edit_station(self, chance: Random, part: str, *, of_any: bool = False) -> str:
        """Change one field of a station that the laptop shows. of_any: not only of those its user is in charge of."""
        seen = self._pick(
            STATIONS,
            chance,
            lambda view: not view.is_handed_over and (of_any or field_work.is_in_charge(self.person, view.id)),
        )
        if seen is None:
            return "no station"
        field = chance.choice(field_work.PARTS[part])
        with self.device.writing():
            records.edit(self.device, seen, {field: field_work.value_of(field, chance)})
        return f"edited {seen.id} {field}"

    def act(self, chance: Random) -> str:
        """Take a step on a case that the laptop shows, as its row says one may; now and then one may not."""
        seen = self._pick(HAZARDS, chance, lambda view: not view.is_handed_over and bool(view.status))
        if seen is None:
            return "no case"
        may = set(self._todo(seen.id)) & _INPUTS.keys()
        action = chance.choice(sorted(may)) if may and chance.random() < 0.9 else chance.choice(sorted(_INPUTS))
        with self.device.writing():
            records.act(self.device, seen, action, _INPUTS[action])
        return f"{action} {seen.id}"

    def attach(self, chance: Random) -> str:
        """Attach a photo to a record: by a remark on a case, or an edit of a station."""
        seen = self._pick(chance.choice((HAZARDS, STATIONS)), chance, lambda view: not view.is_handed_over)
        if seen is None or seen.version == 0:
            return "no record"
        day = f"2026-0{chance.randrange(1, 10)}-{chance.randrange(10, 28)}"
        content = pictures.photo("fire_use", False, day)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"photo-{day}.png"
            path.write_bytes(content)
            kept = photos.keep(self.device, path)
        with self.device.writing():
            change = records.add_photos(self.device, seen, "附照片（演示）")
            photos.attach(self.device, change, [kept])
        return f"photo {seen.id}"

    def take_over(self, person: str, key: str, network: Network, server_clock: ServerClock) -> str:
        """Let another person sign in here. Returns what the client said."""
        before = (self.person, self.key, self.signs_in, self.connection)
        self.person, self.key, self.signs_in = person, key, False
        self.connect(network, server_clock)
        try:
            identity = synchronization.identify(self.device, self._connected())
            earlier_users.switch(self.device, identity, ADDRESS, None)
        except Failure as failure:
            self.person, self.key, self.signs_in, self.connection = before
            return f"kept: {type(failure).__name__}"
        self.heard_at = None
        return f"now {person}"

    def copy_to(self, folder: Path) -> None:
        """Copy the store as it is on disk."""
        self.device.close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        self.reopen()

    def restore_from(self, folder: Path) -> None:
        """Put the store back from a copy; what was saved since and never sent is lost with the device."""
        before = {each["id"]: each["state"] for each in self.device.rows("SELECT id, state FROM change")}
        self.device.close()
        shutil.rmtree(self.folder)
        shutil.copytree(folder, self.folder)
        self.device, self.heard_at = Device(self.folder, clock=self.clock, ids=self.ids), None
        after = {each["id"] for each in self.device.rows("SELECT id FROM change")}
        for id in sorted(before.keys() - after):
            if before[id] == "unsent":
                self.ledger.excuse(id, "lost with the device")
            else:
                self.ledger.at_server_alone.add(id)

    def note(self) -> None:
        """Write down in the ledger what was saved here, and what the server has answered for."""
        for each in self.device.rows("SELECT device, body, id, state, verdict FROM change ORDER BY seq"):
            if each["id"] not in self.ledger.changes and each["body"] is not None:
                self.ledger.save_change(self.name, _body(each["body"]))
            if each["state"] == "sent":
                self.ledger.acknowledged.add(each["id"])
                self._note_verdict(each["id"], each["verdict"])

    def _note_verdict(self, id: str, verdict: str) -> None:
        known = (self.device.setting("epoch") or "", id)
        before = self.ledger.told.setdefault(known, verdict)
        if before in UNDECIDED:
            self.ledger.told[known] = verdict
        elif before != verdict:
            self.ledger.changed_verdicts.append(f"{self.name} was told of {id} that it is {before}, then {verdict}")

    def close(self) -> None:
        with suppress(Exception):
            self.device.close()

    def _connected(self) -> Connection:
        if self.connection is None:
            raise RuntimeError(f"{self.name} is not connected")
        return self.connection

    def _todo(self, id: str) -> list[str]:
        found = self.device.row("SELECT body FROM row WHERE id = :id", {"id": id})
        return str((_body(found["body"]) if found else {}).get("todo") or "").split()

    def _pick(self, type: str, chance: Random, fits: Callable[[Any], bool]) -> Any:
        found = sorted(
            (view for view in records.list_views(self.device, type) if fits(view)), key=lambda view: str(view.id)
        )
        return chance.choice(found) if found else None


def unsent_without_reason(laptop: Laptop) -> list[str]:
    """Return the ids of unsent changes of which the laptop does not say why."""
    return [each["body"]["id"] for each in outbox.unsent(laptop.device) if not each["trouble"]]


def _body(text: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text)
    return read


_INPUTS: dict[str, dict[str, str]] = {
    "accept": {},
    "start": {},
    "feedback": {"result_code": "fixed", "no_photo_reason": "privacy", "note": "已经整改（演示）"},
    "ask_return": {"reason": "not_my_duty", "note": "不归我管（演示）"},
    "close": {},
    "rework": {"reason": "partly", "note": "还有一处（演示）"},
    "note": {"note": "到现场看过（演示）"},
    "register": {},
}
