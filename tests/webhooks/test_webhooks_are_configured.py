"""The administrator names receivers, over the API and in the terminal; a secret is shown once, and in no log."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from server.admin.usecases import health
from server.cli.main import main
from server.settings import Settings
from server.web import context
from server.webhooks.store import deliveries
from tests.case_land import Land
from tests.filled_forms import new_uuid
from tests.office.desk import Desk, with_passwords

URL = "https://dispatch.example.org/firegrid"
HOST = "dispatch.example.org"


@pytest.fixture
def listed(land: Land, monkeypatch) -> Land:
    """The county on a server that lists the receiver's host."""
    settings = Settings(land.valley.store.folder, webhook_hosts=(HOST,))
    monkeypatch.setattr(context, "settings", lambda: settings)
    monkeypatch.setenv("FIREGRID_WEBHOOK_HOSTS", HOST)
    return land


def run(land: Land, *words: str):
    return CliRunner().invoke(main, ["webhook", *words, "--data", str(land.valley.store.folder)])


def test_a_secret_is_shown_once_and_never_again(listed, capfd):
    made = listed.valley.post("/webhooks", "admin", {"url": URL, "kinds": ["hazards.*"]})
    secret = made.json["secret"]

    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    [found] = listed.valley.get("/webhooks", "admin").json["items"]
    assert (found["url"], found["kinds"], len(found["secrets"])) == (URL, ["hazards.*"], 1)
    assert secret not in listed.valley.get("/webhooks", "admin").text
    assert secret not in listed.valley.get("/audit", "admin").text
    assert secret not in capfd.readouterr().err
    told = listed.valley.get("/audit?event=webhook.change", "admin").json["items"]
    assert [(each["object"], each["details"]) for each in told] == [(found["id"], {"change": "add", "host": HOST})]


def test_a_secret_is_replaced_by_two_steps(listed):
    id = listed.valley.post("/webhooks", "admin", {"url": URL}).json["id"]
    assert listed.valley.post(f"/webhooks/{id}/secret/finish", "admin").status_code == 409

    second = listed.valley.post(f"/webhooks/{id}/secret", "admin")
    assert second.status_code == 201
    assert second.json["secret"].startswith("whsec_")
    assert listed.valley.post(f"/webhooks/{id}/secret", "admin").status_code == 409
    assert listed.valley.post(f"/webhooks/{id}/secret/finish", "admin").status_code == 204

    kept = listed.valley.rows("SELECT secret FROM webhook_secret")
    assert kept == [{"secret": second.json["secret"]}]


def test_an_address_of_another_host_is_refused_with_the_cure(land):
    refused = land.valley.post("/webhooks", "admin", {"url": URL})

    assert refused.status_code == 422
    assert "FIREGRID_WEBHOOK_HOSTS" in refused.json["detail"]
    assert refused.json["errors"][0]["field"] == "url"


@pytest.mark.parametrize("name", ["brigade", "town", "viewer", "worker"])
def test_nobody_but_the_administrator_sees_or_changes_receivers(listed, name):
    id = listed.valley.post("/webhooks", "admin", {"url": URL}).json["id"]

    assert listed.valley.get("/webhooks", name).status_code == 403
    assert listed.valley.post("/webhooks", name, {"url": URL}).status_code == 403
    assert listed.valley.post(f"/webhooks/{id}/end", name).status_code == 403
    assert listed.valley.post(f"/webhooks/{id}/replay", name, {"after": 0}).status_code == 403


def test_one_that_is_unknown_or_ended_is_not_found(listed):
    id = listed.valley.post("/webhooks", "admin", {"url": URL}).json["id"]
    assert listed.valley.post(f"/webhooks/{id}/end", "admin").status_code == 204

    for gone in (id, new_uuid()):
        assert listed.valley.post(f"/webhooks/{gone}/replay", "admin", {"after": 0}).status_code == 404
    assert listed.valley.get("/webhooks", "admin").json["items"] == []


def test_the_terminal_names_lists_replaces_replays_and_ends(listed):
    made = run(listed, "add", URL, "--kind", "hazards.assign")
    id = re.search(r"已登记 (\S+)", made.output)[1]
    assert "密钥（只显示这一次）：whsec_" in made.output

    assert f"{id}  {URL}  hazards.assign  待送 0，已停送 0，密钥 1 个" in run(listed, "list").output
    assert "新密钥（只显示这一次）：whsec_" in run(listed, "rotate", id).output
    assert run(listed, "rotate", id).exit_code == 1
    assert run(listed, "rotate", id, "--finish").output == "旧密钥已停用。\n"
    assert run(listed, "replay", id, "--after", "0").output == "将从 0 之后重发。\n"
    assert run(listed, "list", "--undelivered", id).output == ""
    assert run(listed, "end", id).output == "已停用。\n"
    assert run(listed, "list").output == ""


def test_what_was_given_up_is_told_under_health_and_to_who_watches(listed):
    def told() -> tuple[str, list[str]]:
        store = listed.valley.store
        with store.reading() as reading:
            found = {each.what: each for each in health.findings(store, reading, 0)}
        mark = found["外发通知"].mark.value if "外发通知" in found else ""
        return mark, [line for line in health.facts(store, 0) if line.startswith("webhooks")]

    assert told() == ("", [])
    id = listed.valley.post("/webhooks", "admin", {"url": URL}).json["id"]
    assert told() == ("good", [])
    listed.report()

    def give_up(tx):
        [event] = deliveries.events_after(tx, 0, 1)
        deliveries.add(tx, id, [event])
        sent = deliveries.list_of(tx, id, 0, 1)[0]
        deliveries.failed(tx, id, sent, tx.now, is_dead=True, problem="应答 422")

    listed.valley.do(give_up)

    assert told() == ("bad", ["webhooks: 1 messages not delivered"])
    [found] = listed.valley.get("/webhooks", "admin").json["items"]
    assert (found["dead"], found["waiting"]) == (1, 0)
    assert [(each["problem"], each["dead"]) for each in found["undelivered"]] == [("应答 422", True)]


def test_on_the_page_a_secret_is_shown_once_and_the_rest_is_done_by_forms(listed):
    desk = Desk(with_passwords(listed.valley))
    desk.sign_in("admin")
    address = "/office/admin/webhooks"
    refused = desk.submit(desk.form(desk.open(address), address), url="https://other.example.org/")
    assert (refused.status_code, "FIREGRID_WEBHOOK_HOSTS" in refused.text) == (422, True)

    made = desk.submit(desk.form(desk.open(address), address), url=URL, kinds="hazards.assign, stations.*")
    assert re.search(r"<code>whsec_\S+</code>", made.text)
    [found] = listed.valley.get("/webhooks", "admin").json["items"]
    assert found["kinds"] == ["hazards.assign", "stations.*"]
    page = desk.open(address)
    assert "whsec_" not in page.text

    own = f"{address}/{found['id']}"
    assert "whsec_" in desk.submit(desk.form(page, f"{own}/secret")).text
    assert desk.submit(desk.form(desk.open(address), f"{own}/finish")).headers["Location"] == f"{address}?done=finish"
    assert desk.submit(desk.form(desk.open(address), f"{own}/replay"), after="所有").status_code == 422
    assert desk.submit(desk.form(desk.open(address), f"{own}/replay"), after="0").status_code == 303
    assert desk.submit(desk.form(desk.open(address), f"{own}/end")).status_code == 303
    assert listed.valley.get("/webhooks", "admin").json["items"] == []


def test_the_page_is_the_administrators(listed):
    desk = Desk(with_passwords(listed.valley))
    desk.sign_in("town")

    assert desk.open("/office/admin/webhooks").status_code == 403
