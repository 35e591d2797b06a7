"""The ``fieldsync`` command as a town's clerk types it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner

from sync.cli import opening
from sync.cli.main import main
from sync.client import credentials, outbox, synchronization
from sync.client.device_file import exchange_lock
from sync.client.failures import NotSignedIn, Refused
from tests.sync.town import Town
from tests.sync.town_http import GIVEN, PASSWORD, serving


def test_a_day_at_the_laptop(laptop, town):
    town.put("b0000000-0000-4000-8000-000000000001", head="甲", label="荆山口村微型站")

    assert laptop("pull")[0] == 0
    assert "荆山口村微型站" in laptop("list", "stations")[1]
    assert laptop("edit", "b0000000", "head=乙", "hoses=6")[0] == 0
    _, new, _ = laptop("create", "stations", "--area", "unit1", "label=新站", "head=丙")
    assert "未发送 2" not in laptop("list")[1] and laptop("list")[1].count("未发送 1") == 2
    assert "未发送 unsent: 2" in laptop("status")[1]
    status, said, _ = laptop("push")
    assert (status, "已送达 2 条" in said) == (0, True)
    assert "head = 乙" in laptop("show", "b0000000")[1]
    assert town.state.records[new.strip()]["fields"]["head"] == "丙"
    assert "没有要发送" in laptop("push")[1]
    assert laptop("sync")[0] == 0


def test_status_counts_records_that_are_only_here_and_those_with_unsent_changes(laptop, town):
    town.put("s1", head="甲")
    laptop("pull")
    laptop("edit", "s1", "head=乙")
    laptop("edit", "s1", "head=丙")
    laptop("create", "stations", "--area", "unit1", "head=丁")

    assert "记录 records: 2，其中 2 条有未发送的内容" in laptop("status")[1]
    found = json.loads(laptop("status", "--format", "json")[1])
    assert (found["unsent"], found["unsent_records"], found["records"]) == (3, 2, 2)
    assert found["records"] == len(json.loads(laptop("list", "--format", "json")[1]))

    laptop("sync")

    found = json.loads(laptop("status", "--format", "json")[1])
    assert (found["unsent"], found["unsent_records"], found["records"]) == (0, 0, 2)
    assert "记录 records: 2\n" in laptop("status")[1]


def test_the_store_may_be_named_before_the_command_as_well_as_after(laptop, tmp_path, monkeypatch):
    def run(*words):
        return CliRunner().invoke(main, [str(each) for each in words])

    store, elsewhere = tmp_path / "laptop", tmp_path / "elsewhere"
    monkeypatch.setenv("FIELDSYNC_HOME", str(elsewhere))
    laptop("create", "stations", "label=新站")

    assert "新站" in run("--store", store, "list").stdout
    assert "新站" in run("list", "--store", store).stdout
    assert "新站" in run("--store", elsewhere, "list", "--store", store).stdout
    assert run("list").exit_code == 1
    monkeypatch.setenv("FIELDSYNC_HOME", str(store))
    assert "新站" in run("list").stdout
    monkeypatch.delenv("FIELDSYNC_HOME")
    monkeypatch.chdir(tmp_path)
    assert (run("create", "stations", "label=站").exit_code, (tmp_path / "fieldsync").is_dir()) == (0, True)
    assert f"--store {elsewhere}" in run("--store", elsewhere, "push").stderr


def test_an_act_goes_with_its_inputs(laptop, town):
    town.put("c1", head="x")
    town.state.records["c1"]["status"] = "assigned"
    laptop("pull")

    assert laptop("act", "c1", "accept", "note=马上去")[0] == 0
    laptop("push")

    assert json.loads(town.received[0][1])["fields"] == {"note": [None, "马上去"]}
    assert town.state.records["c1"]["status"] == "accepted"


def test_the_exit_status_says_what_to_do(fieldsync, laptop, town, tmp_path, monkeypatch):
    monkeypatch.setattr("sync.client.backoff.Backoff.pause_s", lambda *_: None)
    laptop("create", "stations", "head=甲")

    assert fieldsync("push", store="another")[0] == 4
    assert fieldsync("status", store="another")[0] == 1
    assert laptop("show", "nothing")[0] == 1
    assert laptop("edit", "nothing")[0] == 2
    assert laptop("edit", "nothing", "novalue")[0] == 2
    assert laptop("list", "--format", "xml")[0] == 2
    town.entitled.clear()
    assert laptop("push")[0] == 4
    (tmp_path / "laptop/credentials.json").write_text('{"server": "http://127.0.0.1:9", "key": "worker"}')
    status, _, complaint = laptop("push")
    assert (status, complaint.count("\n")) == (3, 1)
    assert "保存在本机" in complaint
    assert "unsent: 1" in laptop("status")[1]


def test_signing_in_with_a_password_that_is_not_shown(fieldsync, address, town):
    assert fieldsync("login", address, "--user", "worker", "--password-stdin", input="wrong\n")[0] == 4
    status, said, complaint = fieldsync("login", address, "--user", "worker", "--password-stdin", input=f"{PASSWORD}\n")

    assert status == 0
    assert PASSWORD not in said + complaint
    assert fieldsync("pull")[0] == 0
    assert fieldsync("logout")[0] == 0
    assert fieldsync("pull")[0] == 4


def test_signing_out_ends_the_sign_in_at_the_server_too_and_says_where_that_was_not_possible(
    fieldsync, address, town, tmp_path
):
    sign_in = ("login", address, "--user", "worker", "--password-stdin")
    fieldsync(*sign_in, input=f"{PASSWORD}\n")

    status, _, complaint = fieldsync("logout")

    assert (status, complaint, town.ended) == (0, "", ["Bearer renewal"])
    assert fieldsync("logout")[0] == 0  # nobody is signed in

    fieldsync(*sign_in, input=f"{PASSWORD}\n")
    kept = tmp_path / "laptop" / "credentials.json"
    kept.write_text(kept.read_text().replace(address, "http://127.0.0.1:9"))
    status, _, complaint = fieldsync("logout")
    assert (status, "没有连上服务器" in complaint) == (0, True)
    assert not kept.exists()


def test_a_password_that_somebody_else_has_set_is_changed_at_the_sign_in(fieldsync, address):
    sign_in = ("login", address, "--user", "worker", "--password-stdin")
    without, weak, done = (fieldsync(*sign_in, input=f"{GIVEN}\n{new}") for new in ("", "short\n", f"{PASSWORD}\n"))

    assert (without[0], "第二行" in without[2]) == (1, True)
    assert (weak[0], "至少10个字符" in weak[2]) == (1, True)
    assert (done[0], "已登录" in done[1], "别人设的" in done[2]) == (0, True, True)
    assert GIVEN not in done[1] + done[2]
    assert PASSWORD not in done[1] + done[2]


def test_a_failed_sign_in_leaves_no_store_and_nothing_else_behind(fieldsync, address, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")

    assert fieldsync("login", f"{address}/key/wrong")[0] == 4
    assert fieldsync("login", "http://127.0.0.1:9/key/worker")[0] == 3
    assert fieldsync("login", address, "--user", "worker", input="wrong\n", store="mine")[0] == 4

    assert [*tmp_path.iterdir()] == [tmp_path / "mine"]
    assert [*(tmp_path / "mine").iterdir()] == [tmp_path / "mine" / "letter.txt"]


def test_a_failed_sign_in_leaves_the_store_that_was_there_as_it_was(laptop, address):
    laptop("create", "stations", "head=甲")

    assert laptop("login", f"{address}/key/wrong")[0] == 4

    assert "unsent: 1" in laptop("status")[1]
    assert laptop("push")[0] == 0


def test_a_script_signs_in_by_a_pipe_without_a_warning_and_without_one_is_told_how(address, tmp_path):
    command = [sys.executable, "-c", "from sync.cli.main import main; main()", "login", address, "--user", "worker"]

    def sign_in(typed: str) -> subprocess.CompletedProcess[str]:
        where = ["--store", str(tmp_path / "laptop")]
        return subprocess.run([*command, *where], input=typed, capture_output=True, text=True, check=False)

    silent, piped = sign_in(""), sign_in(f"{PASSWORD}\n")

    assert silent.returncode == 2
    assert "没有密码" in silent.stderr
    assert (piped.returncode, piped.stderr) == (0, "")


def test_a_key_may_come_by_standard_input_and_one_of_both_must_be_there(fieldsync, address):
    assert fieldsync("login", address, "--key-stdin", input="worker\n")[0] == 0
    assert fieldsync("login", address)[0] == 2
    assert fieldsync("login", f"{address}/key/worker", "--user", "worker")[0] == 2
    assert fieldsync("login", f"{address}/key/wrong")[0] == 4


def test_no_command_prints_the_key(laptop, town, tmp_path, address):
    town.entitled["sesame-4711"] = town.entitled["worker"]
    printed = []
    for words in (
        ("login", f"{address}/key/sesame-4711"), ("pull",), ("create", "stations", "head=甲"), ("status",), ("push",),
        ("status", "--format", "json"), ("list",), ("export-unsent", str(tmp_path / "out.json")),
        ("login", "sesame-4711"),
    ):  # fmt: skip
        printed += laptop(*words)[1:]

    assert "sesame" not in "".join(printed)
    assert "sesame" not in (tmp_path / "out.json").read_text()
    with sqlite3.connect(tmp_path / "laptop/device.db") as connection:
        assert "sesame" not in "\n".join(connection.iterdump())
    connection.close()


def test_another_person_neither_sends_nor_sees_the_first_ones_work(fieldsync, address, town):
    town.entitled["other"] = ["area:unit2"]
    town.put("s1", head="甲")
    sign_in = ("login", address, "--password-stdin", "--user")
    fieldsync(*sign_in, "worker", input=PASSWORD)
    fieldsync("pull")
    fieldsync("edit", "s1", "head=乙")

    status, _, complaint = fieldsync(*sign_in, "other", input=PASSWORD)
    assert (status, "未发送" in complaint) == (1, True)
    assert fieldsync("push")[0] == 0
    assert fieldsync(*sign_in, "other", input=PASSWORD)[0] == 0

    assert fieldsync("list")[1] == ""
    assert "applied" not in fieldsync("status")[1]


@pytest.fixture
def sign_in(fieldsync, address, town):
    town.entitled["other"] = ["area:unit2"]
    town.put("s1", head="甲")

    def sign_in(name: str) -> str:
        status, said, complaint = fieldsync("login", address, "--password-stdin", "--user", name, input=PASSWORD)
        assert status == 0, complaint
        return said

    return sign_in


def test_what_the_first_person_sent_is_offered_again_when_they_come_back_after_a_copy_was_put_back(
    sign_in, fieldsync, town
):
    sign_in("worker")
    fieldsync("pull")
    backup = town.backup()
    fieldsync("edit", "s1", "head=乙")
    fieldsync("create", "stations", "--area", "unit1", "head=丙")
    fieldsync("push")
    sign_in("other")
    town.restore(backup)
    before = len(town.received)

    assert "没有要发送" in fieldsync("sync")[1]
    assert len(town.received) == before
    assert town.state.records["s1"]["fields"]["head"] == "甲"
    assert "您以前在本机送出的 2 条" in sign_in("worker")
    assert "已送达 2 条" in fieldsync("sync")[1]

    assert town.state.records["s1"]["fields"]["head"] == "乙"
    assert len(town.state.records) == 2
    assert json.loads(fieldsync("status", "--format", "json")[1])["kept_for"] == {}


def test_a_restored_server_keeps_nobody_out_and_all_are_told_who_has_to_offer_work_again(sign_in, fieldsync, town):
    sign_in("worker")
    fieldsync("pull")
    backup = town.backup()
    fieldsync("edit", "s1", "head=乙")
    fieldsync("push")
    town.restore(backup)
    told = "可能缺 worker 从本机送出的 1 条"

    assert told in sign_in("other")
    fieldsync("sync")
    assert told in fieldsync("status")[1]
    assert town.state.records["s1"]["fields"]["head"] == "甲"
    assert told not in sign_in("worker")
    fieldsync("sync")

    assert town.state.records["s1"]["fields"]["head"] == "乙"
    assert json.loads(fieldsync("status", "--format", "json")[1])["to_offer_again"] == {}


def test_what_is_in_no_backup_stays_for_its_author_however_long_they_are_away(sign_in, fieldsync, town, monkeypatch):
    town.durable = 0
    sign_in("worker")
    fieldsync("pull")
    backup = town.backup()
    fieldsync("edit", "s1", "head=乙")
    fieldsync("push")
    sign_in("other")
    monkeypatch.setattr(outbox, "SPARE_FOR", timedelta(0))
    fieldsync("sync")
    town.restore(backup)
    fieldsync("sync")

    assert "您以前在本机送出的 1 条" in sign_in("worker")
    fieldsync("sync")

    assert town.state.records["s1"]["fields"]["head"] == "乙"


def test_what_a_backup_holds_by_now_goes_after_its_time_while_its_author_is_away(sign_in, fieldsync, town, monkeypatch):
    town.durable = 0
    sign_in("worker")
    fieldsync("pull")
    fieldsync("edit", "s1", "head=乙")
    fieldsync("push")
    sign_in("other")
    town.durable = None
    fieldsync("sync")
    assert json.loads(fieldsync("status", "--format", "json")[1])["kept_for"] == {"worker": 1}
    monkeypatch.setattr(outbox, "SPARE_FOR", timedelta(0))
    fieldsync("sync")

    assert json.loads(fieldsync("status", "--format", "json")[1])["kept_for"] == {}


def test_status_tells_whose_sent_work_is_kept_and_what_it_is_nobody_else_reads(sign_in, fieldsync, tmp_path):
    sign_in("worker")
    fieldsync("pull")
    fieldsync("edit", "s1", "head=乙")
    fieldsync("sync")
    sign_in("other")
    fieldsync("pull")

    assert "替 worker 留存 kept for worker: 1" in fieldsync("status")[1]
    found = json.loads(fieldsync("status", "--format", "json")[1])
    assert (found["kept_for"], found["verdicts"], found["unsent"]) == ({"worker": 1}, {}, 0)
    assert fieldsync("list")[1] == ""
    fieldsync("export-unsent", str(tmp_path / "unsent.json"))
    assert "乙" not in (tmp_path / "unsent.json").read_text()
    assert "没有要发送" in fieldsync("push")[1]


def test_persons_who_take_turns_find_what_became_of_their_own_work(sign_in, fieldsync, town):
    town.put("s2", bucket="area:unit2", head="甲")
    for name, station in (("worker", "s1"), ("other", "s2")):
        sign_in(name)
        fieldsync("pull")
        fieldsync("edit", station, f"head={name}")
        fieldsync("sync")

    for name, other in (("worker", "other"), ("other", "worker")):
        sign_in(name)
        fieldsync("sync")
        found = json.loads(fieldsync("status", "--format", "json")[1])

        assert (found["verdicts"], found["kept_for"]) == ({"applied": 1}, {other: 1})
    assert [each["fields"]["head"] for each in town.state.records.values()] == ["worker", "other"]


def test_another_persons_key_is_told_from_another_key_of_the_same_person(fieldsync, address, town):
    town.entitled |= {"worker-again": town.entitled["worker"], "other": ["area:unit2"]}
    town.names["worker-again"] = "worker"
    town.put("s1", head="甲")
    fieldsync("login", f"{address}/key/worker")
    fieldsync("pull")
    fieldsync("edit", "s1", "head=乙")

    assert fieldsync("login", f"{address}/key/other")[0] == 1
    assert fieldsync("login", f"{address}/key/worker-again")[0] == 0
    assert fieldsync("push")[0] == 0
    assert fieldsync("login", f"{address}/key/other")[0] == 0

    assert fieldsync("list")[1] == ""


def test_a_server_that_moved_to_another_address_still_gets_the_work(fieldsync, town):
    with serving(town) as first, serving(town) as second:
        fieldsync("login", f"{first}/key/worker")
        fieldsync("pull")
        fieldsync("create", "stations", "--area", "unit1", "head=甲")

        assert fieldsync("login", f"{second}/key/worker")[0] == 0
        assert "1 条" in fieldsync("push")[1]
        assert fieldsync("list")[1].count("\n") == 1


def test_unsent_work_is_not_sent_to_another_server(fieldsync, address, town):
    fieldsync("login", f"{address}/key/worker")
    fieldsync("pull")
    fieldsync("create", "stations", "head=甲")
    elsewhere = Town()
    elsewhere.state.epoch = "elsewhere"

    with serving(elsewhere) as other:
        assert fieldsync("login", f"{other}/key/worker")[0] == 1
    assert fieldsync("push")[0] == 0


def test_a_list_narrows_to_what_is_mine_to_do(laptop, town):
    for id, todo in (("c1", "accept"), ("c2", "")):
        town.put(id, head=id)
        town.state.records[id] |= {"status": "assigned", "todo": todo}
    laptop("pull")

    assert "accept" in laptop("list", "--todo")[1]
    assert laptop("list", "--todo")[1].count("\n") == 1


def test_unsent_work_moves_to_another_laptop_in_a_file_and_is_sent_once(laptop, fieldsync, town, tmp_path, address):
    laptop("create", "stations", "--area", "unit1", "head=甲")
    file = str(tmp_path / "unsent.json")

    assert "1 条" in laptop("export-unsent", file)[1]
    assert laptop("export-unsent", file)[0] == 1
    assert "1 条" in fieldsync("import-unsent", file, store="second")[1]
    assert "0 条" in fieldsync("import-unsent", file, store="second")[1]
    fieldsync("login", f"{address}/key/worker", store="second")
    fieldsync("create", "stations", "head=丁", store="second")
    assert fieldsync("push", store="second")[0] == 0
    assert laptop("push")[0] == 0

    assert sorted(record["fields"]["head"] for record in town.state.records.values()) == ["丁", "甲"]
    assert {record["version"] for record in town.state.records.values()} == {1}
    assert len({device for device, _ in town.received}) == 2


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "x", "changes": []}', '{"kind": "fieldsync unsent 1"}'])
def test_a_file_that_is_no_export_is_refused(laptop, tmp_path, content):
    (tmp_path / "x.json").write_text(content)

    assert laptop("import-unsent", str(tmp_path / "x.json"))[0] == 1


def test_a_full_disk_is_told_and_keeps_nothing_half(laptop, monkeypatch):
    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    laptop("pull")
    monkeypatch.setattr("sync.client.outbox.add", full)

    status, said, complaint = laptop("create", "stations", "head=甲")

    assert (status, said) == (1, "")
    assert "没有保存" in complaint and "磁盘" in complaint
    assert "unsent: 0" in laptop("status")[1]


def test_records_can_be_had_as_json_with_what_is_pending(laptop, town):
    town.put("s1", head="甲")
    laptop("pull")
    laptop("edit", "s1", "head=乙")

    shown = json.loads(laptop("show", "s1", "--format", "json")[1])
    assert shown.pop("answered") == []
    assert shown == json.loads(laptop("list", "--format", "json")[1])[0]
    assert (shown["fields"], shown["version"], shown["pending"][0]["action"]) == ({"head": "乙"}, 1, "edit")


def test_what_no_text_can_hold_is_refused_before_it_is_kept(laptop):
    status, _, complaint = laptop("create", "stations", "head=\udcff")

    assert (status, "UTF-8" in complaint) == (1, True)
    assert "unsent: 0" in laptop("status")[1]


def test_an_id_that_begins_another_one_is_found_by_itself(laptop, town):
    for id in ("area:1", "area:12", "area:13"):
        town.put(id, "county", name=id)
    laptop("pull")

    assert "name = area:1\n" in laptop("show", "area:1")[1]
    assert "不止一条" in laptop("show", "area:")[2]


def test_a_list_narrows_by_area_and_by_words(laptop, town):
    for id, area, label in (("s1", "130630100201001", "东站"), ("s2", "130630101201001", "西站")):
        town.put(id, "area:unit1", label=label)
        town.state.records[id]["area"] = area
    laptop("pull")

    assert laptop("list", "--area", "130630000000")[1].count("\n") == 2
    assert "东站" in laptop("list", "--area", "130630100000")[1]
    assert "西站" not in laptop("list", "--area", "130630100201")[1]
    assert "东站" not in laptop("list", "--q", "西")[1]


def test_while_somebody_signs_in_nothing_is_sent_or_received_for_whoever_was_before(town, laptop, address, tmp_path):
    town.entitled["other"] = ["area:unit2"]
    tried = []
    answer = town.answer

    def answered(path, headers, body):
        with pytest.raises(Refused, match="另一个 fieldsync"), exchange_lock(tmp_path / "laptop", wait_s=0):
            pass
        tried.append(path)
        return answer(path, headers, body)

    town.answer = answered

    assert laptop("login", f"{address}/key/other")[0] == 0
    assert "/api/v1/sync/push" in tried


@pytest.mark.parametrize("exchange", [synchronization.push, synchronization.pull])
def test_a_program_that_waited_while_somebody_else_signed_in_sends_and_receives_nothing(
    laptop, address, town, tmp_path, exchange
):
    town.entitled["other"] = ["area:unit2"]
    assert laptop("sync")[0] == 0
    with opening.connected(tmp_path / "laptop") as (device, connection):
        assert laptop("login", f"{address}/key/other")[0] == 0
        before = device.rows("SELECT * FROM setting ORDER BY name"), device.rows("SELECT * FROM row ORDER BY id")

        with pytest.raises(Refused, match="刚刚换了登录"):
            exchange(device, connection)

        assert before == (
            device.rows("SELECT * FROM setting ORDER BY name"),
            device.rows("SELECT * FROM row ORDER BY id"),
        )
    assert laptop("sync")[0] == 0


def test_a_program_that_waited_while_somebody_signed_out_sends_and_receives_nothing(laptop, tmp_path):
    with opening.connected(tmp_path / "laptop") as (device, connection):
        assert laptop("logout")[0] == 0

        with pytest.raises(NotSignedIn):
            synchronization.pull(device, connection)

    assert not credentials.exist(tmp_path / "laptop")
