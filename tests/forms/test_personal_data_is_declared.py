"""A form says what its questions hold of private persons; numbers in free text are found by their shape."""

from __future__ import annotations

import pytest

from server.errors import FormRefused
from server.forms.domain import personal
from server.forms.domain.personal import Personal, Wanted, masked, without_numbers
from server.forms.domain.record_types import Field, RecordType
from server.forms.domain.record_types import Kind as RecordKind
from server.forms.store import forms
from server.forms.usecases import publish
from tests.api_county import lay_people
from tests.county import a_county, prepared

FORM = """\
| survey |
| | type | name | label | save_to | bind::fg:personal |
| | text | owner | 姓名 | owner | {owner} |
| | text | tel | 联系电话 | tel | |
| entities |
| | list_name | label |
| | shops | ${{owner}} |
| settings |
| | form_title | form_id | version | namespaces | default_language |
| | 店铺 | shop | {version} | fg="urn:firegrid:xforms" | 中文 (zh) |
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("打13800000471", "打138****0471"),
        ("138 0000 0471", "138****0471"),
        ("138-0000-0471", "138****0471"),
        ("１３８００００４７１１", "138****4711"),
        ("+86 13800000471", "+86 138****0471"),
        ("＋８６１３８００００４７１１", "＋８６138****4711"),
        ("外地打013800000471", "外地打0138****0471"),
        ("0138-0000-0471", "0138****0471"),
        ("０１３８００００４７１１", "０138****4711"),
        ("0312-7324713", "031****13"),
        ("（0312）7324713", "（031****13"),
        ("（０３１２）７３２－４７１３", "（031****13"),
        ("138－0000（0471）", "138****0471）"),
        ("03127324713转8", "031****13转8"),
        ("电话7324713", "电话****13"),
        ("身份证130630199001014712", "身份证130****12"),
        ("13063019900101471x", "130****1X"),
        ("130630 19900101 471X", "130****1X"),
        ("王某13800000471，或0312-7324713", "王某138****0471，或031****13"),
        ("13800000471-13900000472", "138****0471-139****0472"),
        ("0312-7324713-8001", "031****13-8001"),
        ("2-13800000471", "2-138****0471"),
        ("wx13800000471", "wx138****0471"),
        ("138.0000.0471", "138****71"),
        ("138·0000·0471", "138****0471"),
        ("138\u200b0000\u200b0471", "138****0471"),
        ("138  0000   0471", "138****0471"),
        ("联系方式：7324713", "联系方式：****13"),
    ],
)
def test_a_number_of_a_person_is_masked_wherever_it_stands(text, shown):
    assert without_numbers(text) == shown
    assert without_numbers(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "130630100201", "130630100201001", "39.1234567 114.7123456 900 5", "2026-11-24 10:30:15", "20261124-12345",
        "LY-2026-0007", "GB 35181-2017", "灭火器 4kg ABC 8 具，水带 65mm×20m 6 盘", "2026-11-24T04:00:00.000Z",
        "13912345-6789-4123-8abc-1234567890ab", "a3f13800000471bc", "共 12345 元",
        "12345678-1380-4000-8471-138000004711", "131.12345678 45.1234567 0 0", "2026.11.29", "没有号码", "",
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_person_stays(text):
    assert without_numbers(text) == text


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Personal.PHONE, "13800000471", "138****0471"),
        (Personal.PHONE, "13800000471 13900000472", "138****0471 139****0472"),
        (Personal.PHONE, "400-810-4713", "400****13"),
        (Personal.PHONE, "12345", "****"),
        (Personal.IDENTITY, "130630199001014712", "130****12"),
        (Personal.IDENTITY, "军字第0004713号", "000****13"),
        (Personal.NAME, "欧阳建国", "欧**"),
        (Personal.NAME, "李", "李**"),
        (Personal.ADDRESS, "白石山镇荆山口村12号", "****"),
        (Personal.OTHER, "低保", "****"),
        (Personal.PHONE, "", ""),
    ],
)
def test_a_declared_field_is_masked_by_what_it_holds(kind, value, shown):
    assert masked(value, kind) == shown
    assert value == "" or personal.is_mask(shown)


@pytest.fixture
def county(tmp_path):
    with a_county(tmp_path / "data", lay_people) as served:
        yield served


def personal_of(county, type: str) -> dict[str, Personal]:
    with county.store.reading() as reading:
        return dict(forms.catalogue(reading).types[type].personal)


def test_a_later_version_may_declare_what_an_earlier_one_did_not_and_silence_takes_nothing_back(county):
    county.publish(FORM.format(owner="", version="1"))
    assert personal_of(county, "shops") == {}

    county.publish(FORM.format(owner="name", version="2"))
    county.publish(FORM.format(owner="", version="3"))
    assert personal_of(county, "shops") == {"owner": Personal.NAME}

    county.publish(FORM.format(owner="public", version="4"))
    assert personal_of(county, "shops") == {}


def test_a_word_that_nobody_knows_is_refused_with_those_that_there_are():
    with pytest.raises(FormRefused, match=r"fg:personal.*nickname.*phone（电话）"):
        prepared(FORM.format(owner="nickname", version="1"))


def test_publishing_warns_of_what_seems_personal_and_is_not_declared(county):
    form = prepared(FORM.format(owner="name", version="1"))

    published = county.do(publish.publish, form, None)

    [warning] = [each for each in published.warnings if "bind::fg:personal" in each]
    assert "“联系电话”" in warning
    assert "“姓名”" not in warning


def test_the_built_in_station_was_published_before_forms_could_say_it():
    fields = {name: Field(name) for name in ("head", "duty_phone", "title")}
    at = "2026-11-24T04:00:00.000Z"

    type = RecordType(
        "micro_stations", "站", RecordKind.PROFILE, fields, built_in=personal.built_in("micro_stations", at)
    )

    assert dict(type.personal) == {"head": Personal.NAME}
    assert "duty_phone" in type.unwritten


@pytest.mark.parametrize("wanted", ["13800000471", "013800000471", "+8613800000471", "138 0000 0471"])
@pytest.mark.parametrize("text", ["13800000471", "打013800000471", "0138-0000-0471", "0 13800000471", "8613800000471"])
def test_a_number_of_a_person_is_found_however_it_is_dialled(wanted, text):
    assert Wanted(wanted).stands_in(text)
    assert not Wanted(wanted).stands_in(text.replace("0471", "0472"))
