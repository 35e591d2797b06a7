"""A form is tried on named phones before it is published; what a publication replaced can be brought back."""

from __future__ import annotations

import pytest

from server.db import training
from server.errors import FormRefused, Invalid, NotFound
from server.forms.store import forms
from server.forms.usecases import drafts, publish
from tests.county import prepared
from tests.filled_forms import Entity, Filled, new_uuid
from tests.forms.form_builders import a_form
from tests.valley import a_valley

FLOWERS = b"name,label,active_from,active_to\nacacia,\xe6\xa7\x90\xe8\x8a\xb1,2026-01-01,\n"
FEWER = b"name,label,active_from,active_to\nlinden,\xe6\xa4\xb4\xe8\x8a\xb1,2026-01-01,\n"
PICK = "| | select_one_from_file flowers.csv | flower | 花 | Flower | flower |\n"


@pytest.fixture
def valley(tmp_path):
    with a_valley(tmp_path / "data") as served:
        yield served


def form(version="1", more="", **settings):
    return a_form(more=PICK + more, version=version, **settings)


def on_trial(valley, text, *testers, **media):
    files = tuple((name.replace("_", "."), content) for name, content in media.items())
    return valley.do(drafts.publish_draft, prepared(text, files), testers, "admin")


def released(valley, id="apiary"):
    with valley.store.reading() as reading:
        source, kind, media = drafts.draft_of(reading, id)
    made = publish.prepare(source, kind, media)
    return valley.do(drafts.release, made, "admin")


def brought_back(valley, id="apiary"):
    with valley.store.reading() as reading:
        replaced = drafts.last_replaced(reading, id)
        source, kind = drafts.source_of(reading, replaced)
    made = publish.prepare(source, kind, replaced.media)
    return valley.do(drafts.bring_back, made, replaced, "admin")


def listed(valley, name):
    return {entry["formID"]: entry["name"] for entry in valley.phone(name).listed() if "apiary" in entry["formID"]}


def offered(valley, id="apiary", name="worker"):
    return valley.phone(name).get(f"forms/{id}/attachments/flowers.csv").data


def test_a_draft_is_on_the_phones_of_its_testers_alone_and_says_so(valley):
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS)

    assert listed(valley, "worker") == {"apiary__trial": "【试用】养蜂登记"}
    assert listed(valley, "neighbour") == {}
    assert valley.phone("neighbour").get("forms/apiary__trial.xml").status_code == 403
    assert "槐花".encode() in offered(valley, "apiary__trial")


def test_what_testers_send_is_kept_and_becomes_no_record(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    on_trial(valley, form("2"), "worker", flowers_csv=FLOWERS)
    xml = valley.phone("worker").get("forms/apiary__trial.xml").data
    block = Entity("apiaries", new_uuid(), create="1", label="试填")

    # A phone makes no entity of it; and whatever a program sends all the same becomes none.
    for entities in ((), (block,)):
        sent = valley.phone("worker").send(Filled("apiary__trial", {"keeper": "甲"}, entities, version="2.1"))
        assert sent.status_code == 201

    assert not [word for word in (b"<entity", b"saveto", b"entities-version") if word in xml]
    assert valley.rows("SELECT COUNT(*) AS n FROM submission WHERE form = 'apiary__trial'") == [{"n": 2}]
    assert valley.rows("SELECT COUNT(*) AS n FROM record WHERE type = 'apiaries'") == [{"n": 0}]
    assert valley.problems() == []


def test_a_draft_leaves_the_live_form_and_the_countys_lists_alone(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    before = valley.rows("SELECT * FROM code WHERE list = 'flowers'")

    on_trial(valley, form("2"), "worker", flowers_csv=FEWER)

    assert listed(valley, "worker") == {"apiary": "养蜂登记", "apiary__trial": "【试用】养蜂登记"}
    assert "槐花".encode() in offered(valley)
    assert "椴花".encode() in offered(valley, "apiary__trial")
    assert valley.rows("SELECT * FROM code WHERE list = 'flowers'") == before
    with valley.store.reading() as reading:
        assert list(forms.get(reading, "apiary").versions) == ["1"]


def test_a_draft_is_judged_as_if_it_were_published(valley):
    with pytest.raises(FormRefused):
        on_trial(valley, form(), "worker")  # its list is missing

    assert listed(valley, "worker") == {}


@pytest.mark.parametrize(("testers", "refusal"), [((), Invalid), (("nobody",), NotFound)])
def test_a_draft_names_its_testers(valley, testers, refusal):
    with pytest.raises(refusal):
        on_trial(valley, form(), *testers, flowers_csv=FLOWERS)


def test_a_draft_that_is_mended_is_a_new_version_for_its_testers(valley):
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS)

    done = on_trial(valley, form(more="| | text | note | 备注 | Note | note |\n"), "neighbour", flowers_csv=FLOWERS)

    assert done.version == "1.2"
    assert (listed(valley, "worker"), list(listed(valley, "neighbour"))) == ({}, ["apiary__trial"])


def test_a_second_draft_without_the_list_of_the_first_keeps_it_and_says_so(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    on_trial(valley, form("2"), "worker", flowers_csv=FEWER)

    done = on_trial(valley, form("2", "| | text | note | 备注 | Note | note |\n"), "worker")

    assert "椴花".encode() in offered(valley, "apiary__trial")
    assert [warning for warning in done.warnings if "flowers.csv" in warning and "沿用" in warning]
    released(valley)
    assert "椴花".encode() in offered(valley)


def test_a_draft_that_brings_no_list_of_its_own_has_that_of_the_live_form(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    on_trial(valley, form("2"), "worker")
    valley.publish(form(), flowers_csv=FLOWERS + FEWER.partition(b"\n")[2])

    done = on_trial(valley, form("3"), "worker")

    assert "椴花".encode() in offered(valley, "apiary__trial")
    assert not any("沿用" in warning for warning in done.warnings)


def test_a_list_that_the_released_draft_does_not_name_stays_behind(valley):
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS, old_csv=FEWER)

    released(valley)

    with valley.store.reading() as reading:
        assert list(forms.stored_media(reading, "apiary")) == ["flowers.csv"]


def test_a_draft_is_released_to_everyone_with_its_lists(valley):
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS)

    done = released(valley)

    assert (done.form_id, done.version) == ("apiary", "1")
    assert listed(valley, "worker") == listed(valley, "neighbour") == {"apiary": "养蜂登记"}
    assert "槐花".encode() in offered(valley, name="neighbour")
    late = valley.phone("worker").send(Filled("apiary__trial", {"keeper": "甲"}, version="1.1"))
    assert late.status_code == 201
    with pytest.raises(NotFound):
        released(valley)


def test_laptops_and_other_offices_are_not_told_of_a_draft(valley):
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS)

    found = {each["id"]: each["draft_of"] for each in valley.get("/forms", "officer").json["items"]}

    assert found["apiary__trial"] == "apiary"
    assert {draft_of for id, draft_of in found.items() if id != "apiary__trial"} == {None}


# What was replaced comes back


def test_a_replaced_list_comes_back_with_its_codes(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    valley.clock.pass_by(minutes=1)
    valley.publish(form(), flowers_csv=FLOWERS + FEWER.partition(b"\n")[2])
    valley.clock.pass_by(minutes=1)
    assert "椴花".encode() in offered(valley)

    done = brought_back(valley)

    assert done.version == "1"
    assert "椴花".encode() not in offered(valley)


def test_a_replaced_version_comes_back_under_a_new_number_so_that_phones_take_it(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    valley.clock.pass_by(minutes=1)
    valley.publish(form("2", "| | text | note | 备注 | Note | note |\n"))
    valley.clock.pass_by(minutes=1)

    done = brought_back(valley)

    xml = valley.phone("worker").get("forms/apiary.xml").data.decode()
    assert done.version not in ("1", "2")
    assert f'version="{done.version}"' in xml
    assert "备注" not in xml
    assert valley.phone("worker").form("apiary")["version"] == done.version


def test_bringing_back_twice_undoes_it(valley):
    valley.publish(form(), flowers_csv=FLOWERS)
    valley.clock.pass_by(minutes=1)
    valley.publish(form("2", "| | text | note | 备注 | Note | note |\n"))
    for _ in range(2):
        valley.clock.pass_by(minutes=1)
        brought_back(valley)

    assert "备注" in valley.phone("worker").get("forms/apiary.xml").data.decode()


def test_where_nothing_was_replaced_there_is_nothing_to_bring_back(valley):
    valley.publish(form(), flowers_csv=FLOWERS)

    with pytest.raises(NotFound, match="没有可以恢复的内容"):
        brought_back(valley)


def test_no_form_is_published_under_the_id_of_a_draft(valley):
    with pytest.raises(FormRefused) as refused:
        valley.publish(form(form_id="apiary__trial"), flowers_csv=FLOWERS)

    assert "试用版的编号" in refused.value.data["errors"][0]["message"]


def test_a_draft_in_a_folder_for_practice_says_both(valley):
    valley.do(training.enable)
    on_trial(valley, form(), "worker", flowers_csv=FLOWERS)

    assert listed(valley, "worker") == {"apiary__trial": "【练习】【试用】养蜂登记"}
