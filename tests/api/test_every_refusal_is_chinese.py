"""Law: whatever is sent in the place of what a shape asks for, the answer says so in Chinese."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import Schema, ValidationError

import schemas
from schemas.fields import BaseSchema

WRONG: list[Any] = [None, True, 5, 1.5, -1, 10**30, math.nan, "", "x", "\0", [], [1], [None], {}, {"x": 1}, {"": None}]
CHINESE = re.compile("[\u4e00-\u9fff]")


def _shapes(of: type[Schema]) -> Iterator[type[Schema]]:
    for each in of.__subclasses__():
        yield each
        yield from _shapes(each)


def _all_shapes() -> list[type[Schema]]:
    for module in pkgutil.iter_modules(schemas.__path__):
        importlib.import_module(f"schemas.{module.name}")
    return sorted(set(_shapes(BaseSchema)), key=lambda each: (each.__module__, each.__name__))


def _said(messages: Any) -> Iterator[str]:
    if isinstance(messages, dict):
        messages = list(messages.values())
    if isinstance(messages, list):
        for each in messages:
            yield from _said(each)
    else:
        yield str(messages)


def _answers(shape: Schema, given: Any) -> list[str]:
    try:
        shape.load(given, partial=isinstance(given, dict) and bool(given))
    except ValidationError as error:
        return list(_said(error.messages))
    return []


@pytest.mark.parametrize("kind", _all_shapes(), ids=lambda kind: kind.__name__)
def test_a_wrong_value_is_answered_in_chinese(kind: type[Schema]) -> None:
    shape = kind()
    asked = [{field.data_key or name: wrong} for name, field in shape.load_fields.items() for wrong in WRONG]
    english = [
        (given, said) for given in [*asked, {}, [], 5] for said in _answers(shape, given) if not CHINESE.search(said)
    ]
    assert english == []


def test_the_law_would_see_an_english_answer() -> None:
    class Plain(Schema):
        pass

    assert [said for said in _answers(Plain(), {"x": 1}) if not CHINESE.search(said)]
