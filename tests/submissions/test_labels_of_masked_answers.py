"""The label of a record is made of answers: where these are masked it is, in repeats and in exports too."""

from __future__ import annotations

import pytest

from server.app import close
from server.forms.domain.definitions import Allowance
from server.forms.usecases import publish
from server.people.store import people
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases.masked_answers import AnswerMask
from tests.api_county import lay_people, uuid_of
from tests.county import open_county, prepared

NAME = "欧阳建国"
VISIT = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | door | 门牌 | households#door | |
| | begin_repeat | person | 住户成员 | | |
| | text | full_name | 姓名 | residents#full_name | name |
| | end_repeat | | | | |
| entities |
| | list_name | label |
| | households | ${door} |
| | residents | ${full_name} |
| settings |
| | form_title | form_id | version | namespaces |
| | 入户走访 | visit | 1 | fg="urn:firegrid:xforms" |
"""
HAZARD = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | item | 隐患 | item | |
| | text | reporter | 报警人 | reporter | name |
| entities |
| | list_name | label |
| | hazards | concat(${item}, ' ', ${reporter}) |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 隐患上报 | hazard | 1 | fg="urn:firegrid:xforms" | case |
"""


def entity(dataset: str, label: str) -> str:
    return f'<entity dataset="{dataset}" id="{uuid_of(dataset)}" create="1"><label>{label}</label></entity>'


def sent(form: str, answers: str, dataset: str, label: str) -> bytes:
    meta = f"<meta><instanceID>uuid:{uuid_of(form)}</instanceID>{entity(dataset, label)}</meta>"
    return f'<data id="{form}" version="1">{answers}{meta}</data>'.encode()


PERSON = f"<person><full_name>{NAME}</full_name><meta>{entity('residents', NAME)}</meta></person>"


def lay(tx):
    names = lay_people(tx)
    publish.publish(tx, prepared(VISIT), None, [Allowance.SEVERAL_ENTITIES])
    publish.publish(tx, prepared(HAZARD), None)
    return names


@pytest.fixture
def county(tmp_path):
    made = open_county(tmp_path / "data", lay)
    yield made
    close(made.app)


def test_a_record_of_a_repeat_is_not_told_by_its_label(county):
    county.phone("worker").send(sent("visit", f"<door>3号楼</door>{PERSON}", "households", "3号楼"))
    [id] = county.ids("/submissions", "viewer")

    whole, masked = (county.get(f"/submissions/{id}.xml", name).data.decode() for name in ("officer", "viewer"))

    assert whole.count(NAME) == 2
    assert (masked.count(NAME), masked.count("欧**")) == (0, 2)


def test_a_name_that_begins_another_hides_no_part_of_it(county):
    two = "<person><full_name>欧阳</full_name></person>" + PERSON
    county.phone("worker").send(sent("visit", f"<door>3号楼</door>{two}", "households", "3号楼"))
    [id] = county.ids("/submissions", "viewer")

    assert "建国" not in county.get(f"/submissions/{id}.xml", "viewer").data.decode()


def test_attributes_and_comments_tell_nothing_that_is_masked(county):
    answers = f'<item note="{NAME} 13800000471">软管老化</item><reporter>{NAME}</reporter><!-- {NAME} -->'
    county.phone("worker").send(sent("hazard", answers, "hazards", "软管老化"))
    [id] = county.ids("/submissions", "viewer")

    shown = county.get(f"/submissions/{id}.xml", "viewer").data.decode()

    assert NAME not in shown and "13800000471" not in shown
    assert 'id="hazard"' in shown and uuid_of("hazards") in shown


def test_of_a_form_that_nobody_knows_not_even_the_name_of_a_submission_is_shown(county):
    with county.store.reading() as reading:
        mask = AnswerMask(reading, None, RecordMask(reading, people.actor(reading, "viewer")))

        assert mask.name(b"<data/>", f"登记 {NAME}", None) == "****"


def test_an_export_does_not_tell_by_a_label_what_it_masks(county):
    answers = f"<item>软管老化</item><reporter>{NAME}</reporter>"
    county.phone("worker").send(sent("hazard", answers, "hazards", f"软管老化 {NAME}"))

    exported = county.get("/forms/hazard/answers.csv", "brigade")

    assert exported.status_code == 200
    assert "软管老化" in exported.data.decode() and "欧**" in exported.data.decode()
    assert NAME not in exported.data.decode()
