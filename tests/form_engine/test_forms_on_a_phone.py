"""What happens on the phone: answers in, records and claims out; drafts outlive the lists they were made with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.form_engine.phone import Misplayed, with_cells, without

CITY, MOUNTAIN = "130630100201001", "130630106201001"
VILLAGE_STATION = "5f0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b11"
ESTATE_STATION = "7a1c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b22"


def a_report(phone, **answers):
    return phone.fill("hazard_report", **{"place": "演示民宿07", "item": "hose_aged", "fixed_now": "no"} | answers)


def an_update(phone, **answers):
    return phone.fill("micro_station", task="update", station=VILLAGE_STATION, **answers)


# A hazard


def test_three_answers_make_a_report(phone):
    report = a_report(phone)

    assert report.entity["create"] == "1"
    assert report.label == "演示民宿07｜燃气软管老化/超长/无卡箍"
    assert report.saved["action"] == "report"
    assert (report.saved["category"], report.saved["severity"], report.saved["spot_ok"]) == ("gas", "general", "0")


def test_the_common_items_come_first_and_keep_their_real_category(phone):
    report = a_report(phone, item="corridor_blocked")

    assert len(report.asked["item"]) == 10 + 1
    assert report.asked["item"][-1] == "other"
    assert report["category_pick"] == "common"
    assert report.saved["category"] == "evac"


def test_what_was_fixed_at_once_needs_a_photo_or_a_reason(phone):
    nothing = a_report(phone, item="corridor_blocked", fixed_now="yes")
    reason = a_report(phone, item="corridor_blocked", fixed_now="yes", no_photo_reason="no_battery")
    photo = a_report(phone, item="corridor_blocked", fixed_now="yes", photo_after="1.jpg")

    assert nothing.refused_at == "no_photo_reason"
    assert reason.saved["action"] == photo.saved["action"] == "spot_close"
    assert reason.saved["no_photo_reason"] == "no_battery"
    assert "no_photo_reason" not in photo.saved
    assert reason.saved["spot_ok"] == "1"


def test_an_item_of_the_brigades_list_is_suspected_and_the_worker_is_not_asked(phone):
    report = a_report(phone, category_pick="lane", item="lane_occupied")

    assert report.saved["severity"] == "suspected_major"
    assert "suspected_note" in report.asked
    assert "severity_claim" not in report.asked


def test_a_worker_may_suspect_more_than_the_list_says(phone):
    assert a_report(phone, severity_claim="suspected_major").saved["severity"] == "suspected_major"


def test_other_is_offered_in_every_category_and_wants_words(phone):
    silent = a_report(phone, category_pick="electric", item="other")
    told = a_report(phone, category_pick="electric", item="other", description="配电间进水")

    assert silent.refused_at == "description"
    assert (told.saved["category"], told.label) == ("electric", "演示民宿07｜其他隐患")


def test_a_mobile_number_does_not_get_into_the_place(phone):
    with pytest.raises(Misplayed, match="place takes no"):
        a_report(phone, place="张家 13800000001")


def test_who_has_several_grids_picks_one_or_says_that_it_is_unclear(phone):
    unclear = a_report(phone, area_pick="unknown")
    unsaid = a_report(phone)

    assert unclear.asked["area_pick"] == (CITY, MOUNTAIN, "unknown")
    assert unclear.saved["area"] == "unknown"
    assert unsaid.saved["area"] == ""


def test_who_has_one_grid_is_not_asked(phone):
    phone.change("areas.csv", without(CITY))

    report = a_report(phone)

    assert "area_pick" not in report.asked
    assert report.saved["area"] == MOUNTAIN


def test_the_next_report_asks_whether_it_is_the_same_place(phone):
    first = a_report(phone, area_pick=MOUNTAIN)
    next_one = {"item": "corridor_blocked", "fixed_now": "no"}

    unsaid = phone.fill("hazard_report", last=first, **next_one)
    same = phone.fill("hazard_report", last=first, same_place="yes", **next_one)
    elsewhere = phone.fill("hazard_report", last=first, place="村口消火栓", **next_one)
    third = phone.fill("hazard_report", last=same, same_place="yes", **next_one)

    assert unsaid.refused_at == "place"
    assert (same.saved["place"], same.saved["area"]) == ("演示民宿07", MOUNTAIN)
    assert (elsewhere.saved["place"], elsewhere.label) == ("村口消火栓", "村口消火栓｜疏散通道堆物")
    assert third.saved["place"] == "演示民宿07"
    assert "same_place" not in first.asked


def test_a_draft_keeps_its_place_whatever_was_reported_meanwhile(phone):
    draft = a_report(phone, place="村口消火栓")
    meanwhile = a_report(phone, place="演示商店03")

    reopened = phone.fill("hazard_report", draft=draft, last=meanwhile)

    assert (reopened.saved["place"], reopened["last_place"]) == ("村口消火栓", "")
    assert "same_place" not in reopened.asked


def test_nobody_there_stands_alone(phone):
    assert a_report(phone, told="nobody").saved["told"] == "nobody"
    assert a_report(phone, told="owner police").saved["told"] == "owner police"
    with pytest.raises(Misplayed, match="told takes no"):
        a_report(phone, told="nobody owner")


def test_what_was_found_earlier_is_dated_back(phone):
    now = datetime.now(UTC)
    yesterday = (now - timedelta(days=1)).isoformat(timespec="milliseconds")

    # JavaRosa counts instants in days as floating point, which may cost milliseconds.
    dated_back = datetime.fromisoformat(a_report(phone, discovered_at=yesterday).saved["discovered_at"])
    assert abs(dated_back - datetime.fromisoformat(yesterday)) <= timedelta(seconds=1)
    assert abs(datetime.fromisoformat(a_report(phone).saved["discovered_at"]) - now) < timedelta(minutes=5)
    for wrong in (now + timedelta(hours=1), now - timedelta(days=400)):
        with pytest.raises(Misplayed, match="discovered_at takes no"):
            a_report(phone, discovered_at=wrong.isoformat(timespec="milliseconds"))


def test_the_last_grid_is_not_offered_to_someone_who_has_left_it(phone):
    first = a_report(phone, area_pick="unknown")
    phone.change("areas.csv", without("unknown"))

    second = phone.fill("hazard_report", last=first, same_place="yes", item="corridor_blocked", fixed_now="no")

    assert second.saved["area"] == ""


def test_a_draft_keeps_a_code_that_was_retired_meanwhile(phone):
    draft = a_report(phone, item="wiring_messy")
    phone.change("hazard_items.csv", with_cells("wiring_messy", active="0"))

    sent = phone.fill("hazard_report", draft=draft)
    fresh = a_report(phone)

    assert (sent.saved["item"], sent.saved["category"]) == ("wiring_messy", "electric")
    assert "wiring_messy" not in fresh.asked["item"]


def test_a_draft_keeps_an_item_that_is_no_longer_among_the_common_ones(phone):
    draft = a_report(phone)
    phone.change("hazard_items.csv", with_cells("hose_aged", common="0"))

    assert phone.fill("hazard_report", draft=draft).saved["item"] == "hose_aged"


def test_a_draft_keeps_the_grid_that_its_author_has_left(phone):
    draft = a_report(phone, area_pick=MOUNTAIN)
    phone.change("areas.csv", without(MOUNTAIN))

    opened_once = phone.fill("hazard_report", draft=draft)
    sent = phone.fill("hazard_report", draft=opened_once)

    assert opened_once["area_pick"] is None
    assert sent.saved["area"] == MOUNTAIN


# A patrol


def test_nothing_found_is_a_patrol(phone):
    patrol = phone.fill("patrol", place="主街", premises_count="12", result="nothing")

    assert patrol.entity["create"] == "1"
    assert patrol.saved["premises_count"] == "12"
    assert patrol.label.endswith("主街｜没有发现隐患")
    assert "report_note" not in patrol.asked


def test_who_found_something_is_told_where_it_goes(phone):
    assert "report_note" in phone.fill("patrol", place="主街", premises_count="3", result="found").asked


def test_hazards_were_found_somewhere(phone):
    nowhere = phone.fill("patrol", premises_count="3", result="found")
    first = phone.fill("patrol", place="主街", premises_count="3", result="found")
    again = phone.fill("patrol", last=first, same_place="yes", premises_count="1", result="found")

    assert nowhere.refused_at == "place"
    assert again.saved["place"] == "主街"
    assert again.label.endswith("主街｜发现了隐患")


# A station


def a_new_station(phone, **answers):
    told = {"task": "register", "area_pick": MOUNTAIN, "title": "荆山口村微型消防站", "station_kind": "estate"}
    return phone.fill("micro_station", **told | {"kit_ok": "yes"} | answers)


@pytest.mark.parametrize("like", [{"title": "演示村 微型消防站"}, {"station_kind": "village"}])
def test_a_station_like_one_that_is_there_is_shown_before_a_second_one_is_made(phone, like):
    shown = a_new_station(phone, **like)
    sure = a_new_station(phone, **like, another="yes")

    assert (shown.refused_at, "like_note" in shown.asked) == ("another", True)
    assert (sure.entity["create"], sure["like_labels"]) == ("1", "演示村微型消防站")
    with pytest.raises(Misplayed, match="another takes no"):
        a_new_station(phone, **like, another="no")


def test_a_station_unlike_all_others_is_registered_without_a_word(phone):
    assert not {"like_note", "another"} & a_new_station(phone).asked.keys()


def test_a_station_that_was_closed_down_is_no_reason_to_ask(phone):
    phone.change("micro_stations.csv", with_cells(VILLAGE_STATION, station_state="closed"))

    assert "another" not in a_new_station(phone, station_kind="village").asked


@pytest.mark.parametrize(
    "staff",
    [{"staff_count": "3", "shift_count": "4"}, {"head": "演示甲", "staff_count": "0"}],
)
def test_the_staff_of_a_station_cannot_contradict_itself(phone, staff):
    with pytest.raises(Misplayed, match="_count takes no"):
        a_new_station(phone, **staff)


@pytest.mark.parametrize(
    "staff",
    [{"staff_count": "3", "shift_count": "3"}, {"shift_count": "2"}, {"staff_count": "0"}, {"head": "演示甲"}],
)
def test_what_is_known_of_the_staff_is_enough(phone, staff):
    saved = a_new_station(phone, **staff).saved

    assert {name: saved[name] for name in staff} == staff


def test_a_new_station_gets_an_id_and_its_grid(phone):
    station = phone.fill(
        "micro_station",
        **{"task": "register", "area_pick": MOUNTAIN, "title": "荆山口村微型消防站", "station_kind": "village"},
        another="yes",
        **{"staff_count": "4", "kit_ok": "no", "kit_missing_pick": "radio mask"},
    )

    assert (station.entity["create"], station.entity["update"]) == ("1", "0")
    assert station.entity["id"] == station["new_id"]
    assert station.label == "荆山口村微型消防站"
    assert (station.saved["area"], station.saved["kit_missing"]) == (MOUNTAIN, "radio mask")
    assert "staff_note" in station.asked


def test_an_update_sends_the_chosen_part_filled_in_as_it_stood(phone):
    update = an_update(phone, parts="people", head="演示丁")

    assert (update.entity["create"], update.entity["update"]) == ("0", "1")
    assert (update.entity["id"], update.entity["baseVersion"]) == (VILLAGE_STATION, "4")
    assert update.label == ""
    assert update.saved == {"head": "演示丁", "duty_phone": "0312-7300119", "staff_count": "6", "shift_count": "3"}


def test_a_kit_that_is_complete_again_clears_what_was_missing(phone):
    still = an_update(phone, parts="kit", kit_ok="no")
    complete = an_update(phone, parts="kit", kit_ok="yes")

    assert (still.saved["kit_missing"], still.saved["kit_remark"]) == ("radio", "缺1")
    assert (complete.saved["kit_missing"], complete.saved["kit_remark"]) == ("", "")


def test_the_kit_asked_for_is_that_of_the_kind_of_station(phone):
    village = an_update(phone, parts="kit", kit_ok="no")
    key_unit = an_update(phone, parts="base kit", station_kind="key_unit", kit_ok="no", kit_missing_pick="phone")

    assert {"portable_pump", "helmet"} <= set(village.asked["kit_missing_pick"])
    assert set(key_unit.asked["kit_missing_pick"]) == {
        "ext_dry",
        "hose_65",
        "branch",
        "hydrant_wrench",
        "radio",
        "phone",
    }
    assert "helmet" in key_unit.asked["kit_extra"]


@pytest.mark.parametrize("parts", ["base", "people", "kit", "base people kit"])
def test_a_draft_of_an_update_outlives_the_station_row(phone, parts):
    kit = {"kit_ok": "no"} if "kit" in parts else {}
    draft = an_update(phone, parts=parts, **kit)
    phone.change("micro_stations.csv", without(VILLAGE_STATION))

    opened_once = phone.fill("micro_station", draft=draft)
    sent = phone.fill("micro_station", draft=opened_once)

    assert opened_once["station"] == ""
    assert sent.entity["id"] == VILLAGE_STATION
    assert sent.saved == draft.saved


def test_an_update_without_a_station_is_not_finished(phone):
    update = phone.fill("micro_station", task="update", parts="kit", kit_ok="yes")

    assert update.refused_at == "station_first"


# A check


def test_all_in_order_is_two_answers_and_clears_what_was_wrong(phone):
    check = phone.fill("station_check", station=VILLAGE_STATION, all_ok="yes")

    assert (check.entity["update"], check.entity["id"]) == ("1", VILLAGE_STATION)
    assert (check.saved["readiness"], check.saved["failed_items"], check.saved["kit_missing"]) == ("ready", "", "")
    assert not {"photo", "failed", "kit_pick"} & check.asked.keys()


@pytest.mark.parametrize(
    ("failed", "level"),
    [
        ("records_kept", "basic"),
        ("phone_works", "unready"),
        ("records_kept staff_enough", "unready"),
        ("on_duty", "unready"),
        ("extinguisher_green", "unready"),
        ("records_kept plan_posted radio_works", "basic"),
    ],
)
def test_the_list_says_which_failure_makes_which_level(phone, failed, level):
    check = phone.fill("station_check", station=VILLAGE_STATION, all_ok="no", failed=failed)

    assert (check.saved["readiness"], check.saved["failed_items"]) == (level, failed)


def test_a_county_may_set_another_level_without_touching_the_form(phone):
    phone.change("check_items.csv", with_cells("records_kept", level="unready"))

    check = phone.fill("station_check", station=VILLAGE_STATION, all_ok="no", failed="records_kept")

    assert check.saved["readiness"] == "unready"


def test_an_incomplete_kit_is_named_from_the_standard_of_that_kind(phone):
    check = phone.fill(
        "station_check", station=ESTATE_STATION, all_ok="no", failed="kit_complete", kit_pick="radio torch"
    )

    assert check.saved["kit_missing"] == "radio torch"
    assert "portable_pump" not in check.asked["kit_pick"]


def test_a_draft_of_a_check_outlives_the_station_row(phone):
    draft = phone.fill(
        "station_check", station=VILLAGE_STATION, all_ok="no", failed="kit_complete phone_works", kit_pick="radio"
    )
    phone.change("micro_stations.csv", without(VILLAGE_STATION))

    opened_once = phone.fill("station_check", draft=draft)
    sent = phone.fill("station_check", draft=opened_once)

    assert opened_once["station"] == ""
    assert sent.entity["id"] == VILLAGE_STATION
    assert sent.saved == draft.saved


def test_a_check_without_a_station_is_not_finished(phone):
    assert phone.fill("station_check", all_ok="yes").refused_at == "station_first"
