"""Forms as their page lists them: ledger, version, state and who may fill them in; and one form in full."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.definitions import Allowance
from server.forms.store import forms
from server.forms.store.forms import Form, State
from server.forms.usecases import drafts
from server.office import pages
from server.office.admin import testers
from server.people.domain import roles
from server.people.domain.actors import Actor
from server.phones.usecases import form_holders
from server.staffing.usecases import account_management

STATES = {
    State.OPEN: ("在用", "green"),
    State.CLOSING: ("不再下发", "amber"),
    State.CLOSED: ("已关闭", ""),
}
"""What a form's state is called, and the colour of its pill."""

ALLOWANCES = {
    Allowance.SEVERAL_ENTITIES.value: "一次提交写几条记录（KoboCollect 打不开）",
    Allowance.ENCRYPTION.value: "加密的表单（服务器读不出答案）",
}
"""What an administrator may insist on, as the page puts it."""

ON_TRIAL = ("试用", "violet")


def listed(reading: Reading, by: Actor, language: str) -> list[dict[str, Any]]:
    """Return a row of every form, drafts under the form that they are of, with how many phones are behind."""
    holders = form_holders.count_all(reading, account_management.people_scope(by))
    known = forms.catalogue(reading)
    order = sorted(
        known.forms.values(), key=lambda form: (form.draft.live if form.draft else form.id, bool(form.draft))
    )
    return [
        {**_row(reading, form, language), "older": holders[form.id].older if form.id in holders else 0}
        for form in order
    ]


def _row(reading: Reading, form: Form, language: str) -> dict[str, Any]:
    definition, types = form.current.definition, forms.catalogue(reading).types
    state, colour = ON_TRIAL if form.draft and form.state is State.OPEN else STATES[form.state]
    return {
        "id": form.id,
        "title": form.title,
        "address": f"/office/admin/forms/{quote(form.id, safe='')}",
        "ledgers": [types[name].title if name in types else name for name in definition.datasets],
        "version": form.version,
        "published": pages.moment(form.current.published_at, reading.now),
        "state": state,
        "colour": colour,
        "who": _who(reading, form, language),
        "testers": testers.labelled(reading, form.draft.testers) if form.draft else [],
    }


def _who(reading: Reading, form: Form, language: str) -> list[str]:
    """Return the roles whose phones list a form; none where everyone's do."""
    named = {each.role.value: each for each in roles.list_roles(reading.now)}
    found = [named[code] for code in form.current.definition.roles if code in named]
    return [each.label_en if language == pages.ENGLISH else each.label for each in found]


def in_full(reading: Reading, form: Form, language: str) -> dict[str, Any]:
    """Return a form with its versions, newest first, the files beside it, and what may be done with it."""
    return {
        **_row(reading, form, language),
        "is_draft": form.draft is not None,
        "live": form.draft.live if form.draft else form.id,
        "live_address": f"/office/admin/forms/{quote(form.draft.live, safe='')}" if form.draft else "",
        "state_code": form.state.value,
        "versions": [
            {
                "version": each.version,
                "title": each.definition.title,
                "published": pages.moment(each.published_at, reading.now),
                "is_listed": each.version == form.version,
                "kind": forms.source(reading, form.id, each.version)[1],
            }
            for each in reversed([*form.versions.values()])
        ],
        "media": [{"name": each.name, "size": max(1, round(each.size / 1000))} for each in form.media.values()],
        "trial": _trial(reading, form),
        "replaced": _replaced(reading, form),
    }


def _trial(reading: Reading, form: Form) -> dict[str, Any] | None:
    """Return what is on trial of a form, None where nothing is."""
    found = next(
        (
            each
            for each in forms.catalogue(reading).forms.values()
            if each.draft is not None and each.draft.live == form.id and each.state is State.OPEN
        ),
        None,
    )
    if found is None or found.draft is None:
        return None
    return {
        "version": found.version,
        "testers": testers.labelled(reading, found.draft.testers),
        "address": f"/office/admin/forms/{quote(found.id, safe='')}",
    }


def _replaced(reading: Reading, form: Form) -> dict[str, Any] | None:
    """Return what the last publication of a form replaced, None where nothing may be brought back."""
    if form.draft is not None:
        return None
    try:
        found = drafts.last_replaced(reading, form.id)
    except NotFound:  # it was never replaced: there is nothing to offer
        return None
    return {"version": found.version, "media": sorted(found.media), "mark": found.mark}
