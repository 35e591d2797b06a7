"""The tabs of administration: which there are, who sees which, and the frame that their pages stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Response

from server.db.transactions import Reading
from server.errors import NotAllowed
from server.grid.domain.areas import Level
from server.grid.store import areas
from server.office import layout, pages
from server.office.layout import signed_in
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.domain.rights import Mark
from server.people.usecases import visibility
from server.staffing.domain import staff_rights
from server.staffing.usecases import first_run
from server.web import context

blueprint = layout.create_blueprint("office-admin", __name__)


class Tab(NamedTuple):
    """A tab. word: what it is called. subject, action: a row of ``rights.csv``; who has it sees the tab.

    english: where the tab is called otherwise in English than the word is elsewhere, empty for the same.
    """

    key: str
    word: str
    subject: str = "configuration"
    action: str = "edit"
    english: str = ""

    @property
    def address(self) -> str:
        return f"/office/admin/{self.key}"

    def called(self, language: str) -> str:
        """Return what the tab is called in ``language``."""
        return self.english if self.english and language == pages.ENGLISH else pages.say(language, self.word)


TABS = (
    Tab("areas", "网格", english="Areas"),
    Tab("people", "人员", staff_rights.SUBJECT),
    Tab("bodies", "责任主体"),
    Tab("premises", "场所名单", "premises"),
    Tab("carried", "上年结转", "carried"),
    Tab("cards", "手机卡片", staff_rights.SUBJECT),
    Tab("forms", "表单"),
    Tab("codes", "代码和时限"),
    Tab("audit", "审计记录", "audit", "read"),
    Tab("webhooks", "外发通知"),
    Tab("health", "运行状况"),
)
"""In the order of the page; a tab stands here once its page works.

Towns see the people and the cards of their own, auditors the audit of their areas.
"""


def tabs_of(actor: Actor) -> tuple[Tab, ...]:
    """Return the tabs that somebody may open, in order."""
    return tuple(tab for tab in TABS if _may_open(actor, tab))


def _may_open(actor: Actor, tab: Tab) -> bool:
    """Return whether somebody has the right of a tab: to decide on what is edited there, to read what is only read."""
    wanted = Mark.READ if tab.action == "read" else Mark.DECIDE
    return any(grant.mark is wanted for grant in rights.grants_anywhere(actor, tab.subject, tab.action))


def require(key: str) -> None:
    """Do nothing for a caller who may open the tab ``key``. Raises NotAllowed."""
    if key not in {tab.key for tab in tabs_of(context.caller())}:
        raise NotAllowed("您的岗位不能办这件事；这里由县级管理员办理。", tab=key)


@blueprint.get("/office/admin")
@blueprint.get("/office/admin/")
@signed_in
def first() -> Response:
    """Show the first steps of a new county, or lead to the first tab that the caller may open.

    Raises NotAllowed for who may open none.
    """
    by = context.caller()
    found = tabs_of(by)
    if not found:
        raise NotAllowed("您的岗位不能办这件事；这里由县级管理员办理。")
    with context.database().reading() as reading:
        if first_run.steps(reading, by):
            return show(reading, "admin/start.html", "", _covered(reading, by))
    return pages.see_other(found[0].address)


def _covered(reading: Reading, by: Actor) -> dict[str, int]:
    counted = Counter(area.level for area in areas.list_covered(reading, visibility.of(by)))
    return {"towns": counted[Level.TOWN], "villages": counted[Level.VILLAGE]}


FIRST_STEPS = {
    "account": ("管理员账号", "/office/password"),
    "grid": ("网格", "/office/admin/areas"),
    "people": ("人员", "/office/admin/people/import"),
    "cards": ("手机卡片", "/office/admin/cards"),
}
"""Of each first step of a new county: its word, and where it is taken."""


def _first_steps(reading: Reading, by: Actor) -> list[dict[str, Any]]:
    found = first_run.steps(reading, by)
    following = next((step.key for step in found if not step.is_done), "")
    return [
        {
            "key": step.key,
            "word": FIRST_STEPS[step.key][0],
            "address": FIRST_STEPS[step.key][1],
            "is_done": step.is_done,
            "is_next": step.key == following,
        }
        for step in found
    ]


def show(reading: Reading, template: str, key: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Answer the caller with a page of administration, under its tabs. key: of the tab that it belongs to, or none."""
    by = context.caller()
    tabs = {"tabs": tabs_of(by), "tab": key, "first_steps": _first_steps(reading, by)}
    return layout.show(reading, template, layout.ADMIN.key, {**tabs, **values}, status)
