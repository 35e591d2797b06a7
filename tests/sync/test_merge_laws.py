"""What the merge promises for any history at all (``sync.md`` section 3 and invariants 5, 8 and 10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.changes import Dot, FieldWrite
from sync.merge import (
    FieldRule,
    Head,
    MergePolicy,
    from_json,
    in_conflict,
    merge,
    read,
    settle,
    to_json,
    values,
    write,
    writes_of,
)
from sync.registers import EMPTY
from sync.replay import rebuild
from sync.rules import BEHAVIOURS
from tests.sync.merge_histories import (
    MONDAY,
    RULES,
    a_server,
    answers,
    chains,
    concurrent,
    field_values,
    happened,
    pasts,
    play,
    standing,
    stories,
    without_versions,
)

every_policy = pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)


# one field


@every_policy
@given(st.data())
def test_the_order_of_arrival_does_not_matter_nor_do_repeats(behaviour, data):
    past = data.draw(pasts())
    writes = data.draw(concurrent(past))
    shuffled = data.draw(st.permutations([*writes, *data.draw(st.lists(st.sampled_from(writes), max_size=3))]))
    start, after = play(past, write=behaviour.write), len(past) + 1
    in_order = play(writes, start, version=after, write=behaviour.write)

    arrived = play(shuffled, start, version=after, write=behaviour.write)

    assert without_versions(arrived) == without_versions(in_order)
    assert behaviour.shown(arrived)[:4] == behaviour.shown(in_order)[:4]


@every_policy
@given(st.data())
def test_what_is_in_already_changes_nothing(behaviour, data):
    past = data.draw(pasts())
    again = data.draw(st.sampled_from(past))
    register = play(past, write=behaviour.write)

    assert play([again], register, version=99, write=behaviour.write) == register


@given(st.data())
def test_a_value_goes_only_when_somebody_who_saw_it_or_the_same_hand_wrote_another(data):
    past = data.draw(pasts())
    one = data.draw(concurrent(past))[0]
    before = play(past)

    after = play([one], before, version=99)

    for head in before.heads - after.heads:
        assert head.origin == one.origin or (head.value == one.seen and head.version <= one.base_version)


@given(st.data())
def test_a_lower_counter_of_the_same_hand_is_history_only(data):
    past = data.draw(pasts())
    late, early = (data.draw(concurrent(past))[0]._replace(origin="red", seq=seq) for seq in (11, 10))
    register = play([late], play(past), version=50)

    assert play([early], register, version=60) == register


@given(field_values, field_values, field_values)
def test_overlapping_writes_are_both_retrievable_and_flagged_when_they_differ(was, red, blue):
    register = write(EMPTY, Head(was, MONDAY, "maker", 1, 1), seen=None, base_version=0)

    for version, (origin, value) in enumerate([("red", red), ("blue", blue)], start=2):
        register = write(register, Head(value, MONDAY, origin, 1, version), seen=was, base_version=1)

    assert values(register) == {red, blue}
    assert in_conflict(register) == (red != blue)


@given(pasts(), field_values)
def test_where_the_base_is_not_known_the_value_alone_decides(past, seen):
    before = play(past)
    head = Head("new", MONDAY, "stranger", 1, 99)

    for behaviour in BEHAVIOURS.values():
        after = behaviour.write(before, head, seen=seen, base_version=None)

        assert after.heads == {head, *(old for old in before.heads if old.value != seen)}


@given(st.data())
def test_a_settlement_has_seen_every_head_and_always_writes(data):
    past = data.draw(pasts())
    register = play(data.draw(concurrent(past)), play(past), version=len(past) + 1)
    choice = Head(data.draw(st.sampled_from(sorted(values(register)))), MONDAY, "officer", 99, 99)

    assert settle(register, choice).heads == {choice}


# one record


@given(st.data())
def test_chains_of_several_phones_end_the_same_in_whatever_order_they_arrive(data):
    made, second = data.draw(answers), data.draw(answers)
    sent = data.draw(chains(bases=2))
    in_order, any_order = a_server(**made), a_server(**made)
    for server in (in_order, any_order):
        server.receive(sent[0]._replace(origin="maker", seq=2, base_version=1, values=second))

    expected = in_order.receive_all(sent)
    arrived = any_order.receive_all(data.draw(st.permutations(sent)))

    assert arrived.values == expected.values
    assert arrived.conflicts == expected.conflicts
    assert standing(arrived) == standing(expected)


@given(st.data())
def test_a_phone_alone_ends_with_its_last_values_and_no_conflict_in_whatever_order_it_is_heard(data):
    server = a_server(head="1", category="1", severity="1", kit="hose")
    sent = [one for one in data.draw(chains(bases=1)) if one.origin != "green"]
    sent = [one._replace(origin="red", seq=seq, observed_at=MONDAY) for seq, one in enumerate(sent, start=1)]
    last = dict(server.at[1])
    for one in sent:
        last |= {name: " ".join(sorted(set(v.split()))) for name, v in one.values.items()}

    arrived = server.receive_all(data.draw(st.permutations(sent)))

    assert {name: value for name, value in arrived.values.items() if value} == {n: v for n, v in last.items() if v}
    assert arrived.conflicts == frozenset()


@given(stories(steps=["settle"], names=RULES))
def test_rebuilding_gives_what_the_server_arrived_at_step_by_step(story):
    server, _ = happened(story)

    assert rebuild(server.history, RULES) == server.now
    assert rebuild([*reversed(server.history), *server.history], RULES) == server.now


@given(stories())
def test_phones_that_never_touch_the_same_field_raise_no_flag(story):
    own = ["head", "phone", "note"]

    server, phones = happened(doing._replace(name=own[doing.phone]) for doing in story)

    assert server.now.conflicts == frozenset()
    assert dict(server.now.values) == {
        **server.at[1],
        **{name: phone.edits[-1].sent.values[name] for name, phone in zip(own, phones, strict=True) if phone.edits},
    }


@given(stories())
def test_a_stale_prefilled_answer_never_becomes_a_value_that_stands(story):
    server, phones = happened(story)

    edits = {(phone.name, edit.sent.seq): edit for phone in phones for edit in phone.edits}
    for name, register in server.now.registers.items():
        for head in register.heads:
            assert head.origin == "maker" or edits[head.origin, head.seq].changes(name)


@given(stories())
def test_no_change_is_lost_unless_its_author_or_one_who_saw_it_wrote_another(story):
    server, phones = happened(story)

    everybody = [edit for phone in phones for edit in phone.edits]

    for edit in everybody:
        for name in filter(edit.changes, edit.sent.values):
            value = edit.sent.values[name]
            same_hand = [
                later for later in everybody if later.sent[:2] > edit.sent[:2] and later.sent[0] == edit.sent[0]
            ]
            saw_it = [one for one in everybody if one.view[name] == value]
            replaced = any(later.changes(name) for later in same_hand + saw_it)
            assert replaced or value in values(server.now.registers[name])


@given(st.data())
def test_a_clock_wrong_by_a_year_changes_only_which_value_shows(data):
    sent = data.draw(chains(bases=1))
    off = [one._replace(observed_at="2025" + one.observed_at[4:]) if one.origin == "red" else one for one in sent]
    right, wrong = a_server(head="1", kit="pump"), a_server(head="1", kit="pump")

    expected, arrived = right.receive_all(sent), wrong.receive_all(off)

    assert arrived.conflicts == expected.conflicts
    for name, register in expected.registers.items():
        dots = {(head.value, head.origin, head.seq, head.version) for head in register.heads}
        assert {(head.value, *head[2:]) for head in arrived.registers[name].heads} == dots


@given(st.data())
def test_a_group_applies_or_conflicts_as_one(data):
    server = a_server(category="1", severity="1")
    sent = [one for one in data.draw(chains(bases=1)) if one.seq == 1]

    merged = server.receive_all(sent)

    written = {(one.values.get("category", "1"), one.values.get("severity", "1")) for one in sent}
    assert (merged.values["category"], merged.values["severity"]) in {("1", "1"), *written}
    assert merged.conflicts & {"category", "severity"} in (set(), {"category", "severity"})


@given(st.data())
def test_an_element_that_anybody_added_and_nobody_who_saw_it_removed_is_present(data):
    sent = [one for one in data.draw(chains(bases=1)) if one.seq == 1]
    server = a_server(kit="hose")

    merged = server.receive_all(sent)

    kits = [set(one.values.get("kit", "hose").split()) for one in sent]
    kept = {"hose"} if all("hose" in kit for kit in kits) else set()
    assert set(merged.values["kit"].split()) == kept | {e for kit in kits for e in kit if e != "hose"}
    assert merged.values["kit"].split() == sorted(merged.values["kit"].split())


@given(st.data())
def test_sets_and_latest_observations_never_raise_a_flag(data):
    server = a_server(checked="1", kit="hose", result="1", missing="")

    merged = server.receive_all(data.draw(chains(bases=1)))

    assert not merged.conflicts & {"checked", "kit", "result", "missing"}


@given(st.data())
def test_the_latest_observation_of_those_who_did_not_see_each_other_shows(data):
    server = a_server(checked="0")
    sent = [one for one in data.draw(chains(bases=1)) if one.seq == 1 and "checked" in one.values]

    merged = server.receive_all(sent)

    last = max(sent, key=lambda one: (one.observed_at, one.origin), default=None)
    assert merged.values["checked"] == (last.values["checked"] if last else "0")


@given(st.data())
def test_json_gives_the_same_registers_back_and_the_same_text_for_the_same_registers(data):
    server = a_server(**data.draw(answers))
    registers = server.receive_all(data.draw(chains(bases=1))).registers

    text = to_json(registers)

    assert from_json(text) == registers
    assert to_json(dict(reversed(from_json(text).items()))) == text


words = st.dictionaries(st.sampled_from(["head", "phone", "note"]), field_values)


@given(words, words, st.lists(words, max_size=2))
def test_a_hand_saw_the_base_with_what_it_sent_itself_over_it(received, base, sent_before):
    writes = writes_of(received, base, sent_before)

    for name, one in writes.items():
        saw = [held[name] for held in [base, *sent_before] if name in held]
        assert one.seen == (saw[-1] if saw else None)
        assert one.new == received.get(name, one.seen)


@given(st.data(), st.dictionaries(st.sampled_from(sorted(RULES)), st.builds(FieldRule, st.sampled_from(MergePolicy))))
def test_any_write_is_taken_on_any_record_under_any_rules(data, rules):
    before = a_server(rules=RULES, **data.draw(answers)).receive_all(data.draw(chains(bases=1))).registers
    writes = {
        name: FieldWrite(data.draw(st.none() | field_values), value) for name, value in data.draw(answers).items()
    }
    base = data.draw(st.none() | st.integers(0, 9))

    merged = merge(before, writes, rules, dot=Dot("x", 1), base_version=base, observed_at=MONDAY, version=50)

    assert read(merged.registers, rules) == merged
    assert from_json(to_json(merged.registers)) == merged.registers
