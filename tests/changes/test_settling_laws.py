"""What settling a conflict promises for any history: the choice stands, nothing is lost, and it can be taken back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.changes.domain import record_history, revise
from server.errors import Conflict, Invalid
from sync.changes import Dot, Verdict
from tests.changes.settled_records import Sent, Story, names, writings
from tests.changes.test_revise import STATIONS, a_context

texts = st.sampled_from(["1", "2", "3"])


def choices_for(data, story: Story) -> dict[str, str]:
    """Choose for some of the fields in conflict: a value that stands, or another."""
    open_fields = sorted(set(story.record.conflicts) & set(names))
    chosen = data.draw(st.lists(st.sampled_from(open_fields), min_size=1, unique=True))
    if {"level", "lack"} & set(chosen):
        chosen = sorted({*chosen, "level", "lack"})
    return {name: data.draw(texts) for name in chosen}


def a_conflict(data) -> tuple[Story, list[Sent]]:
    """Return a record in conflict, and writings of the same phones that are still under way."""
    sent = data.draw(st.permutations(data.draw(writings())))
    cut = data.draw(st.integers(0, len(sent)))
    disagreeing = [Sent("pink", 1, {"head": "1"}), Sent("grey", 1, {"head": "2"})]
    return Story().write_all([*disagreeing, *sent[:cut]]), sent[cut:]


@given(st.data())
def test_one_value_stands_in_every_field_that_was_settled_and_the_others_are_as_they_were(data):
    story, _ = a_conflict(data)
    before, choices = story.heads(), choices_for(data, story)

    settled = story.settle(**choices)

    assert settled.verdict is Verdict.APPLIED
    assert {name: story.record.fields[name] for name in choices} == choices
    assert {name: story.values(name) for name in choices} == {name: {value} for name, value in choices.items()}
    assert not set(story.record.conflicts) & set(choices)
    assert {name: heads for name, heads in story.heads().items() if name not in choices} == {
        name: heads for name, heads in before.items() if name not in choices
    }


@given(st.data())
def test_what_comes_later_stays_beside_the_choice_in_whatever_order_and_the_choice_shows(data):
    story, late = a_conflict(data)
    late += [
        Sent(f"{each.origin}-too", each.seq, each.values) for each in data.draw(writings())
    ]  # phones unheard of so far
    other = Story()
    other.record, other.history = story.record, list(story.history)
    choices = choices_for(data, story)
    for each in (story, other):
        each.settle(**choices)

    story.write_all(late)
    other.write_all(data.draw(st.permutations(late)))

    assert other.heads() == story.heads()
    for name, value in choices.items():
        assert ("office", value) in {(head[2], head[0]) for head in story.heads()[name]}
        assert story.record.fields[name] == value


@given(st.data())
def test_a_settlement_taken_back_leaves_what_would_stand_without_it(data):
    story, late = a_conflict(data)
    without = Story().write_all(_replayed(story))
    choices = choices_for(data, story)
    story.settle(**choices)
    made = story.record.version
    between = data.draw(st.integers(0, len(late)))
    story.write_all(late[:between])
    without.write_all(late[:between])

    try:
        story.unsettle(made)
    except Conflict:  # the phones themselves have agreed since
        assert not set(without.record.conflicts) & set(choices)
        return

    assert story.heads() == without.heads()
    assert set(story.record.conflicts) == set(without.record.conflicts)
    assert story.record.fields == without.record.fields
    story.write_all(late[between:])
    without.write_all(late[between:])
    assert story.heads() == without.heads()


@given(st.data())
def test_settling_again_after_taking_back_is_as_settling_once(data):
    story, _ = a_conflict(data)
    choices = choices_for(data, story)
    story.settle(**choices)
    once = {name: story.values(name) for name in names}
    story.unsettle(story.record.version)

    story.settle(**choices)

    assert {name: story.values(name) for name in names} == once


def _replayed(story: Story) -> list[Sent]:
    return [
        Sent(each.origin, each.origin_seq, {name: write.new for name, write in each.received.items()})
        for each in story.history[1:]
    ]


def in_conflict() -> Story:
    return Story().write_all([Sent("red", 1, {"head": "甲"}), Sent("blue", 1, {"head": "乙"})])


def test_a_settlement_that_is_taken_back_is_left_out_of_every_later_merge():
    story = in_conflict()
    story.settle(head="甲")
    story.unsettle(4)

    told = record_history.received(story.history, STATIONS)

    assert [each.version for each in told] == [1, 2, 3]
    assert record_history.settlements(story.history) == frozenset()


def test_somebody_who_saw_the_choice_replaces_it_and_taking_back_brings_the_others():
    story = in_conflict()
    story.settle(head="丙")
    story.take(_seen(story, "green", "丙", "丁"))
    assert story.values("head") == {"丁"}

    story.unsettle(4)

    assert story.values("head") == {"甲", "乙", "丁"}


def test_when_the_values_have_all_been_replaced_there_is_nothing_to_take_back_to():
    story = in_conflict()
    story.settle(head="甲")
    story.take(_seen(story, "red", "甲", "丁", seq=2))
    story.take(_seen(story, "blue", "丁", "丁", seq=2))
    story.take(_seen(story, "blue", "丁", "戊", seq=3))

    with pytest.raises(Conflict, match="撤销后"):
        story.unsettle(4)


@pytest.mark.parametrize("versions", [(), (3,), (99,), (3, 4)])
def test_what_is_no_settlement_cannot_be_taken_back(versions):
    story = in_conflict()
    story.settle(head="甲")

    with pytest.raises(Invalid, match="没有这样的选定"):
        story.unsettle(*versions)


def test_a_settlement_cannot_be_taken_back_twice():
    story = in_conflict()
    story.settle(head="甲")
    story.unsettle(4)

    with pytest.raises(Invalid):
        story.unsettle(4)


@pytest.mark.parametrize(
    ("choices", "named"), [({}, "choices"), ({"hoses": "7"}, "choices.hoses"), ({"nothing": "x"}, "choices.nothing")]
)
def test_only_what_is_in_conflict_is_settled(choices, named):
    with pytest.raises(Invalid) as refused:
        in_conflict().settle(**choices)

    assert [each["field"] for each in refused.value.data["errors"]] == [named]


def test_another_value_has_to_fit_and_one_that_stands_need_not():
    story = Story().write_all([Sent("red", 1, {"hoses": "7"}), Sent("blue", 1, {"hoses": "8"})])

    with pytest.raises(Invalid, match="整数"):
        story.settle(hoses="很多")

    assert story.settle(hoses="9").record.fields["hoses"] == "9"


def _seen(story: Story, origin: str, seen: str, new: str, seq: int = 1):
    """Let a phone that holds the record as it stands write a head."""
    version = story.record.version
    return revise.edit(
        story.record,
        a_context("edit", seq=version + 1, base_version=version, dot=Dot(origin, seq), fields={"head": (seen, new)}),
    )
