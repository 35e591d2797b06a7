"""Lists reach phones as CSV that their reader opens: what is written fast is what the csv module writes plainly."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from server.phones.usecases.entity_lists import _csv
from sync.datatypes import UNWRITABLE, invalid_reason

AWKWARD = "\r\n\",'\t\x00\x0b\x1f\x7f\x85\u2028\ud800\udfff\ufffd\ufffe\uffff\U0001f525村a "
CELLS = st.one_of(st.text(alphabet=AWKWARD, max_size=6), st.text(max_size=6), st.integers(), st.none(), st.floats())


def plainly(header: tuple[str, ...], rows: list[list[object]]) -> bytes:
    """Return the list with each row written by itself, quoted as where lines end in CR LF, and ended by LF alone."""
    lines = []
    for row in (header, *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(row)
        lines.append(line.getvalue().removesuffix("\r\n") + "\n")
    return UNWRITABLE.sub("", "".join(lines)).encode()


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5))
def test_a_list_is_what_the_csv_module_writes_without_what_xml_cannot_carry(rows):
    assert _csv(("name", "label"), lambda: iter(rows)) == plainly(("name", "label"), rows)


def test_every_character_that_xml_cannot_carry_is_looked_for_alone():
    for code in (*range(32), *range(0xD7FF, 0xD802), *range(0xDFFE, 0xE002), *range(0xFFFC, 0x10001)):
        rows = [[f"a{chr(code)}b"]]
        assert _csv(("name",), lambda rows=rows: iter(rows)) == plainly(("name",), rows), hex(code)


def test_a_text_is_refused_exactly_for_what_xml_cannot_carry_of_all_characters():
    """``str.isprintable`` is asked first since it is fast: nothing that it lets pass may be unwritable."""
    unwritable = {chr(code) for code in range(0x110000) if UNWRITABLE.search(chr(code))}
    assert len(unwritable) == 29 + 2048 + 2
    assert not any(map(str.isprintable, unwritable))
    assert all(invalid_reason("string", f"a{each}") for each in ("\x00", "\x0b", "\ud800", "\ufffe", "\uffff"))
    assert [invalid_reason("string", f"a{each}b") for each in "\t\n\r\x7f\x85\u2028\ue000\ufffd"] == [None] * 8
