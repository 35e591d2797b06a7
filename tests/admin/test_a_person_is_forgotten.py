"""A person is forgotten: names and numbers go everywhere, and history, figures and the audit hold as they did."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from server.admin.store import invariants
from server.admin.usecases import expiry, forgetting, unneeded_files
from server.admin.usecases.forgetting import Files
from server.app import close
from server.cli.forget import forget, retention
from server.errors import Conflict, Invalid
from server.staffing.usecases import enrolment
from server.submissions.store.blobs import BlobStore
from tests.api.test_masks_that_come_back import EDIT_FORM
from tests.api.test_personal_data_at_every_door import CASE, IN_TEXT, NAME, PHONE, SHOP, SUBMISSION, fill, lay, uuid_of
from tests.county import open_county


@pytest.fixture
def shops(tmp_path):
    made = open_county(tmp_path / "data", lay, fill)
    made.publish(EDIT_FORM)
    yield made
    close(made.app)


def everything(county) -> str:
    """Return all that the database holds, as one text; the index of labels is built of them."""
    rows = county.every_row()
    return "\n".join(
        (value.decode(errors="replace") if isinstance(value, bytes) else str(value))
        for table in rows.values()
        for row in table
        for value in row
    )


def blobs_of(county) -> BlobStore:
    return BlobStore(county.store.folder / "blobs")


def files_of(county, *, all: bool = False) -> Files:
    return Files(unneeded_files.placeholder(blobs_of(county)), all)


def remove_what_is_due(county) -> list[expiry.Due]:
    """Work out in a reading what becomes of what is past its time, and write it, as the command does."""
    with county.store.reading() as reading:
        prepared = expiry.prepare(reading)
    return county.do(expiry.remove, by="command", files=files_of(county), prepared=prepared)


def broken(county) -> list[tuple[str, str]]:
    with county.store.reading() as reading:
        return list(invariants.broken(reading))


def test_a_private_persons_name_and_phone_go_from_every_table_and_all_invariants_hold(shops):
    before = shops.record(SHOP).version

    done = forgetting.forget_values(shops.store, [NAME, PHONE], by="command")

    assert set(done.records) == {SHOP, CASE, uuid_of("sent shop")}
    assert NAME not in everything(shops)
    assert PHONE not in everything(shops)
    assert broken(shops) == []
    assert shops.record(SHOP).version == before + 1
    assert shops.record(SHOP).fields["owner"] == "****"
    assert IN_TEXT in shops.record(SHOP).fields["remark"]


def test_phones_and_laptops_take_the_record_anew(shops):
    cursor = shops.post("/sync/pull", "worker", {"cursor": None, "limit": 500}).json["cursor"]

    forgetting.forget_values(shops.store, [NAME], by="command")

    rows = {op["id"]: op["record"] for op in shops.post("/sync/pull", "worker", {"cursor": cursor}).json["ops"]}
    assert rows[SHOP]["fields"]["owner"] == "****"
    assert shops.phone("worker").list("shop", "shops.csv")[SHOP]["owner"] == "****"


def test_what_was_sent_once_more_is_still_known_for_the_same(shops):
    forgetting.forget_values(shops.store, [NAME], by="command")
    holdings = shops.holdings()
    answer = shops.phone("worker").send(SUBMISSION.encode())

    assert answer.status_code in (201, 202)
    assert {**shops.holdings(), "kept_body": 0, "problem": 0} == {**holdings, "kept_body": 0, "problem": 0}


WRITTEN = ("138 0000 0471", "+86-13800000471", "１３８－００００－０４７１", "13900000472/13800000471")


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("asked", ["13800000471", "+86 138-0000-0471"])
def test_a_number_is_forgotten_however_it_was_written(shops, written, asked):
    edit = {"action": "edit", "fields": {"phone": written, "remark": f"加微信wx{PHONE}"}}
    assert shops.post(f"/records/{SHOP}/changes", "officer", edit).status_code == 200

    done = forgetting.forget_values(shops.store, [asked], by="command")

    assert SHOP in done.records
    assert written not in everything(shops)
    assert PHONE not in everything(shops)
    assert shops.record(SHOP).fields["remark"] == "加微信wx****"
    assert broken(shops) == []


def test_a_word_is_forgotten_as_a_whole_one_and_a_submission_stays_a_document(shops):
    edit = {"action": "edit", "fields": {"owner": "owner", "remark": "owners 与 owner"}}
    assert shops.post(f"/records/{uuid_of('sent shop')}/changes", "officer", edit).status_code == 200

    forgetting.forget_values(shops.store, ["owner"], by="command")

    assert shops.record(uuid_of("sent shop")).fields["remark"] == "owners 与 ****"
    [xml] = [row["xml"] for row in shops.rows("SELECT xml FROM submission") if b"owner" in bytes(row["xml"])][:1]
    assert b"<owner>" in bytes(xml)


@pytest.mark.parametrize("value", ["", "张", "  ", "12", "123456"])
def test_a_value_too_short_to_tell_apart_is_refused(shops, value):
    with pytest.raises(Invalid, match="写全"):
        forgetting.forget_values(shops.store, [value], by="command")


def test_a_closed_account_loses_its_name_and_its_devices_and_keeps_what_it_did(shops):
    with pytest.raises(Conflict, match="先停用"):
        shops.do(forgetting.forget_account, "worker", by="command")
    shops.do(enrolment.revoke_user, "worker", by="command")
    history = [row["author"] for row in shops.rows("SELECT author FROM revision ORDER BY record, version")]

    shops.do(forgetting.forget_account, "worker", by="command")

    [person] = shops.rows("SELECT display, password_hash FROM person WHERE name = 'worker'")
    assert person == {"display": forgetting.FORGOTTEN, "password_hash": None}
    assert shops.rows("SELECT 1 FROM phone_key WHERE person = 'worker' AND device IS NOT NULL") == []
    assert [row["author"] for row in shops.rows("SELECT author FROM revision ORDER BY record, version")] == history
    assert broken(shops) == []


def test_an_account_closed_for_longer_than_the_table_says_is_forgotten_by_time(shops):
    shops.do(enrolment.revoke_user, "worker", by="command")
    with shops.store.reading() as reading:
        assert [each.rows for each in expiry.expired(reading) if each.kind == "account"] == [0]
    old = "2020-01-01T00:00:00.000Z"
    shops.store.write(lambda tx: tx.sql.run("UPDATE person SET revoked_at = :old WHERE name = 'worker'", {"old": old}))

    done = remove_what_is_due(shops)

    assert {each.kind: each.rows for each in done}["account"] == 1
    assert shops.rows("SELECT display FROM person WHERE name = 'worker'") == [{"display": forgetting.FORGOTTEN}]
    assert remove_what_is_due(shops) == []


def test_the_command_says_first_what_would_go_and_goes_only_when_told(tmp_path):
    folder = tmp_path / "data"
    made = open_county(folder, lay, fill)
    close(made.app)

    def run(command, *arguments):
        done = CliRunner().invoke(command, [*arguments, "--data", str(folder)])
        assert done.exit_code == 0, done.output
        return done.output

    tried = run(forget, NAME, "--value", PHONE)
    again = run(forget, NAME)
    done = run(forget, NAME, "--value", PHONE, "--apply")
    after = run(forget, NAME)
    time = run(retention)

    assert "3 条记录" in tried
    assert "还没有删除" in tried
    assert "3 条记录" in again
    assert "已删除" in done
    assert "保留" in done
    assert "没有找到" in after
    assert "还没有清理" in time
