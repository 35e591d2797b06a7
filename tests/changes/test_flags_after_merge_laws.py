"""Whether a record still fits its form after merging follows from what was written, not from what came first."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from server.changes.domain import revise
from server.changes.domain.validation import invalid_fields
from server.changes.domain.write_context import WriteContext
from server.forms.domain.choices import Choices, Span
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Kind, RecordType
from server.records.domain.records import Record
from sync.changes import Change, Dot, FieldWrite
from sync.flags import Flag
from sync.merge import FieldRule

OPEN = (Span("", ""),)
TOOLS = Choices({"axe": OPEN, "pump": OPEN, "rope": ()}, set_valued=True)
WAYS = Choices({"here": OPEN, "sold": ()})
PUMPS = RecordType(
    "pumps",
    "泵",
    Kind.PROFILE,
    {
        "kit": Field("kit", "器材", set_valued=True, required=True),
        "way": Field("way", "去向"),
        "owner": Field("owner", "管理人", required=True),
        "litres": Field("litres", "升", "int"),
    },
    choices={"kit": TOOLS, "way": WAYS},
)
RULES = {"kit": FieldRule(set_valued=True)}
MADE = {"label": "泵", "kit": "axe pump", "way": "here", "owner": "甲", "litres": "9"}
AT = "2026-11-24T04:00:00.000Z"

values = st.fixed_dictionaries(
    {},
    optional={
        "kit": st.sampled_from(["", "axe", "pump", "rope", "axe hose"]),
        "way": st.sampled_from(["", "sold", "melted"]),
        "owner": st.sampled_from(["", "乙"]),
        "litres": st.sampled_from(["", "8", "many"]),
    },
)
edits = st.lists(values, min_size=1, max_size=5)


def a_context(number: int, action: str, fields: dict[str, FieldWrite], base: int) -> WriteContext:
    change = Change(f"c{number}", "r", "pumps", action, Dot(f"phone {number}", 1), fields, base)
    return WriteContext(change, PUMPS, RULES, "worker", AT, number + 1)


def merged(order: list[tuple[int, dict[str, str]]]) -> Record:
    """Create a pump and lay over it what each phone made of its first version, in this order of arrival."""
    made = a_context(0, "create", {name: FieldWrite(None, value) for name, value in MADE.items()}, 0)
    record = revise.create(made, area="1", path="p").record
    for number, new in order:
        fields = {name: FieldWrite(MADE[name], value) for name, value in new.items()}
        record = revise.edit(record, a_context(number, "edit", fields, 1)).record
    return record


@given(edits, st.randoms())
def test_the_order_of_arrival_decides_neither_values_nor_flags(made, chance):
    order = list(enumerate(made, 1))
    other = chance.sample(order, len(order))

    one, two = merged(order), merged(other)

    assert (one.fields, one.flags, one.conflicts) == (two.fields, two.flags, two.conflicts)


@given(edits)
def test_the_flag_stands_exactly_while_something_is_unfit(made):
    record = merged(list(enumerate(made, 1)))

    assert (Flag.INVALID_AFTER_MERGE in record.flags) is bool(invalid_fields(PUMPS, record.fields))


@given(
    values,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(["", "站内"]) for name in ("place", "shelf")}),
    st.booleans(),
)
def test_a_new_record_is_flagged_exactly_when_it_is_unfit_whatever_its_author_claims_to_have_seen(sent, more, is_seen):
    where = FieldRule(group="where")
    placed = {"place": Field("place", "放在", required=True, group="where"), "shelf": Field("shelf", group="where")}
    type = replace(PUMPS, fields={**PUMPS.fields, **placed})
    fields = {name: FieldWrite(value if is_seen else None, value) for name, value in {**sent, **more}.items()}
    context = a_context(0, "create", fields, 0)
    context = replace(context, type=type, rules={**RULES, "place": where, "shelf": where})

    revised = revise.create(context, area="1", path="p")

    unfit = invalid_fields(type, revised.record.fields)
    assert (Flag.INVALID_AFTER_MERGE in revised.record.flags) is bool(unfit)
    assert unfit.keys() <= {name for problem in revised.problems for name in problem.detail.get("reasons", ())}


@given(edits, st.randoms())
def test_a_problem_is_filed_whenever_something_becomes_unfit_that_was_not(made, chance):
    order = chance.sample(list(enumerate(made, 1)), len(made))
    record = merged([])
    for number, new in order:
        fields = {name: FieldWrite(MADE[name], value) for name, value in new.items()}
        revised = revise.edit(record, a_context(number, "edit", fields, 1))
        fresh = invalid_fields(PUMPS, revised.record.fields).keys() - invalid_fields(PUMPS, record.fields).keys()
        named = {name for problem in revised.problems for name in problem.detail.get("reasons", ())}
        assert fresh <= named
        record = revised.record
