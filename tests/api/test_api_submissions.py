"""An officer looks at what a phone really sent: its words byte for byte, its photos, and what nobody could take."""

from __future__ import annotations

import hashlib
import io
import json

import pytest

from schemas.problems import ProblemSchema
from schemas.submissions import AttachmentSchema, SubmissionSchema
from server.forms.usecases import publish
from tests.api_county import JPEG, SUBMISSION, UNIT, VILLAGE, send, uuid_of

SHA256 = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture
def sent(county):
    """The submission of the worker, as the list shows it."""
    [item] = county.get("/submissions", "worker").json["items"]
    return item


def test_a_submission_tells_who_sent_it_from_where_and_with_which_receipt(county, sent):
    assert SubmissionSchema().validate(sent) == {}
    assert (sent["form"], sent["author"], sent["area"], sent["current"]) == ("station", "worker", UNIT, True)
    assert (sent["files_expected"], sent["files_present"]) == (1, 1)
    assert county.get(f"/submissions/{sent['id']}", "officer").json == sent


@pytest.mark.parametrize(
    ("name", "authors"),
    [("brigade", ["stranger", "worker"]), ("officer", ["worker"]), ("stranger", ["stranger"]), ("neighbour", [])],
)
def test_everyone_sees_the_submissions_of_their_area_and_their_own(county, name, authors):
    items = county.get("/submissions", name).json["items"]

    assert [item["author"] for item in items] == authors


@pytest.mark.parametrize(
    ("query", "authors"),
    [
        (f"area={VILLAGE}", ["worker"]),
        ("author=stranger", ["stranger"]),
        ("form=station&limit=1", ["stranger"]),
        ("form=other", []),
        (f"instance_id=uuid:{uuid_of('sent')}", ["worker"]),
    ],
)
def test_filters_narrow_the_list(county, query, authors):
    items = county.get(f"/submissions?{query}", "brigade").json["items"]

    assert [item["author"] for item in items] == authors


def test_pages_go_on_where_the_last_one_ended(county):
    first = county.get("/submissions?limit=1", "brigade").json
    second = county.get(f"/submissions?limit=1&cursor={first['next']}", "brigade").json

    assert [item["author"] for item in first["items"] + second["items"]] == ["stranger", "worker"]
    assert second["next"] is None


def test_the_xml_is_given_byte_for_byte_and_no_browser_runs_it(county, sent):
    answer = county.get(f"/submissions/{sent['id']}.xml", "officer")

    assert answer.data == county.known["xml"].encode()
    assert answer.mimetype == "text/xml"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_files_are_listed_with_their_hash_and_given_as_they_came(county, sent):
    page = county.get(f"/submissions/{sent['id']}/attachments", "officer").json
    answer = county.get(f"/submissions/{sent['id']}/attachments/photo.jpg", "officer")

    assert [AttachmentSchema().validate(item) for item in page["items"]] == [{}]
    assert [(item["name"], item["sha256"], item["size"], item["served"]) for item in page["items"]] == [
        ("photo.jpg", SHA256, len(JPEG), True)
    ]
    assert (answer.data, answer.mimetype, answer.headers["ETag"]) == (JPEG, "image/jpeg", f'"{SHA256}"')
    assert answer.headers["Content-Disposition"].startswith("inline")


def test_a_file_is_not_sent_again_and_may_be_sent_in_parts(county, sent):
    path = f"/submissions/{sent['id']}/attachments/photo.jpg"

    again = county.get(path, "officer", **{"If-None-Match": f'"{SHA256}"'})
    part = county.get(path, "officer", Range="bytes=4-9")

    assert (again.status_code, again.data) == (304, b"")
    assert (part.status_code, part.data) == (206, JPEG[4:10])


def test_a_page_that_came_as_a_file_is_offered_as_plain_bytes(county):
    [item] = county.get("/submissions", "stranger").json["items"]

    answer = county.get(f"/submissions/{item['id']}/attachments/page.html", "brigade")

    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "rest", ["", ".xml", "/attachments", "/attachments/photo.jpg", "/attachments/other.jpg", "/attachments/..%2Fsecret"]
)
def test_out_of_scope_nothing_of_a_submission_shows(county, sent, rest):
    assert county.get(f"/submissions/{sent['id']}{rest}", "stranger").status_code == 404


def test_a_name_that_was_not_sent_is_not_found(county, sent):
    path = f"/submissions/{sent['id']}/attachments/photo.jpg"

    assert county.get(f"/submissions/{sent['id']}/attachments/other.jpg", "officer").status_code == 404
    assert county.get(f"{path}?sha256={'0' * 64}", "officer").status_code == 404
    assert county.get(f"{path}?sha256=x", "officer").status_code == 422


@pytest.fixture
def stations(office, prepared_forms):
    """A county of one's own that takes the station form."""
    office.store.write(lambda tx: publish.publish(tx, prepared_forms[0], None))
    return office


def test_another_content_under_one_name_is_kept_and_the_first_is_served(stations):
    send(stations, "worker", "twice", ("photo.jpg", JPEG, "image/jpeg"))
    send(stations, "worker", "twice", ("photo.jpg", b"\xff\xd8 another", "image/jpeg"))
    [item] = stations.get("/submissions", "worker").json["items"]
    path = f"/submissions/{item['id']}/attachments"

    page = stations.get(path, "worker").json
    other = next(each["sha256"] for each in page["items"] if not each["served"])

    assert [each["served"] for each in page["items"]] == [True, False]
    assert stations.get(f"{path}/photo.jpg", "worker").data == JPEG
    assert stations.get(f"{path}/photo.jpg?sha256={other}", "worker").data == b"\xff\xd8 another"


def test_a_body_that_could_not_be_taken_waits_as_a_problem_with_its_bytes(stations):
    xml = SUBMISSION.format(photo="", instance="uuid:1").replace('id="station"', 'id="unheard_of"').encode()
    stations.client.post(
        f"/key/{stations.keys['worker']}/submission",
        data={"xml_submission_file": (io.BytesIO(xml), "submission.xml", "text/xml")},
        headers={"X-OpenRosa-Version": "1.0"},
    )

    [problem] = stations.get("/problems?kind=not_taken", "officer").json["items"]

    assert ProblemSchema().validate(problem) == {}
    body = f"/problems/{problem['id']}/body"
    assert stations.get(body, "stranger").status_code == 404
    assert stations.get(f"{body}?reason=要看看填了什么", "stranger").status_code == 404
    for reason in ("", "?reason=看看", "?reason=%20%20%20%20"):
        refused = stations.get(f"{body}{reason}", "officer")
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "reason")
    assert stations.rows("SELECT 1 FROM audit WHERE action = 'personal.reveal'") == []

    shown = stations.get(f"{body}?reason=要看看填了什么", "officer")

    assert (shown.status_code, shown.data) == (200, xml)
    [entry] = stations.rows("SELECT actor, subject, detail FROM audit WHERE action = 'personal.reveal'")
    assert (entry["actor"], entry["subject"]) == ("officer", problem["id"])
    told = json.loads(entry["detail"])
    assert (told["form"], told["reason"]) == ("unheard_of", "要看看填了什么")
