"""Phones, a server and arrivals in any order: what the laws and stories of the merge are told with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from sync.changes import Dot
from sync.merge import (
    FieldRule,
    Head,
    Merged,
    MergePolicy,
    Register,
    merge,
    settled,
    write,
    writes_of,
)
from sync.registers import EMPTY
from sync.replay import Received, Settled, pending_at, rebuild

MONDAY, TUESDAY, WEDNESDAY = (f"2026-11-{day}T03:00:00.000Z" for day in (23, 24, 25))

RULES: Mapping[str, FieldRule] = {
    "head": FieldRule(),
    "checked": FieldRule(MergePolicy.LATEST),
    "kit": FieldRule(set_valued=True),
    "category": FieldRule(group="risk"),
    "severity": FieldRule(group="risk"),
    "result": FieldRule(MergePolicy.LATEST, group="check"),
    "missing": FieldRule(MergePolicy.LATEST, group="check", set_valued=True),
    **{f"under_{policy}": FieldRule(policy) for policy in MergePolicy},
}


# one field


class Asked(NamedTuple):
    """A write of one field before the server gave it a version."""

    value: str
    seen: str
    base_version: int
    origin: str
    seq: int
    observed_at: str


def play(
    asked: Iterable[Asked], register: Register = EMPTY, *, version: int = 1, write: Callable[..., Register] = write
) -> Register:
    """Let the writes arrive one after the other; the first makes ``version``."""
    for made, one in enumerate(asked, start=version):
        head = Head(one.value, one.observed_at, one.origin, one.seq, made)
        register = write(register, head, seen=one.seen, base_version=one.base_version)
    return register


def without_versions(register: Register) -> tuple[frozenset[tuple[str | int, ...]], dict[str, int]]:
    return frozenset(head[:4] for head in register.heads), dict(register.newest)


field_values = st.sampled_from(["", "1", "2", "3", "4"])
instants = st.sampled_from([MONDAY, TUESDAY, WEDNESDAY, "2025-11-24T03:00:00.000Z"])


@st.composite
def pasts(draw: st.DrawFn) -> list[Asked]:
    """What came in before anybody went out of signal: each author saw all that there was."""
    size = draw(st.integers(0, 4))
    made = [Asked("1", "", 0, "maker", 1, MONDAY)]
    for seq in range(2, size + 2):
        base = draw(st.integers(1, seq - 1))
        origin = draw(st.sampled_from(["maker", "red", "blue"]))
        made.append(Asked(draw(field_values), made[base - 1].value, base, origin, seq, draw(instants)))
    return made


@st.composite
def concurrent(draw: st.DrawFn, past: Sequence[Asked]) -> list[Asked]:
    """Writes of several hands that knew of nothing but the past; each hand in the order of its counter."""
    writes = []
    for origin in draw(st.sets(st.sampled_from(["red", "blue", "green"]), min_size=1)):
        base = draw(st.integers(1, len(past)))
        seen = draw(st.sampled_from([past[base - 1].value, "1", "2"]))
        seqs = range(10, 10 + draw(st.integers(1, 2)))
        writes.extend(Asked(draw(field_values), seen, base, origin, seq, draw(instants)) for seq in seqs)
    return writes


# one record


class Sent(NamedTuple):
    """What a phone sends: every answer of its form, touched or not."""

    origin: str
    seq: int
    base_version: int
    values: Mapping[str, str]
    observed_at: str = MONDAY


@dataclass
class Server:
    """A record at the server: what it shows at each version, and everything that came in."""

    rules: Mapping[str, FieldRule] = field(default_factory=lambda: RULES)
    now: Merged = field(default_factory=lambda: Merged({}, {}, frozenset()))
    at: list[Mapping[str, str]] = field(default_factory=lambda: [{}])
    history: list[Received | Settled] = field(default_factory=list)

    @property
    def version(self) -> int:
        return len(self.at) - 1

    def receive(self, sent: Sent) -> Merged:
        dot = Dot(sent.origin, sent.seq)
        base = self.at[sent.base_version]
        came = Received(dot, sent.base_version, sent.values, sent.observed_at, self.version + 1, base)
        same_hand = [was for was in self.history if isinstance(was, Received) and was.dot.origin == sent.origin]
        self.history.append(came)
        if any(was.dot.seq > sent.seq for was in same_hand):
            return self._shows(rebuild(self.history, self.rules))
        before = pending_at(sent.base_version, sorted(same_hand, key=lambda was: was.dot.seq))
        return self._shows(
            merge(
                self.now.registers,
                writes_of(sent.values, base, [before]),
                self.rules,
                dot=dot,
                base_version=sent.base_version,
                observed_at=sent.observed_at,
                version=came.version,
            )
        )

    def receive_all(self, sent: Iterable[Sent]) -> Merged:
        for one in sent:
            self.receive(one)
        return self.now

    def settle(self, **choices: str) -> Merged:
        came = Settled(Dot("officer", self.version + 1), choices, WEDNESDAY, self.version + 1)
        self.history.append(came)
        return self._shows(
            settled(
                self.now.registers,
                choices,
                self.rules,
                dot=came.dot,
                observed_at=came.observed_at,
                version=came.version,
            )
        )

    def _shows(self, now: Merged) -> Merged:
        self.now = now
        self.at.append(now.values)
        return now


def a_server(*, rules: Mapping[str, FieldRule] = RULES, **values: str) -> Server:
    """Return a server that holds one record with these fields, at version 1."""
    server = Server(rules)
    server.receive(Sent("maker", 1, 0, values))
    return server


def standing(merged: Merged) -> dict[str, tuple[frozenset[tuple[str | int, ...]], dict[str, int]]]:
    """Return all that must not depend on the order of arrival: heads but for their versions, newest counters."""
    return {name: without_versions(register) for name, register in merged.registers.items()}


answers = st.fixed_dictionaries(
    {},
    optional={
        "head": field_values,
        "checked": field_values,
        "kit": st.sampled_from(["", "hose", "pump", "hose pump", "pump axe"]),
        "category": field_values,
        "severity": field_values,
        "result": field_values,
        "missing": st.sampled_from(["", "axe", "pump axe", "axe pump"]),
        "unruled": field_values,
        **{f"under_{policy}": field_values for policy in MergePolicy},
    },
)


@st.composite
def chains(draw: st.DrawFn, bases: int) -> list[Sent]:
    """What several phones send that knew of nothing but the first ``bases`` versions; each in its own order."""
    sent = []
    for origin in draw(st.sets(st.sampled_from(["red", "blue", "green"]), min_size=1)):
        length = draw(st.integers(1, 3))
        held = sorted(draw(st.lists(st.integers(1, bases), min_size=length, max_size=length)))
        for seq, base in enumerate(held, start=1):
            sent.append(Sent(origin, seq, base, draw(answers), draw(instants)))
    return sent


class Edit(NamedTuple):
    """A filled-in form, and what the person saw when they filled it in."""

    sent: Sent
    view: Mapping[str, str]

    def changes(self, name: str) -> bool:
        return self.sent.values[name] != self.view[name]


class Phone:
    """A phone whose form shows and sends every field: what it holds of the record, and its own values over it."""

    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self.edits: list[Edit] = []
        self.waiting: list[Sent] = []
        self.arrived_as: dict[int, int] = {}
        self.pull(server)

    def pull(self, server: Server) -> None:
        self.base_version, self.base = server.version, server.at[server.version]

    def view(self) -> Mapping[str, str]:
        """Return what the screen shows: the own last form until the base holds it, then the base."""
        if not self.edits or self.arrived_as.get(len(self.edits), self.base_version + 1) <= self.base_version:
            return self.base
        return self.edits[-1].sent.values

    def edit(self, **values: str) -> None:
        view = self.view()
        sent = Sent(self.name, len(self.edits) + 1, self.base_version, {**view, **values}, MONDAY)
        self.edits.append(Edit(sent, view))
        self.waiting.append(sent)

    def deliver(self, server: Server, pick: int) -> None:
        sent = self.waiting.pop(pick % len(self.waiting))
        server.receive(sent)
        self.arrived_as[sent.seq] = server.version


class Doing(NamedTuple):
    """One step of a story with three phones; ``pick`` says which of the waiting forms gets through."""

    phone: int
    step: str
    name: str
    value: str
    pick: int


def stories(steps: Iterable[str] = (), names: Iterable[str] = ()) -> st.SearchStrategy[list[Doing]]:
    """Tell of phones that pull, fill in and deliver; ``steps``, ``names``: what else may happen, to what else."""
    doing = st.builds(
        Doing,
        phone=st.integers(0, 2),
        step=st.sampled_from(["pull", "edit", "edit", "deliver", *steps]),
        name=st.sampled_from(["head", "phone", "note", *names]),
        value=field_values,
        pick=st.integers(0, 9),
    )
    return st.lists(doing, max_size=25)


def happened(story: Iterable[Doing]) -> tuple[Server, list[Phone]]:
    """Play a story on one record to the end: everything has been delivered."""
    server = Server()
    server.receive(Sent("maker", 1, 0, dict.fromkeys(["head", "phone", "note", *RULES], "1")))
    phones = [Phone(name, server) for name in ("red", "blue", "green")]
    for doing in story:
        phone = phones[doing.phone]
        if doing.step == "pull":
            phone.pull(server)
        elif doing.step == "edit":
            phone.edit(**{doing.name: doing.value})
        elif doing.step == "settle":
            server.settle(**{doing.name: doing.value})
        elif phone.waiting:
            phone.deliver(server, doing.pick)
    for phone in phones:
        while phone.waiting:
            phone.deliver(server, -1)
    return server, phones
