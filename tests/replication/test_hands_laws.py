"""Two hands under one device id lose nothing, in whatever order they come in; one hand is never taken for two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync import registers
from tests.county import County
from tests.field_clients import Client
from tests.laws import examples
from tests.replication.field_hands import Made, Store
from tests.valley import UNIT, a_valley

NAMES = ("worker", "officer", "town")
FIELDS = ("head", "lack", "kit", "checked_on")
VALUES = {
    "head": lambda number: f"甲{number}",
    "lack": lambda number: f"缺{number}",
    "kit": lambda number: ("pump", "axe", "rope", "pump axe", "axe rope", "")[number % 6],
    "checked_on": lambda number: f"2026-11-{number % 20 + 1:02d}",
}


@contextmanager
def served() -> Iterator[County]:
    with TemporaryDirectory() as folder, a_valley(Path(folder) / "data") as valley:
        yield valley


def standing(valley: County, record: str) -> tuple[dict[str, Any], dict[str, frozenset[str]]]:
    """Return what a record shows and every value that stands in it."""
    found = valley.record(record)
    heads = {name: registers.values(each) for name, each in registers.from_json(found.registers).items()}
    return dict(found.fields), heads


def send(valley: County, made: Iterable[Made]) -> None:
    for each in made:
        answer = Client(valley, each.name).post("push", {"device": each.device, "changes": [each.change]})
        assert answer.status_code == 200


def received(valley: County, record: str) -> list[dict[str, Any]]:
    return [each["received"] for each in valley.get(f"/records/{record}/history", "officer").json["items"]]


steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["edit", "edit", "edit", "other record", "copy", "other person"]),
        st.sampled_from(FIELDS),
        st.integers(0, 99),
    ),
    max_size=14,
)


def offline(
    story: Iterable[tuple[int, str, str, int]], begin: Callable[[], list[Store]]
) -> tuple[list[Made], list[Made]]:
    """Let stores that hold two records be edited, copied and handed on out of signal; return what each step made.

    The first list is what made the records, the second what was made of them.
    """
    [first] = begin()
    made = [first.create(UNIT, label="一号站", head="0"), first.create(UNIT, label="二号站", head="0")]
    one, other = (each.change["record"] for each in made)
    for record in (one, other):
        first.held[record] = (1, {"head": "0"})
    first.unsent.clear()
    neighbour = first.copied(1)
    neighbour.device, neighbour.name, neighbour.counter = "另一台", "officer", 0
    stores, edits, numbers = [first, neighbour], [], count(1)
    for who, step, name, pick in story:
        store = stores[who % len(stores)]
        number = next(numbers)
        if step == "copy":
            stores.append(store.copied(len(stores)))
        elif step == "other person":
            store.name = NAMES[pick % len(NAMES)]
        else:
            value = VALUES[name](number if name in ("head", "lack") else pick)
            at = f"2026-11-20T{number % 24:02d}:00:{number:02d}+08:00"
            record = other if step == "other record" else one
            edits.append(store.edit(record, made_at=at, **{name: value}))
    return made, edits


@given(steps, st.randoms())
@settings(max_examples=examples(30))
def test_hands_that_share_an_id_end_alike_in_whatever_order_they_come_in(story, chance):
    made, edits = offline(story, lambda: [Store("这台", "worker", 0)])
    shuffled = [*edits, *chance.sample(edits, k=min(2, len(edits)))]
    chance.shuffle(shuffled)
    found = []
    for order in (edits, shuffled):
        with served() as valley:
            send(valley, [*made, *order])
            ids = [each.change["record"] for each in made]
            found.append([standing(valley, id) for id in ids])
            told = [each for id in ids for each in received(valley, id)]
            for each in edits:
                assert {name: list(write) for name, write in each.change["fields"].items()} in told

    assert found[0] == found[1]


@given(steps, st.randoms())
@settings(max_examples=examples(30))
def test_a_value_goes_only_when_its_own_hand_or_one_that_saw_it_wrote_another(story, chance):
    made, edits = offline(story, lambda: [Store("这台", "worker", 0)])
    chance.shuffle(edits)
    with served() as valley:
        send(valley, [*made, *edits])
        for record in (each.change["record"] for each in made):
            heads = standing(valley, record)[1]
            written = [each for each in edits if each.change["record"] == record]
            for each in written:
                for name in {"head", "lack"} & each.change["fields"].keys():
                    value = each.change["fields"][name][1]
                    replaced = any(other.change["fields"].get(name, [None])[0] == value for other in written)
                    assert value in heads[name] or replaced


honest = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(
            ["edit", "edit", "edit", "new", "push", "push backwards", "lost answer", "other person", "pull"]
        ),
        st.sampled_from(FIELDS),
        st.integers(0, 99),
    ),
    max_size=30,
)


def exchange(valley: County, store: Store, step: str) -> None:
    client = Client(valley, store.name, store.device)
    if step in ("push", "push backwards"):
        store.push(client, backwards=step == "push backwards")
    elif step == "lost answer":
        unsent, held = list(store.unsent), dict(store.held)
        store.push(client, most=3)
        store.unsent, store.held = unsent, held
    elif step == "pull":
        client.pull()
        for row in client.rows().values():
            store.hold(row)


@given(honest)
@settings(max_examples=examples(30))
def test_one_hand_is_never_taken_for_two(story):
    with served() as valley:
        stores = [Store("甲机", "worker", 0), Store("乙机", "officer", 1), Store("丙机", "town", 2)]
        stores.append(stores[0])
        records: list[str] = []
        for number, (who, step, name, pick) in enumerate(story):
            store = stores[who]
            if step == "new" or not records:
                records.append(store.create(UNIT, label=f"站{number}", head="0").change["record"])
            elif step == "edit":
                known = [record for record in records if store.shown(record)]
                if known:
                    store.edit(known[pick % len(known)], **{name: VALUES[name](number)})
            elif step == "other person" and not store.unsent:
                store.name = NAMES[pick % len(NAMES)]
            else:
                exchange(valley, store, step)
        for store in stores:
            store.push(Client(valley, store.name, store.device))

        assert "dot_reused" not in valley.problems()
