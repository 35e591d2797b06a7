"""The tabs of administration: which there are, who sees which, and the frame that their pages stand in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Response

from server.db.transactions import Reading
from server.errors import NotAllowed
from server.office import layout, pages
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import Mark
from server.web import context

blueprint = layout.create_blueprint("office-admin", __name__)


class Tab(NamedTuple):
    """A tab. word: what it is called. marks: who sees it, by their right to configure (``rights.csv``)."""

    key: str
    word: str
    marks: frozenset[Mark]

    @property
    def address(self) -> str:
        return f"/office/admin/{self.key}"


_COUNTY = frozenset({Mark.DECIDE})
"""Who configures the county; towns, which may only propose, see the people and the cards of their own."""

TABS = (
    Tab("forms", "表单", _COUNTY),
    Tab("codes", "代码和时限", _COUNTY),
    Tab("health", "运行状况", _COUNTY),
)
"""In the order of the page; a tab stands here once its page works."""


def tabs_of(actor: Actor) -> tuple[Tab, ...]:
    """Return the tabs that somebody may open, in order."""
    marks = {grant.mark for grant in rights.grants_anywhere(actor, "configuration", "edit")}
    return tuple(tab for tab in TABS if tab.marks & marks)


def require(key: str) -> None:
    """Do nothing for a caller who may open the tab ``key``. Raises NotAllowed."""
    if key not in {tab.key for tab in tabs_of(context.caller())}:
        raise NotAllowed("您的岗位不能办这件事；这里由县级管理员办理。", tab=key)


@blueprint.get("/office/admin")
@blueprint.get("/office/admin/")
@signed_in
def first() -> Response:
    """Lead to the first tab that the caller may open. Raises NotAllowed for who may open none."""
    found = tabs_of(context.caller())
    if not found:
        raise NotAllowed("您的岗位不能办这件事；这里由县级管理员办理。")
    return pages.see_other(found[0].address)


def show(reading: Reading, template: str, key: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Answer the caller with a page of administration, under its tabs. key: of the tab that it belongs to."""
    tabs = {"tabs": tabs_of(context.caller()), "tab": key}
    return layout.show(reading, template, layout.ADMIN.key, {**tabs, **values}, status)
