"""The quick reader of pushed changes reads what the schema reads, or leaves it to the schema."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas import change_parser
from schemas.sync import SentChangeSchema

PLAIN = {
    "id": "0b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60",
    "seq": 1,
    "record": "1b9d7c6e-5a43-4f21-8e90-1d2c3b4a5f60",
    "type": "stations",
    "action": "edit",
    "fields": {"head": ["甲", "乙"], "phone": [None, ""]},
    "base_version": 3,
}
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(), st.text(max_size=130), st.just("a\x00"),
    st.just({"head": ["甲", "乙"]}), st.just({"head": "乙"}), st.just({"head": [1, "乙"]}),
    st.just({"a\x00": [None, ""]}),
    st.just([]), st.just([{"name": "a.jpg", "sha256": "0" * 64, "size": 1, "media_type": "image/jpeg"}]),
    st.just("0B9D7C6E-5A43-4F21-8E90-1D2C3B4A5F60"), st.just(PLAIN["id"]),
    st.just("2026-11-23T09:12:33.120+08:00"), st.just("2026-11-23T09:12:33"),
)  # fmt: skip
NAMES = sorted([*SentChangeSchema().load(PLAIN), "nonsense"])


@given(st.dictionaries(st.sampled_from(NAMES), ODD, max_size=4), st.sets(st.sampled_from(sorted(PLAIN)), max_size=1))
def test_whatever_is_sent_is_read_as_the_schema_reads_it(odd, missing):
    sent = {name: value for name, value in {**PLAIN, **odd}.items() if name not in missing}

    read = change_parser.read(sent)

    assert read is None or dict(read) == by_schema(sent)


def test_what_our_clients_write_is_read_the_quick_way():
    told = {"area": None, "after": None, "seen_status": "handling", "form": "f", "form_version": "1", "attachments": []}
    clock = {"made_at": "2026-11-23T09:12:33.120+08:00", "clock_offset_s": 1.5}
    for sent in (PLAIN, {**PLAIN, **told, **clock}):
        assert change_parser.read(sent) is not None


@pytest.mark.parametrize("nothing", [None, False, 0, "", {}])
def test_only_a_list_says_that_there_are_no_attachments(nothing):
    assert change_parser.read({**PLAIN, "attachments": nothing}) is None


def test_what_is_no_object_is_left_to_the_schema():
    for sent in (None, [], "x", 7):
        assert change_parser.read(sent) is None


def by_schema(sent):
    try:
        loaded = SentChangeSchema().load(sent)
    except ValidationError as error:
        return f"refused: {error.messages}"
    return {name: str(value) if name in ("id", "record") or (name == "after" and value) else value
            for name, value in loaded.items()}  # fmt: skip
