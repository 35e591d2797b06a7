"""The hashes of lists that a server remembers are bounded, and the ones asked for last stay."""

from __future__ import annotations

from server.phones.usecases.entity_lists import ListHashes


def test_what_nobody_asked_for_lately_is_forgotten_first():
    hashes = ListHashes(most=2)
    hashes.keep(("a",), "1")
    hashes.keep(("b",), "2")
    assert hashes.find(("a",)) == "1"

    hashes.keep(("c",), "3")

    assert [hashes.find((tag,)) for tag in "abc"] == ["1", None, "3"]
