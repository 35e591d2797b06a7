"""Acceptance stories by the figures: 当场整改, 并案, 区划变更, 挂账, 关停, 联合处置, 返工, 会商, and a filed month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from server import instants
from server.grid.domain.file_rows import SheetRow
from server.grid.usecases import loading
from server.scheduler.usecases import running
from server.staffing.usecases import enrolment
from tests import field_forms
from tests.case_land import CASE_NEW, ESTATE, NEW_VILLAGE, NEXT_UNIT, OLD_VILLAGE, UNIT, VILLAGE, Land
from tests.filled_forms import Entity, Filled, new_uuid
from tests.office.desk import Desk, with_passwords

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
GONE = {"result_code": "place_closed", "no_photo_reason": "too_dark"}
PLAN = {"plan": "拆除东墙，打通回车场", "leader": "张某", "safeguard": "夜间专人值守", "reason": "需要拆除"}

PREMISES = """\
| survey |
| | type | name | label | save_to |
| | text | title | 名称 | title |
| | text | area | 网格 | area |
| | text | premises_state | 状态 | premises_state |
| entities |
| | list_name | label |
| | premises | ${title} |
""" + field_forms.settings_of("premises", "场所登记", **field_forms.PROFILE)


_PLACE = "| | text | place | place | place |\n"
WITH_PREMISES = CASE_NEW.replace(_PLACE, f"{_PLACE}| | text | premises | premises | premises |\n").replace(
    "| 1 |", "| 2 |"
)
ITEMS = ("hose_aged", "wiring_messy", "no_smoke_alarm_home")


def total_of(land: Land) -> dict[str, Any]:
    """Return the closure summary of all until today."""
    query = f"from=2026-11-01&to={land.clock.at.date().isoformat()}"
    return land.valley.get(f"/summaries/closure?{query}", "brigade").json["total"]


def counted(land: Land, *names: str) -> list[int]:
    counts = total_of(land)["counts"]
    return [counts[each] for each in names]


def shares(land: Land, *names: str) -> list[tuple[int, int]]:
    """Return both ends of rates."""
    rates = total_of(land)["rates"]
    return [(rates[each]["n"], rates[each]["d"]) for each in names]


def page_of(land: Land, name: str, path: str) -> str:
    desk = Desk(with_passwords(land.valley))
    desk.sign_in(name)
    return desk.open(path).text


def test_what_was_cleared_on_the_spot_without_a_photo_counts_as_closed_and_may_be_looked_at_again(land):
    # S02
    phone = land.phone("neighbour")
    cleared = [
        phone.report(action="spot_close", item="corridor_blocked", no_photo_reason="no_battery", place=f"{n}号")
        for n in range(5)
    ]
    land.valley.do(running.run_due)

    phone.send()

    assert counted(land, "spot_closed", "closed", "closed_on_time", "limited") == [5, 5, 5, 0]
    assert shares(land, "closure_rate", "closure_rate_ex_spot") == [(5, 5), (0, 0)]
    land.clock.pass_by(days=7)
    land.valley.do(running.run_due)
    records = [land.record(id) for id in cleared]
    assert all("evidence_missing" in each.flags for each in records)
    assert sum("recheck_due" in each.flags for each in records) == 1, "a fifth of them, whoever fixed it"


def test_a_hazard_that_two_reported_is_two_reports_and_one_case(land):
    # S03
    first, second = land.phone("east"), land.phone("west")
    one = first.report(item="ebike_indoor_charge", area=f"{ESTATE}001", spot="39.36010 114.69430 0 0", place="东门")
    land.clock.pass_by(minutes=42)
    two = second.report(item="ebike_indoor_charge", area=f"{ESTATE}002", spot="39.36020 114.69450 0 0", place="车棚")
    second.send()
    first.send()
    [similar] = land.file(two, "estate")["case"]["similar"]
    assert (similar["id"], similar["same_place"], similar["distance_m"]) == (one, False, 20)

    land.lead_to(two, ("merge", "estate", {"into": one}))
    land.act(one, "assign", "estate", assignee="user:east")

    assert counted(land, "reports", "valid_reports", "merged_reports", "cases", "merged_cases") == [2, 2, 1, 1, 0]
    assert shares(land, "merge_rate", "valid_report_rate", "register_rate") == [(1, 2), (2, 2), (1, 2)]


def test_a_village_that_was_merged_counts_where_it_is_today_and_where_it_was_then(land):
    # S05
    def by_village(query: str = "") -> dict[str, int]:
        summary = land.valley.get(f"/summaries/closure?by=village&from=2026-11-01&to=2026-11-30{query}", "brigade").json
        return {row["key"]: row["counts"]["reports"] for row in summary["rows"] if row["counts"]["reports"]}

    land.report("old", area=f"{OLD_VILLAGE}001")
    land.clock.pass_by(hours=1)
    before = instants.text(land.clock.at)
    land.clock.pass_by(days=1)
    row = SheetRow(2, {"code": OLD_VILLAGE, "ends": land.clock.at.date().isoformat(), "successor": NEW_VILLAGE})
    phone = land.phone("old")
    land.valley.do(loading.load, [row], by="admin")
    land.clock.pass_by(days=4)
    late = phone.report(area=f"{OLD_VILLAGE}001")
    phone.send()

    assert (land.record(late).area, land.record(late).status) == (f"{OLD_VILLAGE}001", "reported")
    assert by_village() == {NEW_VILLAGE: 2}
    assert by_village(f"&as_of={before}") == {OLD_VILLAGE: 1}


def test_a_dead_end_that_waits_for_next_years_works_is_suspended_supervised_and_taken_up_again(land):
    # S08
    id = land.report("neighbour", item="lane_dead_end", area=NEXT_UNIT)
    land.act(id, "assign", "town", assignee="user:officer")
    due = land.record(id).case.facts.handle_due_at
    land.act(id, "ask_suspension", "town", **PLAN, until="2027-10-31", milestones="三月完成设计；六月腾空")
    land.lead_to(
        id, ("suspend", "brigade", PLAN | {"plan_due": "2027-10-31"}), ("supervise", "brigade", {"level": "2"})
    )

    land.clock.pass_by(days=80)
    record = land.record(id)
    assert (record.status, record.flags) == ("suspended", ("supervised_2",))
    assert instants.text(land.clock.at) < due or counted(land, "handling_overdue", "closing_overdue") == [0, 0]
    assert counted(land, "cases", "suspended", "due", "handling_due", "supervised") == [1, 1, 0, 0, 1]
    assert shares(land, "closure_rate", "closure_rate_ex_susp") == [(0, 1), (0, 0)]
    assert "件挂账、移交该核查了" in page_of(land, "town", "/office/")
    land.act(id, "review", "town")
    assert "件挂账、移交该核查了" not in page_of(land, "town", "/office/")

    land.valley.do(running.run_due)  # from now on the server serves, up to the day of the plan
    land.clock.at = land.clock.at.replace(year=2027, month=10, day=31, hour=15)
    land.valley.do(running.run_due)
    assert land.record(id).status == "suspended", "the last day of the plan is not over"
    land.clock.pass_by(hours=2)
    land.valley.do(running.run_due)
    record = land.record(id)
    assert (record.status, record.assignee) == ("handling", "user:officer")
    assert record.case.facts.handle_due_at == "2028-01-30T16:00:00.000Z"  # a repair of the long kind: 90 days
    assert "整治计划到期（2027-10-31），自动恢复处置" in record.office_note
    assert "feedback" in land.listed("officer")[id]["todo"]


def test_a_workshop_that_closes_down_is_checked_on_site_and_opens_nothing_when_it_opens_again(land):
    # S09
    for form in (PREMISES, WITH_PREMISES):
        land.valley.publish(form)
    shop, other = register_premises(land, "演示作坊03"), register_premises(land, "演示小卖部02")
    land.clock.pass_by(days=40)
    phone = land.phone("neighbour")
    cases = [phone.report(item=each, place="演示作坊03", premises=shop) for each in ITEMS]
    phone.send()
    for id in cases:
        land.act(id, "assign", "officer", assignee="user:worker")
    assert unvisited(land) == {shop, other}
    land.clock.pass_by(days=3)

    close_down(land, shop, "closed_down")
    assert [land.record(id).status for id in cases] == ["assigned"] * 3, "nothing closes by itself"
    assert unvisited(land) == {other}
    worker = land.phone("worker")
    for id in cases:
        worker.act(id, "feedback", **GONE)
    worker.send()
    for id in cases:
        land.act(id, "close", "officer")
    close_down(land, shop, "in_use")

    records = [land.record(id) for id in cases]
    assert [(each.status, each.case.facts.result_code) for each in records] == [("closed", "place_closed")] * 3
    assert counted(land, "closed", "due", "closed_on_time") == [3, 3, 3]
    assert total_of(land)["results"] == {"place_closed": 3}
    assert unvisited(land) == {shop, other}
    assert land.file(shop, "officer")["open_cases"] == []


def register_premises(land: Land, title: str) -> str:
    id = new_uuid()
    values = {"title": title, "area": UNIT, "premises_state": "in_use"}
    filled = Filled("premises", values, (Entity("premises", id, create="1", label=title),))
    assert land.valley.phone("worker").send(filled).status_code == 201
    return id


def close_down(land: Land, id: str, state: str) -> None:
    answer = land.valley.post(
        f"/records/{id}/changes", "officer", {"action": "edit", "fields": {"premises_state": state}}
    )
    assert answer.status_code == 200, answer.text


def unvisited(land: Land) -> set[str]:
    items = land.valley.get("/record-types/premises/unvisited?days=30", "officer").json["items"]
    return {each["id"] for each in items}


def test_three_work_on_a_height_bar_and_one_closing_ends_it(land):
    # S14
    land.valley.do(enrolment.add_duty, "manager", role="unit_manager", area=VILLAGE, body="shop", by="admin")
    id = land.report("neighbour", item="lane_obstacle")
    land.act(id, "assign", "town", assignee="body:shop", helpers="user:police body:city_mgmt")
    land.clock.pass_by(days=2)
    clerk = land.phone("clerk")
    clerk.act(id, "feedback", **FIXED)
    clerk.send()
    assert land.record(id).status == "assigned", "what a co-handler says does not hand the case in"
    assert parts(land, id) == {"body:shop": False, "user:police": False, "body:city_mgmt": True}
    land.clock.pass_by(days=8)
    page = page_of(land, "town", f"/office/cases/{id}")
    assert "还没有反馈，▲ 超期3天" in page and "11-26已反馈" in page

    land.act(id, "feedback", "manager", **FIXED)
    assert land.record(id).status == "feedback"
    assert "还没有反馈，▲ 超期3天" in page_of(land, "town", f"/office/cases/{id}")
    land.act(id, "close", "town")

    record = land.record(id)
    assert (record.status, record.case.facts.result_code) == ("closed", "fixed")
    assert counted(land, "cases", "closed", "dispatched", "handled") == [1, 1, 1, 1]


def parts(land: Land, id: str) -> dict[str, bool]:
    """Say of each who has the case whether they have said what came of their part, as the API has it."""
    given = land.file(id, "town")["case"]["given"]
    return {each["assignee"]: each["fed_back_at"] is not None for each in given}


def test_a_feedback_that_fails_a_second_that_passes_and_the_exit_is_locked_again(land):
    # S15
    id = land.report("neighbour", item="exit_locked")
    land.lead_to(
        id,
        ("assign", "officer", {"assignee": "user:worker"}),
        ("feedback", "worker", FIXED),
        ("rework", "officer", {"reason": "partly"}),
        ("feedback", "worker", FIXED),
        ("close", "officer"),
    )
    assert (land.record(id).status, land.record(id).case.facts.reworked) == ("closed", 1)
    assert shares(land, "rework_rate", "recurrence_rate") == [(1, 1), (0, 1)]

    land.clock.pass_by(days=10)
    again = land.report("officer", item="exit_locked")
    land.act(again, "register", "officer")

    assert land.record(again).case.recurrence_of == id
    assert shares(land, "rework_rate", "recurrence_rate") == [(1, 1), (1, 2)]
    land.act(id, "reopen", "officer", reason="又锁上了")
    assert land.record(id).status == "handling"
    assert counted(land, "recurrent", "reopened", "came_back", "reworked") == [1, 1, 2, 1]


def test_the_second_return_is_work_for_the_town_to_meet_on(land):
    # S11
    id = land.report("worker", item="illegal_structure")
    for _ in range(2):
        land.act(id, "assign", "town", assignee="body:city_mgmt")
        land.act(id, "ask_return", "clerk", reason="not_my_duty")
        land.act(id, "return", "town", reason="not_my_duty")

    assert "件退回了两次，要会商由谁承办" in page_of(land, "town", "/office/")
    assert shares(land, "return_rate", "dispatch_accuracy") == [(2, 2), (0, 2)]
    land.act(id, "assign", "town", assignee="user:officer")
    assert "会商" not in page_of(land, "town", "/office/")
    assert shares(land, "return_rate", "dispatch_accuracy") == [(2, 3), (1, 3)]


def test_a_filed_month_stays_when_a_hundred_and_twenty_late_submissions_arrive(land):
    # S16
    phone = land.phone("worker")
    open_case = land.report("neighbour")
    land.act(open_case, "assign", "officer", assignee="user:worker")
    phone.pull()
    phone.act(open_case, "feedback", **FIXED)
    begun = (land.clock.at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S.000+08:00")
    late = [phone.report(place=f"{number}号", start=begun) for number in range(119)]
    land.clock.pass_by(days=7)
    month = "/monthly-reports/2026-11"
    assert land.valley.post(f"{month}/freeze", "brigade", {}).status_code == 201
    filed = land.valley.get(month, "brigade").json
    land.clock.pass_by(days=3)

    phone.send()
    land.act(open_case, "close", "officer")

    assert land.valley.get(month, "brigade").json == filed
    assert (filed["total"]["counts"]["closed"], filed["total"]["counts"]["cases"]) == (0, 1)
    live = land.valley.get(f"{month}?live=true", "brigade").json["total"]
    assert (live["counts"]["closed"], live["counts"]["cases"]) == (1, 1)
    changes = land.valley.get(f"{month}/changes?limit=500", "brigade").json
    assert {item["id"] for item in changes["items"]} == {open_case, *late}
    assert {column["code"]: column["difference"] for column in changes["columns"]}["closed"] == 1
    assert "/office/figures/monthly/2026-11/changes" in page_of(land, "brigade", "/office/figures/monthly")
