"""Which forms a phone is told to download, and where (``openrosa.md`` section 7, 1 to 18)."""

from __future__ import annotations

import gzip
from xml.etree import ElementTree as ET

import pytest

from server.forms.usecases import publish
from server.openrosa import routes
from tests.odk_collect import is_chinese, md5, message_of, path_of_url

XFORMS_LIST = "{http://openrosa.org/xforms/xformsList}"
EXTRA_NOTE = "| | text | note | 备注 | note | | |\n"


def test_the_form_list_is_what_collect_demands(phone):
    # 1, 18
    answer = phone.get("formList")

    assert answer.status_code == 200
    assert "text/xml" in answer.content_type
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) > 0
    assert "no-cache" in answer.headers["Cache-Control"]
    assert answer.headers["Date"]
    root = ET.fromstring(answer.data)
    assert root.tag == f"{XFORMS_LIST}xforms"
    assert len(root) == 8
    assert all(element.tag.startswith(XFORMS_LIST) for element in root.iter())
    assert all(form.findtext(f"{XFORMS_LIST}hash", "").startswith("md5:") for form in root)


@pytest.mark.parametrize("path", ["formList", "submission"])
def test_a_caller_that_is_no_phone_is_told_so(phone, path):
    # 2, 31
    answer = phone.get(path, X_OpenRosa_Version="")

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert phone.head(X_OpenRosa_Version="").status_code == 400


def test_a_person_without_forms_gets_an_empty_list(valley):
    # 6
    assert valley.phone("viewer").listed() == []


def test_one_form_is_listed_by_its_id(phone):
    # 7
    assert [form["formID"] for form in phone.listed("?formID=hazard")] == ["hazard"]
    assert phone.listed("?formID=nope") == []


@pytest.mark.one_process  # the web server in front refuses some itself
@pytest.mark.parametrize("host", ["fire_grid:8600", "a b", "evil.example/x", ""])
def test_an_address_that_no_phone_can_ask_brings_a_refusal_and_no_broken_list(phone, host):
    for path in ("formList", "forms/station_edit/manifest"):
        answer = phone.get(path, Host=host)

        assert answer.status_code == 400
        assert "FIREGRID_PUBLIC_URL" in message_of(answer)


def test_parameters_that_nobody_knows_change_nothing(phone):
    # 8
    assert phone.get("formList?deviceID=collect%3Aabc&foo=1&verbose=true").data == phone.get("formList").data


def test_the_listed_hash_is_that_of_the_bytes_at_the_address(phone):
    # 9
    for form in phone.listed():
        answer = phone.get(form["downloadUrl"])

        assert answer.status_code == 200
        assert f"md5:{md5(answer.data)}" == form["hash"]


def test_addresses_are_absolute_and_keep_the_key(phone):
    # 10
    for form in phone.listed():
        assert form["downloadUrl"].startswith(f"http://localhost{phone.base}/forms/")
        assert form.get("manifestUrl", form["downloadUrl"]).startswith(f"http://localhost{phone.base}/forms/")
    entry = phone.manifest("station_edit")["stations.csv"]
    assert entry["downloadUrl"].startswith(f"http://localhost{phone.base}/")
    assert entry["integrityUrl"] == f"http://localhost{phone.base}/lists/stations/integrity"


def test_a_form_id_with_a_space_and_chinese_has_an_address_that_works(phone):
    # 11
    url = phone.form("巡查 表1")["downloadUrl"]

    assert path_of_url(url).endswith("/forms/%E5%B7%A1%E6%9F%A5%20%E8%A1%A81.xml")
    assert phone.get(url).status_code == 200


def test_a_title_of_signs_is_escaped(phone):
    # 12
    assert phone.form("round")["name"] == '巡查 <A> & "B"'


@pytest.mark.parametrize("ending", [publish.close, publish.wind_down])
def test_a_form_that_winds_down_is_listed_no_more_until_it_opens_again(valley, phone, ending):
    # 13
    valley.do(ending, "hazard", by="admin")
    assert "hazard" not in [form["formID"] for form in phone.listed()]

    valley.do(publish.reopen, "hazard", by="admin")
    assert "hazard" in [form["formID"] for form in phone.listed()]


def test_a_form_for_another_role_is_not_listed_and_not_readable(valley, phone):
    assert "town_only" not in [form["formID"] for form in phone.listed()]
    assert phone.get("forms/town_only.xml").status_code == 403
    assert "town_only" in [form["formID"] for form in valley.phone("town").listed()]


def test_a_manifest_is_offered_exactly_for_forms_that_need_files(phone):
    # 14
    offered = {form["formID"] for form in phone.listed() if "manifestUrl" in form}

    assert offered == {"round", "station_new", "station_edit", "station_any", "hazard", "hazard_step"}


@pytest.mark.parametrize("path", ["formList", "forms/station_edit/manifest", "lists/stations/integrity"])
def test_a_failure_of_ours_is_never_an_empty_list(phone, monkeypatch, path):
    # 15
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(routes.offered_forms, "list_for", fail)
    monkeypatch.setattr(routes.entity_lists, "manifest", fail)
    monkeypatch.setattr(routes.entity_lists, "integrity", fail)

    answer = phone.get(path)

    assert answer.status_code == 500
    assert "内部错误" in message_of(answer)
    assert b"fire" not in answer.data


@pytest.mark.parametrize("path", ["/formList", "/formList/", "//formList", "/formList//"])
def test_slashes_at_the_end_of_the_server_address_do_no_harm(phone, path):
    # 16
    answer = phone.valley.app.test_client().get(f"{phone.base}{path}", headers={"X-OpenRosa-Version": "1.0"})

    assert answer.status_code == 200
    assert answer.data == phone.get("formList").data


def test_a_compressed_answer_holds_the_same_bytes(phone):
    # 17
    plain, packed = phone.get("formList"), phone.get("formList", Accept_Encoding="gzip")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("weak", ["", "W/"])
def test_what_a_phone_holds_already_is_answered_by_304(phone, weak):
    # 17, 24
    entry = phone.manifest("station_edit")["stations.csv"]
    form = phone.form("station_edit")
    for url in ("formList", form["downloadUrl"], form["manifestUrl"], entry["downloadUrl"]):
        etag = phone.get(url).headers["ETag"]

        again = phone.get(url, If_None_Match=f"{weak}{etag}")

        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert phone.get(url, If_None_Match='"another"').status_code == 200
