"""The server moves to another public address: both are answered, each phone in its own terms, until all have moved."""

from __future__ import annotations

import itertools
import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.audit.store import entry_lists
from server.audit.store.entry_lists import EVERYWHERE, AuditFilters
from server.cli.main import main
from server.errors import Conflict, Invalid
from server.office.cases import case_paper
from server.office.problems import device_list
from server.people.domain.unmoved_devices import History, PhoneKey, unmoved
from server.people.store import public_addresses, unmoved_devices
from server.people.usecases import address_moves
from server.web import addresses
from tests.county import EVERYTHING, County
from tests.filled_forms import a_hazard, multipart, new_uuid
from tests.office.desk import Desk, with_passwords
from tests.valley import PEOPLE, a_valley

OLD, NEW = "http://192.168.1.20:8600", "https://fire.example.org"
AT_OLD, AT_NEW = {"Host": "192.168.1.20:8600"}, {"Host": "fire.example.org"}
"""What a phone says that was set up with either; a proxy that is not trusted hides https."""


@pytest.fixture
def town(tmp_path, monkeypatch):
    """A county that phones have reached at the old address, as its environment says."""
    monkeypatch.setattr(addresses, "KNOWN_FOR_S", 0.0)
    with a_valley(tmp_path / "data", public_url=OLD) as valley:
        valley.clock.pass_by(hours=1)
        yield valley


def begin(county: County, url: str = NEW, **more: str | None):
    return county.do(address_moves.begin, url, **{"old": None, "known": OLD, "by": "test", **more})


def run(county: County, *words: str | Path, **env: str):
    return CliRunner().invoke(main, [*map(str, words), "--data", str(county.store.folder)], env=env)


def told(county: County, name: str = "officer") -> dict:
    answer = county.get("/address-move", name)
    assert answer.status_code == 200, answer.text
    return answer.json


def left(county: County) -> list[str]:
    with county.store.reading() as reading:
        kept = public_addresses.newest(reading)
        found = unmoved_devices.list_unmoved(reading, EVERYTHING, kept)
    return [each.person for each in found if each.last_seen_at is not None]


def test_both_addresses_give_forms_and_lists_and_take_submissions_each_in_its_own_terms(town):
    begin(town)
    phone = town.phone()
    for host, own in ((AT_OLD, OLD), (AT_NEW, NEW)):
        listed = phone.get("formList", **host).text
        manifest = phone.get("forms/station_edit/manifest", **host).text

        assert listed.count(f">{own}/key/") == listed.count("downloadUrl>") / 2 + listed.count("manifestUrl>") / 2
        assert manifest.count(f">{own}/key/") == manifest.count("Url>") / 2 > 0
        content = a_hazard(new_uuid()).xml()
        assert phone.post(*multipart(content, ()), **host).status_code == 201


def test_other_hosts_are_refused_while_the_server_moves_and_the_old_one_once_it_has(town):
    begin(town)
    phone = town.phone()

    assert phone.get("formList", Host="evil.example").status_code == 400
    town.do(address_moves.finish, EVERYTHING, by="test", even_if_not_moved=True)
    town.found_at(None)

    assert phone.get("formList", **AT_NEW).status_code == 200
    assert phone.get("formList", Host="evil.example").status_code == 400


def test_a_server_that_runs_takes_the_move_of_a_command_and_cards_are_for_the_new_address(town, tmp_path):
    town.phone().get("formList", **AT_OLD)

    moved = run(town, "move-address", NEW, "--from", OLD)

    assert moved.exit_code == 0, moved.output
    assert f"公开地址现在是 {NEW}" in moved.stdout and f"手机 {len(PEOPLE)} 部" in moved.stdout
    assert f"{OLD} 仍应答" in moved.stdout
    key = run(town, "user", "key", "worker", FIREGRID_PUBLIC_URL=OLD)
    assert key.stdout.startswith(f"{NEW}/key/")


def test_papers_lead_to_the_new_address(town):
    id = new_uuid()
    assert town.phone().post(*multipart(a_hazard(id).xml(), ()), **AT_OLD).status_code == 201
    paper = f"/office/cases/{id}/print/notice"
    desk = Desk(with_passwords(town))
    desk.sign_in("town")
    before = desk.open(paper).text

    begin(town)

    assert case_paper.code(f"{OLD}/office/cases/{id}") in before
    assert case_paper.code(f"{NEW}/office/cases/{id}") in desk.open(paper).text


def test_phones_that_have_not_moved_are_told_with_their_last_address(town):
    town.phone("worker").get("formList?deviceID=collect:a", **AT_OLD)
    town.phone("officer").get("formList?deviceID=collect:b", **AT_OLD)
    begin(town)
    assert [each["person"] for each in told(town)["unmoved"]][:2] == ["worker", "officer"]

    town.phone("officer").get("formList?deviceID=collect:b", **AT_NEW)

    found = told(town)
    assert (found["address"], found["old_address"]) == (NEW, OLD)
    worker, *cards = found["unmoved"]
    assert (worker["person"], worker["address"], worker["card_at"]) == ("worker", OLD, None)
    assert worker["last_seen_at"] is not None
    shown = run(town, "move-address", "--status").stdout
    assert {each["last_seen_at"] for each in cards} == {None}
    assert f"用 {OLD}" in shown and "卡片没扫过" in shown and "  officer" not in shown


def test_a_laptop_is_told_beside_the_phones_until_it_has_come_by_the_new_address(town):
    laptop = new_uuid()
    sync(town, "worker", laptop, OLD)
    begin(town)

    [told_of] = [each for each in told(town)["unmoved"] if each["kind"] == "laptop"]

    assert (told_of["id"], told_of["person"], told_of["address"]) == (laptop, "worker", OLD)
    assert (told_of["key_made_at"], told_of["card_at"]) == (None, None)
    status = run(town, "move-address", "--status").stdout
    assert "电脑 1 台" in status and f"电脑  上次 2026-11-24 13:00 用 {OLD}" in status
    assert run(town, "move-address", "--finish").exit_code == 1
    desk = Desk(with_passwords(town))
    desk.sign_in("officer")
    assert f"fieldsync login {NEW}" in desk.open("/office/problems/devices").text

    sync(town, "worker", laptop, NEW)  # at once, not ten minutes later

    assert [each for each in told(town)["unmoved"] if each["kind"] == "laptop"] == []


def test_a_laptop_of_two_people_has_moved_when_its_last_contact_came_by_the_new_address(town):
    laptop = new_uuid()
    for person in ("worker", "neighbour"):
        sync(town, person, laptop, OLD)
    begin(town)

    town.clock.pass_by(minutes=1)
    sync(town, "neighbour", laptop, NEW)

    assert [each for each in told(town)["unmoved"] if each["kind"] == "laptop"] == []


def sync(county: County, person: str, laptop: str, address: str) -> None:
    """Let a laptop pull by an address and say that nothing waits on it."""
    headers = {"Authorization": f"Key {county.keys[person]}", "Host": address.partition("//")[2]}
    asked = {"cursor": None, "limit": 1, "device": laptop, "unsent": 0}
    answer = county.app.test_client().post("/api/v1/sync/pull", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text


def test_a_contact_by_another_address_is_noted_at_once_and_not_a_minute_later(town):
    begin(town)
    town.phone().get("formList", **AT_OLD)
    assert left(town) == ["worker"]

    town.phone().get("formList", **AT_NEW)
    assert left(town) == []
    town.phone().send(a_hazard(new_uuid()))  # by localhost, which is neither
    assert left(town) == []


def test_small_submissions_tell_their_address_too(town):
    """They are answered past Flask."""
    begin(town)
    town.phone().post(*multipart(a_hazard(new_uuid()).xml(), ()), **AT_NEW)

    assert left(town) == []
    [address] = {row["address"] for row in town.rows("SELECT address FROM phone_key WHERE address IS NOT NULL")}
    assert address == NEW


def test_a_move_is_finished_once_all_have_come_and_not_before_unless_it_is_said(town):
    town.phone().get("formList", **AT_OLD)
    begin(town)

    with pytest.raises(Conflict, match="还有 7 台手机或电脑"):
        town.do(address_moves.finish, EVERYTHING, by="test")
    for name in town.keys:
        town.phone(name).get("formList", **AT_NEW)
    done = town.do(address_moves.finish, EVERYTHING, by="test")

    assert (done.url, done.old_url) == (NEW, "")
    with pytest.raises(Conflict, match="没有在搬"):
        town.do(address_moves.finish, EVERYTHING, by="test")


def test_a_move_is_undone_and_phones_that_had_moved_are_answered_and_told(town):
    town.phone().get("formList", **AT_OLD)
    begin(town)
    town.phone("officer").get("formList", **AT_NEW)

    back = town.do(address_moves.undo, by="test")

    assert (back.url, back.old_url) == (OLD, NEW)
    assert left(town) == ["officer"]
    assert f">{NEW}/key/" in town.phone("officer").get("formList", **AT_NEW).text
    with pytest.raises(Conflict, match="已经撤回"):
        town.do(address_moves.undo, by="test")


def test_each_step_stays_and_is_in_the_audit(town):
    begin(town)
    town.do(address_moves.undo, by="test")

    assert [row["step"] for row in town.rows("SELECT step FROM address_step ORDER BY number")] == ["begin", "undo"]
    with town.store.reading() as reading:
        filters = AuditFilters(events=("address.move",))
        entries = entry_lists.page(reading, EVERYWHERE, filters, before=None, limit=5)
    assert [entry.details["step"] for entry in entries] == ["undo", "begin"]


def test_cards_are_printed_again_for_all_that_have_not_moved_and_once(town, tmp_path):
    for name in ("worker", "officer"):
        town.phone(name).get("formList", **AT_OLD)
    begin(town)
    town.phone("officer").get("formList", **AT_NEW)
    pdf = tmp_path / "cards.pdf"

    made = run(town, "user", "cards", "--not-moved", pdf)
    again = run(town, "user", "cards", "--not-moved", tmp_path / "again.pdf")

    assert made.exit_code == 0 and "6 张卡片" in made.output, made.output
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert (again.exit_code, "都已有新卡" in again.output) == (1, True)
    assert told(town)["unmoved"][0]["card_at"] is not None
    assert run(town, "user", "cards", tmp_path / "none.pdf").exit_code == 2


def test_what_cannot_be_moved_to_is_refused_with_the_cure(town):
    for url in ("http://127.0.0.1:8600", "http://localhost"):
        with pytest.raises(Invalid, match="只有本机能访问"):
            begin(town, url)
    parts = ("fire.example.org", "ftp://x", "https://a/?b", "https://u@a", "https://[", "https://a:x")
    marks = ("https://a/<b>", 'https://a/"b', "https://a/b\tc", "https://a\\b", "https://a\n")
    for wrong in (*parts, *marks):
        refused = run(town, "move-address", wrong)
        assert (refused.exit_code, "不是网址" in refused.output) == (1, True), wrong
    begin(town)
    with pytest.raises(Conflict, match="公开地址已经是"):
        begin(town)
    with pytest.raises(Conflict, match="还没有办完"):
        begin(town, "https://other.example.org")
    for words in ((), (NEW, "--finish"), ("--status", "--undo"), ("--status", "--from", OLD)):
        assert run(town, "move-address", *words).exit_code == 2


def test_the_old_address_is_found_out_where_nobody_says_it(town):
    town.found_at(None)
    town.phone().get("formList", **AT_OLD)

    assert begin(town, known="http://127.0.0.1:8600").old_url == OLD


def test_an_environment_that_says_the_address_of_before_is_told_so(town):
    begin(town)

    shown = run(town, "move-address", "--status", FIREGRID_PUBLIC_URL=OLD).stdout

    assert f"FIREGRID_PUBLIC_URL 写的是 {OLD}" in shown
    assert f"请把 FIREGRID_PUBLIC_URL 改成 {NEW}" in shown
    assert "FIREGRID_PUBLIC_URL 写的是" not in run(town, "move-address", "--status", FIREGRID_PUBLIC_URL=NEW).stdout


def test_a_copy_that_goes_its_own_way_leads_no_phone_to_the_original(town):
    begin(town)
    town.do(address_moves.forget, by="test")

    with town.store.reading() as reading:
        kept = public_addresses.newest(reading)
    assert addresses.effective(kept, "http://10.0.0.9:8600") == ("http://10.0.0.9:8600", (), None)


NUMBERS, MOVED_AT = itertools.count(), "2026-11-10T00:00:00.000Z"


def a_key(person="p", *, made=0, seen=None, device=None, address=OLD) -> PhoneKey:
    def at(day):
        return f"2026-11-{day + 1:02}T00:00:00.000Z"

    seen_at, came_by = (None, None) if seen is None else (at(seen), address)
    return PhoneKey(str(next(NUMBERS)), person, person, "grid_worker", "1", at(made), seen_at, device, came_by)


@pytest.mark.parametrize(
    ("keys", "expected", "why"),
    [
        ([a_key(seen=5)], [0], "seen at the old address"),
        ([a_key(seen=12, address=NEW)], [], "moved with the same key"),
        (
            [a_key(seen=5, device="a"), a_key(made=11, seen=12, device="a", address=NEW)],
            [],
            "one phone, a new key",
        ),
        ([a_key(seen=5, device="a"), a_key(made=11, seen=12, device="b", address=NEW)], [0], "a second phone"),
        ([a_key(seen=5), a_key(made=11, seen=12, address=NEW)], [], "nameless, and silent since"),
        ([a_key(seen=13), a_key(made=11, seen=12, address=NEW)], [0], "nameless, and came by the old one later"),
        ([a_key()], [0], "an old card that was never scanned"),
        ([a_key(made=11)], [], "somebody new: the card is for the new address"),
        ([a_key(), a_key(seen=12, address=NEW)], [], "an old card of who has moved"),
        ([a_key(seen=5), a_key(made=11)], [0], "a new card that nobody has scanned"),
        ([a_key(seen=5, address=None)], [0], "came before addresses were kept"),
    ],
)
def test_which_phones_have_not_moved(keys, expected, why):
    found = unmoved(keys, History(OLD, [(MOVED_AT, NEW)]))

    assert [keys.index(each.key) for each in found] == expected, why


def test_a_move_back_counts_whoever_never_left_as_moved():
    history = History(OLD, [(MOVED_AT, NEW), ("2026-11-20T00:00:00.000Z", OLD)])
    keys = [a_key("a", seen=5, address=None), a_key("b"), a_key("c", made=12), a_key("d", seen=12, address=NEW)]

    assert [each.key.person for each in unmoved(keys, history)] == ["d", "c"]


def test_the_list_of_who_has_not_moved_goes_on_where_its_page_ended(town, monkeypatch):
    begin(town)
    everybody = [each["display"] for each in told(town)["unmoved"]]
    desk = Desk(with_passwords(town))
    desk.sign_in("officer")
    monkeypatch.setattr(device_list, "ROWS", 1)

    shown, ahead = [], "/office/problems/devices"
    while ahead:
        page = desk.open(ahead)
        table = page.text.partition('class="devices unmoved"')[2].partition("</table>")[0]
        assert f"还没用新地址来过的手机和电脑 {len(everybody)} 台" in table
        rows = re.findall(r'<td class="c-who"><b>([^<]*)</b>', table)
        assert len(rows) == 1
        shown += rows
        ahead = next((unescape(link) for link in re.findall(r'href="([^"]*group=unmoved[^"]*)"', page.text)), "")

    assert shown == everybody and len(everybody) > 1
