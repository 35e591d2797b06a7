"""A merge policy is a word, a behaviour and a line for those who write forms; none may be forgotten."""

from pathlib import Path

from sync.rules import BEHAVIOURS, MergePolicy

README = Path(__file__).parents[2] / "kobo_forms" / "README.md"


def test_every_policy_has_a_behaviour():
    assert list(BEHAVIOURS) == list(MergePolicy)


def test_authors_of_forms_read_of_every_policy():
    (merging,) = [line for line in README.read_text(encoding="utf-8").split("\n- ") if "`bind::fg:merge`" in line]

    assert [policy for policy in MergePolicy if f"`{policy}`" not in merging] == []
