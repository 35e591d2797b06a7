"""A 304 says that nothing has changed for this caller at this time: no change of role, duty, clock or neighbour hides.

Every GET route is asked before and after each change, with and without the tag that came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from server.people.usecases import phone_keys
from server.staffing.usecases import enrolment
from tests.case_land import COUNTY, NEXT_VILLAGE, UNIT, VILLAGE, Land

CALLERS = ("worker", "officer", "town", "viewer")
PLACE = {"item": "hose_aged", "place": "演示民宿07", "area": UNIT}
HEADERS = {"X-OpenRosa-Version": "1.0"}


@dataclass
class Seen:
    """One case, and every address at which something of it or beside it is read. case: id of its record."""

    land: Land
    case: str
    arguments: dict[str, str] = field(default_factory=dict)

    def addresses(self, key: str) -> Iterator[str]:
        """Yield every GET address that takes a phone's key, in the path or as a header, filled in."""
        for rule in self.land.valley.app.url_map.iter_rules():
            missing = rule.arguments - self.arguments.keys() - {"token"}
            if "GET" not in rule.methods or missing or rule.rule.startswith(("/api/docs", "/api/openapi", "/metrics")):
                continue
            address = rule.rule
            for name, value in {**self.arguments, "token": key}.items():
                for converter in ("", "uuid:", "path:"):
                    address = address.replace(f"<{converter}{name}>", value)
            yield f"{address}{QUERIES.get(rule.rule, '')}"

    def get(self, address: str, key: str, tag: str = ""):
        shown = {} if address.startswith("/key/") else {"Authorization": f"Key {key}"}
        asked = {"If-None-Match": tag} if tag else {}
        return self.land.valley.client.get(address, headers={**HEADERS, **shown, **asked}, buffered=True)


QUERIES = {
    "/api/v1/records": "?type=hazards",
    "/api/v1/records.csv": "?type=hazards",
    "/api/v1/records.geojson": "?type=hazards",
    "/api/v1/summaries/closure/cases": "?figure=reports",
    "/api/v1/users/<name>/move-preview": f"?area={UNIT}",
}


@pytest.fixture
def seen(land: Land) -> Seen:
    case = land.report(**PLACE)
    land.lead_to(case, ("register", "officer"))
    valley = land.valley
    submission = valley.rows("SELECT id FROM submission ORDER BY seq DESC LIMIT 1")[0]["id"]
    return Seen(
        land,
        case,
        {
            "record_id": case,
            "submission_id": submission,
            "form_id": "case_act",
            "version": "1",
            "code": VILLAGE,
            "list_name": "hazards",
            "name": "hazards.csv",
        },
    )


def promote(seen: Seen) -> None:
    """Everybody who asks becomes a duty officer of the brigade as well."""
    for name in CALLERS:
        seen.land.valley.do(enrolment.add_duty, name, role="brigade", area=COUNTY, by="test")


def end_duties(seen: Seen) -> None:
    for name in CALLERS:
        duties = seen.land.valley.rows("SELECT id FROM duty WHERE person = :name", name=name)
        for duty in duties:
            seen.land.valley.do(enrolment.end_duty, name, duty["id"], by="test")


def move(seen: Seen) -> None:
    seen.land.valley.do(enrolment.move_user, "worker", area=f"{NEXT_VILLAGE}001", by="test")


def go_by(**span: float) -> Callable[[Seen], None]:
    def later(seen: Seen) -> None:
        seen.land.clock.pass_by(**span)

    return later


def report_another(seen: Seen) -> None:
    """A neighbour reports what may be the same hazard."""
    seen.land.report("neighbour", **PLACE)


def add_a_body(seen: Seen) -> None:
    seen.land.valley.do(enrolment.add_body, "shop2", name="演示小卖部03", kind="premises", area=VILLAGE, by="test")


def assign(seen: Seen) -> None:
    seen.land.lead_to(seen.case, ("assign", "officer", {"assignee": "user:neighbour"}))


CHANGES: dict[str, Callable[[Seen], None]] = {
    "a role": promote,
    "the end of duties": end_duties,
    "a move": move,
    "two days": go_by(days=2),
    "forty days": go_by(days=40),
    "a neighbour's report": report_another,
    "a new body": add_a_body,
    "an act": assign,
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_is_hidden_by_a_tag_of_before(seen, change):
    keys = {name: seen.land.valley.do(phone_keys.issue, name, by="test") for name in CALLERS}
    before = {
        (name, address): answer
        for name, key in keys.items()
        for address in seen.addresses(key)
        if (answer := seen.get(address, key)).status_code == 200 and "ETag" in answer.headers
    }
    assert len({address for _, address in before}) > 8

    CHANGES[change](seen)

    hidden = []
    for (name, address), old in before.items():
        new = seen.get(address, keys[name])
        conditional = seen.get(address, keys[name], old.headers["ETag"])
        if new.status_code != 200:
            assert conditional.status_code == new.status_code, (name, address)
        elif conditional.status_code == 304 and new.data != old.data:
            hidden.append((name, address))
        elif conditional.status_code == 200:
            assert conditional.data == new.data, (name, address)
    assert hidden == []


def test_a_viewer_who_became_the_brigade_reads_what_they_may_do_now(seen):
    address, key = f"/api/v1/records/{seen.case}", seen.land.valley.keys["viewer"]
    old = seen.get(address, key)

    seen.land.valley.do(enrolment.add_duty, "viewer", role="brigade", area=COUNTY, by="test")
    new = seen.get(address, key, old.headers["ETag"])

    assert old.json["case"]["actions"] == []
    assert new.status_code == 200
    assert "assign" in new.json["case"]["actions"]


def test_the_tag_of_a_record_is_taken_where_its_version_is_asked_for(seen):
    key = {"Authorization": f"Key {seen.land.valley.keys['officer']}"}
    client, address = seen.land.valley.client, f"/api/v1/records/{seen.case}"
    tag = client.get(address, headers=key).headers["ETag"]
    edit = {"action": "note", "fields": {"note": "已电话告知"}}

    first = client.post(f"{address}/changes", json=edit, headers={**key, "If-Match": tag})
    second = client.post(f"{address}/changes", json=edit, headers={**key, "If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
