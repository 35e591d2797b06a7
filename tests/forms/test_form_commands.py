"""An administrator publishes, lists, closes and exports forms from a terminal."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from server.cli.forms import STATES, form
from tests.county import new_database
from tests.forms.form_builders import a_form, a_workbook


@pytest.fixture
def folder(tmp_path):
    new_database(tmp_path / "county")
    return tmp_path


def run(folder, *arguments):
    return CliRunner().invoke(form, [*arguments, "--data", str(folder / "county")])


def saved(folder, name, content) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


PICK = "| | select_one_from_file flowers.csv | flower | 花 | Flower | |\n"


def test_a_form_is_published_listed_closed_and_exported(folder):
    workbook = saved(folder, "form.xlsx", a_workbook(a_form(more=PICK)))
    flowers = saved(folder, "flowers.csv", "name,label\nacacia,槐花\n".encode())

    published = run(folder, "publish", workbook, flowers)
    again = run(folder, "publish", workbook)
    listed = run(folder, "list")
    exported = run(folder, "export", str(folder / "out"))
    closed = run(folder, "close", "apiary")

    assert published.exit_code == 0
    assert published.output == "apiary 版本 1（养蜂登记）已发布；已放入 flowers.csv。\n"
    assert "没有变化" in again.output
    assert listed.output.split("\t")[:3] == ["apiary", "1", "启用"]
    assert exported.exit_code == 0
    assert {path.name for path in (folder / "out").rglob("*.*")} == {"apiary.xlsx", "apiary.xml", "flowers.csv"}
    assert closed.exit_code == 0
    assert "停用" in run(folder, "list").output


def test_a_markdown_form_is_exported_as_a_workbook_that_publishes_alike(folder):
    run(folder, "publish", saved(folder, "form.md", a_form().encode()))
    run(folder, "export", str(folder / "out"))

    again = run(folder, "publish", str(folder / "out" / "apiary.xlsx"))

    assert "没有变化" in again.output


def test_a_refusal_shows_every_place_and_cure_and_ends_with_one(folder):
    outcome = run(folder, "publish", saved(folder, "form.md", a_form(more=PICK, default_language="中文").encode()))

    assert outcome.exit_code == 1
    assert "共 2 处问题" in outcome.stderr
    assert "settings 第 2 行 default_language" in outcome.stderr
    assert "→ 请把 flowers.csv 与表单一起上传" in outcome.stderr


def test_a_form_is_wound_down_and_listed_again(folder):
    run(folder, "publish", saved(folder, "form.md", a_form().encode()))

    assert "已填的仍可发送" in run(folder, "wind-down", "apiary").output
    assert run(folder, "list").output.split("\t")[2] == STATES["closing"]
    assert "重新启用" in run(folder, "reopen", "apiary").output
    assert run(folder, "list").output.split("\t")[2] == STATES["open"]


def test_a_form_that_is_not_there_cannot_be_closed(folder):
    outcome = run(folder, "close", "nothing")

    assert outcome.exit_code == 1
    assert "没有表单“nothing”" in outcome.stderr


def test_a_warning_is_shown_and_the_form_published(folder):
    outcome = run(folder, "publish", saved(folder, "form.md", a_form(default_language="").encode()))

    assert outcome.exit_code == 0
    assert "注意：" in outcome.stderr
    assert "default_language" in outcome.stderr
