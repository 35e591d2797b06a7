"""Who has no right to what a route does is told so first: neither what is named nor the body is looked at before.

Which role may do what is written out here, after the roles of the trade, and not read from the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from server.api.blueprints import PREFIX
from server.app import close
from tests.api.test_api_scope_of_every_route import plain
from tests.county import County, open_county
from tests.filled_forms import new_uuid
from tests.rights.planted_county import ROLES, fill, lay

ADMIN, STAFF = {"county_admin"}, {"town_station", "county_admin"}
TAKERS_OVER = {"town_station", "brigade"}
WRITING = set(ROLES) - {"viewer", "auditor"}
MAY = {
    "POST /areas/<code>/closing": ADMIN,
    "POST /areas/<code>/merger": ADMIN,
    "POST /areas/<code>/name": ADMIN,
    "POST /areas/<code>/units": ADMIN,
    "POST /areas/import": ADMIN,
    "POST /bodies": ADMIN,
    "PATCH /bodies/<body_code>": ADMIN,
    "POST /bodies/<body_code>/end": ADMIN,
    "POST /forms": ADMIN,
    "PATCH /forms/<form_id>": ADMIN,
    "POST /forms/<form_id>/bring-back": ADMIN,
    "POST /forms/<form_id>/release": ADMIN,
    "POST /handovers": {"grid_leader", "village_officer", "town_station", "brigade"},
    "POST /monthly-reports/<month>/corrections": {"brigade"},
    "POST /monthly-reports/<month>/freeze": {"brigade"},
    "POST /carried/import": TAKERS_OVER,
    "POST /carried/import/<token>/undo": TAKERS_OVER,
    "POST /premises/import": STAFF,
    "POST /premises/import/<token>/undo": STAFF,
    "POST /problems/<problem_id>/settlement": {"village_officer", "town_station", "brigade", "county_admin"},
    "POST /records": WRITING,
    "POST /records/<record_id>/changes": WRITING,
    "POST /records/<record_id>/reveal": WRITING,
    "POST /webhooks": ADMIN,
    "POST /webhooks/<webhook_id>/end": ADMIN,
    "POST /webhooks/<webhook_id>/replay": ADMIN,
    "POST /webhooks/<webhook_id>/secret": ADMIN,
    "POST /webhooks/<webhook_id>/secret/finish": ADMIN,
    "POST /users": STAFF,
    "POST /users/<name>/duties": STAFF,
    "POST /users/<name>/duties/<duty_id>/end": STAFF,
    "POST /users/<name>/key": STAFF,
    "POST /users/<name>/move": STAFF,
    "POST /users/<name>/password": ADMIN,
    "POST /users/<name>/revocation": STAFF,
    "POST /users/<name>/swap": STAFF,
    "POST /users/cards": STAFF,
    "POST /users/import": STAFF,
}
OWN = re.compile(r"/(session|uploads|sync|inbox)")
"""Routes about the caller's own session, uploads, changes and inbox, which take no right."""


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Iterator[County]:
    made = open_county(tmp_path_factory.mktemp("rights-first") / "data", lay, fill)
    yield made
    close(made.app)


def writes(county: County) -> Iterator[tuple[str, str, str]]:
    """Yield each route that writes, its method, and an address of it that names nothing that is there."""
    nothing = {
        "code": "130630199201001", "name": "nobody-here", "form_id": "no_form", "body_code": "no-body",
        "month": "2026-99", "record_id": new_uuid(), "problem_id": new_uuid(), "duty_id": new_uuid(),
        "token": "nothing", "webhook_id": new_uuid(),
    }  # fmt: skip
    adapter = county.app.url_map.bind("localhost")
    for rule in county.app.url_map.iter_rules():
        if not rule.rule.startswith(PREFIX) or OWN.match(plain(rule)):
            continue
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            path = adapter.build(rule.endpoint, {name: nothing[name] for name in rule.arguments}, method=method)
            yield f"{method} {plain(rule)}", method, path.removeprefix(PREFIX)


def test_it_is_known_who_may_use_each_route_that_writes(county):
    assert {name for name, _, _ in writes(county)} == set(MAY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("body", [{}, {"action": "no_such_act", "how": "no_such_way", "state": "no_such_state"}])
def test_without_the_right_the_answer_is_no_whatever_is_named_or_sent(county, role, body):
    before = county.every_row()
    for name, method, path in writes(county):
        answer = county.send(method, path, role, body)

        if role in MAY[name]:  # which of the unknown object and the wrong body is told first is each route's own
            assert answer.status_code in (404, 422), (name, answer.text[:300])
        else:
            assert answer.status_code == 403, (name, answer.text[:300])
            assert answer.json["detail"]
    assert county.every_row() == before
