"""Whatever stands in an address, a cookie or a form: a page comes back, and nothing is done that was not asked for."""

from __future__ import annotations

from random import Random

import pytest

from server.app import close
from server.cases.domain import workflow
from server.db import training
from server.errors import Busy, DiskFull
from server.office import layout
from tests.api_county import lay_people, uuid_of
from tests.county import open_county
from tests.office.desk import Desk

ODD = (
    *("", "0", "-1", "1", "x", "mine", "\x00", "130630100201", "130630", "999999999999", "%", "_", "\\", "'\"<>", "٣"),
    *(
        "{{7*7}}",
        "9999-12-31T23:59:59.999Z~1",
        "2026-01-01T00:00:00.000Z~99999999999999999999",
        "a" * 5_000,
        "王" * 300,
    ),
    *("2026-12-31", "2026-02-30", "user:worker", "body:dept-gas", "user:x user:y", "yes", "1e9", "\r\n", "//x"),
)
QUERY = ("tab", "area", "overdue", "conflict", "requests", "q", "cursor", "poll", "done", "next", "as", "case", "x")
ACTS = (*workflow.ACTIONS, "edit", "x", "\x00")
EACH = 60


@pytest.mark.parametrize("name", ["town", "officer", "worker", "brigade", "viewer"])
def test_odd_queries_and_forms_get_pages(county_to_change, name):
    chance, desk, case = Random(name), Desk(county_to_change), uuid_of("case one")
    desk.sign_in(name)
    token = desk.form(desk.open("/office/board"), "/office/sign-out").fields
    pages = ("/", "/office/", "/office/board", "/office/board/tabs", "/office/sign-in", f"/office/cases/{case}")
    answers = []
    for _ in range(EACH):
        query = {each: chance.choice(ODD) for each in chance.sample(QUERY, 3)}
        answers.append(desk.client.get(chance.choice(pages), query_string=query))
        fields = {each: chance.choice(ODD) for each in chance.sample(sorted(workflow.INPUTS), 4)}
        answers.append(desk.client.post(f"/office/cases/{case}/acts/{chance.choice(ACTS)}", data={**token, **fields}))

    assert sorted({answer.status_code for answer in answers} - {200, 303, 304, 401, 403, 404, 409, 422}) == []
    assert {answer.content_type for answer in answers if answer.data} == {"text/html; charset=utf-8"}


def test_another_host_name_gets_a_page_that_says_where_to_go(tmp_path):
    made = open_county(tmp_path / "data", lay_people, public_url="https://fire.example.org")
    answer = made.client.get("/", headers={"Host": "evil.example"})
    close(made.app)

    assert answer.status_code == 400
    assert answer.content_type == "text/html; charset=utf-8"
    assert "请改用 https://fire.example.org" in answer.text


@pytest.mark.parametrize(("refusal", "status"), [(Busy("忙"), 503), (DiskFull(), 507)])
def test_a_server_that_cannot_now_says_so_on_a_page_and_offers_the_same_again(office, monkeypatch, refusal, status):
    def refuse(*_: object) -> None:
        raise refusal

    desk = Desk(office)
    desk.sign_in("town")
    monkeypatch.setattr(layout, "show", refuse)
    page = desk.open("/office/board?tab=feedback")

    assert page.status_code == status
    assert ('href="/office/board?tab=feedback"' in page.text) is (status == 503)


def test_where_all_is_practice_every_page_says_so(office):
    office.do(training.enable)
    desk = Desk(office)
    signed_out = desk.open("/")
    desk.sign_in("town")

    for page in (signed_out, desk.open("/office/"), desk.open("/office/board"), desk.open("/office/nowhere")):
        assert "练习：这里的内容都不计入统计" in page.text
