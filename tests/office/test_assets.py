"""Script and style are built, small, compressed, named by what they hold, and kept by browsers for ever."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from pathlib import Path

import pytest

from server.office import assets
from server.office.web import office_build
from tests.office.desk import Desk
from tests.source_tree import ROOT

CSS_BYTES_MAX, ALL_BYTES_MAX = 6_000, 120_000
"""Compressed: the budget of the pages (style alone; script and style of a page)."""


@pytest.fixture(autouse=True)
def _built():
    """Without them, or with those of other sources, CI fails; at a desk the tests are skipped aloud."""
    stamp = assets.STATIC / office_build.STAMP
    if not stamp.exists() or stamp.read_text().strip() != office_build.digest():
        if os.environ.get("CI"):
            pytest.fail("script and style are not those of the sources: make builds them")
        pytest.skip("NOT TRIED: script and style are not those of the sources; make builds them")


def test_a_page_names_them_and_they_are_served_for_ever(county):
    page = county.client.get("/").text
    named = re.findall(r'(?:href|src)="(/office/static/[^"]+)"', page)

    assert len(named) == 2
    for address in named:
        answer = county.client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert re.search(r"-[\w-]{8}\.(css|js)$", address)


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        *(("br, gzip", "br"), ("gzip", "gzip"), ("identity", None), ("", None), ("*", "br")),
        *(("br;q=0, gzip", "gzip"), ("br;q=0, *", "gzip"), ("*;q=0", None), ("gzip;q=0, br;q=0", None)),
    ],
)
def test_each_browser_gets_what_it_takes(county, accepted, sent):
    address = assets.address("office.js")
    plain = county.client.get(address, headers={"Accept-Encoding": "identity"}).data
    answer = county.client.get(address, headers={"Accept-Encoding": accepted})

    assert answer.headers.get("Content-Encoding") == sent
    assert answer.content_type.startswith("text/javascript")
    if sent == "gzip":
        assert gzip.decompress(answer.data) == plain


@pytest.mark.parametrize("name", ["../manifest.json", "..%2fbuilt.txt", "office.css", "manifest.json"])
def test_nothing_else_is_served(county, name):
    assert county.client.get(f"/office/static/assets/{name}").status_code == 404


def test_a_server_that_runs_while_another_build_comes_serves_what_its_pages_name(county, monkeypatch, tmp_path):
    shutil.copytree(assets.STATIC, tmp_path / "static")
    monkeypatch.setattr(assets, "STATIC", tmp_path / "static")
    assets.built.cache_clear()
    named = assets.address("office.css")
    shutil.rmtree(tmp_path / "static")
    answer = county.client.get(named)
    assets.built.cache_clear()

    assert answer.status_code == 200


def test_they_keep_within_the_budget():
    style, script = (
        assets.STATIC / assets.address(name).removeprefix("/office/static/") for name in ("office.css", "office.js")
    )
    sizes = [Path(f"{path}.gz").stat().st_size for path in (style, script)]

    assert sizes[0] <= CSS_BYTES_MAX
    assert sum(sizes) <= ALL_BYTES_MAX


def test_style_and_script_name_nothing_outside_and_no_feature_that_is_too_new():
    source = ROOT / "server/office/web/src"
    styles = [each.read_text(encoding="utf-8") for each in source.glob("*.css")]
    scripts = [each.read_text(encoding="utf-8") for each in source.glob("*.js")]

    assert not any(re.search(r"https?:|@import|url\(|:has\(|text-wrap|color-mix|oklch", each) for each in styles)
    assert not any(re.search(r"https?:|eval\(|innerHTML|document\.write", each) for each in scripts)
    assert max(len(each.splitlines()) for each in scripts) <= 150


def test_the_lock_names_no_registry():
    lock = (ROOT / "server/office/web/package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 10


def test_a_page_without_them_works_and_says_what_is_missing(county, monkeypatch):
    monkeypatch.setattr(assets, "built", lambda: assets.Built({}, {}))

    page = county.client.get("/").text

    assert "页面的样式没有构建，请管理员重新安装。" in page
    assert 'action="/office/sign-in"' in page


def test_script_and_style_of_the_board_stay_within_their_budget(county):
    desk = Desk(county)
    desk.sign_in("town")
    page = desk.open("/office/board").text
    files = assets.built().contents
    named = {name for name in files if name in page and not name.endswith((".br", ".gz"))}
    loaded = set()
    while named - loaded:  # and what these import; the map comes when it is opened
        name = (named - loaded).pop()
        loaded.add(name)
        text = files[name].decode() if name.endswith(".js") else ""
        named |= {each for each in re.findall(r"""from ?["`']\./([\w.-]+\.js)""", text) if each in files}

    assert any(name.startswith("keys-") for name in loaded) and not any(name.startswith("map-") for name in loaded)
    assert sum(len(files.get(f"{name}.gz", files[name])) for name in loaded) <= 120_000
