"""A slip in the name of a ledger, a field or an act is told at the laptop, before anything is sent."""

from __future__ import annotations

import pytest

from sync.client import record_types

ROWS = [
    {"id": "type:stations", "type": "_type", "label": "微型消防站", "fields": {"kind": "profile"}},
    {"id": "type:hazards", "type": "_type", "label": "火灾隐患", "fields": {"kind": "case"}},
    {"id": "type:visits", "type": "_type", "label": "巡查", "fields": {"kind": "event"}},
    *[
        {
            "id": f"field:{type}:{name}",
            "type": "_field",
            "label": label,
            "fields": {"type": type, "name": name, "datatype": "string"},
        }
        for type, name, label in (
            ("stations", "head", "站长姓名"), ("stations", "hoses", "水带"), ("stations", "hoses_bad", "水带"),
            ("hazards", "item", "隐患"),
        )
    ],
    *[
        {
            "id": f"act:{name}",
            "type": "_act",
            "label": label,
            "fields": {"action": name, "kind": kind, "begins": begins, "inputs": inputs},
        }
        for name, label, kind, begins, inputs in (
            ("create", "新建", "", "1", ""), ("report", "上报", "case", "1", ""),
            ("accept", "签收", "case", "0", "note"), ("feedback", "反馈", "case", "0", "result_code note"),
        )
    ],
    {"id": "area:130630100201", "type": "_area", "label": "荆山口村", "fields": {"level": "village"}},
]  # fmt: skip
KNOWN = record_types.from_rows(ROWS)


def test_before_the_first_pull_nothing_is_held_to_be_wrong():
    nothing = record_types.from_rows([])

    assert nothing.wrong_type("nosuch") is None
    assert nothing.wrong_field("nosuch", "x") is None
    assert nothing.wrong_action("nosuch", "dance", creates=False) is None


def test_an_unknown_ledger_is_told_with_those_there_are():
    assert KNOWN.wrong_type("stations") is None
    assert "hazards 火灾隐患、stations 微型消防站、visits 巡查" in KNOWN.wrong_type("station")


@pytest.mark.parametrize(
    ("type", "name", "action", "wrong"),
    [
        ("stations", "head", "edit", None),
        ("stations", "label", "create", None),
        ("stations", "haed", "edit", "台账 stations 里没有字段 haed（相近的有：head）"),
        ("hazards", "head", "report", "台账 hazards 里没有字段 head"),
        ("hazards", "status", "edit", "台账 hazards 里没有字段 status"),
        ("visits", "anything", "create", "台账 visits 里没有字段 anything"),
        ("hazards", "result_code", "feedback", None),
        ("hazards", "result", "feedback", "“反馈 feedback”没有输入项 result（相近的有：result_code）"),
        ("hazards", "item", "accept", "“签收 accept”没有输入项 item"),
    ],
)
def test_a_field_or_an_input_that_nobody_asks_for_is_told_with_those_like_it(type, name, action, wrong):
    said = KNOWN.wrong_field(type, name, action)

    assert said is None if wrong is None else said.startswith(wrong)


@pytest.mark.parametrize(
    ("type", "action", "begins", "wrong"),
    [
        ("hazards", "accept", False, None),
        ("hazards", "dance", False, "可以：accept 签收、feedback 反馈"),
        ("stations", "accept", False, "这里只能修改"),
        ("stations", "create", True, None),
        ("stations", "report", True, "可以：create 新建"),
        ("hazards", "report", True, None),
    ],
)
def test_an_act_is_for_some_records_only(type, action, begins, wrong):
    said = KNOWN.wrong_action(type, action, creates=begins)

    assert said is None if wrong is None else wrong in said


@pytest.mark.parametrize(
    ("heading", "name"),
    [("head", "head"), ("站长姓名", "head"), ("名称", "label"), ("水带", "水带"), ("电话", "电话")],
)
def test_a_heading_means_the_one_field_that_is_called_so(heading, name):
    assert KNOWN.field_named("stations", heading) == name
