"""An officer reads what waits for a person to settle it."""

from __future__ import annotations

import pytest

from schemas.problems import ProblemSchema
from server.problems.domain.problems import Problem, ProblemKind
from server.problems.store import problems
from tests.api_county import UNIT, VILLAGE, uuid_of

ONE = uuid_of("station one")


def kinds(county, name, query=""):
    answer = county.get(f"/problems{query}", name)
    assert answer.status_code == 200, answer.text
    return sorted(item["kind"] for item in answer.json["items"])


def test_problems_have_the_shape_that_the_document_describes(county):
    items = county.get("/problems", "brigade").json["items"]

    assert [ProblemSchema().validate(item) for item in items] == [{}] * len(items)
    assert [item["created_at"] for item in items] == sorted((item["created_at"] for item in items), reverse=True)


def test_everyone_sees_the_problems_of_their_area(county):
    assert kinds(county, "officer") == ["conflict", "misfit"]
    assert kinds(county, "othertown") == ["misfit"]
    assert kinds(county, "neighbour") == []
    assert kinds(county, "brigade") == ["conflict", "misfit", "misfit"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=misfit", ["misfit", "misfit"]),
        (f"?record={ONE.upper()}&kind=conflict", ["conflict"]),
        (f"?area={VILLAGE}", ["conflict", "misfit"]),
        ("?type=stations", ["conflict"]),
        (f"?submission={uuid_of('nothing')}", []),
        ("?settled=true", []),
        ("?settled=any", ["conflict", "misfit", "misfit"]),
    ],
)
def test_filters_narrow_the_list(county, query, found):
    assert kinds(county, "brigade", query) == found


@pytest.mark.parametrize("query", ["?kind=A", "?record=x", "?settled=maybe", "?colour=red"])
def test_what_cannot_be_asked_is_refused(county, query):
    assert county.get(f"/problems{query}", "brigade").status_code == 422


def test_pages_go_on_where_the_last_one_ended(county):
    seen, cursor = [], ""
    while cursor is not None:
        page = county.get(f"/problems?limit=1{cursor and f'&cursor={cursor}'}", "brigade").json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert seen == county.ids("/problems", "brigade")


def test_one_problem_shows_inside_its_area_alone(county):
    [id] = county.ids("/problems?kind=conflict", "officer")

    assert county.get(f"/problems/{id}", "officer").json["record"] == ONE
    assert county.get(f"/problems/{id}", "othertown").status_code == 404
    assert county.get(f"/problems/{id}/body", "officer").status_code == 404


def test_a_settled_problem_leaves_the_open_list_and_tells_who_settled_it(office):
    filed = Problem(ProblemKind.MISFIT, "130630/100/201/001", "请核对。")
    id = office.store.write(lambda tx: problems.add(tx, filed))

    office.store.write(lambda tx: problems.settle(tx, id, "officer"))

    assert office.ids("/problems", "officer") == []
    [item] = office.get("/problems?settled=true", "officer").json["items"]
    assert (item["settled_by"], item["area"]) == ("officer", UNIT)


def test_a_problem_of_nowhere_shows_to_its_author_alone(office):
    filed = Problem(ProblemKind.NOT_TAKEN, "", "无法收下。", author="worker")
    office.store.write(lambda tx: problems.add(tx, filed))

    [item] = office.get("/problems", "worker").json["items"]
    assert item["area"] is None
    assert office.ids("/problems", "brigade") == []
