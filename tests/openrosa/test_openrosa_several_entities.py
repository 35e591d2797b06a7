"""One submission makes several records: a household with its people, who have pets, and hydrants that were looked at.

Entities from repeats and into several lists (entities-version 2025.1), as ODK Collect sends them from 2026.1 on.
"""

from __future__ import annotations

import pytest

from server.forms.store import forms as stored_forms
from server.openrosa.submission_xml import read_submission
from server.submissions.usecases import entities
from tests.county import prepared
from tests.filled_forms import new_uuid
from tests.household_visits import VISIT, a_check, a_hydrant, a_person, a_pet, a_visit, block, labels, publish_visits
from tests.valley import NEXT_UNIT


@pytest.fixture(autouse=True)
def forms(valley):
    publish_visits(valley)


def messages(valley) -> list[str]:
    return [row["message"] for row in valley.rows("SELECT message FROM problem WHERE settled_at IS NULL ORDER BY seq")]


def test_a_household_its_people_and_their_pets_are_records_of_one_submission(valley, phone):
    first, second = new_uuid(), new_uuid()

    answer = phone.send(
        a_visit(
            a_person("张三", first, a_pet("旺财") + a_pet("咪咪"), age="41"),
            a_person("李四", second, a_pet("小黑"), age="7"),
        )
    )

    assert answer.status_code == 201
    assert (labels(valley, "households"), labels(valley, "people")) == (["3号楼"], ["张三", "李四"])
    assert labels(valley, "pets") == ["旺财", "咪咪", "小黑"]
    assert [valley.record(id).fields for id in (first, second)] == [
        {"name_of": "张三", "age": "41"},
        {"name_of": "李四", "age": "7"},
    ]
    assert valley.count("submission") == 1
    assert valley.problems() == []


def test_each_list_is_a_ledger_of_its_own_with_its_kind_and_title(valley, phone):
    types = valley.do(stored_forms.catalogue).types

    assert {name: (types[name].title, types[name].kind.value) for name in ("households", "people", "pets")} == {
        "households": ("住户", "profile"),
        "people": ("居民", "profile"),
        "pets": ("入户走访·宠物", "event"),
    }
    assert list(types["people"].fields) == ["name_of", "age"]
    assert set(phone.manifest("visit")) == {"hydrants.csv", "households.csv", "people.csv"}


def test_the_people_lie_where_their_household_lies(valley):
    id, officer = new_uuid(), valley.phone("officer")

    officer.send(a_visit(a_person("张三", id), area=NEXT_UNIT))

    assert valley.record(id).path.endswith("/201/002")
    assert valley.problems() == []


def test_what_is_not_to_be_made_is_not_made_and_the_rest_is(valley, phone):
    phone.send(a_visit(a_person("张三", create="0", pets=a_pet("旺财")), a_person("李四")))

    assert (labels(valley, "people"), labels(valley, "pets")) == (["李四"], ["旺财"])


def test_repeats_without_a_usable_id_are_one_problem_that_names_them_and_hold_back_no_other(valley, phone):
    phone.send(a_visit(a_person("张三", ""), a_person("李四"), a_person("王五", ""), a_person("赵六", "7")))

    assert labels(valley, "people") == ["李四"]
    assert labels(valley, "households") == ["3号楼"]
    assert valley.problems() == ["entity_unusable", "entity_unusable"]
    assert "第 1 个“住户成员”、第 3 个“住户成员”" in messages(valley)[0]
    assert "第 4 个“住户成员”" in messages(valley)[1]


def test_a_value_that_does_not_fit_is_a_problem_of_its_record_alone(valley, phone):
    bad, good = new_uuid(), new_uuid()

    phone.send(a_visit(a_person("张三", bad, age="很老"), a_person("李四", good, age="60")))

    assert (valley.problems(record=bad), valley.problems(record=good)) == (["misfit"], [])
    assert valley.record(good).fields["age"] == "60"


def test_what_the_author_may_not_write_is_set_aside_and_the_rest_is_written(valley, phone):
    taken = a_hydrant(valley.phone("stranger"))

    phone.send(a_visit(a_person("张三"), a_check(taken, state="坏")))

    assert labels(valley, "people") == ["张三"]
    assert valley.record(taken).fields["state"] == "好"
    assert (valley.verdicts(taken), len(valley.problems())) == (["applied", "quarantined"], 1)


def test_one_form_creates_some_records_and_updates_others(valley, phone):
    east, west = a_hydrant(phone, "东门"), a_hydrant(phone, "西门")

    phone.send(a_visit(a_person("张三"), a_check(east, state="坏"), a_check(west, state="漏水")))

    assert [valley.record(id).fields["state"] for id in (east, west)] == ["坏", "漏水"]
    assert [valley.verdicts(id) for id in (east, west)] == [["applied", "applied"]] * 2
    assert labels(valley, "people") == ["张三"]


def test_the_same_submission_again_changes_nothing(valley, phone):
    visit = a_visit(a_person("张三"), a_person("李四", ""), a_check(a_hydrant(phone), state="坏"))
    assert phone.send(visit).status_code == 201
    before = valley.holdings()

    assert phone.send(visit).status_code == 202

    assert valley.holdings() == before


def test_two_repeats_with_one_new_id_keep_the_second_for_the_office(valley, phone):
    id = new_uuid()

    phone.send(a_visit(a_person("张三", id), a_person("李四", id), a_person("王五", id)))

    assert labels(valley, "people") == ["张三"]
    assert valley.problems(record=id) == ["quarantined", "quarantined"]
    assert valley.verdicts(id).count("quarantined") == 2


def test_a_record_that_was_chosen_twice_gets_both_and_a_conflict_where_they_differ(valley, phone):
    hydrant = a_hydrant(phone)

    phone.send(a_visit(a_check(hydrant, state="坏", flow="小"), a_check(hydrant, state="漏水", flow="小")))

    record = valley.record(hydrant)
    assert record.fields["flow"] == "小"
    assert (record.conflicts, valley.problems(record=hydrant)) == (("state",), ["conflict"])


def test_different_answers_about_a_record_that_was_chosen_twice_are_both_taken(valley, phone):
    hydrant = a_hydrant(phone)

    phone.send(a_visit(a_check(hydrant, state="坏"), a_check(hydrant, state="好", flow="小")))

    record = valley.record(hydrant)
    assert (record.fields["state"], record.fields["flow"], valley.problems()) == ("坏", "小", [])


def test_an_edit_is_compared_record_by_record_and_changes_none(valley, phone):
    first, second, instance = new_uuid(), new_uuid(), f"uuid:{new_uuid()}"
    phone.send(
        a_visit(a_person("张三", first), a_person("李四", second), household=(home := new_uuid()), instance=instance)
    )
    before = [valley.record(id) for id in (home, first, second)]

    edit = a_visit(
        a_person("张三", first),
        a_person("李思", second),
        household=home,
        old=f"<deprecatedID>{instance}</deprecatedID>",
    )
    assert phone.send(edit).status_code == 201

    assert [valley.record(id) for id in (home, first, second)] == before
    assert (valley.problems(), valley.problems(record=second)) == (["edit_differs"], ["edit_differs"])
    assert "第 2 个“住户成员”" in messages(valley)[0]


def test_an_edit_that_adds_somebody_and_takes_somebody_away_tells_the_office_of_both(valley, phone):
    gone, come, instance, home = new_uuid(), new_uuid(), f"uuid:{new_uuid()}", new_uuid()
    phone.send(a_visit(a_person("张三", gone), household=home, instance=instance))

    phone.send(a_visit(a_person("李四", come), household=home, old=f"<deprecatedID>{instance}</deprecatedID>"))

    assert labels(valley, "people") == ["张三"]
    assert (valley.problems(record=gone), valley.problems(record=come)) == (["edit_differs"], ["edit_differs"])
    assert any("删去" in message for message in messages(valley))
    assert any("添加了第 1 个“住户成员”" in message for message in messages(valley))


def test_a_block_that_the_form_does_not_declare_there_is_a_problem(valley, phone):
    stray = f"<check>{block('people', new_uuid(), '张三', create='1')}</check>"

    phone.send(a_visit(stray, a_person("李四")))

    assert labels(valley, "people") == ["李四"]
    assert valley.problems() == ["entity_unusable"]


def test_a_long_list_of_people_is_taken(valley, phone):
    phone.send(a_visit(*(a_person(f"第{n}人", age=str(n + 1)) for n in range(200))))

    assert valley.count("record") == 201
    assert valley.rows("SELECT COUNT(DISTINCT path) AS n FROM record") == [{"n": 1}]


def test_of_more_people_than_one_submission_may_save_the_rest_stays_in_it_and_the_office_is_told(
    valley, phone, monkeypatch
):
    monkeypatch.setattr(entities, "ENTITIES_MAX", 6)

    answer = phone.send(a_visit(*(a_person(f"第{n}人") for n in range(9))))

    assert answer.status_code == 201
    assert labels(valley, "people") == [f"第{n}人" for n in range(5)]
    (told,) = messages(valley)
    assert "第 6 个“住户成员”没有写进台账：一份提交最多写入6条记录，这份有10条，从这一条起都没有写入" in told
    assert "第8人".encode() in valley.rows("SELECT xml FROM submission")[0]["xml"]


def test_what_many_blocks_of_one_container_save_is_read_once():
    more = block("households", new_uuid(), "4号楼", create="1").removeprefix("<meta>").removesuffix("</meta>") * 3
    raw = a_visit(a_person("张三"), a_person("李四")).replace(b"<instanceID>", more.encode() + b"<instanceID>")

    filled = entities.filled_entities(read_submission(raw), entities.layout_of(prepared(VISIT).definition))

    homes = [each.values for each in filled if each.block.dataset == "households"]
    assert len(homes) == 4 and all(values is homes[0] for values in homes)
    assert homes[0]["door"] == "3号楼"
    people = [each.values["name_of"] for each in filled if each.block.dataset == "people"]
    assert people == ["张三", "李四"]
