"""Answers that no ledger holds, what was rejected, photos, notes and the file itself: nothing of a person stays."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from server.admin.store import invariants
from server.admin.usecases import expiry, forgetting, sent_forgetting, unneeded_files
from server.app import close
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.cli.main import main
from server.forms.usecases import publish
from server.staffing.usecases import enrolment
from tests.admin.test_a_person_is_forgotten import blobs_of, everything, files_of, remove_what_is_due
from tests.api_county import COUNTY, lay_people, uuid_of
from tests.county import Clock, open_county, prepared

NAME, RARE, PHONE = "欧阳建国", "𬱖大海", "13800000471"
VISIT = """\
| survey |
| | type | name | label | bind::fg:personal |
| | text | door | 门牌 | |
| | text | owner | 户主 | name |
| | text | tel | 电话 | phone |
| | image | card | 身份证 | identity |
| | image | yard | 院子 | |
| settings |
| | form_title | form_id | version | namespaces | instance_name |
| | 入户走访 | visit | 1 | fg="urn:firegrid:xforms" | concat('访 ', ${owner}) |
"""
CARD, YARD = b"the photo of a card", b"the photo of a yard"


def photo(name: str, content: bytes) -> tuple[str, bytes, str]:
    return f"{name}.jpg", content, "image/jpeg"


def visit(word: str, owner: str = NAME, tel: str = PHONE, form: str = "visit", more: str = "") -> bytes:
    meta = f"<meta><instanceID>uuid:{uuid_of(word)}</instanceID><instanceName>访 {owner}</instanceName></meta>"
    answers = (
        f"<door>3号楼{more}</door><owner>{owner}</owner><tel>{tel}</tel><card>card.jpg</card><yard>yard.jpg</yard>"
    )
    return f'<data id="{form}" version="1">{answers}{meta}</data>'.encode()


def lay(tx):
    names = lay_people(tx)
    publish.publish(tx, prepared(VISIT), None)
    return names


@pytest.fixture
def visits(tmp_path):
    made = open_county(tmp_path / "data", lay, clock=Clock())
    yield made
    close(made.app)


def fill(county) -> None:
    phone = county.phone("worker")
    assert phone.send(visit("one"), photo("card", CARD), photo("yard", YARD)).status_code == 201
    assert (
        phone.send(visit("other", owner="王二", tel="13900000002"), photo("yard", b"another yard")).status_code == 201
    )
    assert phone.send(visit("rejected", form="nobody-knows"), photo("card", b"a rejected card")).status_code == 404
    assert phone.send(visit("one", more="乙")).status_code == 409


def broken(county) -> list[tuple[str, str]]:
    with county.store.reading() as reading:
        return list(invariants.broken(reading))


def files_on_disk(county) -> set[bytes]:
    folder = county.store.folder / "blobs"
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_answers_without_a_ledger_and_what_was_rejected_are_reached(visits):
    fill(visits)

    done = forgetting.forget_values(visits.store, [NAME, PHONE], by="command", files=files_of(visits))

    assert NAME not in everything(visits)
    assert PHONE not in everything(visits)
    assert "王二" in everything(visits)
    assert (done.counts["submission"], done.counts["kept_body"]) == (1, 2)
    assert broken(visits) == []


def test_a_photo_that_answers_a_personal_question_goes_from_the_disk_and_others_when_asked(visits):
    fill(visits)
    before = visits.rows("SELECT id, files_present FROM submission ORDER BY id")

    forgetting.forget_values(visits.store, [NAME], by="command", files=files_of(visits))
    unneeded_files.delete(visits.store, blobs_of(visits))

    assert CARD not in files_on_disk(visits)
    assert b"a rejected card" not in files_on_disk(visits)
    assert YARD in files_on_disk(visits)
    assert visits.rows("SELECT id, files_present FROM submission ORDER BY id") == before
    assert broken(visits) == []


def test_all_photos_of_a_person_go_and_those_of_others_stay(visits):
    fill(visits)

    forgetting.forget_values(visits.store, [PHONE], by="command", files=files_of(visits, all=True))
    unneeded_files.delete(visits.store, blobs_of(visits))

    assert not {CARD, YARD} & files_on_disk(visits)
    assert b"another yard" in files_on_disk(visits)
    assert visits.rows("SELECT * FROM blob_to_delete") == []


def test_what_was_sent_once_more_is_still_known_for_the_same_and_comes_back_nowhere(visits):
    fill(visits)
    forgetting.forget_values(visits.store, [NAME, PHONE], by="command", files=files_of(visits))

    again = [visits.phone("worker").send(visit("one")).status_code for _ in range(2)]
    rejected = visits.phone("worker").send(visit("rejected", form="nobody-knows")).status_code

    assert (again, rejected) == ([202, 202], 404)
    assert NAME not in everything(visits)


def test_a_name_that_a_phone_wrote_by_numbers_of_characters_is_found(visits):
    rare = visit("rare", owner="&#183382;大海".replace("183382", str(ord("𬱖"))))
    assert visits.phone("worker").send(rare).status_code == 201

    done = forgetting.forget_values(visits.store, [RARE], by="command")

    assert done.counts["submission"] == 1
    assert "大海" not in everything(visits)


def test_contacts_and_what_the_audit_tells_of_the_person_go(visits):
    contact = f"{NAME} {PHONE}"
    visits.do(enrolment.add_body, "shop-1", name="面馆", kind="premises", area=COUNTY, by="admin", contact=contact)
    visits.do(record, Entry("personal.reveal", "officer", uuid_of("x"), {"reason": f"找{NAME}，{PHONE}"}))

    forgetting.forget_values(visits.store, [NAME, PHONE], by="command")

    assert visits.rows("SELECT contact FROM body WHERE code = 'shop-1'") == [{"contact": "**** ****"}]
    [revealed] = visits.rows("SELECT detail FROM audit WHERE action = 'personal.reveal'")
    assert revealed["detail"] == '{"reason": "找****，****"}'
    assert broken(visits) == []


def test_an_account_is_forgotten_in_the_audit_and_another_of_the_same_name_is_not(visits):
    for name in ("ou-1", "ou-2"):
        visits.do(enrolment.add_user, name, role="viewer", area=COUNTY, by="admin", display=NAME)
        visits.do(record, Entry("user.add", "admin", name, {"display": NAME}))
    visits.do(enrolment.revoke_user, "ou-1", by="admin")

    visits.do(forgetting.forget_account, "ou-1", by="command")

    told = visits.rows("SELECT DISTINCT subject FROM audit WHERE detail LIKE :name", name=f"%{NAME}%")
    assert [row["subject"] for row in told] == ["ou-2"]
    assert broken(visits) == []


def test_a_word_that_may_be_a_code_is_no_name_where_nobody_declared_it(visits):
    visits.phone("worker").send(visit("one", owner="other", tel="13900000002"))
    visits.phone("worker").send(visit("two", owner="王二").replace("3号楼".encode(), b"other"))

    done = forgetting.forget_values(visits.store, ["other"], by="command")

    assert done.counts["submission"] == 1


def test_a_namesake_is_spared_by_what_tells_of_them(visits):
    fill(visits)
    assert visits.phone("worker").send(visit("namesake", tel="13700000001")).status_code == 201
    [namesake] = [
        row["id"] for row in visits.rows("SELECT id, xml FROM submission") if b"13700000001" in bytes(row["xml"])
    ]

    forgetting.forget_values(visits.store, [NAME, PHONE], by="command", spared={namesake})

    kept = [row for row in visits.rows("SELECT id, xml FROM submission") if NAME in bytes(row["xml"]).decode()]
    assert [row["id"] for row in kept] == [namesake]


def test_after_its_time_personal_answers_are_masked_and_the_others_stay(visits):
    fill(visits)
    problems = "UPDATE problem SET settled_at = created_at, settled_by = 'admin'"
    visits.store.write(lambda tx: tx.sql.run(problems))
    visits.clock.pass_by(days=3_700)
    with visits.store.reading() as reading:
        due = {each.kind: each.rows for each in expiry.expired(reading)}

    done = remove_what_is_due(visits)

    assert (due["answers"], due["rejected"]) == (2, 2)
    assert {each.kind: each.rows for each in done} == {name: count for name, count in due.items() if count}
    text = everything(visits)
    assert [word for word in (NAME, PHONE, "王二", "13900000002") if word in text] == []
    assert "3号楼" in text
    assert remove_what_is_due(visits) == []
    assert broken(visits) == []


def test_what_changed_between_working_out_and_writing_is_worked_out_again(visits):
    fill(visits)
    visits.clock.pass_by(days=3_700)
    with visits.store.reading() as reading:
        prepared = expiry.prepare(reading)
    edit = "UPDATE submission SET xml = :xml WHERE id = :id"
    edited = [
        row | {"xml": bytes(row["xml"]).replace("3号楼".encode(), b"13700000003")}
        for row in visits.rows("SELECT id, xml FROM submission")
    ]
    visits.do(lambda tx: tx.sql.run_each(edit, edited))

    visits.do(expiry.remove, by="command", files=files_of(visits), prepared=prepared)

    xml = "".join(bytes(row["xml"]).decode() for row in visits.rows("SELECT xml FROM submission"))
    assert [word for word in (NAME, PHONE, "3号楼", "13700000003") if word in xml] == []
    assert "137****0003" in xml


def test_an_answer_of_one_sign_is_masked_where_it_stands_and_nowhere_else(visits):
    [one, blank] = [visit("one", owner="号", tel="3"), visit("blank", owner=" ", tel="12", more="无12")]
    assert [visits.phone("worker").send(each).status_code for each in (one, blank)] == [201, 201]
    visits.clock.pass_by(days=3_700)

    remove_what_is_due(visits)

    first, second = (bytes(row["xml"]).decode() for row in visits.rows("SELECT xml FROM submission ORDER BY seq"))
    assert "<door>3号楼</door><owner>****</owner><tel>****</tel>" in first
    assert "<door>3号楼无12</door><owner> </owner><tel>****</tel>" in second
    assert (f"uuid:{uuid_of('one')}" in first, f"uuid:{uuid_of('blank')}" in second) == (True, True)


def test_of_what_was_rejected_nothing_can_be_read_but_which_it_was():
    sent = f'<data id="v" version="1" by="{NAME}">户主<a x="{PHONE}">3</a>{NAME}<meta><instanceID>uuid:1</instanceID>'
    sent += "</meta></data>"

    left = sent_forgetting.emptied(sent.encode()).decode()

    assert [word for word in (NAME, PHONE, "户主", ">3<") if word in left] == []
    assert 'id="v"' in left and "<instanceID>uuid:1</instanceID>" in left


def test_the_command_leaves_nothing_in_the_file_either_and_check_is_clean(tmp_path):
    folder = tmp_path / "data"
    county = open_county(folder, lay)
    fill(county)
    close(county.app)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "--data", str(folder)])
        assert done.exit_code == 0, done.output
        return done.output

    tried = run("forget", NAME, "--value", PHONE, "--photos")
    run("forget", NAME, "--value", PHONE, "--photos", "--apply")
    left = [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in (NAME.encode(), PHONE.encode(), CARD, YARD))
    ]

    assert "1 份提交" in tried and "2 份没有收下的提交" in tried
    assert left == []
    assert "一切正常" in run("check")
    assert "没有找到" in run("forget", NAME)
