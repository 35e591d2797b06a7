"""Whoever calls, and whatever the calls before: the API is not brought down, and answers as it describes.

Schemathesis makes the calls out of the description, well-formed ones and others. A call goes on with what the answers
before it named: a record, a person, a cursor. ``FIREGRID_TEST_PROFILE`` says how many calls there are: about a thousand
where it is ``ci``, twenty thousand where it is 20.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from server.app import close
from server.people.domain.passwords import PasswordState
from tests.api_county import COUNTY, FAR_UNIT, PASSWORD, TOWN, UNIT, VILLAGE, fill, lay, uuid_of
from tests.county import County, add_people, open_county
from tests.laws import examples
from tests.passwords import hash_of

# The bytes of an upload: the one media type of the description that schemathesis does not know how to send.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

CALLS = 10
"""Calls of one example."""

EXAMPLES_OF_ONE_COUNTY = 20
"""After as many a county is so changed that little is left to call: its people have moved on."""

CALLERS = {
    "grid_worker": "worker",
    "village_officer": "officer",
    "town_station": "town",
    "dept_handler": "gas",
    "brigade": "brigade",
    "county_admin": "admin",
    "viewer": "viewer",
    "auditor": "auditor",
}

# Every call shows a good caller, which the check of wrong credentials would take for a hole; and a schema cannot tell
# which cursors and record types there are, so that well-formed ones may be refused.
LEFT_OUT = ("ignored_auth", "positive_data_acceptance")


def lay_with_auditor(tx: Any) -> list[str]:
    own = {"password_hash": hash_of(PASSWORD), "password_state": PasswordState.OWN}
    return [*lay(tx), *add_people(tx, [("auditor", "auditor", COUNTY)], **own)]


def by_token(county: County, name: str) -> str | None:
    """Return the header of somebody who signs in now; None where the calls before have changed their password.

    One that is to be changed opens nothing, and every call would be answered alike.
    """
    answer = county.client.post("/api/v1/session", json={"username": name, "password": PASSWORD})
    if answer.status_code != 200 or answer.json["must_change_password"]:
        return None
    return f"Bearer {answer.json['access_token']}"


def by_key(county: County, name: str) -> str | None:
    return f"Key {county.keys[name]}"


def what_is_there(county: County) -> dict[str, list[object]]:
    """Return what a description cannot know of the county, by the parameters and fields that take it."""
    records = [uuid_of(word) for word in ("station one", "station two", "station far", "case one", "case far")]
    names = [*CALLERS.values(), "neighbour", "gone"]
    ids = {table: [row["id"] for row in county.rows(f"SELECT id FROM {table}")] for table in ("submission", "problem")}
    return {
        **{each: [COUNTY, TOWN, VILLAGE, UNIT, FAR_UNIT] for each in ("area", "code", "parent")},
        **dict.fromkeys(("record_id", "record", "into"), records),
        **dict.fromkeys(("name", "with", "author"), names),
        **{each: ["station", "hazard"] for each in ("form_id", "form")},
        **{each: ["dept-gas"] for each in ("body_code", "body")},
        "submission_id": ids["submission"],
        "problem_id": ids["problem"],
        "duty_id": [row["id"] for row in county.rows("SELECT id FROM duty")],
        "cases": [[uuid_of("case one")], records],
        "to": ["user:worker", "body:dept-gas"],
        "type": ["stations", "hazards"],
        "version": ["1"],
        "base_version": [0, 1, 2, 3],
        "fields": [{}, {"head": "丁"}, {"hoses": "x"}, {"assignee": "user:worker", "reason": "漏填"}],
        "role": ["grid_worker", "village_officer", "auditor"],
        "cursor": [],
    }


def learn(known: dict[str, list[object]], path: str, answer: Any) -> None:
    """Add what an answer names to what is known."""
    if answer.status_code not in (200, 201) or "json" not in answer.headers.get("content-type", [""])[0]:
        return
    body = answer.json()
    noun = path.removeprefix("/api/v1/").split("/")[0]
    field, parameter = {
        "records": ("id", "record_id"),
        "problems": ("id", "problem_id"),
        "submissions": ("id", "submission_id"),
        "users": ("name", "name"),
        "bodies": ("code", "body_code"),
    }.get(noun, ("", ""))
    if isinstance(body, dict):
        known[parameter or "other"] = [*known.get(parameter or "other", []), *_named(body, field)][-50:]
        known["cursor"] = [*known["cursor"], *([body["next"]] if body.get("next") else [])][-5:]


def _named(body: dict[str, Any], field: str) -> list[object]:
    return [each[field] for each in (body, *body.get("items", ())) if isinstance(each, dict) and field in each]


def fill_in(case: Any, known: dict[str, list[object]], random: Random) -> None:
    """Put what is known into most parameters, and fields of the body, that are named like it."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            for name in part:
                if known.get(name) and random.random() < 0.8:
                    part[name] = random.choice(known[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "header"),
    [*((name, by_token) for name in CALLERS.values()), ("worker", by_key)],
    ids=[*CALLERS, "phone key"],
)
def test_no_call_after_others_is_answered_otherwise_than_described(
    tmp_path: Path, name: str, header: Callable[[County, str], str | None]
) -> None:
    county = open_county(tmp_path / "0", lay_with_auditor, fill)
    known, begun = what_is_there(county), 0
    api = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", lambda environ, start_response: county.app(environ, start_response)
    )
    left_out = [schemathesis.checks.CHECKS.get_one(each) for each in LEFT_OUT]
    operations = [each.ok() for each in api.get_all_operations()]

    @settings(max_examples=examples(12), phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def calls_are_answered_as_described(data: Any) -> None:
        nonlocal county, known, begun
        begun += 1
        shown = header(county, name)
        if begun % EXAMPLES_OF_ONE_COUNTY == 0 or shown is None:
            close(county.app)
            county = open_county(tmp_path / str(begun), lay_with_auditor, fill)
            known, shown = what_is_there(county), header(county, name)
        assert shown is not None
        # Chance of its own, since what is known depends on the answers: Hypothesis shall draw alike the next time.
        random = Random(data.draw(st.integers(0, 2**32)))
        for operation in random.choices(operations, k=CALLS):
            case = data.draw(operation.as_strategy())
            if case.meta is None or case.meta.generation.mode.is_positive:
                fill_in(case, known, random)
            answer = case.call(headers={"Authorization": shown})
            case.validate_response(answer, excluded_checks=left_out)
            learn(known, case.path, answer)
            event(f"{answer.status_code}")

    try:
        calls_are_answered_as_described()
    finally:
        close(county.app)
