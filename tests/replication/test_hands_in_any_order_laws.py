"""Writes of hands under one device id end alike however they come in, also those that saw one another's in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import hands, replay
from sync.changes import Dot
from sync.merge import Merged
from sync.replay import Received
from tests.laws import examples
from tests.replication.field_hands import Made, Store
from tests.sync.merge_histories import RULES

DEVICE = "这台"
RECORD, OTHER_RECORD = "一号站", "二号站"
BEGUN = {"head": "0", "kit": "axe", "checked": "0", "category": "0", "severity": "0"}
VALUES = {
    "head": ("0", "1", "2", "3"),
    "kit": ("", "axe", "pump", "axe pump"),
    "checked": ("1", "2"),
    "category": ("0", "1"),
    "severity": ("0", "1"),
}


@dataclass
class Server:
    """One record at the server, always merged from all that came in. shared: as ``hands`` has it.

    counters: those of the device id that came in, with any record, each with the change that had it.
    """

    counters: dict[int, str] = field(default_factory=dict)
    came: list[Received] = field(default_factory=list)
    at: list[dict[str, str]] = field(default_factory=lambda: [{}])
    shared: dict[str, int] = field(default_factory=dict)
    now: Merged = field(default_factory=lambda: Merged({}, {}, frozenset()))

    def receive(self, made: Made) -> None:
        change, version = made.change, len(self.at)
        if made.device == DEVICE and self.counters.setdefault(change["seq"], change["id"]) != change["id"]:
            self._share(change["seq"])
        if change.get("record") == OTHER_RECORD:
            self._look()
            return
        values = {name: new for name, (_, new) in change["fields"].items()}
        stated = {name: seen for name, (seen, _) in change["fields"].items()}
        base = change["base_version"]
        observed_at = f"2026-11-23T{change['seq'] % 24:02d}:00:00.000Z"
        self.came.append(
            Received(
                Dot(made.device, change["seq"]), base, values, observed_at, version, self.at[base],
                change=change["id"], after=change.get("after"), stated=stated, shows=values,
            )
        )  # fmt: skip
        self._look()
        self.at.append(dict(self.now.values))

    def _look(self) -> None:
        for sign in hands.signs(self.came, RULES, self.shared):
            lower = [seq for seq in self.counters if seq < sign.dot.seq]
            if sign.since is None or len(lower) == sign.dot.seq - min(lower):
                self._share(sign.dot.seq)
        self.now = replay.rebuild(self.came, RULES, self.shared)

    def _share(self, seq: int) -> None:
        self.shared[DEVICE] = min(seq, self.shared.get(DEVICE, seq))

    def standing(self) -> tuple[Any, ...]:
        heads = {name: frozenset(head[:4] for head in each.heads) for name, each in self.now.registers.items()}
        return heads, dict(self.now.values), self.now.conflicts, self.shared

    def hand_out(self, store: Store) -> None:
        store.held[RECORD] = (len(self.at) - 1, dict(self.now.values))


steps = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["edit", "edit", "edit", "elsewhere", "copy", "push", "pull", "put back"]),
        st.sampled_from(sorted(VALUES)),
        st.integers(0, 11),
    ),
    max_size=14,
)


def lived(story: Iterable[tuple[int, str, str, int]], *, says_after: bool) -> tuple[list[Made], list[Made]]:
    """Let copies of one store write, send and read; return what has come in, in its order, and what is under way."""
    begin = Made("maker", "别台", {"id": "begin", "seq": 1, "base_version": 0,
                                   "fields": {name: [None, value] for name, value in BEGUN.items()}}, 9)  # fmt: skip
    server, arrived, first = Server(), [begin], Store(DEVICE, "worker", 0)
    server.receive(begin)
    server.hand_out(first)
    stores, backups = [first], [first.copied(0)]
    for who, step, name, pick in story:
        store = stores[who % len(stores)]
        if step == "copy":
            stores.append(store.copied(len(stores)))
            backups.append(store.copied(len(stores)))
        elif step == "put back":
            stores[who % len(stores)] = backups[pick % len(backups)].copied(0)
        elif step in ("push", "pull"):
            _exchange(server, store, arrived, sends=step == "push")
        else:
            _write(store, name if step == "edit" else None, pick, says_after=says_after)
    came = {each.change["id"] for each in arrived}
    under_way = {made.change["id"]: made for store in stores for made in store.unsent}
    return arrived, [made for id, made in under_way.items() if id not in came]


def _write(store: Store, name: str | None, pick: int, *, says_after: bool) -> None:
    if name is None:
        store.edit(OTHER_RECORD, head=str(pick))
        return
    value = VALUES[name][pick % len(VALUES[name])]
    if store.shown(RECORD).get(name) != value:
        store.edit(RECORD, says_after=says_after, **{name: value})


def _exchange(server: Server, store: Store, arrived: list[Made], *, sends: bool) -> None:
    """Let a store read the record, and send what is unsent before; what has come in already needs no sending."""
    came = {each.change["id"] for each in arrived}
    unsent = [made for made in store.unsent if made.change["id"] not in came]
    for made in unsent if sends else ():
        server.receive(made)
        arrived.append(made)
    store.unsent = [] if sends else unsent
    server.hand_out(store)


def after_all(made: Iterable[Made]) -> Server:
    server = Server()
    for each in made:
        server.receive(each)
    return server


@pytest.mark.parametrize("says_after", [True, False])
@given(story=steps, chance=st.randoms())
@settings(max_examples=examples(150))
def test_the_order_of_arrival_does_not_matter(says_after, story, chance):
    arrived, under_way = lived(story, says_after=says_after)
    shuffled = list(under_way)
    chance.shuffle(shuffled)

    assert after_all([*arrived, *shuffled]).standing() == after_all([*arrived, *under_way]).standing()


@given(steps, st.randoms())
@settings(max_examples=examples(150))
def test_a_value_that_somebody_saw_and_replaced_never_comes_back(story, chance):
    arrived, under_way = lived(story, says_after=True)
    chance.shuffle(under_way)
    server, replaced = Server(), []
    for made in [*arrived, *under_way]:
        server.receive(made)
        seen, _ = made.change["fields"].get("head", (None, None))
        replaced += [] if seen is None else [(seen, made.change["base_version"])]

        heads = server.now.registers["head"].heads
        assert not [each for each in heads for seen, base in replaced if each.value == seen and each.version <= base]


def write(device: str, seq: int, base: int, seen: str, new: str) -> Made:
    change = {"id": f"{seq}-{new}", "seq": seq, "base_version": base, "fields": {"head": [seen, new]}}
    return Made("worker", device, change, 0)


def test_a_third_hand_that_saw_the_beginning_brings_nothing_back_that_a_second_one_replaced():
    begin = write("别台", 1, 0, "", "0")
    first = write(DEVICE, 9, 1, "0", "A")
    second = write(DEVICE, 3, 2, "A", "B")
    third = write(DEVICE, 4, 1, "0", "C")

    for order in ([begin, first, second, third], [begin, first, third, second]):
        heads = after_all(order).now.registers["head"].heads

        assert {head.value for head in heads} == {"B", "C"}
