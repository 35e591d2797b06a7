"""Values of the write path: cheap to make, compared by what they hold, and held frozen by the type checker."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.values import frozen


@frozen
class Point:
    x: int
    y: int = 0


def test_values_compare_and_hash_by_what_they_hold():
    assert Point(1) == Point(1, 0) != Point(1, 1)
    assert {Point(1): "first"}[replace(Point(2), x=1)] == "first"


def test_a_value_takes_no_attribute_that_its_class_does_not_declare():
    with pytest.raises(AttributeError):
        Point(1).z = 2


def test_the_type_checker_refuses_an_assignment_to_a_field():
    mypy = pytest.importorskip("mypy.api")
    program = "from sync.values import frozen\n@frozen\nclass Point:\n    x: int\nPoint(1).x = 2\nPoint('a')\n"

    output, _, status = mypy.run(["--config-file=", "--cache-dir=/dev/null", "-c", program])

    assert status == 1
    assert '5: error: Property "x" defined in "Point" is read-only' in output
    assert '6: error: Argument 1 to "Point" has incompatible type' in output
