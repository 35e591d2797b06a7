"""What the server marks a record with, a clerk reads in words."""

from __future__ import annotations

from sync.cli import messages
from sync.client.overlay import View


def a_view(*flags: str) -> View:
    base = {"version": 3, "label": "泵", "flags": list(flags), "conflicts": []}
    return View("r1", "pumps", base, {"kit": ""}, ())


def test_a_record_that_no_longer_fits_its_form_says_so_in_the_list_and_by_itself():
    seen = a_view("invalid_after_merge", "clock_suspect")

    said = "合并后不合表单要求 invalid_after_merge，手机时间不准 clock_suspect"
    assert messages.line(seen).endswith(said)
    assert f"标记 marks: {said}" in messages.page(seen, {})


def test_a_mark_that_this_client_has_no_word_for_is_shown_as_it_is():
    assert messages.line(a_view("supervised_county")).endswith("  supervised_county")
