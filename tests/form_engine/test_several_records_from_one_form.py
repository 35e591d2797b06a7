"""A form with entities in repeats and into several lists, filled on the phones' own engine and sent to the server."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.filled_forms import multipart
from tests.household_visits import a_hydrant, labels, publish_visits


@pytest.fixture
def link(valley):
    publish_visits(valley)
    return valley.phone()


def fill(phone, link, *lines):
    """Download the form with its lists as they are now, and fill it."""
    files = {name: link.get(entry["downloadUrl"]).data for name, entry in link.manifest("visit").items()}
    return phone.play(link.get("forms/visit.xml").data, files, *lines)


def send(link, filled):
    return link.post(*multipart(filled.xml)).status_code


def answers(*pairs):
    return [(("more", name, "-") if value is None else ("answer", name, value)) for name, value in pairs]


def test_what_the_form_engine_fills_in_becomes_a_record_each(valley, phone, link):
    east, west = a_hydrant(link, "东门"), a_hydrant(link, "西门")

    filled = fill(
        phone,
        link,
        *answers(
            ("door", "3号楼"), ("person", None), ("name_of", "张三"), ("age", "41"), ("name_of", "李四"), ("age", "0"),
            ("pet", None), ("pet", None), ("pet_name", "旺财"), ("pet_name", "咪咪"), ("pet_name", "小黑"),
            ("check", None), ("hydrant", east), ("state", "坏"), ("hydrant", west), ("state", "漏水"),
        ),
    )  # fmt: skip

    assert send(link, filled) == 201
    assert (labels(valley, "households"), labels(valley, "people")) == (["3号楼"], ["张三"])
    assert labels(valley, "pets") == ["旺财", "咪咪", "小黑"]
    assert [valley.record(id).fields["state"] for id in (east, west)] == ["坏", "漏水"]
    assert valley.problems() == []


def test_each_instance_that_the_engine_adds_has_an_id_of_its_own(phone, link):
    filled = fill(phone, link, *answers(("door", "3号楼"), ("person", None), ("person", None), ("person", None)))

    people = etree.fromstring(filled.xml).xpath("//person/meta/entity")
    assert len({person.get("id") for person in people}) == 4


def test_a_draft_that_is_sent_late_changes_what_it_was_filled_in_upon(valley, phone, link):
    hydrant = a_hydrant(link)
    late = fill(phone, link, *answers(("door", "3号楼"), ("hydrant", hydrant), ("state", "坏")))
    meanwhile = fill(phone, link, *answers(("door", "4号楼"), ("hydrant", hydrant), ("state", "好"), ("flow", "小")))

    assert [send(link, each) for each in (meanwhile, late, late)] == [201, 201, 202]

    record = valley.record(hydrant)
    assert (record.fields["state"], record.fields["flow"], record.version) == ("坏", "小", 3)
    assert valley.problems(record=hydrant) == []
