"""Whatever text a laptop has sent, the phones' lists stay readable, and a form filled in from them can be sent."""

from __future__ import annotations

import pytest

from tests.desks import Desk
from tests.field_clients import Client, a_station


@pytest.fixture
def laptop(valley) -> Client:
    return Client(valley, "worker")


@pytest.mark.parametrize("text", ["东\r侧", "\r", "东\r\n侧", "东\n侧", '东"侧', "东,侧"])
def test_a_text_of_several_lines_is_one_cell_of_the_list(valley, phone, laptop, text):
    station = a_station(laptop, label=f"一号{text}站", head=text)
    other = a_station(laptop, label="二号站")
    laptop.push(station, other)

    rows = phone.list()

    assert set(rows) == {station["record"], other["record"]}
    assert rows[station["record"]]["head"] == text


@pytest.mark.parametrize("character", ["\x0b", "\x1b", "\ufffe"])
def test_what_no_form_can_carry_is_kept_for_the_office_and_reaches_no_phone(valley, phone, laptop, character):
    station = a_station(laptop)
    laptop.push(station)
    id, sent = station["record"], f"乙{character}丙"

    [outcome] = laptop.push(
        laptop.change(id, "edit", fields={"head": ("甲", sent), "label": (None, sent)}, base_version=1)
    )

    assert outcome["verdict"] == "applied" and "控制字符" in outcome["problem"]["message"]
    assert (valley.record(id).fields["head"], valley.record(id).label) == ("甲", "一号站")
    newest = Desk(valley, "officer").get(f"/records/{id}/history")["items"][-1]
    assert newest["received"]["head"] == ["甲", sent]
    assert phone.list()[id]["head"] == "甲"


def test_what_an_earlier_version_has_kept_of_it_is_left_out_of_the_list(valley, phone, laptop):
    station = a_station(laptop)
    laptop.push(station)
    written = "UPDATE record SET label = replace(label, :plain, :kept), fields = replace(fields, '甲', '甲\\u000b')"
    mended = "UPDATE record SET label = replace(label, :kept, :plain), fields = replace(fields, '甲\\u000b', '甲')"
    names = {"plain": "一号", "kept": "一\x0b号"}

    valley.do(lambda tx: tx.sql.run(written, names))
    row = phone.list()[station["record"]]
    valley.do(lambda tx: tx.sql.run(mended, names))  # what is promised of a database holds again

    assert (row["label"], row["head"]) == ("一号站", "甲")
