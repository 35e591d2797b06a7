"""After a month: who took data away, who looked at whose phone, who failed to sign in from where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.app import close
from server.audit.usecases import rounds
from server.cli.main import main
from server.forms.usecases import publish
from tests.api_county import PASSWORD, UNIT, lay_people
from tests.county import Clock, County, open_county, prepared

PHONE = "13800000471"
HAZARD_FORM = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | item | 隐患 | item | |
| | text | tel | 电话 | tel | phone |
| | text | action | 动作 | action | |
| entities |
| | list_name | label |
| | hazards | ${item} |
| settings |
| | form_title | form_id | version | namespaces | attribute::fg:kind |
| | 隐患上报 | hazard | 1 | fg="urn:firegrid:xforms" | case |
"""


def lay(tx) -> list[str]:
    names = lay_people(tx)
    publish.publish(tx, prepared(HAZARD_FORM), None)
    return names


class Person:
    """Somebody at a desk with a network address of their own, who signs in anew each time."""

    def __init__(self, county: County, name: str, address: str) -> None:
        self.county, self.name, self.origin = county, name, {"REMOTE_ADDR": address}

    def sign_in(self, password: str = PASSWORD) -> Any:
        body = {"username": self.name, "password": password}
        return self.county.client.post("/api/v1/session", json=body, environ_base=self.origin)

    def ask(self, path: str, body: object = None, status: int = 200) -> Any:
        headers = {"Authorization": f"Bearer {self.sign_in().json['access_token']}"}
        client, method = self.county.client, "GET" if body is None else "POST"
        answer = client.open(
            f"/api/v1{path}", method=method, json=body, headers=headers, environ_base=self.origin, buffered=True
        )
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def folder(tmp_path) -> tuple[Path, str]:
    """A data folder after the month, and the id of the case in it."""
    clock = Clock()
    county = open_county(tmp_path / "data", lay, clock=clock)
    worker, officer = Person(county, "worker", "10.0.0.1"), Person(county, "officer", "10.0.0.2")
    town, thief = Person(county, "town", "10.0.0.3"), Person(county, "officer", "203.0.113.66")
    report = {"type": "hazards", "action": "report", "area": UNIT, "fields": {"item": "软管老化", "tel": PHONE}}
    case = worker.ask("/records", report, 201).json["record"]["id"]
    for days in range(1, 31):
        clock.pass_by(days=1)
        officer.ask("/records?type=hazards")
        if days == 10:
            town.ask(f"/records/{case}/reveal", {"field": "tel", "reason": f"约店主{PHONE}复查"})
        if days == 20:
            town.ask("/records.csv?type=hazards")
            officer.ask("/records/0194a1b2-0000-4000-8000-000000000001", status=404)
        if days == 25:
            assert [thief.sign_in(f"guess-number-{n}").status_code for n in range(3)] == [401] * 3
        clock.pass_by(minutes=2)
        rounds.every_minute(county.store)
    close(county.app)
    return tmp_path / "data", case


def asked(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["audit", "--data", str(folder), "--format", "json", *options])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_one_command_answers_each_question_and_the_chain_holds(folder):
    data, case = folder

    [exported] = asked(data, "--event", "export")
    revealed = asked(data, "--event", "reveal")
    looked = asked(data, "--object", case, "--event", "read")
    [failed] = asked(data, "--event", "session.failed")
    [refused] = asked(data, "--event", "refusal", "--from", "2026-12-01")

    assert (exported["user"], exported["event"], exported["address"]) == ("town", "records.export", "10.0.0.3")
    assert "hazards" in str(exported["details"])
    assert [(each["user"], each["object"], each["role"]) for each in revealed] == [("town", case, "town_station")]
    assert revealed[0]["details"]["reason"] == "约店主138****0471复查"
    assert {each["user"] for each in looked} == {"officer"}
    assert len(looked) == 30
    assert (failed["address"], failed["details"]["tries"], failed["details"]["accounts"]) == (
        "203.0.113.66", 3, {"officer": 3},
    )  # fmt: skip
    assert (refused["user"], refused["result"]) == ("officer", "404")
    assert PHONE not in str(asked(data))
    assert CliRunner().invoke(main, ["check", "--data", str(data)]).exit_code == 0
