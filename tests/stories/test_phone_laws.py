"""Laws of everything that phones send: order, repeats and splits change neither what is shown nor what stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.admin.store import invariants
from sync import registers
from tests.county import County
from tests.filled_forms import Filled, a_station, a_visit, new_uuid
from tests.laws import examples
from tests.valley import a_valley

NAMES = ("worker", "officer", "town", "brigade")
HEADS = st.sampled_from(["甲", "乙", "丙"])
VISITS = st.fixed_dictionaries(
    {},
    optional={
        "head": HEADS,
        "hoses": st.sampled_from(["6", "7", "8", ""]),
        "kit": st.sampled_from(["", "axe", "axe pump", "rope"]),
        "level": st.sampled_from(["red", "green"]),
        "lack": st.sampled_from(["", "水泵"]),
        "checked_on": st.sampled_from(["2026-11-20", "2026-11-21"]),
        "end": st.integers(0, 23).map(lambda hour: f"2026-11-23T{hour:02d}:00:00.000+08:00"),
    },
)
CHAINS = st.lists(st.lists(VISITS, min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[County]:
    """One valley for all examples of the laws: every example has a station of its own."""
    with a_valley(tmp_path_factory.mktemp("laws") / "data") as valley:
        yield valley


def written(chains: list[list[dict[str, str]]], id: str) -> list[list[tuple[str, Filled]]]:
    """Return what each person's phone sends about a station that all of them hold at version 1."""
    return [
        [(name, a_visit(id, place + 1, trunk=1, branch=f"{id}-{name}", **values)) for place, values in enumerate(chain)]
        for name, chain in zip(NAMES, chains, strict=False)
    ]


def renamed(sent: list[tuple[str, Filled]], old: str, new: str) -> list[tuple[str, Filled]]:
    """Return the same work about another station."""
    return [
        (
            name,
            replace(
                filled,
                instance=f"{filled.instance}-{new}",
                values={**filled.values, "station": new},
                entities=(replace(filled.entities[0], id=new, branch=filled.entities[0].branch.replace(old, new)),),
            ),
        )
        for name, filled in sent
    ]


def standing(valley: County, id: str) -> tuple[object, ...]:
    """Return what a station shows and every value that stands, whichever version each came with."""
    record = valley.record(id)
    known = registers.from_json(record.registers)
    heads = {
        (name, head.value, head.origin.replace(id, ""), head.seq)
        for name, register in known.items()
        for head in register.heads
        if not head.origin.startswith("uuid:")
    }
    return dict(record.fields), record.label, record.conflicts, record.version, heads


@given(CHAINS, st.data())
@settings(max_examples=examples(50))
def test_any_order_of_arrival_shows_the_same_and_keeps_the_same(shared, chains, data):
    """Each hand's times rise, as on a phone whose clock runs forward."""
    chains = [_in_time(chain) for chain in chains]
    one, other = new_uuid(), new_uuid()
    sent = [each for chain in written(chains, one) for each in chain]
    shuffled = renamed(data.draw(st.permutations(sent)), one, other)

    for id, arrivals in ((one, sent), (other, shuffled)):
        assert shared.phone("worker").send(a_station(id)).status_code == 201
        for name, filled in arrivals:
            assert shared.phone(name).send(filled).status_code == 201

    assert standing(shared, one) == standing(shared, other)


def _in_time(chain: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**values, "end": f"2026-11-23T{8 + place:02d}:00:00.000+08:00"} for place, values in enumerate(chain)]


@given(CHAINS, st.data())
@settings(max_examples=examples(20))
def test_duplicates_anywhere_change_nothing(shared, chains, data):
    id = new_uuid()
    station = ("worker", a_station(id))
    sent = [station, *(each for chain in written(chains, id) for each in chain)]
    for name, filled in data.draw(st.permutations(sent)):
        shared.phone(name).send(filled)
    before, holdings = shared.record(id), shared.holdings()

    for name, filled in data.draw(st.lists(st.sampled_from(sent), max_size=6)):
        assert shared.phone(name).send(filled).status_code == 202

    assert shared.record(id) == before
    assert shared.holdings() == holdings


@given(st.lists(VISITS, min_size=1, max_size=4), st.data())
@settings(max_examples=examples(50))
def test_one_phones_chain_ends_with_its_last_values_and_no_conflict(shared, visits, data):
    """Whatever its clock says, a phone never disagrees with itself."""
    id = new_uuid()
    sent = [a_station(id)] + [a_visit(id, n + 1, branch=f"b-{id}", **values) for n, values in enumerate(visits)]

    for filled in data.draw(st.permutations(sent)):
        shared.phone("worker").send(filled)

    record = shared.record(id)
    wanted: dict[str, str] = {"head": "甲", "hoses": "6"}
    for values in visits:
        wanted |= {name: value for name, value in values.items() if name != "end"}
    assert {name: value for name, value in record.fields.items() if value} == {
        name: " ".join(sorted(value.split())) for name, value in wanted.items() if value
    }
    assert (record.conflicts, record.version) == ((), len(sent))
    assert shared.problems(record=id) == []


@given(CHAINS, st.data())
@settings(max_examples=examples(25))
def test_fields_that_nobody_shares_are_never_flagged_and_never_lost(shared, chains, data):
    id = new_uuid()
    own = dict(zip(NAMES, ("head", "hoses", "checked_on"), strict=False))
    chains = [
        [{field: value for field, value in values.items() if field == own[name]} for values in chain]
        for name, chain in zip(NAMES, chains, strict=False)
    ]
    shared.phone("worker").send(a_station(id))
    sent = [each for chain in written(chains, id) for each in chain]

    for name, filled in data.draw(st.permutations(sent)):
        shared.phone(name).send(filled)

    record = shared.record(id)
    assert (record.conflicts, shared.problems(record=id)) == ((), [])
    for name, chain in zip(NAMES, chains, strict=False):
        said = [values[own[name]] for values in chain if own[name] in values]
        if said:
            assert record.fields.get(own[name], "") == said[-1]


def test_what_we_promise_of_a_database_holds_after_all_of_it(shared):
    with shared.store.reading() as reading:
        assert list(invariants.broken(reading)) == []
