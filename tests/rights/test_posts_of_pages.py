"""What pages send changes nothing beyond reach, and answers nothing of what lies there, whoever sends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from server.app import close
from tests.county import County, open_county
from tests.filled_forms import new_uuid
from tests.office.desk import Desk
from tests.rights.planted_county import PASSWORD, ROLES, UNITS, fill, lay, marks_in, named_in
from tests.rights.test_rights_matrix import REACH

OWN = re.compile(r"/office/(sign-in|sign-out|next|language|password)")
"""Pages about the sign-in of whoever sends them, and what they have set for themselves."""

WORDS = {
    "action": ["note", "assign", "register", "return", "decline_return"],
    "form": ["merge", "close", "rename", "unit"],
    "key": ["no-such-key"],
    "token": ["no-such-token"],
    "type": ["stations", "hazards"],
    "form_id": ["no_form"],
}
ASKED = {"field": "head", "reason": "回访店主", "note": "看过", "assignee": "user:officer-far", "how": "close",
         "with": "worker-far", "into": UNITS["far"], "area": UNITS["far"], "role": "grid_worker"}  # fmt: skip


NOTHING = {"record_id": new_uuid(), "problem_id": new_uuid(), "name": "nobody-here", "code": "130630199201001"}


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Iterator[County]:
    made = open_county(tmp_path_factory.mktemp("posts") / "data", lay, fill)
    yield made
    close(made.app)


def posts(county: County, place: str) -> Iterator[tuple[str, str]]:
    """Yield every address that pages send to and that names something: with what is in a place, and with nothing."""
    named = {**named_in(county, place), **WORDS}
    named["code"] = [*named["code"], *named["body_code"]]
    adapter = county.app.url_map.bind("localhost")
    for rule in county.app.url_map.iter_rules():
        if "POST" not in rule.methods or not rule.rule.startswith("/office/") or OWN.match(rule.rule):
            continue
        if not rule.arguments & {"record_id", "problem_id", "name", "code", "duty_id"}:
            continue
        main = next(each for each in ("record_id", "problem_id", "name", "code") if each in rule.arguments)
        words = "name" in rule.arguments and rule.rule.startswith("/office/admin/codes")
        for value in ["hazard_items"] if words else named[main]:
            for word in named.get("action" if "action" in rule.arguments else "form", [""]):
                others = {each: named[each][0] for each in rule.arguments if each != main}
                given = {each: word for each in ("action", "form") if each in rule.arguments}
                yield tuple(
                    adapter.build(rule.endpoint, {**others, main: each, **given}, method="POST")
                    for each in (value, NOTHING[main])
                )


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_sends_of_what_lies_beyond_reach_is_answered_as_of_nothing(county, role):
    desk = Desk(county)
    assert desk.sign_in(role, PASSWORD).status_code == 303
    token = desk.form(desk.open("/office/password"), "/office/password").fields
    before = written(county)
    tried, told = 0, []
    for place in {"near", "far"} - REACH[role]:
        for path, nothing in dict.fromkeys(posts(county, place)):
            answer = desk.client.post(path, data={**token, **ASKED}, buffered=True)

            tried += 1
            if answer.status_code != desk.client.post(nothing, data={**token, **ASKED}, buffered=True).status_code:
                told.append((path, nothing, answer.status_code))
            assert marks_in(answer) == set(), path
    assert told == []
    assert written(county) == before
    assert tried > 20 or {"near", "far"} <= REACH[role]


def written(county: County) -> dict[str, list[tuple[object, ...]]]:
    """Return what is written about the county: all but sessions and the audit of who was refused."""
    rows = county.every_row()
    return {table: each for table, each in rows.items() if "session" not in table and not table.startswith("audit")}
