"""Script and style keep to what Chromium 114 has, which is in phones and office computers that nobody updates."""

from __future__ import annotations

import re

import pytest

from tests.source_tree import ROOT

SOURCES = sorted((ROOT / "server/office/web/src").iterdir())
IN_STYLE = {
    "nesting": r"(?m)^\s*&",
    "text-wrap": r"text-wrap",
    "colours computed by functions": r"color-mix\(|oklch\(|oklab\(|light-dark\(|(?:rgb|hsl)a?\(\s*from\b",
    "anchors": r"anchor-name|position-area|anchor\(",
    "transitions from nothing": r"@starting-style|transition-behavior|interpolate-size",
    "scopes": r"@scope\b",
    "sizes by content": r"field-sizing",
    "registered conditions": r"\bif\(|@function\b",
}
"""What came after Chromium 114, or with the relaxed form of it (nesting), or that the pages do without."""

IN_SCRIPT = {
    "groupBy": r"\b(?:Object|Map)\.groupBy\b",
    "withResolvers": r"\bPromise\.(?:withResolvers|try)\b",
    "fromAsync": r"\bArray\.fromAsync\b",
    "methods of sets": r"\.(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf)\(",
    "helpers of iterators": r"\.(?:values|keys|entries)\(\)\s*\.(?:map|filter|take|drop|some|every|find|toArray)\(",
    "canParse": r"\bURL\.(?:canParse|parse)\b",
    "well-formed strings": r"\.(?:isWellFormed|toWellFormed)\(",
    "popover": r"\b(?:popover|showPopover|togglePopover|hidePopover)\b",
    "attributes of imports": r"import[^;]+\bwith\s*\{",
    "moveBefore": r"\.moveBefore\(",
    "setHTMLUnsafe": r"\.(?:setHTMLUnsafe|getHTML)\(",
    "scheduler": r"\bscheduler\.yield\b",
    "closed by": r"\bclosedby\b|\.requestClose\(",
}


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.suffix in (".css", ".js")], ids=lambda path: path.name
)
def test_a_source_uses_nothing_newer(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    newer = IN_STYLE if path.suffix == ".css" else IN_SCRIPT

    assert [name for name, pattern in newer.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a { color: color-mix(in srgb, red, blue); }", ["colours computed by functions"]),
        ("a {\n  & b { top: 0; }\n}", ["nesting"]),
        ("p { text-wrap: balance; }", ["text-wrap"]),
        (".panel { inset: 0; }", []),
    ],
)
def test_newer_style_would_be_found(text, found):
    assert [name for name, pattern in IN_STYLE.items() if re.search(pattern, text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("const by = Object.groupBy(rows, row => row.id);", ["groupBy"]),
        ("new Map().values().map(each => each)", ["helpers of iterators"]),
        ("[...marks.values()].map(each => each)", []),
    ],
)
def test_newer_script_would_be_found(text, found):
    assert [name for name, pattern in IN_SCRIPT.items() if re.search(pattern, text)] == found


def test_the_build_writes_for_that_browser():
    assert 'target: "chrome114"' in (ROOT / "server/office/web/vite.config.js").read_text(encoding="utf-8")
