"""In a folder for training everything says 练习, and nothing of it counts."""

from __future__ import annotations

import csv
import io
from itertools import islice

import pytest
from click.testing import CliRunner

from server.app import close, create_app
from server.cli import demo as command
from server.cli.check import check
from server.cli.summary import summary
from server.db import database
from server.db.folder import FILE_NAME
from server.db.training import MARK, NOT_COUNTED
from server.demo import county, people
from server.people.store import people as known_people
from server.people.usecases import phone_keys, setup_card
from server.settings import Settings
from tests.demo.half_year import END, a_basis

pytestmark = pytest.mark.sqlite  # demonstrations are of folders alone

EVENTS = 150
"""So many are enough to have something of everything that a mark belongs to."""

XML = {"X-OpenRosa-Version": "1.0"}


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """A folder for training in which people have worked for a while."""
    folder = tmp_path_factory.mktemp("training") / "data"
    county.fill(folder, a_basis()._replace(training=True), END, lambda events: islice(events, EVENTS))
    (folder / command.MARK).write_text("练习", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def served(training):
    store = database.open_inline(training, clock=lambda: END)
    key = store.write(lambda tx: phone_keys.issue(tx, "gw0001", by="test"))
    store.close()
    app = create_app(Settings(training))
    yield app.test_client(), f"/key/{key}"
    close(app)


@pytest.fixture
def reading(training):
    store = database.open_inline(training, clock=lambda: END)
    with store.reading() as held:
        yield held
    store.close()


def signed_in(client, name="brigade"):
    person = {"username": name, "password": people.PASSWORD}
    return {"Authorization": f"Bearer {client.post('/api/v1/session', json=person).json['access_token']}"}


@pytest.mark.parametrize(
    ("what", "table"), [("label", "record"), ("list_label", "record"), ("receipt", "submission"), ("title", "form")]
)
def test_everything_that_is_read_says_so(reading, what, table):
    told = [row["text"] for row in reading.sql.rows(f"SELECT {what} AS text FROM {table} WHERE {what} <> ''")]

    assert told
    assert [text for text in told if MARK not in text] == []


def test_a_phone_shows_it_in_the_list_of_forms_in_the_form_and_in_its_rows(served):
    client, key = served

    listed = client.get(f"{key}/formList", headers=XML).text
    form = client.get(f"{key}/forms/hazard_report.xml", headers=XML).text
    rows = client.get(f"{key}/forms/hazard_task/attachments/hazards.csv", headers=XML).text

    assert listed.count(f"<name>{MARK}") == listed.count("<name>") > 3
    assert f"title>{MARK}火灾隐患上报</" in form
    assert MARK in rows


def test_the_card_names_a_project_for_practice(reading):
    card = setup_card.setup_card(reading, known_people.actor(reading, "gw0001"), "http://127.0.0.1:8600")

    assert card.project.startswith(MARK)


def test_a_record_that_an_edit_names_anew_still_says_so_once(served, training):
    client, _ = served
    headers = signed_in(client, "village")
    station = client.get("/api/v1/records?type=micro_stations", headers=headers).json["items"][0]
    title = {"title": "演示站", "label": "演示站"}
    change = {"id": "5b6c1d2e-8b7a-4c59-9e01-7a6b5c4d3e2f", "action": "edit", "fields": {}, "base_version": 0}
    change |= {"base_version": station["version"], "fields": {name: [None, value] for name, value in title.items()}}

    answer = client.post(f"/api/v1/records/{station['id']}/changes", json=change, headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json["record"]["label"] == f"{MARK}演示站"


def test_every_figure_is_nought_and_the_sentence_says_why(served):
    client, _ = served

    told = client.get("/api/v1/summaries/closure?from=2026-05-01&to=2026-12-31", headers=signed_in(client)).json

    assert told["training"] is True
    assert told["sentence"] == NOT_COUNTED
    assert told["visited"] == 0
    assert {n for part in (told["total"], *told["rows"]) for n in part["counts"].values()} == {0}


def test_no_figure_opens_into_a_case(served):
    client, _ = served
    address = "/api/v1/summaries/closure/cases?from=2026-05-01&to=2026-12-31&figure=reports"

    assert client.get(address, headers=signed_in(client)).json["items"] == []


def test_the_terminal_says_so_too(training):
    asked = ["closure", "--from", "2026-05-01", "--to", "2026-12-31", "--data", str(training)]

    for form in ("table", "csv"):
        assert NOT_COUNTED in CliRunner().invoke(summary, [*asked, "--format", form]).stdout


def test_the_folder_is_sound(training):
    checked = CliRunner().invoke(check, ["--data", str(training)])

    assert checked.exit_code == 0, checked.stderr


def test_a_county_s_own_folder_says_nothing_of_practice(store):
    with store.reading() as reading:
        assert reading.sql.value(f"SELECT COUNT(*) FROM record WHERE label LIKE '%{MARK}%'") == 0


@pytest.mark.parametrize("flags", [[], ["--training"]])
def test_practice_and_demonstration_never_share_a_folder(training, folder, tmp_path, flags):
    data = training
    if flags:
        data = tmp_path / "data"
        data.mkdir()
        (data / FILE_NAME).write_bytes((folder / FILE_NAME).read_bytes())
        (data / command.MARK).write_text("演示", encoding="utf-8")

    ran = CliRunner().invoke(command.demo, [*flags, "--data", str(data)])

    assert ran.exit_code == 1
    assert "--training" in ran.stderr


def test_every_line_of_the_ledger_is_marked(served):
    client, _ = served

    said = client.get("/api/v1/records/ledger.csv", headers=signed_in(client)).data.decode("utf-8-sig")

    titles, *lines = csv.reader(io.StringIO(said))
    assert len(lines) > 10
    assert all(line[titles.index("隐患")].startswith(MARK) for line in lines)


def test_what_to_try_next_needs_no_figure_since_all_are_nought(training, monkeypatch):
    monkeypatch.setattr("server.cli.serve.run", lambda *served: None)

    guide = CliRunner().invoke(command.demo, ["--training", "--data", str(training)]).stdout

    tried = {hint.how: hint.is_counted for hint in command.hints("http://127.0.0.1:8600", training)}
    assert {how for how, is_counted in tried.items() if how in guide} == {how for how in tried if not tried[how]}
    assert not any("summar" in how for how, is_counted in tried.items() if not is_counted)
