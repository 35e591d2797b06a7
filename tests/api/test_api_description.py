"""The API describes itself by OpenAPI 3.1, and keeps what it says under any input."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.laws import examples

EXAMPLES = settings(max_examples=examples(30), derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def document(county):
    return county.client.get("/api/openapi.json").json


def operations(document):
    """Return the path, the method and the description of every operation."""
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


NOT_TRIED = "session"
"""Paths of the caller's own session, which would end."""

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


def test_the_document_is_openapi_3_1_and_names_every_route(county, document):
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    routed = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in county.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    } | {("HEAD", "/api/v1/uploads/{upload_id}"), ("OPTIONS", "/api/v1/uploads/")}

    assert document["openapi"] == "3.1.0"
    assert described == routed


def test_the_document_is_valid_by_the_schema_of_openapi_3_1(document):
    schemathesis.openapi.from_dict(document).validate()


def test_each_default_is_a_value_that_may_be_sent(document):
    for name, schema in document["components"]["schemas"].items():
        for property, told in schema.get("properties", {}).items():
            default = told.get("default")
            if isinstance(default, str):
                assert len(default) >= told.get("minLength", 0), (name, property)
                assert default in told.get("enum", [default]), (name, property)


def test_every_operation_says_what_it_does_and_by_which_statuses_it_refuses(document):
    for path, method, operation in operations(document):
        assert operation["summary"], (method, path)
        assert "default" not in operation["responses"], (method, path)
        for status in ("400", "408", "413", "431", "503"):
            assert status in operation["responses"], (method, path, status)


def test_every_refusal_is_described_as_problem_json(document):
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                named = response.get("$ref", "").rpartition("/")[2]
                described = document["components"]["responses"][named] if named else response
                schema = described["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Refusal"}, (method, path, status)


def test_every_route_but_signing_in_demands_a_caller(document):
    assert document["security"] == [{"access": []}, {"key": []}]
    assert [path for path, _, operation in operations(document) if operation.get("security") == []] == [
        "/api/v1/session"
    ]


def test_the_page_shows_it_with_files_of_its_own_alone(county):
    page = county.client.get("/api/docs")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text.replace("http-equiv", "")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        answer = county.client.get(f"/api/{address}", buffered=True)
        assert (answer.status_code, len(answer.data) > 50) == (200, True), address
    assert county.client.get("/api/docs/flask_swagger_ui.py").status_code == 404


@pytest.mark.slow
def test_no_input_brings_the_server_down_and_answers_are_as_described(county_to_change):
    api = schemathesis.openapi.from_wsgi("/api/openapi.json", county_to_change.app)
    caller = {"Authorization": f"Key {county_to_change.keys['brigade']}"}
    # Every call shows a good key, which the check of wrong credentials would take for a hole; and a schema cannot
    # tell which cursors and record types there are, so that well-formed ones may be refused.
    left_out = [schemathesis.checks.CHECKS.get_one(name) for name in ("ignored_auth", "positive_data_acceptance")]
    tried = 0
    for result in api.exclude(path_regex=NOT_TRIED).get_all_operations():

        @EXAMPLES
        @given(case=result.ok().as_strategy())
        def answers_as_described(case):
            case.call_and_validate(headers=caller, excluded_checks=left_out)

        answers_as_described()
        tried += 1
    assert tried >= 20


@pytest.mark.slow
def test_no_wish_of_an_administrator_brings_the_server_down(office):
    api = schemathesis.openapi.from_wsgi("/api/openapi.json", office.app)
    caller = {"Authorization": f"Key {office.keys['admin']}"}
    left_out = [schemathesis.checks.CHECKS.get_one(name) for name in ("ignored_auth", "positive_data_acceptance")]
    tried = 0
    for result in api.exclude(path_regex=NOT_TRIED).exclude(method="GET").get_all_operations():

        @EXAMPLES
        @given(case=result.ok().as_strategy())
        def answers_as_described(case):
            case.call_and_validate(headers=caller, excluded_checks=left_out)

        answers_as_described()
        tried += 1
    assert tried >= 10


@pytest.mark.slow
def test_no_sign_in_brings_the_server_down(office):
    api = schemathesis.openapi.from_wsgi("/api/openapi.json", office.app)
    for result in api.include(path_regex="session").get_all_operations():

        @EXAMPLES
        @given(case=result.ok().as_strategy())
        def answers(case):
            assert case.call().status_code < 500

        answers()
