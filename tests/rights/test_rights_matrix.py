"""The matrix of role, route, place and format: what may be read and what not, written out and not read from the code.

The words of ``planted_county`` tell from which place an answer has taken anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule

from server.api.blueprints import PREFIX
from server.app import close
from tests.api.test_api_scope_of_every_route import WRITES, plain
from tests.county import County, open_county
from tests.filled_forms import new_uuid
from tests.office.desk import Desk, Reader
from tests.rights.planted_county import PASSWORD, ROLES, UNITS, fill, lay, marks_in, named_in, text_of

VILLAGE, EVERYWHERE = {"own", "shop"}, set(UNITS)
REACH = {
    "grid_worker": {"own"},
    "grid_leader": VILLAGE,
    "village_officer": VILLAGE,
    "police": VILLAGE,
    "town_station": VILLAGE | {"near"},
    "dept_handler": {"gas"},
    "brigade": EVERYWHERE,
    "county_admin": EVERYWHERE,
    "unit_manager": {"shop"},
    "station_head": {"shop"},
    "viewer": VILLAGE,
    "auditor": VILLAGE,
}
"""The places of which each role may see anything (the roles of the trade): its area, or the cases that its body has."""

EXPORT = {"village_officer", "town_station", "dept_handler", "brigade", "county_admin", "unit_manager", "station_head"}
SUMMARY = EXPORT | {"grid_worker", "grid_leader", "viewer", "auditor"}
AUDIT = {"county_admin", "auditor"}
STAFF = {"town_station", "county_admin"}
PEOPLE = {"village_officer", "town_station", "brigade", "county_admin"}
"""Who may export case data, see summaries, read and export the audit, fill posts, and see people."""

LISTS_ASK = {
    **{f"requests/decided.{ending}": EXPORT for ending in ("csv", "xlsx")},
    **{f"records.{ending}": EXPORT for ending in ("csv", "xlsx", "geojson")},
    **{f"records/ledger.{ending}": EXPORT for ending in ("csv", "xlsx")},
    "audit": AUDIT,
    "audit.csv": AUDIT,
    "users/import/template.xlsx": STAFF,
    "vacancies": PEOPLE,
    "webhooks": {"county_admin"},
}
FILES = ("csv", "xlsx", "geojson", "zip")
NO_COUNTY_WORD = re.compile(r"/(session|uploads|inbox)")
"""Routes about the caller's own session and inbox (``tests/notices``), and those to send files to."""


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> Iterator[County]:
    made = open_county(tmp_path_factory.mktemp("rights") / "data", lay, fill)
    yield made
    close(made.app)


@pytest.fixture(scope="module")
def described(county) -> dict[str, Any]:
    return county.client.get("/api/openapi.json").json["paths"]


def rules(county: County, method: str) -> list[Rule]:
    return [
        rule
        for rule in county.app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX) and method in rule.methods and not NO_COUNTY_WORD.search(rule.rule)
    ]


def formats_of(described: dict[str, Any], rule: Rule) -> list[str]:
    """Return the formats that a route offers in its query, as OpenAPI describes it."""
    operation = described.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {}).get("get", {})
    offered = (each for each in operation.get("parameters", ()) if each.get("name") == "format")
    return next((each["schema"]["enum"] for each in offered), [""])


def allowed(rule: Rule, format: str) -> set[str]:
    """Return the roles that a list answers at all."""
    path = rule.rule.removeprefix(PREFIX).lstrip("/")
    if path.startswith(("summaries/", "monthly-reports")):
        return SUMMARY & EXPORT if format in FILES else SUMMARY
    return LISTS_ASK.get(path, set(ROLES)) & (EXPORT if format in FILES else set(ROLES))


def addresses(rule: Rule, named: dict[str, list[str]]) -> Iterator[str]:
    """Yield the addresses of a route for all that its arguments may name."""
    arguments = sorted(rule.arguments)
    main = next((each for each in arguments if each.endswith(("_id", "_code", "code")) and each != "duty_id"), None)
    main = main or ("name" if "name" in arguments else arguments[0])
    for value in named[main]:
        values = {each: named[each][0] for each in arguments if each != main} | {main: value}
        if "attachments" in rule.rule:
            values["name"] = named["picture" if main == "record_id" else "file"][0]
        path = rule.rule.removeprefix(PREFIX)
        for argument, shown in values.items():
            path = re.sub(rf"<(?:\w+:)?{argument}>", shown, path)
        yield path


def names_areas_of(role: str, place: str) -> bool:
    """Say whether a role may name the areas of a place, whatever it may see of what happens there."""
    area = ROLES[role][0]
    digits = next(length for length in (6, 9, 12, 15) if not area[length:].strip("0"))
    return UNITS[place].startswith(area[:digits])


ACTS_AHEAD = ("/change-preview", "/suggestion")
"""Ends of routes that look ahead at an act: they answer those alone who may do it."""

COUNTY_WIDE = {
    "form_id": ["station_new"],
    "version": ["1"],
    "type_name": ["stations"],
    "list_code": ["overdue"],
    "token": ["nothing"],
    "webhook_id": [new_uuid()],
}


@pytest.mark.parametrize("role", ROLES)
def test_a_list_shows_what_lies_in_reach_and_nothing_else_in_every_format(county, described, role):
    bearer = sign_in(county, role)
    for rule in rules(county, "GET"):
        if rule.arguments:
            continue
        for format in formats_of(described, rule):
            path = rule.rule.removeprefix(PREFIX) + (f"?format={format}" if format else "")
            for headers in ({}, {"Authorization": bearer}):
                answer = county.get(path, role, **headers)

                expected = 200 if role in allowed(rule, format) else 403
                assert answer.status_code == expected, (path, answer.text[:300])
                assert marks_in(answer) <= REACH[role], path


@pytest.mark.parametrize("role", ROLES)
def test_a_filter_by_an_area_out_of_reach_is_not_found(county, described, role):
    for rule in rules(county, "GET"):
        if rule.arguments or rule.rule.endswith("/users/import/template.xlsx"):  # an empty file, of no area
            continue
        for place in {"own", "near", "far"} - REACH[role]:
            answer = county.get(f"{rule.rule.removeprefix(PREFIX)}?area={UNITS[place]}", role)

            if not names_areas_of(role, place):  # who may name an area of theirs, and sees no rows of others in it
                assert answer.status_code in (404, 403, 422), (rule.rule, place, answer.text[:300])
            assert place not in marks_in(answer), (rule.rule, place)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_named_in_an_address_shows_in_reach_and_is_not_found_beyond(county, role):
    tried = 0
    for rule in rules(county, "GET"):
        if not rule.arguments:
            continue
        for place in ("own", "near", "far"):
            named = named_in(county, place) | COUNTY_WIDE
            for path in addresses(rule, named):
                answer = county.get(path, role)

                tried += 1
                assert marks_in(answer) <= REACH[role], path
                about_place = not set(rule.arguments) <= set(COUNTY_WIDE)
                if about_place and place not in REACH[role]:
                    is_area = "<code>" in rule.rule and names_areas_of(role, place)
                    # Whoever may name an area may still not be allowed to change it.
                    assert answer.status_code in ((200, 403) if is_area else (404,)), (path, answer.text[:300])
                elif not about_place:
                    assert answer.status_code in (200, 403), (path, answer.text[:300])
    assert tried > 60


@pytest.mark.parametrize("role", ROLES)
def test_what_is_named_beyond_reach_cannot_be_written_and_is_not_found(county, role):
    before = county.every_row()
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        for rule in rules(county, method):
            if not set(rule.arguments) - set(COUNTY_WIDE):
                continue
            for place in {"near", "far"} - REACH[role]:
                for path in addresses(rule, named_in(county, place) | COUNTY_WIDE):
                    answer = county.send(method, path, role, WRITES.get(plain(rule)))

                    assert answer.status_code in (404, 403), (method, path, answer.text[:300])
                    assert marks_in(answer) == set(), path
    assert county.every_row() == before


@pytest.mark.parametrize("role", ROLES)
def test_a_pull_brings_what_lies_in_reach_and_nothing_else(county, role):
    cursor, found, pulled = None, set(), ""
    for _ in range(50):
        answer = county.post("/sync/pull", role, {"cursor": cursor, "limit": 20})
        assert answer.status_code == 200, answer.text
        found |= marks_in(answer)
        pulled += answer.text
        cursor = answer.json["cursor"]
        if not answer.json["more"]:
            break

    assert found <= REACH[role]
    assert found >= REACH[role] - {"shop", "gas"}
    for place in {"own", "near", "far"} - REACH[role]:
        for id in named_in(county, place)["record_id"]:
            assert id not in pulled


@pytest.mark.parametrize("role", ROLES)
def test_a_phone_is_given_what_lies_in_reach_and_nothing_else(county, role):
    phone = county.phone(role)
    answers = [phone.get("formList")]
    for form in phone.listed():
        answers.append(phone.get(form["downloadUrl"]))
        if "manifestUrl" not in form:
            continue
        answers.append(phone.get(form["manifestUrl"]))
        for file in phone.manifest(form["formID"]).values():
            answers.append(phone.get(file["downloadUrl"]))
            if "integrityUrl" in file:
                ids = ",".join(id for place in ("own", "near", "far") for id in named_in(county, place)["record_id"])
                answers += [phone.get(file["integrityUrl"]), phone.get(f"{file['integrityUrl']}?id={ids}")]

    assert set().union(*map(marks_in, answers)) <= REACH[role]
    told = "".join(map(text_of, answers))
    for place in {"own", "near", "far"} - REACH[role]:
        for id in named_in(county, place)["record_id"]:
            assert id not in told


@pytest.mark.parametrize("role", ROLES)
def test_the_pages_show_what_lies_in_reach_and_nothing_else(county, role):
    desk = Desk(county)
    assert desk.sign_in(role, PASSWORD).status_code in (302, 303)
    seen, asked, ahead = set(), Counter(), ["/office/", "/office/board"]
    while ahead and len(seen) < 200:
        path = ahead.pop()
        page = path.partition("?")[0]
        if path in seen or asked[page] == 15:  # pages of figures have no end of addresses: each names its instant
            continue
        seen.add(path)
        asked[page] += 1
        answer = desk.open(path)
        assert answer.status_code in (200, 302, 303, 403), (path, answer.status_code)
        assert marks_in(answer) <= REACH[role], path
        if answer.content_type.startswith("text/html"):
            links = Reader(answer.text).links
            ahead += [link for link in links if link.startswith("/office") and "sign-out" not in link]


@pytest.mark.parametrize("place", ["own", "near", "far"])
def test_every_address_answers_who_sees_the_whole_county_with_the_words_of_its_place(county, place):
    silent = []
    for rule in rules(county, "GET"):
        if not rule.arguments or rule.rule.endswith(ACTS_AHEAD):
            continue
        named = named_in(county, place) | COUNTY_WIDE
        answers = [county.get(path, "brigade") for path in addresses(rule, named)]
        words = set().union(*map(marks_in, answers))
        if not any(answer.status_code == 200 for answer in answers) or (_says_what_was_written(rule) and not words):
            silent.append(rule.rule)

    assert silent == []


def _says_what_was_written(rule: Rule) -> bool:
    about = {"record_id", "submission_id", "problem_id"} & set(rule.arguments)
    return bool(about) and rule.rule != f"{PREFIX}/submissions/<uuid:submission_id>"


def test_every_word_is_there_to_be_found(county, described):
    """Else nothing above could fail: whoever sees the whole county meets the words of every place at every door."""
    for rule in rules(county, "GET"):
        path = rule.rule.removeprefix(PREFIX)
        if rule.arguments or path in NOTHING_OF_A_PLACE:
            continue
        for format in formats_of(described, rule):
            asked = "?" + "&".join(filter(None, (f"format={format}" if format else "", MORE.get(path, ""))))
            answer = county.get(path + asked, "brigade")
            assert marks_in(answer) >= {"own", "near", "far"}, path


NOTHING_OF_A_PLACE = {
    "/areas",
    "/areas/borders",
    "/forms",
    "/items",
    "/record-types",
    "/submissions",
    "/summaries/closure",
    "/summaries/closure/days",
    "/summaries/closure/overdue",
    "/summaries/closure/review",
    "/audit",
    "/audit.csv",
    "/users/import/template.xlsx",
    "/devices",
    "/hazard-lists",
    "/monthly-reports",
    "/address-move",
    "/vacancies",
    "/webhooks",
    "/records/counts",
}
MORE = {"/summaries/closure/cases": "figure=reports", "/reviews": "later=true"}
"""Lists that say nothing that anybody wrote in a place, or of the caller alone; and what must be asked for."""


def sign_in(county: County, name: str) -> str:
    """Return the header by which a person who has signed in is known."""
    answer = county.client.post("/api/v1/session", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json['access_token']}"
