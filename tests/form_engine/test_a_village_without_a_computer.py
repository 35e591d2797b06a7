"""A village with phones and no computer carries a case from report to closed, on the built-in forms and the server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest

from tests.case_land import Land, as_listed
from tests.form_engine.county import CountyPhone, a_county

BOTH = list(permutations(range(2)))


@pytest.fixture
def land(tmp_path) -> Iterator[Land]:
    with a_county(tmp_path / "land") as served:
        yield served


@pytest.fixture
def phone_of(land, engine, tmp_path):
    def made(name: str) -> CountyPhone:
        return CountyPhone(land.valley, name, engine, tmp_path / name)

    return made


def assert_same_on_phone_and_server(phone: CountyPhone, id: str) -> None:
    phone.pull()
    assert phone.held.shown(id) == as_listed(phone.link.list("hazard_task", "hazards.csv")[id])


def reported(phone: CountyPhone, **answers: str) -> str:
    told = {"place": "演示民宿07", "item": "hose_aged", "severity_claim": "general"} | answers
    filled = phone.fill("hazard_report", **{"fixed_now": "no", "no_photo_reason": "no_battery"} | told)
    return filled.entity["id"]


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("second", BOTH)
@pytest.mark.parametrize("first", BOTH)
def test_a_case_is_carried_to_its_end_by_two_phones(land, phone_of, first, second, repeated):
    def send(phone: CountyPhone, *order: int) -> None:
        kept = list(phone.unsent)
        assert set(phone.send(*order)) == {201}
        if repeated:
            phone.unsent = kept
            assert set(phone.send()) == {202}

    worker, officer = phone_of("worker"), phone_of("officer")
    id = reported(worker)
    send(worker)

    officer.pull()
    registered = officer.fill("hazard_intake", hazard=id, act="register")
    officer.fill("hazard_intake", hazard=id, act="assign", assignee_pick="user:worker", note="入冬前换好")
    assert registered.asked["act"] == ("register", "assign", "merge", "reject")
    send(officer, *first)
    assert (land.record(id).status, land.record(id).assignee) == ("assigned", "user:worker")
    assert_same_on_phone_and_server(officer, id)

    worker.pull()
    assert worker.held.rows[id].label == "限12-01｜荆山口村｜演示民宿07｜燃气软管老化/超长/无卡箍"
    accepted = worker.fill("hazard_task", hazard=id, act="accept")
    worker.fill("hazard_task", hazard=id, act="feedback", result_code="fixed", no_photo_reason="too_dark")
    assert accepted.asked["act"] == ("accept", "feedback", "ask_return", "ask_extension", "ask_suspension", "note")
    send(worker, *second)
    assert_same_on_phone_and_server(worker, id)

    officer.pull()
    officer.fill("hazard_check", hazard=id, passed="yes", note="现场看过")
    send(officer)

    record = land.record(id)
    assert (record.status, record.version) == ("closed", 6)
    assert land.valley.problems() == []
    assert land.valley.verdicts(id) == ["applied"] * 6
    for phone in (worker, officer):
        assert_same_on_phone_and_server(phone, id)
    assert worker.held.rows[id].fields["office_note"].endswith("核查通过：现场看过")


def test_a_failed_check_comes_back_to_the_worker_and_passes_the_second_time(land, phone_of):
    worker, officer = phone_of("worker"), phone_of("officer")
    id = reported(worker)
    worker.send()
    officer.pull()
    officer.fill("hazard_intake", hazard=id, act="assign", assignee_pick="user:worker")
    officer.send()
    worker.pull()
    worker.fill("hazard_task", hazard=id, act="feedback", result_code="fixed", no_photo_reason="too_dark")
    worker.send()

    officer.pull()
    officer.fill("hazard_check", hazard=id, passed="no", fail_reason="partly", note="还差一根")
    officer.send()
    worker.pull()

    assert worker.held.rows[id].label.startswith("【返工】限12-01｜荆山口村｜")
    assert worker.held.rows[id].fields["office_note"] == "【新】11-24 村/社区干部 返工：只改了一部分；还差一根；限12-01"
    worker.fill("hazard_task", hazard=id, act="feedback", result_code="fixed", no_photo_reason="too_dark")
    worker.send()
    officer.pull()
    officer.fill("hazard_check", hazard=id, passed="yes")
    officer.send()
    record = land.record(id)
    assert (record.status, record.case.facts.reworked, record.case.facts.checked) == ("closed", 1, 2)
    assert land.valley.problems() == []
    assert_same_on_phone_and_server(officer, id)


@pytest.mark.parametrize(("passed", "status"), [("yes", "closed"), ("no", "handling")])
def test_a_shop_without_account_is_visited_once(land, phone_of, passed, status):
    worker, officer = phone_of("worker"), phone_of("officer")
    id = reported(worker)
    worker.send()
    officer.pull()
    officer.fill("hazard_intake", hazard=id, act="assign", assignee_pick="body:shop")
    officer.send()
    officer.pull()

    found = {"result_code": "fixed", "no_photo_reason": "privacy"} if passed == "yes" else {"fail_reason": "not_fixed"}
    officer.fill("hazard_check", hazard=id, passed=passed, **found)
    officer.send()

    assert (land.record(id).status, land.record(id).assignee) == (status, "body:shop")
    assert land.valley.problems() == []
    assert_same_on_phone_and_server(officer, id)


def test_duplicates_mistakes_and_what_is_no_hazard_end_on_the_phones_too(land, phone_of):
    worker, officer = phone_of("worker"), phone_of("officer")
    kept, doubled, wrong, mistaken = (reported(worker, place=place) for place in ("一号", "二号", "三号", "四号"))
    worker.send()
    officer.pull()
    officer.fill("hazard_intake", hazard=doubled, act="merge", into_pick=kept)
    officer.fill("hazard_intake", hazard=wrong, act="reject", reject_reason="not_fire")
    officer.send()
    worker.pull()
    worker.fill("hazard_task", purpose="watch", hazard=mistaken, act="withdraw", reason_text="看错了")
    worker.send()

    statuses = [land.record(id).status for id in (kept, doubled, wrong, mistaken)]
    assert statuses == ["reported", "merged", "rejected", "void"]
    assert land.valley.problems() == []
    for id in (kept, doubled, wrong, mistaken):
        assert_same_on_phone_and_server(worker, id)


def test_a_patrol_and_two_hazards_out_of_signal_arrive_together(land, phone_of):
    # S01
    worker = phone_of("worker")
    worker.fill("patrol", place="演示民宿一带", premises_count="3", result="found")
    found = [reported(worker), reported(worker, item="no_smoke_alarm_home")]

    assert set(worker.send()) == {201}

    patrols = land.valley.rows("SELECT status FROM record WHERE type = 'patrols'")
    assert patrols == [{"status": None}]
    assert [land.record(id).status for id in found] == ["reported", "reported"]
    assert land.valley.problems() == []
    for id in found:
        assert_same_on_phone_and_server(worker, id)
