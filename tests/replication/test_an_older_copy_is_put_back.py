"""Somebody puts an older copy of the data folder back: the first client to come notices, and nothing it has is lost."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from itsdangerous import URLSafeSerializer

from server import app as application
from server.admin.store import invariants
from server.demo import photos as pictures
from server.replication.store import epochs
from server.replication.usecases import restoring
from server.settings import Settings
from sync.client import earlier_users, outbox, photos, records, synchronization
from tests.county import restart
from tests.odk_collect import Collect
from tests.put_back import copied, put_back
from tests.sync.test_with_the_real_server import Road
from tests.sync.town import ADDRESS, Phone
from tests.valley import UNIT

pytestmark = pytest.mark.sqlite  # a folder is copied, and put back in the place of itself


@pytest.fixture
def laptop(valley, tmp_path):
    """Give a laptop to a person of the valley."""
    made = []

    def give(name: str) -> Phone:
        made.append(Phone(Road(valley), tmp_path / f"laptop{len(made)}", valley.keys[name], hand=len(made) + 1))
        return made[-1]

    yield give
    for each in made:
        each.close()


@pytest.fixture
def copy(valley, tmp_path):
    """Copy the folder as it is now; returns the copy."""
    return lambda: copied(valley.store.folder, tmp_path / "copies" / str(len(list(tmp_path.glob("copies/*")))))


def sync(each: Phone) -> None:
    synchronization.exchange(each.device, each.way)


def go_back(valley, copy) -> None:
    restart(valley, lambda folder: put_back(copy, folder))


def epoch_of(valley) -> tuple[str, int]:
    with valley.store.reading() as reading:
        return epochs.current(reading), epochs.restores(reading)


def new_epochs(valley) -> int:
    return len(valley.rows("SELECT id FROM audit WHERE action = 'epoch.new'"))


def test_a_pull_alone_notices_and_the_work_since_the_copy_comes_again_once(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    old = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    before = copy()
    new = worker.create(area=UNIT, label="二号站", head="丙")
    worker.edit(old, head="乙")
    sync(worker)
    sync(officer)

    go_back(valley, before)
    officer.pull()
    sync(worker)
    sync(worker)
    officer.pull()

    assert epoch_of(valley)[1] == new_epochs(valley) == 1
    assert valley.record(old).fields["head"] == officer.fields(old)["head"] == "乙"
    assert valley.record(new).fields["head"] == officer.fields(new)["head"] == "丙"
    assert (valley.record(old).version, valley.record(new).version) == (1002, 1001)
    assert valley.count("change") == 5  # three of the worker's, and one for each station that was raised
    assert valley.problems() == []


@pytest.mark.parametrize("order", [("worker", "officer"), ("officer", "worker")])
def test_whoever_offers_again_first_what_one_saw_of_the_other_is_no_conflict(valley, laptop, copy, order):
    laptops = {name: laptop(name) for name in order}
    worker, officer = laptops["worker"], laptops["officer"]
    old = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    sync(officer)
    before = copy()
    for head, writer, reader in (("乙", worker, officer), ("丙", officer, worker), ("丁", worker, officer)):
        writer.edit(old, head=head)
        sync(writer)
        sync(reader)
    officer.edit(old, head="戊", label="新站")
    sync(officer)
    valley.clock.pass_by(minutes=5)

    go_back(valley, before)
    for each in (*order, *order):
        sync(laptops[each])

    assert (valley.record(old).fields["head"], valley.record(old).label) == ("戊", "新站")
    assert valley.record(old).conflicts == ()
    assert valley.problems() == []
    assert worker.fields(old) == officer.fields(old)


def test_what_two_wrote_without_seeing_each_other_is_a_conflict_after_a_copy_was_put_back_too(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    old = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    sync(officer)
    before = copy()
    worker.edit(old, head="乙")
    sync(worker)
    sync(officer)
    officer.edit(old, head="丙")
    sync(officer)
    worker.edit(old, head="丁")  # saw 乙
    valley.clock.pass_by(minutes=5)

    go_back(valley, before)
    for each in (officer, worker, officer):
        sync(each)

    assert valley.record(old).conflicts == ("head",)
    assert valley.problems() == ["conflict"]


@pytest.mark.parametrize("order", [("worker", "officer"), ("officer", "worker")])
def test_a_value_that_was_written_again_stands_after_the_one_between(valley, laptop, copy, order):
    laptops = {name: laptop(name) for name in order}
    worker, officer = laptops["worker"], laptops["officer"]
    old = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    sync(officer)
    before = copy()
    for head, writer, reader in (("乙", worker, officer), ("丙", officer, worker), ("乙", worker, officer)):
        writer.edit(old, head=head)
        sync(writer)
        sync(reader)
    valley.clock.pass_by(minutes=5)

    go_back(valley, before)
    for each in (*order, *order):
        sync(laptops[each])

    assert (valley.record(old).fields["head"], valley.record(old).conflicts, valley.problems()) == ("乙", (), [])


def test_what_was_only_pushed_is_noticed_by_a_pull_that_stands_before_it(valley, laptop, copy):
    worker = laptop("worker")
    sync(worker)
    before = copy()
    station = worker.create(area=UNIT, label="一号站", head="甲")
    worker.push()

    go_back(valley, before)
    worker.pull()
    worker.push()

    assert new_epochs(valley) == 1
    assert valley.record(station).version == 1001


def test_somebody_else_who_signs_in_at_the_laptop_is_told_before_anything_is_deleted(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    old = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    before = copy()
    worker.edit(old, head="乙")
    worker.push()
    known = worker.device.setting("epoch")

    go_back(valley, before)
    told = synchronization.identify(worker.device, officer.way)

    assert told.epoch != known
    assert told.epoch == epoch_of(valley)[0]


@pytest.mark.parametrize("who_notices", ["the second person", "the first one, back again"])
def test_what_the_first_of_two_persons_sent_comes_again_when_they_are_back(valley, laptop, copy, who_notices):
    worker, officer = laptop("worker"), laptop("officer")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    before = copy()
    worker.edit(station, head="乙")
    sync(worker)
    shared = worker.device

    def sign_in(way) -> int:
        return earlier_users.switch(shared, synchronization.identify(shared, way), ADDRESS, None)

    assert (sign_in(worker.way), sign_in(officer.way)) == (0, 0)
    if who_notices == "the second person":
        synchronization.exchange(shared, officer.way)
    go_back(valley, before)
    for _ in range(2 if who_notices == "the second person" else 0):
        sent, _ = synchronization.exchange(shared, officer.way)
        assert (sent.verdicts, valley.record(station).fields["head"]) == ({}, "甲")

    assert sign_in(worker.way) == 2
    synchronization.exchange(shared, worker.way)

    assert valley.record(station).fields["head"] == "乙"
    authors = valley.rows("SELECT DISTINCT author FROM change WHERE author <> 'server'")
    assert [each["author"] for each in authors] == ["worker"]
    assert outbox.counts_of_earlier_users(shared) == {}
    assert new_epochs(valley) == 1


def test_a_photo_of_whoever_left_waits_for_them_when_a_copy_is_put_back(valley, laptop, copy, tmp_path):
    worker, officer = laptop("worker"), laptop("officer")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    before, shared = copy(), worker.device
    picture = tmp_path / "photo.png"
    picture.write_bytes(pictures.photo("fire_use", False, "2026-08-01"))
    kept = photos.keep(shared, picture)
    seen = next(view for view in records.list_views(shared, "stations") if view.id == station)
    with shared.writing():
        photos.attach(shared, records.add_photos(shared, seen, ""), [kept])
    sync(worker)

    def states() -> list[str]:
        return [each["state"] for each in shared.rows("SELECT state FROM attachment")]

    def sign_in(way) -> None:
        earlier_users.switch(shared, synchronization.identify(shared, way), ADDRESS, None)

    with shared.writing():  # this road carries no uploads: as after one
        shared.run(
            "UPDATE attachment SET state = 'sent', trouble = NULL, sent_at = :at", {"at": "2026-08-01T00:00:00Z"}
        )
    for way in (worker.way, officer.way):
        sign_in(way)
    synchronization.exchange(shared, officer.way)
    go_back(valley, before)
    synchronization.exchange(shared, officer.way)
    assert states() == ["sent"]  # nobody else can send it, so it does not wait to be sent

    sign_in(worker.way)
    synchronization.exchange(shared, worker.way)

    assert states() == ["unsent"]  # offered again with its change


def test_a_push_notices_before_it_is_judged_and_no_number_means_two_things(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    sync(officer)
    before = copy()
    officer.edit(station, head="乙")
    sync(officer)
    sync(worker)
    worker.edit(station, head="丙")
    worker.push()

    go_back(valley, before)
    worker.edit(station, head="丁")
    worker.push()
    sync(officer)
    sync(worker)

    assert new_epochs(valley) == 1
    assert [each["version"] for each in valley.rows("SELECT version FROM revision ORDER BY version")][:2] == [1, 1001]
    assert valley.record(station).fields["head"] in ("乙", "丁")
    received = "".join(row["received"] for row in valley.rows("SELECT received FROM revision"))
    assert all(head in received for head in ("乙", "丙", "丁"))
    assert valley.verdicts(station).count("quarantined") == 0
    assert "dot_reused" not in valley.problems()


def test_a_chain_of_edits_on_values_that_are_lost_ends_as_its_authors_left_it(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    sync(officer)
    before = copy()
    officer.edit(station, head="乙")
    sync(officer)
    worker.pull()
    worker.edit(station, head="丙")
    sync(worker)

    go_back(valley, before)
    sync(officer)
    sync(worker)

    assert valley.record(station).fields["head"] == "丙"
    assert valley.record(station).conflicts == ()
    assert valley.problems() == []


def test_two_clients_that_notice_at_once_make_one_epoch(valley, laptop, copy):
    both = [laptop("worker"), laptop("officer")]
    sync(both[0])
    before = copy()
    made = both[0].create(area=UNIT, label="一号站", head="甲")
    for each in both:
        sync(each)
    told = [each.device.setting("mark") for each in both]

    go_back(valley, before)
    together = Barrier(2)

    def pull(name: str, mark: str) -> None:
        together.wait()
        valley.post("/sync/pull", name, {"cursor": None, "limit": 10}, **{"Firegrid-Mark": mark})

    threads = [Thread(target=pull, args=pair) for pair in zip(("worker", "officer"), told, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in both:
        sync(each)

    assert epoch_of(valley)[1] == new_epochs(valley) == 1
    assert valley.record(made).version == 1001


def test_another_process_on_the_same_folder_follows_at_once(valley, laptop, copy):
    worker, officer = laptop("worker"), laptop("officer")
    sync(worker)
    before = copy()
    worker.create(area=UNIT, label="一号站")
    for each in (worker, officer):
        sync(each)
    go_back(valley, before)
    other = application.open_folder(application.mount_doors(), Settings(valley.store.folder))
    try:
        first = valley.app
        for app in (other, first, other, first):  # what each remembers of the epoch is asked in turn
            valley.app = app
            sync(worker)
            sync(officer)

            assert {each.device.setting("epoch") for each in (worker, officer)} == {epoch_of(valley)[0]}
            assert new_epochs(valley) == 1
    finally:
        application.close(other)


def test_no_old_cursor_however_many_makes_a_second_epoch(valley, laptop, copy):
    worker = laptop("worker")
    sync(worker)
    before = copy()
    kept = []
    for number in range(3):
        worker.create(area=UNIT, label=f"{number}号站")
        sync(worker)
        kept.append((worker.device.setting("cursor"), worker.device.setting("mark")))
    go_back(valley, before)
    sync(worker)
    epoch = epoch_of(valley)

    for cursor, mark in [*kept, *reversed(kept)]:
        body = {"cursor": cursor, "limit": 1}
        answer = valley.post("/sync/pull", "worker", body, **{"Firegrid-Mark": mark})
        valley.post("/sync/push", "worker", {"device": "x", "changes": []}, **{"Firegrid-Mark": mark})

        assert (answer.status_code, answer.json["fresh"]) == (200, True)
    assert epoch_of(valley) == epoch


@pytest.mark.parametrize("mark", ["", "x", "e30.e30", '["other", 99, 9, 9, ""]'])
def test_a_mark_that_nobody_signed_is_worth_nothing(valley, mark):
    forged = URLSafeSerializer("not the county's", salt="mark").dumps(["other", 99, 9, 9, "x"])
    epoch = epoch_of(valley)

    for shown in (mark, forged):
        answer = valley.post("/sync/pull", "worker", {"cursor": None, "limit": 1}, **{"Firegrid-Mark": shown})

        assert answer.status_code == 200
    assert epoch_of(valley) == epoch


def test_the_same_copy_put_back_twice_gives_numbers_that_neither_time_gave(valley, laptop, copy):
    worker = laptop("worker")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    before = copy()
    worker.edit(station, head="乙")
    sync(worker)
    go_back(valley, before)
    sync(worker)
    first = epoch_of(valley)

    go_back(valley, before)
    sync(worker)

    assert epoch_of(valley)[0] != first[0]
    assert epoch_of(valley)[1] == 2
    assert valley.record(station).version == 2002
    assert valley.record(station).fields["head"] == "乙"


def test_a_cursor_of_the_version_before_goes_on_and_is_sent_nothing_again(valley, laptop):
    worker = laptop("worker")
    worker.create(area=UNIT, label="一号站")
    sync(worker)
    signer = URLSafeSerializer(valley.app.config["JWT_SECRET_KEY"], salt="pull worker")
    plain = signer.loads(worker.device.setting("cursor"))
    older = signer.dumps({name: value for name, value in plain.items() if name != "m"})

    answer = valley.post("/sync/pull", "worker", {"cursor": older, "limit": 10}).json

    assert (answer["fresh"], answer["ops"], new_epochs(valley)) == (False, [], 0)


def test_a_cursor_of_the_version_before_that_is_past_the_newest_number_tells_of_a_copy(valley, laptop):
    worker = laptop("worker")
    sync(worker)
    signer = URLSafeSerializer(valley.app.config["JWT_SECRET_KEY"], salt="pull worker")
    plain = signer.loads(worker.device.setting("cursor"))
    past = signer.dumps({name: value for name, value in plain.items() if name != "m"} | {"q": plain["q"] + 1})

    answer = valley.post("/sync/pull", "worker", {"cursor": past, "limit": 10}).json

    assert (answer["fresh"], new_epochs(valley)) == (True, 1)


def test_a_phone_takes_the_servers_row_and_what_it_sends_on_a_lost_one_is_kept(valley, laptop, copy):
    collect, worker = Collect(valley.phone()), laptop("worker")
    station = collect.register(head="甲")
    collect.push()
    sync(worker)
    before = copy()
    for head in ("乙", "丙"):
        collect.pull()
        collect.visit(station, head=head)
        collect.push()
    collect.pull()
    sync(worker)
    assert collect.rows[station].version == 3

    go_back(valley, before)
    worker.pull()
    collect.visit(station, hoses="9")
    collect.push()
    collect.pull()

    record = valley.record(station)
    assert collect.rows[station].version == record.version == 1002
    assert record.fields["hoses"] == collect.rows[station].fields["hoses"] == "9"
    assert valley.problems() == ["conflict", "base_unknown"]


def test_a_lost_record_that_comes_again_is_taken_by_a_phone_that_did_not_ask_in_between(valley, laptop, copy):
    collect, worker = Collect(valley.phone()), laptop("worker")
    before = copy()
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)
    for head in ("乙", "丙"):
        collect.pull()
        collect.visit(station, head=head)
        collect.push()
    collect.pull()
    assert collect.rows[station].version == 3

    go_back(valley, before)
    sync(worker)
    collect.pull()

    record = valley.record(station)
    assert collect.rows[station].version == record.version == 1001
    assert collect.rows[station].fields["head"] == record.fields["head"] == "甲"
    with valley.store.reading() as reading:
        assert list(invariants.broken(reading)) == []


def test_what_a_phone_made_and_changed_offline_comes_together_after_a_new_epoch(valley):
    collect = Collect(valley.phone())
    valley.do(restoring.take_new_epoch, "test")
    station = collect.register(head="甲", hoses="2")
    collect.visit(station, head="乙")

    collect.push()
    collect.pull()

    record = valley.record(station)
    assert collect.rows[station].version == record.version == 1002
    assert (record.fields["head"], record.fields["hoses"]) == ("乙", "2")
    assert valley.problems() == []


def test_history_tells_of_the_new_epoch_and_adds_up(valley, laptop):
    worker = laptop("worker")
    station = worker.create(area=UNIT, label="一号站", head="甲")
    sync(worker)

    epoch = valley.do(restoring.take_new_epoch, "test")

    history = valley.get(f"/records/{station}/history", "worker").json["items"]
    last = max(history, key=lambda each: each["version"])
    assert (last["version"], last["base_version"], last["action"], last["author"]) == (1001, 1, "restore", "server")
    assert valley.get(f"/records/{station}", "worker").json["version"] == 1001
    assert valley.rows("SELECT subject FROM audit WHERE action = 'epoch.new'") == [{"subject": epoch}]


def test_what_is_offered_again_is_in_no_backup_that_was_before(valley, laptop, copy):
    worker = laptop("worker")
    worker.create(area=UNIT, label="一号站")
    sync(worker)
    covered = valley.rows("SELECT value FROM counter WHERE name = 'seq'")[0]["value"]
    valley.do(
        lambda tx: tx.sql.run("INSERT INTO setting (name, value) VALUES ('durable', :seq)", {"seq": str(covered)})
    )
    before = copy()
    worker.create(area=UNIT, label="二号站")
    sync(worker)

    go_back(valley, before)
    sync(worker)

    assert [change["body"] is None for change in worker.changes()] == [True, False]
    assert [change["verdict"] for change in worker.changes()] == ["applied", "applied"]
