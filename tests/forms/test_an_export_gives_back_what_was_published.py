"""What ``form export`` writes can be published as it is: phones get the same form and the office the same lists."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import kobo_forms
from kobo_forms.export import to_xlsx
from server.cli.forms import form
from server.db import database
from server.forms.store import forms
from server.forms.usecases import publish
from server.forms.usecases.xlsform import child_process, conversion
from tests.county import new_database, prepared
from tests.forms.form_builders import a_form
from tests.household_visits import HYDRANTS, VISIT

pytestmark = pytest.mark.slow  # each of these starts the converter for every form that comes with the product

DATED = """\
name,label,label_en,active_from,active_to
now,现在,Now,2026-01-01,
soon,明年起,Soon,2027-01-01,
last,到年底,Last,2026-01-01,2026-12-31
gone,已停,Gone,2025-01-01,2025-12-31
"""
PICK = "| | select_one_from_file codes.csv | pick | 选 | Pick | |\n"


@pytest.fixture(autouse=True)
def _without_java(monkeypatch):
    """Leave ODK Validate out: every form here has passed it, or need not."""
    monkeypatch.setattr(conversion, "validate", lambda *_, **__: ())


def run(folder, *arguments):
    return CliRunner().invoke(form, [*map(str, arguments), "--data", str(folder)])


def exported(folder, to):
    assert run(folder, "export", to).exit_code == 0
    return to


def media_of(folder, form_id):
    opened = database.open_inline(folder)
    try:
        with opened.reading() as reading:
            return forms.stored_media(reading, form_id)
    finally:
        opened.close()


@pytest.mark.parametrize(("stated", "id"), [({}, "apiary"), ({"form_id": "", "version": "", "form_title": ""}, "蜂场")])
def test_an_exported_form_publishes_as_the_same_version_with_the_same_dated_list(tmp_path, stated, id):
    new_database(tmp_path / "county")
    (tmp_path / "蜂场.md").write_text(a_form(more=PICK, **stated), encoding="utf-8")
    (tmp_path / "codes.csv").write_text(DATED, encoding="utf-8")
    assert run(tmp_path / "county", "publish", tmp_path / "蜂场.md", tmp_path / "codes.csv").exit_code == 0

    out = exported(tmp_path / "county", tmp_path / "out")
    again = run(tmp_path / "county", "publish", out / f"{id}.xlsx", out / f"{id}-media" / "codes.csv")

    assert (out / f"{id}-media" / "codes.csv").read_text(encoding="utf-8") == DATED
    assert "内容没有变化" in again.output
    assert media_of(tmp_path / "county", id)["codes.csv"] == DATED.encode()


def test_a_form_into_several_ledgers_is_published_where_it_is_allowed_and_exported_as_it_was(tmp_path):
    new_database(tmp_path / "county")
    (tmp_path / "hydrant_new.md").write_text(HYDRANTS, encoding="utf-8")
    (tmp_path / "visit.md").write_text(VISIT, encoding="utf-8")
    assert run(tmp_path / "county", "publish", tmp_path / "hydrant_new.md").exit_code == 0

    refused = run(tmp_path / "county", "publish", tmp_path / "visit.md")
    allowed = run(tmp_path / "county", "publish", tmp_path / "visit.md", "--allow", "several-entities")
    again = run(tmp_path / "county", "publish", exported(tmp_path / "county", tmp_path / "out") / "visit.xlsx")

    assert (refused.exit_code, allowed.exit_code) == (1, 0)
    assert "KoboCollect" in refused.output
    assert "内容没有变化" in again.output
    assert "households people hydrants pets" in run(tmp_path / "county", "list").output


def test_a_form_in_csv_is_exported_as_the_file_that_it_was(tmp_path):
    new_database(tmp_path / "county")
    source = "survey,,,\n,type,name,label\n,text,keeper,养蜂人\nsettings,,,\n,form_title\n,登记\n"
    (tmp_path / "register.csv").write_bytes(source.encode("gb18030"))
    run(tmp_path / "county", "publish", tmp_path / "register.csv")

    out = exported(tmp_path / "county", tmp_path / "out")

    assert "内容没有变化" in run(tmp_path / "county", "publish", out / "register.csv").output


def test_every_built_in_form_is_published_exported_and_published_again_without_a_change(tmp_path):
    folder = tmp_path / "county"
    new_database(folder)
    opened = database.open_inline(folder)
    for name in kobo_forms.names():
        media = tuple(kobo_forms.sources(name).items())
        ready = prepared(kobo_forms.source(name).decode(), media)
        opened.write(lambda tx, ready=ready: publish.publish(tx, ready, None))
    opened.close()

    out = exported(folder, tmp_path / "out")

    for name in kobo_forms.names():
        media = sorted((out / f"{name}-media").glob("*"))
        assert "内容没有变化" in run(folder, "publish", out / f"{name}.xlsx", *media).output, name
        assert {path.name: path.read_bytes() for path in media} == kobo_forms.sources(name)


SEEN = st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs"], exclude_characters="|$")
CELL = st.text(SEEN, max_size=8)
WORD = st.one_of(CELL, st.sampled_from(["=1+1", "007", "1.0", "TRUE", "2026-11-29", "#N/A", "1e5", "'x", "甲 乙"]))
TYPES = st.sampled_from(["text", "integer", "decimal", "date", "note", "image", "geopoint", "select_one c", "barcode"])


@st.composite
def markdown_forms(draw) -> str:
    """Draw an XLSForm in Markdown: questions in and out of groups, choices, two languages, a version, or none."""
    rows = []
    for number in range(draw(st.integers(1, 5))):
        labels = f"{draw(WORD.filter(str.strip))} | {draw(WORD.filter(str.strip))}"
        row = f"| | {draw(TYPES)} | q{number} | {labels} | {draw(WORD)} |\n"
        kind = draw(st.sampled_from(["", "group", "repeat"]))
        rows.append(f"| | begin_{kind} | g{number} | 组 | G | |\n{row}| | end_{kind} | | | | |\n" if kind else row)
    choices = "| choices |\n| | list_name | name | label::中文 (zh) | label::English (en) |\n"
    for number in range(draw(st.integers(1, 3))):
        choices += f"| | c | {number} | {draw(WORD.filter(str.strip))} | x |\n"
    version = draw(st.sampled_from(["1", "2026112401", "1.0", "007", ""]))
    head = "| survey |\n| | type | name | label::中文 (zh) | label::English (en) | default |\n"
    return a_form(head + "".join(rows), choices=choices, entities="", version=version)


@given(markdown_forms())
def test_a_workbook_made_of_a_form_gives_phones_the_same_form(form):
    offered = {"form_id": "f", "version": "9"}
    published = child_process.converted(form.encode(), ".md", offered)

    again = child_process.converted(to_xlsx(form.encode(), offered), ".xlsx")

    assert "error" not in published, published["error"]
    assert again["xform"] == published["xform"]
