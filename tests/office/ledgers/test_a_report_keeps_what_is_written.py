"""A report that is written on a page: its questions come late, one leaves it and comes back, Back is pressed."""

from __future__ import annotations

import threading

import pytest

from tests.office.browser import browser_window, listening
from tests.office.desk import Desk, with_passwords
from tests.office.ledgers.test_ledgers_of_any_form import reporting

__all__ = ["reporting"]

PLACE, ITEM = "[name='q.where/place']", "[name='q.what/item']"
DESCRIPTION, FIXED = "[name='q.what/description']", "[name='q.what_was_done/fixed_now'][value=no]"
TYPED = "写了很久的话"


@pytest.fixture
def report(reporting):
    """A window on the report of a hazard, an officer's."""
    with listening(reporting.app) as address, browser_window(address, "phone") as window:
        window.sign_in("officer")
        window.open("/office/report")
        yield window


@pytest.mark.browser
def test_questions_that_come_late_do_not_write_over_what_is_typed_meanwhile(reporting, report, monkeypatch):
    may_answer, answer = threading.Event(), reporting.app.wsgi_app

    def slowly(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            may_answer.wait(20)
        return answer(environ, start_response)

    monkeypatch.setattr(reporting.app, "wsgi_app", slowly)
    page = report.page
    with page.expect_response("**/office/report"):
        with page.expect_request("**/office/report"):
            page.select_option(ITEM, index=1)
        page.focus(DESCRIPTION)
        page.keyboard.type(TYPED)
        may_answer.set()
    page.wait_for_timeout(300)  # what comes is put in, or is not

    assert page.input_value(DESCRIPTION) == TYPED


@pytest.mark.browser
def test_who_leaves_a_report_and_comes_back_finds_it_and_who_cancels_it_does_not(report):
    page = report.page
    with page.expect_response("**/office/report"):
        page.check(FIXED)
    page.fill(DESCRIPTION, TYPED)

    report.open("/office/board")
    page.go_back()
    page.wait_for_load_state("networkidle")
    back = (page.input_value(DESCRIPTION), page.is_checked(FIXED))
    page.click(".end a")
    page.wait_for_url("**/office/")
    report.open("/office/report")

    assert back == (TYPED, True)
    assert page.input_value(DESCRIPTION) == ""
    assert (report.said, report.left) == ([], [])


@pytest.mark.browser
def test_back_from_a_report_that_was_refused_once_opens_an_empty_one(report):
    page = report.page
    page.fill(DESCRIPTION, TYPED)
    page.evaluate("document.querySelector('form.sheet').noValidate = true")  # as a browser that checks nothing
    page.click("form.sheet button.primary")
    page.wait_for_selector("#refused")
    kept = page.input_value(DESCRIPTION)
    page.fill(PLACE, "演示民宿07")
    for field in (ITEM, FIXED):
        with page.expect_response("**/office/report"):
            page.check(field) if field == FIXED else page.select_option(field, index=1)
        page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('form.sheet').noValidate = true")
    page.click("form.sheet button.primary")
    page.wait_for_url("**/office/cases/**")
    page.go_back()

    assert kept == TYPED
    assert page.url.endswith("/office/report") and page.input_value(DESCRIPTION) == ""


def test_a_refused_page_says_whether_its_address_can_be_opened(land):
    with_passwords(land.valley)
    desk = Desk(land.valley)
    desk.sign_in("officer")
    id = land.report()
    asked = desk.open("/office/report")

    refused = desk.submit(desk.form(asked, "/office/report"))
    act = desk.submit(desk.form(desk.open(f"/office/cases/{id}"), f"/office/cases/{id}/acts/reject"))

    assert (refused.status_code, act.status_code) == (422, 422)
    assert "data-can-be-opened" in refused.text
    assert "data-can-be-opened" not in asked.text and "data-can-be-opened" not in act.text
