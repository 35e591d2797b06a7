"""Cases on a phone for tests: the rows of the fixture by name, and the forms that act on them."""

from __future__ import annotations

from tests.form_engine.phone import Filled, Phone, with_cells

TO_DO = "1a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b01"
REPORTED = "2a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b02"
SAME_ITEM = "3a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b03"
FED_BACK = "4a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b04"
AT_A_SHOP = "5a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b05"
MINE = "6a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b06"
CLOSED = "7a0c0d5e-2c1f-4b0e-9c38-0d6f3a7e5b07"


def a_task(phone: Phone, hazard: str = TO_DO, **answers: str) -> Filled:
    return phone.fill("hazard_task", **{"purpose": purpose(hazard), "hazard": hazard} | answers)


def purpose(hazard: str) -> str:
    """Return the line under which hazard_task lists a case of the fixture."""
    return "do" if hazard == TO_DO else "watch"


def a_check(phone: Phone, hazard: str = FED_BACK, **answers: str) -> Filled:
    return phone.fill("hazard_check", hazard=hazard, **answers)


def an_intake(phone: Phone, hazard: str = REPORTED, **answers: str) -> Filled:
    return phone.fill("hazard_intake", hazard=hazard, **answers)


def took(phone: Phone, filled: Filled) -> None:
    """Let the phone's own list change as Collect changes it when a form is finished."""
    shown = {name: value for name, value in filled.saved.items() if name in CLAIMED}
    before = phone.changes.get("hazards.csv", list)
    after = with_cells(filled.entity["id"], **shown)
    phone.change("hazards.csv", lambda rows: after(before(rows)))


CLAIMED = {"status", "todo", "assignee", "due_on"}
