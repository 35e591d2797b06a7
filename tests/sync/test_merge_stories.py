"""Two people edit the same micro station while both are out of signal, and other days in the field."""

from __future__ import annotations

from itertools import permutations

import pytest

from sync.changes import Dot, FieldWrite
from sync.merge import FieldRule, Head, MergePolicy, merge, to_json, values, write
from sync.registers import EMPTY
from sync.replay import Received, Settled, rebuild
from tests.sync.merge_histories import MONDAY, RULES, TUESDAY, WEDNESDAY, Phone, Sent, a_server

any_order = pytest.mark.parametrize("order", list(permutations(range(3))))


# two phones, one station


def test_edits_to_different_fields_both_survive():
    server = a_server(head="甲", phone="none")
    server.receive(Sent("red", 1, 1, {"head": "乙"}))

    merged = server.receive(Sent("blue", 1, 1, {"phone": "13800000001"}))

    assert merged.values == {"head": "乙", "phone": "13800000001"}
    assert merged.conflicts == frozenset()


def test_edits_to_the_same_field_show_the_later_sight_and_keep_both():
    early, late = Sent("red", 1, 1, {"hoses": "5"}, MONDAY), Sent("blue", 1, 1, {"hoses": "4"}, TUESDAY)

    for order in permutations([early, late]):
        merged = a_server(hoses="6").receive_all(order)

        assert merged.values["hoses"] == "4"
        assert merged.conflicts == {"hoses"}
        assert values(merged.registers["hoses"]) == {"4", "5"}


def test_two_who_write_the_same_agree():
    server = a_server(hoses="6")

    merged = server.receive_all([Sent("red", 1, 1, {"hoses": "5"}), Sent("blue", 1, 1, {"hoses": "5"})])

    assert merged.values["hoses"] == "5"
    assert merged.conflicts == frozenset()


def test_a_form_opened_last_week_does_not_bring_last_weeks_answers_back():
    server = a_server(head="甲", phone="none", hoses="6")
    server.receive(Sent("red", 1, 1, {"head": "乙", "hoses": "5"}))

    merged = server.receive(Sent("blue", 1, 1, {"head": "甲", "phone": "13800000001", "hoses": "6"}, TUESDAY))

    assert merged.values == {"head": "乙", "phone": "13800000001", "hoses": "5"}
    assert merged.conflicts == frozenset()


def test_a_third_person_who_saw_one_of_two_values_replaces_that_one_only():
    server = a_server(hoses="6")
    server.receive_all([Sent("red", 1, 1, {"hoses": "5"}, MONDAY), Sent("blue", 1, 1, {"hoses": "4"}, TUESDAY)])

    merged = server.receive(Sent("green", 1, 3, {"hoses": "3"}, WEDNESDAY))

    assert values(merged.registers["hoses"]) == {"5", "3"}
    assert merged.conflicts == {"hoses"}


def test_a_blanked_answer_is_a_write_and_an_unanswered_one_is_not():
    server = a_server(head="甲")

    merged = server.receive(Sent("red", 1, 1, {"head": "", "phone": ""}))

    assert merged.values == {"head": ""}


def test_an_update_that_names_no_base_is_judged_by_value_alone():
    station = a_server(head="甲", hoses="6").now.registers
    writes = {"head": FieldWrite(None, "甲"), "hoses": FieldWrite("6", "5"), "phone": FieldWrite(None, "")}
    moment = {"dot": Dot("old phone", 1), "base_version": None, "observed_at": TUESDAY, "version": 2}

    merged = merge(station, writes, {}, **moment)

    assert merged.values == {"head": "甲", "hoses": "5"}
    assert merged.conflicts == frozenset()


def test_a_blank_that_the_author_saw_as_nothing_at_all_goes():
    blank = write(EMPTY, Head("", MONDAY, "maker", 1, 1), seen=None, base_version=0)

    assert values(write(blank, Head("乙", TUESDAY, "red", 1, 2), seen=None, base_version=1)) == {"乙"}


# merge groups


def test_category_and_severity_conflict_as_one():
    red, blue = Sent("red", 1, 1, {"category": "gas"}, MONDAY), Sent("blue", 1, 1, {"severity": "high"}, TUESDAY)

    for order in permutations([red, blue]):
        merged = a_server(category="wiring", severity="low").receive_all(order)

        assert (merged.values["category"], merged.values["severity"]) == ("wiring", "high")
        assert merged.conflicts == {"category", "severity"}


def test_a_change_that_names_one_member_only_takes_the_others_as_they_stood():
    hazard = a_server(category="wiring", severity="low").now.registers
    moment = {"dot": Dot("office", 2), "base_version": 1, "observed_at": TUESDAY, "version": 2}

    merged = merge(hazard, {"severity": FieldWrite("low", "high")}, RULES, **moment)

    assert merged.values == {"category": "wiring", "severity": "high"}
    assert merged.conflicts == frozenset()


def test_fields_that_a_new_form_makes_a_group_keep_every_value_they_had():
    server = a_server(rules={}, category="wiring", severity="low")
    server.receive_all(
        [Sent("red", 1, 1, {"category": "gas"}, MONDAY), Sent("blue", 1, 1, {"severity": "high"}, TUESDAY)]
    )
    server.rules = RULES

    merged = server.receive(Sent("green", 1, 3, {"category": "blocked exit"}, WEDNESDAY))

    assert (merged.values["category"], merged.values["severity"]) == ("blocked exit", "high")
    assert merged.conflicts == frozenset()


def test_a_new_group_remembers_the_last_counter_and_the_last_version_of_each_hand():
    server = a_server(rules={}, category="wiring", severity="low", result="good", missing="")
    server.receive(Sent("red", 2, 1, {"category": "gas", "result": "bad"}))
    server.receive(Sent("red", 1, 1, {"severity": "high", "missing": "axe"}))
    moment = {"base_version": 2, "observed_at": TUESDAY, "version": 4}

    again = merge(server.now.registers, {"severity": FieldWrite("high", "none")}, RULES, dot=Dot("red", 2), **moment)
    check = merge(server.now.registers, {"result": FieldWrite("bad", "fair")}, RULES, dot=Dot("blue", 1), **moment)

    assert again.values == server.now.values
    assert values(check.registers["missing"]) == {"axe", ""}


def test_a_group_of_which_only_some_members_want_the_latest_keeps_both():
    rules = {"result": FieldRule(MergePolicy.LATEST, "check"), "note": FieldRule(MergePolicy.KEEP, "check")}
    server = a_server(rules=rules, result="good", note="")

    merged = server.receive_all([Sent("red", 1, 1, {"result": "bad"}), Sent("blue", 1, 1, {"note": "hose leaks"})])

    assert merged.conflicts == {"result", "note"}


# observations and sets


def test_the_last_check_shows_and_nobody_is_asked():
    red, blue = Sent("red", 1, 1, {"checked": "bad"}, TUESDAY), Sent("blue", 1, 1, {"checked": "good"}, MONDAY)

    for order in permutations([red, blue]):
        merged = a_server(checked="new").receive_all(order)

        assert merged.values["checked"] == "bad"
        assert merged.conflicts == frozenset()


def test_a_list_of_which_the_latest_counts_is_taken_whole():
    rules = {"missing": FieldRule(MergePolicy.LATEST, set_valued=True)}
    red, blue = Sent("red", 1, 1, {"missing": "pump axe"}, TUESDAY), Sent("blue", 1, 1, {"missing": "hose"}, MONDAY)

    for order in permutations([red, blue]):
        merged = a_server(rules=rules, missing="").receive_all(order)

        assert merged.values["missing"] == "axe pump"


def test_a_check_by_a_phone_whose_clock_is_slow_still_replaces_what_it_saw():
    server = a_server(checked="new")
    server.receive_all(
        [Sent("red", 1, 1, {"checked": "bad"}, TUESDAY), Sent("blue", 1, 1, {"checked": "good"}, MONDAY)]
    )

    merged = server.receive(Sent("slow", 1, 3, {"checked": "fair"}, "2025-11-24T03:00:00.000Z"))

    assert merged.values["checked"] == "fair"


def test_two_people_add_to_the_kit_and_both_things_are_there():
    red, blue = Sent("red", 1, 1, {"kit": "pump hose"}), Sent("blue", 1, 1, {"kit": "axe"}, TUESDAY)

    for order in permutations([red, blue]):
        merged = a_server(kit="hose").receive_all(order)

        assert merged.values["kit"] == "axe pump"  # blue took the hose away, red only left it as it was
        assert merged.conflicts == frozenset()


# one phone, heard in any order


@any_order
def test_an_offline_chain_ends_with_the_phones_last_values_and_no_conflict(order):
    phone = Phone("red", server := a_server(head="甲", hoses="6", note=""))
    phone.edit(head="乙", hoses="5")
    phone.edit(note="door blocked", hoses="6")
    phone.edit(note="door free")

    merged = server.receive_all(phone.waiting[index] for index in order)

    assert merged.values == {"head": "乙", "hoses": "6", "note": "door free"}
    assert merged.conflicts == frozenset()


def test_a_value_brought_along_and_replaced_by_one_who_saw_it_does_not_come_back_with_its_first_write():
    phone = Phone("red", server := a_server(head="甲", note="", kit="hose"))
    phone.edit(head="乙", kit="axe hose")
    phone.edit(note="door blocked")
    server.receive(phone.waiting[1])
    server.receive(Sent("blue", 1, 2, {"head": "丙", "kit": "hose"}))

    merged = server.receive(phone.waiting[0])

    assert merged.values == {"head": "丙", "note": "door blocked", "kit": "hose"}
    assert merged.conflicts == frozenset()


def test_what_another_wrote_meanwhile_is_kept_beside_the_chain():
    phone = Phone("red", server := a_server(head="甲"))
    phone.edit(head="乙")
    phone.edit(head="丁")
    server.receive_all([phone.waiting[1], Sent("blue", 1, 1, {"head": "丙"}), phone.waiting[0]])

    assert values(server.now.registers["head"]) == {"丁", "丙"}
    assert server.now.conflicts == {"head"}


def test_a_phone_that_pulled_between_its_writes_saw_what_it_pulled():
    phone = Phone("red", server := a_server(head="甲"))
    phone.edit(head="乙")
    phone.deliver(server, 0)
    server.receive(Sent("blue", 1, 2, {"head": "丙"}))
    phone.pull(server)
    phone.edit(head="丁")

    phone.deliver(server, 0)

    assert values(server.now.registers["head"]) == {"丁"}


def test_a_pull_that_holds_the_later_form_shows_that_one_though_the_earlier_still_waits():
    phone = Phone("red", server := a_server(head="甲", note=""))
    phone.edit(head="乙")
    phone.edit(head="丁")
    phone.deliver(server, 1)
    phone.pull(server)
    phone.edit(note="door blocked")
    server.receive(Sent("blue", 1, 2, {"head": "丙"}))

    while phone.waiting:
        phone.deliver(server, 0)

    assert server.now.values == {"head": "丙", "note": "door blocked"}
    assert server.now.conflicts == frozenset()


# an officer settles


def a_disputed_station():
    server = a_server(hoses="6", category="wiring", severity="low", kit="hose")
    server.receive(Sent("red", 1, 1, {"hoses": "5", "category": "gas", "kit": "axe"}, MONDAY))
    server.receive(Sent("blue", 1, 1, {"hoses": "4", "severity": "high", "kit": "hose pump"}, TUESDAY))
    return server


def test_a_settlement_ends_the_conflict_with_a_standing_value_or_another():
    server = a_disputed_station()
    assert server.now.conflicts == {"hoses", "category", "severity"}

    merged = server.settle(hoses="5", category="gas", severity="high", kit="ladder axe")

    assert merged.conflicts == frozenset()
    assert merged.values == {"hoses": "5", "category": "gas", "severity": "high", "kit": "axe ladder"}


def test_settling_one_member_of_a_group_settles_the_group():
    merged = a_disputed_station().settle(category="gas")

    assert (merged.values["category"], merged.values["severity"]) == ("gas", "high")
    assert merged.conflicts == {"hoses"}


def test_a_settlement_may_name_a_field_that_nobody_wrote_before():
    merged = a_disputed_station().settle(phone="13800000001")

    assert merged.values["phone"] == "13800000001"


def test_a_settlement_outlives_a_predecessor_that_arrives_late():
    phone = Phone("red", server := a_server(head="甲", note=""))
    phone.edit(head="乙", note="door blocked")
    phone.edit(head="丁")
    server.receive_all([phone.waiting[1], Sent("blue", 1, 1, {"head": "丙"})])
    server.settle(head="戊")

    merged = server.receive(phone.waiting[0])

    assert merged.values == {"head": "戊", "note": "door blocked"}
    assert merged.conflicts == frozenset()


def test_a_value_that_only_a_late_predecessor_brings_stands_beside_the_settlement():
    server = a_server(head="甲", note="")
    server.receive_all([Sent("red", 2, 1, {"note": "door blocked"}), Sent("blue", 1, 1, {"head": "丙"})])
    server.settle(head="戊")

    merged = server.receive(Sent("red", 1, 1, {"head": "乙"}))

    assert values(merged.registers["head"]) == {"戊", "乙"}
    assert merged.conflicts == {"head"}


# rebuilding and keeping


def test_rebuilding_needs_no_base_where_history_is_gone():
    history = [
        Received(Dot("red", 2), None, {"head": "丙"}, TUESDAY, 1002, {"head": "甲"}),
        Received(Dot("red", 1), None, {"head": "乙"}, MONDAY, 1003, {"head": "甲"}),
        Received(Dot("blue", 1), None, {"note": "dry"}, MONDAY, 1004),
        Settled(Dot("officer", 1005), {"note": "wet"}, WEDNESDAY, 1005),
    ]

    merged = rebuild(history, RULES)

    assert merged.values == {"head": "丙", "note": "wet"}
    assert merged.conflicts == frozenset()


def test_a_created_record_is_kept_as_one_entry():
    station = a_server(rules={}, head="甲", hoses="6").now.registers

    assert to_json(station) == '[[["2026-11-23T03:00:00.000Z","maker",1,1,{"head":"甲","hoses":"6"}]],[]]'


def test_a_hand_whose_value_has_gone_is_remembered_by_its_counter():
    server = a_server(head="甲", hoses="6")

    station = server.receive(Sent("red", 1, 1, {"head": "乙"})).registers

    assert to_json(station) == (
        '[[["2026-11-23T03:00:00.000Z","maker",1,1,{"hoses":"6"}],["2026-11-23T03:00:00.000Z","red",1,2,{"head":"乙"}]],'
        '[["maker",1,["head"]]]]'
    )
