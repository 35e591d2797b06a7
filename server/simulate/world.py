"""Everything of a simulation together: server, network, devices, officers and the ledger of what was saved."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from server.db import database
from server.demo.county import seeded_ids
from server.simulate import county
from server.simulate.clock import DeviceClock, ServerClock, generator
from server.simulate.county import Layout
from server.simulate.laptops import Laptop
from server.simulate.ledger import Ledger
from server.simulate.network import Network
from server.simulate.officers import Officer
from server.simulate.phones import Phone
from server.simulate.plan import BEGIN, laptops_for
from server.simulate.server import Server

PAGES = (1, 2, 3, 5, 500)
"""So many rows a laptop asks for at a time: a bucket of an invented county is small, and must not fit into one page."""


class World:
    """A county with its server and everybody's devices.

    folder: that holds all of it. trace: a line for each thing that happened. extra: devices that came in addition.
    copied_at: when the folder of the server was last copied. renewed: who was ever given a new key; expired: those that
    people have not scanned yet, by name. upgrades: how often each form was published anew. phone_copies, laptop_copies:
    what was kept of devices; of a laptop, whose it then was.
    """

    def __init__(self, folder: Path, seed: int, phones: int) -> None:
        self.folder = folder
        self.seed = seed
        self.layout: Layout = county.layout(phones)
        self.clock = ServerClock(BEGIN)
        self.ledger = Ledger()
        self.trace: list[str] = []
        self._generators = 0
        self.extra: list[str] = []
        self.copied_at = BEGIN
        self.renewed: set[str] = set()
        self.expired: dict[str, str] = {}
        self.upgrades: dict[str, int] = {}
        self.phone_copies: dict[str, Phone] = {}
        self.laptop_copies: dict[str, str] = {}
        data = folder / "data"
        self.server_ids = seeded_ids(seed)
        database.create(data, self.server_ids)
        self.server = Server(data, self.clock, self.server_ids)
        self.server.start()
        self.keys = self.server.write(lambda tx: county.install(tx, self.layout))
        self.network = Network(self.server, self.clock, self.tell)
        self.phones = dict(map(self._phone, range(1, phones + 1)))
        self.laptops: dict[str, Laptop] = {}
        handlers = [person for person in self.layout.people if person.body]
        holders = [*handlers, *self.layout.workers[::3], *self.layout.officers]
        for number in range(1, laptops_for(phones) + 1):
            person = holders[(number - 1) % len(holders)]
            self.add_laptop(f"laptop{number:02d}", person.name, signs_in=number % 2 == 0)
        self.officers = {
            each.name: Officer(each.name, self.keys[each.name], self.network, self.new_ids(f"office {each.name}"))
            for each in self.layout.officers
        }

    def tell(self, line: str) -> None:
        """Add a line to the trace."""
        self.trace.append(line)

    def add_laptop(self, name: str, person: str, *, signs_in: bool = False) -> Laptop:
        """Give a person a laptop. signs_in: they sign in by name and password, not by their key."""
        clock = DeviceClock(self.clock)
        laptop = Laptop(name, person, self.keys[person], self.folder / name, clock, self.new_ids(name), self.ledger)
        laptop.signs_in = signs_in
        laptop.ask_for(generator(f"{self.seed} {name}").choice(PAGES))
        laptop.connect(self.network, self.clock)
        self.laptops[name] = laptop
        return laptop

    def add_phone(self, name: str, person: str) -> Phone:
        """Give a person a phone."""
        clock, ids = DeviceClock(self.clock), self.new_ids(name)
        phone = Phone(name, name, person, self.keys[person], clock, ids, self.ledger)
        self.phones[name] = phone
        return phone

    def handlers(self) -> dict[str, list[str]]:
        """Return to whom cases may be given, by code of the unit or village; under no code who handles cases of any."""
        found: dict[str, list[str]] = {"": [f"body:{county.DEPARTMENT}"]}
        for worker in self.layout.workers:
            for code in (worker.area, worker.area[: county.VILLAGE_DIGITS]):
                found.setdefault(code, []).append(f"user:{worker.name}")
        return found

    def close(self) -> None:
        """Stop everything."""
        for laptop in self.laptops.values():
            laptop.close()
        self.server.stop()

    def _phone(self, number: int) -> tuple[str, Phone]:
        person = self.layout.workers[number - 1].name
        name = f"phone{number:03d}"
        return name, Phone(
            name, name, person, self.keys[person], DeviceClock(self.clock), self.new_ids(name), self.ledger
        )

    def new_ids(self, name: str) -> Callable[[], str]:
        """Return what makes the ids of one device, whatever the others do; other ones each time it is asked."""
        self._generators += 1
        digest = sha256(f"{self.seed} {name} {self._generators}".encode()).digest()
        return seeded_ids(int.from_bytes(digest[:8], "big"))
