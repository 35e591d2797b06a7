"""Choices and required answers: kept as they come from the field, looked at again after merging, mended by an office.

``sync.md`` section 3 (``invalid_after_merge``) and section 4 (misfits), ``domain.md`` S19.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.field_clients import Client
from tests.field_forms import CASE, settings_of
from tests.valley import UNIT

PUMPS = """\
| survey |
| | type | name | label | save_to | required |
| | text | owner | 管理人 | owner | yes |
| | select_one way | way | 去向 | way | |
| | select_multiple_from_file kit.csv | kit | 器材 | kit | yes |
| | csv-external | pumps | | | |
| choices |
| | list_name | name | label |
| | way | here | 在用 |
{choices}| entities |
| | list_name | label |
| | pumps | ${{owner}} |
"""
KIT = b"name,label,active_from,active_to\npump,a,2026-01-01,\naxe,b,2026-01-01,\nrope,c,2026-01-01,2026-10-31\n"


def pumps(version: str, *ways: str) -> str:
    choices = "".join(f"| | way | {way} | {way} |\n" for way in ways)
    settings = settings_of("pumps", "登记水泵", version, **{**CASE, "attribute__fg:kind": "profile"})
    return PUMPS.format(choices=choices) + settings


@pytest.fixture
def worker(valley) -> Client:
    valley.publish(pumps("5", "lent", "sold"), kit_csv=KIT)
    return Client(valley, "worker")


@pytest.fixture
def mate(valley, worker) -> Client:
    return Client(valley, "worker", device="tablet-2")


def a_pump(client: Client, **values: str) -> str:
    fields = {"label": (None, "泵"), "owner": (None, "甲"), "kit": (None, "axe pump")}
    fields |= {name: (None, value) for name, value in values.items()}
    made = client.change(str(uuid4()), type="pumps", area=UNIT, fields=fields)
    assert client.push(made)[0]["verdict"] == "applied"
    return made["record"]


def edit(client: Client, record: str, base: int = 1, **fields: tuple[str | None, str]) -> dict:
    return client.push(client.change(record, "edit", type="pumps", fields=fields, base_version=base))[0]


def the_problem(valley, kind: str) -> dict:
    client = Client(valley, "officer")
    shown = client_get(valley, client, f"/api/v1/problems?kind={kind}&settled=any")
    [problem] = shown["items"]
    return problem


def client_get(valley, client: Client, path: str) -> dict:
    answer = valley.app.test_client().get(path, headers={"Authorization": f"Key {valley.keys[client.name]}"})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_choice_that_a_newer_form_dropped_is_taken_from_a_phone_that_was_offline(valley, worker):
    # S19
    valley.publish(pumps("7", "lent"))

    record = a_pump(worker, way="sold")

    assert valley.record(record).fields["way"] == "sold"
    assert valley.record(record).flags == ()
    assert valley.problems() == ["misfit"]
    problem = the_problem(valley, "misfit")
    assert "选项“sold”已停用" in problem["message"]
    assert problem["detail"]["applied"] == ["way"]


def test_a_code_that_was_offered_on_the_day_of_the_answer_is_as_good_as_any(valley, worker):
    record = str(uuid4())
    made = worker.change(
        record,
        type="pumps",
        area=UNIT,
        made_at="2026-10-30T10:00:00+08:00",
        fields={"label": (None, "泵"), "owner": (None, "甲"), "kit": (None, "rope")},
    )

    assert worker.push(made)[0]["problem"] is None
    assert edit(worker, record, kit=("rope", "axe rope"))["problem"] is None
    assert edit(worker, record, base=2, kit=("axe rope", "axe"))["problem"] is None
    assert edit(worker, record, base=3, kit=("axe", "axe rope"))["problem"] is not None
    assert valley.record(record).fields["kit"] == "axe rope"


def test_a_code_that_no_form_ever_offered_stands_flagged_with_one_problem_until_it_is_mended(valley, worker):
    record = a_pump(worker)

    outcome = edit(worker, record, way=("", "melted"), owner=("甲", "乙"))

    assert (outcome["verdict"], outcome["record"]["flags"]) == ("applied", ["invalid_after_merge"])
    assert {name: outcome["record"]["fields"][name] for name in ("way", "owner")} == {"way": "melted", "owner": "乙"}
    problem = the_problem(valley, "misfit")
    assert problem["detail"]["values"] == {"way": "melted"}
    assert "去向：没有选项“melted”" in problem["message"]
    assert valley.problems() == ["misfit"]

    assert edit(worker, record, base=2, way=("melted", "lent"))["record"]["flags"] == []
    assert valley.problems() == []


def test_what_a_phone_could_not_write_at_all_stays_with_the_office_when_the_rest_is_mended(valley, worker):
    record = a_pump(worker)
    edit(worker, record, way=("", "melted"), colour=("", "red"))

    edit(worker, record, base=2, way=("melted", "lent"))

    assert valley.record(record).flags == ()
    assert valley.problems() == ["misfit"]


def test_two_unheard_of_codes_are_in_conflict_like_any_two_values(valley, worker, mate):
    record = a_pump(worker)

    edit(worker, record, way=("", "melted"))
    outcome = edit(mate, record, way=("", "stolen"))

    assert (outcome["verdict"], outcome["conflicts"]) == ("merged", ["way"])
    assert valley.problems() == ["misfit", "misfit", "conflict"]


def test_what_merging_spoils_besides_is_told_although_the_record_is_flagged_already(valley, worker, mate):
    record = a_pump(worker)
    edit(worker, record, way=("", "melted"))
    edit(worker, record, kit=("axe pump", "axe"))

    edit(mate, record, kit=("axe pump", "pump"))

    assert valley.problems() == ["misfit", "invalid_after_merge"]
    assert the_problem(valley, "invalid_after_merge")["detail"]["reasons"] == {"kit": "必填项空了"}


def test_two_edits_that_each_were_complete_may_leave_nothing_of_a_required_answer(valley, worker, mate):
    """Each takes one of two tools out; together they leave none, which no form would have let pass."""
    record = a_pump(worker)

    first = edit(worker, record, kit=("axe pump", "axe"))
    second = edit(mate, record, kit=("axe pump", "pump"))

    assert [each["verdict"] for each in (first, second)] == ["applied", "applied"]
    assert second["record"]["fields"]["kit"] == ""
    assert second["record"]["flags"] == ["invalid_after_merge"]
    problem = the_problem(valley, "invalid_after_merge")
    assert problem["detail"]["reasons"] == {"kit": "必填项空了"}
    assert problem["settled_at"] is None


def test_whoever_fills_it_in_takes_the_flag_and_the_problem_away(valley, worker, mate):
    record = a_pump(worker)
    edit(worker, record, kit=("axe pump", "axe"))
    edit(mate, record, kit=("axe pump", "pump"))
    edit(worker, record, base=3, owner=("甲", "丙"))
    assert valley.record(record).flags == ("invalid_after_merge",)

    outcome = edit(worker, record, base=4, kit=("", "axe"))

    assert outcome["record"]["flags"] == []
    assert the_problem(valley, "invalid_after_merge")["settled_by"] == "server"
    assert valley.problems() == []


def test_the_flag_does_not_depend_on_the_order_of_arrival(valley, worker, mate):
    one, other = a_pump(worker), a_pump(worker)
    edit(worker, one, kit=("axe pump", "axe"))
    edit(mate, one, kit=("axe pump", "pump"))
    edit(mate, other, kit=("axe pump", "pump"))
    edit(worker, other, kit=("axe pump", "axe"))

    assert valley.record(one).flags == valley.record(other).flags == ("invalid_after_merge",)
    assert valley.record(one).fields == valley.record(other).fields


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("way", "melted", "没有选项“melted”"), ("kit", "axe rope", "选项“rope”已停用")],
)
def test_an_office_is_told_at_once_since_it_can_choose_another(valley, worker, field, value, reason):
    record = a_pump(worker)
    headers = {"Authorization": f"Key {valley.keys['officer']}", "If-Match": '"1"'}
    body = {"action": "edit", "fields": {field: value}}

    answer = valley.app.test_client().post(f"/api/v1/records/{record}/changes", json=body, headers=headers)

    assert answer.status_code == 422
    assert reason in answer.json["detail"]
    assert valley.record(record).version == 1
