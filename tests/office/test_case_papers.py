"""Papers about a case: each for whom and while it makes sense, none an order to correct, none naming a person."""

from __future__ import annotations

import pytest

from server.cases.domain import papers, workflow
from server.records.domain.status import Status
from tests.case_land import NAMES
from tests.office.desk import Desk, with_passwords

WORKER = "user:worker"
ALL = ("notice", "assignment", "supervision", "transfer")
TELLS = {"neighbour", "leader", "officer", "secretary", "police", "town", "clerk", "brigade"}
"""Who reports hazards at large, and so may tell the place of one."""

LEADS = {
    "assigned": [("assign", "officer", {"assignee": WORKER, "note": "三天内更换，找王师傅13800001234"})],
    "supervised": [
        ("assign", "officer", {"assignee": WORKER}),
        ("supervise", "brigade", {"level": "2", "note": "县级督办"}),
    ],
    "transferred": [
        ("assign", "officer", {"assignee": WORKER}),
        ("ask_transfer", "officer", {"body": "city_mgmt", "reason": "属其职责"}),
        ("transfer", "town", {"body": "city_mgmt", "document": "涞白消移〔2026〕3号"}),
    ],
}


@pytest.fixture
def desk(land):
    with_passwords(land.valley)
    return Desk(land.valley)


def led(land, to: str) -> str:
    id = land.report("neighbour")
    land.lead_to(id, *LEADS.get(to, ()))
    return id


def may_see(land, id, name) -> bool:
    return land.valley.get(f"/records/{id}", name).status_code == 200


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("reported", {"notice": TELLS}),
        ("assigned", {"notice": TELLS, "assignment": {"leader", "officer", "secretary", "town", "brigade"}}),
        (
            "supervised",
            {
                "notice": TELLS,
                "assignment": {"leader", "officer", "secretary", "town", "brigade"},
                "supervision": {"brigade"},
            },
        ),
        ("transferred", {"notice": TELLS, "transfer": {"town", "brigade", "admin"}}),
    ],
)
def test_each_paper_is_offered_and_given_just_where_it_makes_sense(land, to, expected):
    with_passwords(land.valley)
    id = led(land, to)
    for name in NAMES:
        browser = Desk(land.valley)
        browser.sign_in(name)
        page = browser.open(f"/office/cases/{id}")
        for paper in ALL:
            address = f"/office/cases/{id}/print/{paper}"
            is_seen, is_offered = may_see(land, id, name), address in page.text
            status = 404 if not is_seen else 409 if paper not in expected else 200 if is_offered else 403
            assert is_offered == (is_seen and name in expected.get(paper, ())), (name, paper)
            assert browser.open(address).status_code == status, (name, paper)


def test_a_paper_has_its_number_its_code_and_nobody_s_name_or_number(land, desk):
    id = led(land, "assigned")
    desk.sign_in("officer")
    case = land.valley.get(f"/records/{id}", "officer").json

    paper = desk.open(f"/office/cases/{id}/print/assignment").text

    assert case["case_no"] in paper and "<svg" in paper and "消防安全隐患交办单" in paper
    assert "三天内更换" in paper and "13800001234" not in paper
    assert "网格员" in paper and "worker" not in paper and "neighbour" not in paper


@pytest.mark.parametrize("to", ["reported", *LEADS])
def test_no_paper_orders_a_correction(land, desk, to):
    id = led(land, to)
    for name in ("officer", "town", "brigade"):
        desk = Desk(land.valley)
        desk.sign_in(name)
        for paper in ALL:
            page = desk.open(f"/office/cases/{id}/print/{paper}")
            orders = page.text.replace("也不是责令改正的文书", "")
            assert "责令" not in orders and "处罚" not in orders.replace("不是行政处罚", "")


def test_a_handing_over_names_the_body_and_the_document(land, desk):
    id = led(land, "transferred")
    desk.sign_in("town")

    paper = desk.open(f"/office/cases/{id}/print/transfer").text

    assert "城管局" in paper and "涞白消移〔2026〕3号" in paper and "现予移交" in paper


def test_a_supervision_says_its_level(land, desk):
    id = led(land, "supervised")
    desk.sign_in("brigade")

    assert "列为2级督办" in desk.open(f"/office/cases/{id}/print/supervision").text


def test_a_paper_in_english_and_of_no_kind(land, desk):
    id = led(land, "reported")
    desk.sign_in("officer")
    desk.client.set_cookie("firegrid_language", "en")

    assert desk.open(f"/office/cases/{id}/print/penalty").status_code == 404
    assert "Notice of a fire hazard" in desk.open(f"/office/cases/{id}/print/notice").text


def test_the_table_names_acts_and_statuses_that_there_are():
    listed = papers.papers_at("2026-11-30T00:00:00.000000Z")

    assert [each.key for each in listed] == list(ALL)
    assert all(each.act in workflow.STEP_OF or each.act == "report" for each in listed)
    assert frozenset().union(*(each.statuses for each in listed)) <= {each.value for each in Status}
