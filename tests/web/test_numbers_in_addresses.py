"""A number in an address that is larger than any version or year is an address that there is not, never an error."""

from __future__ import annotations

import re

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter

from server.app import mount_doors
from tests.api_county import uuid_of

_DOORS = mount_doors().url_map
_NUMBERED = sorted(
    (rule.rule, "GET" if "GET" in (rule.methods or ()) else "POST")
    for rule in _DOORS.iter_rules()
    if any(isinstance(each, IntegerConverter) for each in rule._converters.values())
)


def address(rule: str, number: str) -> str:
    with_number = re.sub(r"<int:\w+>", number, rule)
    return re.sub(r"<\w+>|<path:\w+>", "x", re.sub(r"<uuid:\w+>", uuid_of("a record"), with_number))


@pytest.mark.parametrize(("rule", "method"), _NUMBERED)
def test_no_door_takes_a_number_that_neither_sql_nor_json_holds(rule, method):
    doors = _DOORS.bind("localhost")

    assert doors.match(address(rule, "2147483647"), method)
    for number in ("2147483648", "9" * 20, "9" * 400):
        with pytest.raises(NotFound):
            doors.match(address(rule, number), method)


def test_a_version_of_twenty_digits_is_not_found(county):
    path = f"/records/{uuid_of('station one')}/attachments/{{}}/a.jpg"

    assert {county.get(path.format(number), "admin").status_code for number in ("1", "2147483647", "9" * 20)} == {404}
