"""Every built-in ledger for every role: who gets in, and that no page tells a personal value that the API masks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
import pytest

import kobo_forms
from server.app import close
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.forms.usecases import code_lists, publish
from server.office.sessions import FORM_FIELD
from server.people.domain.actors import Role
from server.people.domain.passwords import PasswordState
from server.staffing.usecases import enrolment
from tests.api_county import COUNTY, FAR_UNIT, NAMES, PASSWORD, TOWN, UNIT, VILLAGE, add_record, uuid_of
from tests.county import County, add_grid, add_people, open_county, prepared
from tests.office.desk import Desk, Form, Reader
from tests.passwords import hash_of

PLACES = {
    Role.GRID_WORKER: UNIT,
    Role.GRID_LEADER: VILLAGE,
    Role.VILLAGE_OFFICER: VILLAGE,
    Role.POLICE: TOWN,
    Role.TOWN_STATION: TOWN,
    Role.UNIT_MANAGER: UNIT,
    Role.STATION_HEAD: VILLAGE,
}
"""Where the role is held; the others are the county's."""

SECRETS = ("欧阳守站", "司徒他乡")
"""Heads of two stations, of which only the first lies in the village of those above."""

HEADS = dict(zip(("station here", "station there"), SECRETS, strict=True))


def lay(tx) -> list[str]:
    add_grid(tx, NAMES)
    enrolment.add_body(tx, "dept-gas", name="燃气主管部门", kind="department", area=COUNTY, by="test", contact="")
    code_lists.install(tx)
    for name in kobo_forms.names():
        media = tuple(kobo_forms.sources(name).items())
        publish.publish(tx, prepared(kobo_forms.source(name).decode(), media), None)
    own = {"password_hash": hash_of(PASSWORD), "password_state": PasswordState.OWN}
    bodies = {Role.DEPT_HANDLER: "dept-gas", Role.UNIT_MANAGER: "dept-gas"}
    rows = [(role.value, role.value, PLACES.get(role, COUNTY), bodies.get(role)) for role in Role]
    return add_people(tx, [*rows, ("stranger", "grid_worker", FAR_UNIT, None)], **own)


def fill(county: County) -> None:
    for (word, head), by, area in zip(HEADS.items(), ("grid_worker", "stranger"), (UNIT, FAR_UNIT), strict=True):
        fields = {"title": word, "head": head, "area": area, "label": f"{word}｜{head}", "staff_count": "3"}
        add_record(county, word, by, fields, type="micro_stations", area=area)
    patrol = {"label": "巡查 一", "patrolled_on": "2026-11-20", "area": UNIT}
    add_record(county, "patrol here", "grid_worker", patrol, type="patrols", area=UNIT)


@pytest.fixture(scope="module")
def built_in(tmp_path_factory) -> Iterator[County]:
    made = open_county(tmp_path_factory.mktemp("ledgers") / "data", lay)
    fill(made)
    yield made
    close(made.app)


@pytest.fixture(scope="module", params=list(Role))
def somebody(request, built_in) -> Desk:
    desk = Desk(built_in)
    desk.sign_in(request.param.value)
    desk.role = request.param.value
    return desk


def types(county: County):
    with county.store.reading() as reading:
        return {name: type.kind for name, type in forms.catalogue(reading).types.items()}


def pages_of(desk: Desk) -> dict[str, object]:
    """Return every page of every ledger, and what records and files it leads to, by address."""
    found = {}
    for name, kind in types(desk.county).items():
        beside = () if kind is Kind.CASE else ("/missing", "/new")
        for path in (f"/office/ledgers/{name}", *(f"/office/ledgers/{name}{each}" for each in beside)):
            found[path] = desk.open(path)
    for word in HEADS:
        record = f"/office/ledgers/micro_stations/{uuid_of(word)}"
        found |= {path: desk.open(path) for path in (record, f"{record}/edit")}
    for format in ("csv", "xlsx"):
        path = f"/office/ledgers/micro_stations/export.{format}"
        found[path] = desk.open(path)
    return found


def seen_by_api(desk: Desk, word: str):
    return desk.county.get(f"/records/{uuid_of(word)}", desk.role)


def test_a_page_opens_to_whom_the_api_shows_its_record(somebody):
    for path, page in pages_of(somebody).items():
        assert page.status_code in (200, 303, 403, 404, 409), (path, page.status_code)
        assert page.status_code != 200 or page.mimetype != "text/html" or Reader(page.text).inline == []
    for word in HEADS:
        page = somebody.open(f"/office/ledgers/micro_stations/{uuid_of(word)}")
        assert page.status_code == seen_by_api(somebody, word).status_code


def test_no_page_tells_a_personal_value_that_the_api_masks(somebody):
    masked = [
        head for word, head in HEADS.items() if head not in orjson.dumps(seen_by_api(somebody, word).json).decode()
    ]
    searches = [f"/office/ledgers/micro_stations?q={head}&col=head" for head in SECRETS]
    pages = pages_of(somebody) | {path: somebody.open(path) for path in searches}
    told = {
        path: secret
        for path, page in pages.items()
        for secret in masked
        if secret.encode() in re.sub(rb'(value="|[?&;]q=)[^"&]*', b"", page.data)  # what was searched for comes back
    }

    assert told == {}


def test_what_a_page_offers_is_taken_and_what_it_does_not_is_refused(somebody):
    for word in HEADS:
        address = f"/office/ledgers/micro_stations/{uuid_of(word)}"
        page, form = somebody.open(address), somebody.open(f"{address}/edit")
        if page.status_code == 200:
            assert (f"{address}/edit" in Reader(page.text).links) == (form.status_code == 200)
    for name, kind in types(somebody.county).items():
        if kind is not Kind.CASE:
            listed, new = somebody.open(f"/office/ledgers/{name}"), somebody.open(f"/office/ledgers/{name}/new")
            offered = f"/office/ledgers/{name}/new" in Reader(listed.text).links
            assert offered == (new.status_code == 200), (name, new.status_code)


def test_a_masked_value_is_revealed_for_a_reason_and_the_audit_tells(somebody):
    for word, head in HEADS.items():
        address = f"/office/ledgers/micro_stations/{uuid_of(word)}"
        asked = {"field": "head", "reason": "核对站长姓名"}
        page, may = (
            somebody.open(address),
            somebody.county.post(f"/records/{uuid_of(word)}/reveal", somebody.role, asked),
        )
        offered = [form for form in Reader(page.text).forms if form.action == f"{address}/reveal"]
        is_masked = page.status_code == 200 and head not in page.text
        told = len(entries(somebody, word))

        assert bool(offered) == (is_masked and may.status_code == 200)
        form = offered[0] if offered else Form(f"{address}/reveal", "post", {**token_of(somebody), "field": "head"})
        short, shown = somebody.submit(form, reason="看"), somebody.submit(form, reason=asked["reason"])

        assert (shown.status_code, head in shown.text) == (may.status_code, may.status_code == 200)
        assert short.status_code == (422 if may.status_code == 200 else may.status_code)
        assert not is_masked or head not in short.text + somebody.open(address).text
        assert len(entries(somebody, word)) - told == (may.status_code == 200)


def token_of(desk: Desk) -> dict[str, str]:
    """Return the token that every form of somebody's session carries."""
    found = [each.fields for each in Reader(desk.open("/office/password").text).forms]
    return {FORM_FIELD: next(fields[FORM_FIELD] for fields in found if FORM_FIELD in fields)}


def entries(desk: Desk, word: str) -> list[dict[str, object]]:
    return desk.county.rows(
        "SELECT * FROM audit WHERE action = 'personal.reveal' AND actor = :by AND subject = :record",
        by=desk.role, record=uuid_of(word),
    )  # fmt: skip
