"""A row that fails otherwise than by a refusal keeps no other back, says what to do, and its cause is in the log."""

from __future__ import annotations

import json

from server.errors import Invalid
from server.staffing.usecases.import_steps import UNFORESEEN, each_alone


def test_the_cause_of_a_row_that_cannot_be_stored_is_in_the_log_without_numbers_of_people(county_to_change, capfd):
    number = "13800000" + "471"

    def take(row: str) -> str:
        if row == "refused":
            raise Invalid("场所没有名称；请补上名称。", field="title")
        if row == "broken":
            raise ValueError(f"no such thing: {number}")
        return row

    made, refused = county_to_change.do(
        lambda tx: each_alone(tx, ["good", "refused", "broken", "last"], take, {"refused": 3, "broken": 4}.__getitem__)
    )

    assert made == ["good", "last"]
    assert refused == [(3, "场所没有名称；请补上名称。"), (4, UNFORESEEN)]
    assert "管理员" in UNFORESEEN
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "row of an import" in line]
    [told] = lines
    assert (told["row"], told["problem"], told["level"]) == (4, "ValueError", "error")
    assert "no such thing" in told["cause"] and "in take" in told["where"]
    assert number not in json.dumps(told)
