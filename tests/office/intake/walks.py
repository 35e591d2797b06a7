"""Ways through the page of intake, as somebody at a desk takes them."""

from __future__ import annotations

from typing import Any

from tests.office.desk import Desk, Form, Reader


def open_report(desk: Desk, id: str) -> Any:
    return desk.open(f"/office/intake?report={id}")


def form_of(desk: Desk, page: Any, id: str, action: str) -> Form:
    """Return the form of a decision; that of registering is the form of assigning, sent by its other button."""
    forms = [each for each in Reader(page.text).forms if each.action.startswith(f"/office/intake/{id}/")]
    wanted = f"/office/intake/{id}/{action}"
    found = next((each for each in forms if each.action.partition("?")[0] == wanted), None)
    if found is None and f'formaction="{wanted}' in page.text:
        found = next(each for each in forms if each.action.partition("?")[0].endswith("/assign"))
        found.action = wanted
    assert found is not None, f"no form for {action}"
    return found


def decide(desk: Desk, id: str, action: str, **values: str) -> Any:
    return desk.submit(form_of(desk, open_report(desk, id), id, action), **values)
