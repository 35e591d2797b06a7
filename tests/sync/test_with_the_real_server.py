"""The field client against the real server, in one process: what town and worker do on laptops without a network."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import requests
from click.testing import CliRunner

from server.forms.store import codes
from server.forms.store.codes import Code
from server.people.domain.passwords import PasswordState
from server.staffing.usecases import enrolment
from sync.cli.main import main
from sync.client import records, synchronization
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.failures import NoConnection, NotSignedIn, Refused
from tests.county import County
from tests.passwords import hash_of
from tests.sync.town import ADDRESS, Phone, Way, lost_answer, lost_request
from tests.valley import FAR_UNIT, NEXT_UNIT, TOWN, UNIT, VILLAGE

FIXED = Code("result_codes", "fixed", "已整改", "Fixed", "2026-01-01", "", {"closable": "1"})


WORD = "correct-horse-7"


class Road:
    """The way to the valley's server. faults: what befalls the next requests, as in ``town``."""

    def __init__(self, valley: County) -> None:
        self.valley = valley
        self.faults = []

    def answer(self, path, headers, body):
        fault = self.faults.pop(0) if self.faults else lambda work: work()
        return fault(lambda: self._answer(path, headers, body))

    def _answer(self, path, headers, body):
        answer = self.valley.app.test_client().post(path, data=body, headers=headers)
        return answer.status_code, dict(answer.headers), answer.data


@pytest.fixture
def road(valley) -> Road:
    return Road(valley)


@pytest.fixture
def laptop(road, tmp_path):
    """Give a laptop to a person of the valley."""
    made = []

    def give(name):
        made.append(Phone(road, tmp_path / f"laptop{len(made)}", road.valley.keys[name], hand=len(made) + 1))
        return made[-1]

    yield give
    for each in made:
        each.close()


def a_station(worker: Phone, **fields: str) -> str:
    return worker.create(area=UNIT, **{"label": "一号站", "head": "甲", "hoses": "6"} | fields)


def test_what_the_worker_made_is_on_the_officers_laptop_with_the_next_pull(laptop):
    worker, officer, stranger = laptop("worker"), laptop("officer"), laptop("stranger")

    station = a_station(worker)
    assert dict(worker.push().verdicts) == {"applied": 1}
    for each in (worker, officer, stranger):
        each.pull()

    assert officer.see(station).label == "一号站"
    assert officer.fields(station) == {"head": "甲", "hoses": "6"}
    assert stranger.see(station) is None
    assert worker.see(station).pending == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "station", "label=站"), "本机没有台账 station"),
        (("create", "stations", "--action", "report", "label=站"), "可以：create 新建"),
        (("create", "stations", "lable=站"), "没有字段 lable（相近的有：label）"),
        (("edit", "STATION", "haed=乙", "hoses=x"), "没有字段 haed（相近的有：head）"),
        (("edit", "STATION", "area=130630100201002"), "没有字段 area"),
        (("edit", "STATION", "hoses=５"), "hoses：“５”不是整数；请写成 5"),
        (("create", "stations", "hoses=5.0"), "请写成 5"),
        (("act", "CASE", "extend", "due_on=2026/12/3", "reason=缺件"), "due_on：“2026/12/3”不是日期"),
        (("act", "STATION", "accept"), "这里只能修改"),
        (("act", "CASE", "acept"), "accept 签收"),
        (("act", "CASE", "register", "notes=好"), "“立项 register”没有输入项 notes（相近的有：note）"),
    ],
)
def test_a_slip_is_told_at_the_laptop_and_nothing_is_kept(laptop, words, said):
    worker = laptop("worker")
    worker.pull()
    names = {"STATION": a_station(worker), "CASE": worker.create("hazards", action="report", area=UNIT, label="灶台")}
    before = len(worker.changes())

    done = CliRunner().invoke(main, [*(names.get(each, each) for each in words), "--store", str(worker.folder)])

    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert len(worker.changes()) == before


def test_the_names_to_write_can_be_looked_up_without_a_network(laptop):
    worker = laptop("worker")

    def run(*words):
        return CliRunner().invoke(main, ["fields", *words, "--store", str(worker.folder)])

    assert (run().exit_code, "先 fieldsync pull" in run().stderr) == (1, True)

    worker.pull()

    ledgers = json.loads(run("--format", "json").stdout)["台账 ledgers"]
    assert {"stations", "hazards"} <= ledgers.keys()
    said = run("hazards").stdout
    assert all(each in said for each in ("  label  名称\n", "  report  上报\n", "  feedback  反馈 result_code note"))
    assert "办理 act" not in run("stations").stdout
    assert run("station").exit_code == 1


def test_the_office_sees_that_it_is_fieldsync_which_uses_a_key(laptop, valley):
    worker = laptop("worker")
    a_station(worker)
    worker.pull()

    [known] = valley.rows("SELECT person, device, program, unsent FROM field_client")
    assert (known["person"], known["device"], known["unsent"]) == ("worker", worker.device.id, 1)
    assert known["program"].startswith("fieldsync/")


def test_what_the_office_decided_about_an_item_comes_with_the_pull(laptop, valley):
    worker = laptop("worker")
    station = a_station(worker)
    worker.act(station, "dance")
    worker.push()

    def run(*words):
        return CliRunner().invoke(main, [*words, "--store", str(worker.folder)]).stdout

    assert "! " + station in run("status")

    valley.app.test_client().post(
        f"/api/v1/problems/{worker.changes()[-1]['problem_id']}/settlement",
        json={"how": "dismiss", "reason": "没有这个操作"},
        headers={"Authorization": f"Key {valley.keys['officer']}"},
    )
    worker.pull()

    assert "! " + station not in run("status")
    assert "已记录在案 recorded" in run("show", station)
    assert "（已关闭，没有这个操作）" in run("show", station)
    assert json.loads(run("show", station, "--format", "json"))["answered"][0]["decision"] == "dismiss"


def test_a_problem_that_settled_itself_is_over_at_the_laptop_too(laptop, valley):
    worker, officer = laptop("worker"), laptop("officer")
    station = a_station(worker)
    worker.push()
    officer.pull()
    for each, hoses in ((worker, "5"), (officer, "8")):
        each.edit(station, hoses=hoses)
    officer.push()
    worker.push()
    merged = worker.changes()[-1]
    assert (merged["verdict"], merged["decision"]) == ("merged", None)

    worker.edit(station, hoses="8")
    worker.push()
    worker.pull()

    assert valley.problems(record=station) == []
    assert [each["decision"] for each in worker.changes()] == [None, "", None]


def test_lost_answers_and_repeats_make_one_version_of_each_change(laptop, road):
    worker = laptop("worker")
    station = a_station(worker)
    worker.edit(station, head="乙")

    road.faults = [lost_answer, lost_answer]
    worker.push()

    assert worker.see(station).version == 2
    assert road.valley.verdicts(station) == ["applied", "applied"]


def test_two_people_edit_different_fields_without_a_network_and_both_stay(laptop):
    worker, officer = laptop("worker"), laptop("officer")
    station = a_station(worker)
    worker.push()
    officer.pull()

    worker.edit(station, head="乙")
    officer.edit(station, hoses="8")
    officer.push()
    worker.push()
    officer.pull()

    assert officer.fields(station) == worker.fields(station) == {"head": "乙", "hoses": "8"}


def test_two_people_edit_one_field_and_both_are_told_of_the_conflict(laptop, valley):
    worker, officer = laptop("worker"), laptop("officer")
    station = a_station(worker)
    worker.push()
    officer.pull()

    worker.edit(station, hoses="5")
    officer.edit(station, hoses="8")
    officer.push()
    assert dict(worker.push().verdicts) == {"merged": 1}
    officer.pull()

    assert officer.see(station).base["conflicts"] == ["hoses"]
    assert worker.see(station).base["conflicts"] == ["hoses"]
    assert valley.problems() == ["conflict"]


def test_a_chain_of_edits_ends_as_its_author_saw_it_also_in_a_group(laptop):
    worker = laptop("worker")
    station = a_station(worker, level="2", lack="水泵", kit="axe pump")
    worker.push()

    worker.edit(station, level="1")
    worker.edit(station, level="2", kit="rope")
    worker.edit(station, head="丙")
    shown = worker.fields(station)
    assert worker.push().verdicts == {"applied": 3}

    assert worker.fields(station) == shown
    assert (shown["level"], shown["lack"], shown["kit"], shown["head"]) == ("2", "水泵", "rope", "丙")


def test_a_hazard_goes_from_report_to_close_between_two_laptops(laptop, valley):
    valley.do(codes.replace_list, "result_codes", [FIXED])
    worker, officer = laptop("worker"), laptop("officer")
    with worker.device.writing():
        hazard = worker_reports(worker)
    worker.push()
    officer.pull()
    officer.act(hazard, "register")
    officer.act(hazard, "assign", assignee="user:worker")
    assert officer.push().verdicts == {"applied": 2}

    worker.pull()
    worker.act(hazard, "accept")
    worker.act(hazard, "feedback", result_code="fixed", note="已换", no_photo_reason="too_dark")
    assert worker.push().verdicts == {"applied": 2}

    officer.pull()
    assert officer.see(hazard).status == "feedback"
    assert "check" in officer.see(hazard).base["todo"]
    officer.act(hazard, "close")
    officer.push()
    worker.pull()
    assert worker.see(hazard).status == "closed"


def worker_reports(worker: Phone) -> str:
    fields = {"item": "gas_hose", "place": "荆山口村", "label": "荆山口村｜软管"}
    return records.create(worker.device, "hazards", fields, action="report", area=UNIT)


def test_a_worker_who_moves_keeps_unsent_work_in_the_tray_until_it_is_answered(laptop, valley):
    worker, officer = laptop("worker"), laptop("officer")
    old, clean, new = a_station(officer), a_station(officer), officer.create(area=NEXT_UNIT, label="邻站", head="丁")
    officer.push()
    worker.pull()
    worker.edit(old, head="乙")

    valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="test")
    worker.pull()

    assert worker.see(new) is not None
    assert worker.see(clean) is None
    assert worker.see(old).is_handed_over
    assert worker.fields(old)["head"] == "乙"
    worker.push()
    assert worker.see(old) is None
    assert valley.record(old).fields["head"] == "乙"


def test_a_laptop_that_lost_a_row_reads_that_bucket_again(laptop):
    worker = laptop("worker")
    stations = [a_station(worker, label=f"站{number}") for number in range(3)]
    worker.push()
    worker.pull()
    with worker.device.writing():
        worker.device.run("DELETE FROM row WHERE id = :id", {"id": stations[1]})

    worker.edit(stations[0], head="乙")
    worker.push()
    pulled = worker.pull()

    assert pulled.reread == [f"area:{UNIT}", "person:worker"]
    assert {*stations} <= worker.held().keys()


def test_a_pull_in_small_pages_that_is_cut_short_brings_everything_in_the_end(laptop, road, monkeypatch):
    monkeypatch.setattr("sync.client.synchronization.PAGE_ROWS", 3)
    worker, officer = laptop("worker"), laptop("officer")
    stations = [a_station(worker, label=f"站{number}") for number in range(30)]
    worker.push()

    for _ in range(4):
        road.faults = [lambda work: work()] * 2 + [lost_answer] + [lost_request] * 2
        with pytest.raises(NoConnection):
            officer.pull()
    officer.pull()

    assert {*stations} <= officer.held().keys()
    assert officer.pull().rows == 0


def test_the_shared_lists_come_along_and_areas_can_be_checked_against(laptop):
    officer = laptop("officer")

    officer.pull()

    held = officer.device.rows("SELECT id FROM row WHERE type = '_area'")
    assert {f"area:{code}" for code in (VILLAGE, UNIT, NEXT_UNIT, FAR_UNIT)} <= {each["id"] for each in held}
    with pytest.raises(Refused, match="不能改"):
        officer.edit(f"area:{UNIT}", level="county")


def test_what_the_server_cannot_read_or_does_not_know_is_kept_and_tells_why(laptop, valley):
    worker = laptop("worker")
    worker.create(type="nothing_of_ours", area=UNIT, head="甲")
    good = a_station(worker)

    assert worker.push().verdicts == {"applied": 1, "quarantined": 1}

    aside, kept = worker.changes()
    assert (aside["verdict"], kept["record"]) == ("quarantined", good)
    assert aside["problem"] and aside["body"]
    assert valley.problems() == ["unreadable"]


def test_more_than_the_server_takes_at_once_goes_in_halves(laptop, valley):
    worker = laptop("worker")
    for number in range(210):
        a_station(worker, label=f"站{number}")

    assert worker.push().verdicts == {"applied": 210}
    assert [each["seq"] for each in worker.changes()] == list(range(1, 211))


def test_a_sign_in_whose_access_has_run_out_goes_on_by_itself(laptop, road, valley):
    valley.do(
        enrolment.add_user,
        "clerk",
        role="town_station",
        area=TOWN,
        by="test",
        password_hash=hash_of(WORD),
        password_state=PasswordState.OWN,
    )
    valley.keys["clerk"] = "not used"
    clerk, kept = laptop("clerk"), []
    session = requests.Session()
    session.mount(ADDRESS, Way(road.answer))
    way = Connection(Credentials(ADDRESS, "clerk"), session=session, on_renewed=kept.append)
    with pytest.raises(NotSignedIn):
        way.sign_in("clerk", "wrong")
    way.sign_in("clerk", WORD)
    way.credentials = replace(way.credentials, access="run out")
    a_station(clerk)

    assert synchronization.push(clerk.device, way).verdicts == {"applied": 1}
    assert kept[-1].access not in ("run out", kept[0].access)


def test_a_revoked_key_says_so_and_keeps_the_work(laptop, valley):
    worker = laptop("worker")
    a_station(worker)

    valley.do(enrolment.revoke_user, "worker", by="test")

    with pytest.raises(NotSignedIn):
        worker.push()
    assert json.loads(worker.changes()[0]["body"])["fields"]["head"] == [None, "甲"]


def test_a_record_is_begun_in_an_area_that_there_is(laptop, tmp_path):
    worker = laptop("worker")
    worker.pull()
    store = ["--store", str(worker.device.folder)]
    begin = ["create", "stations", "head=甲", *store, "--area"]

    refused = CliRunner().invoke(main, [*begin, f"{UNIT[:-1]}9"])

    assert refused.exit_code == Refused.exit_code
    assert f"本机没有网格 {UNIT[:-1]}9，什么也没有保存" in refused.stderr
    assert UNIT in refused.stderr
    assert CliRunner().invoke(main, [*begin, UNIT]).exit_code == 0
    assert worker.device.rows("SELECT COUNT(*) AS n FROM change") == [{"n": 1}]
