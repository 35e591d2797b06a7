"""How many phones are still on an older version of a form, as far as their contacts and submissions tell.

No phone says what it holds. One that was not in contact since the version was published cannot have it; one that has
sent something since shows by it which version it fills in; of any other nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from server import instants
from server.db.transactions import Reading
from server.errors import FormUnknown
from server.forms.store import forms
from server.forms.store.forms import Form
from server.grid.domain.scope import Scope
from server.instants import Instant
from server.people.domain.actors import READ_ONLY
from server.people.domain.devices import Contact, Device
from server.people.store import devices
from server.phones.store import versions_sent

LOOKED_BACK = timedelta(days=90)
"""How far back submissions are looked at: a phone that was silent for longer is told among the devices."""


@dataclass(frozen=True, slots=True)
class FormHolders:
    """How the phones that a form is for stand to its present version. older: those on an earlier one.

    current: filled it in already. silent: were in contact since it was published, and have sent nothing since.
    """

    form: str
    version: str
    published_at: Instant
    older: int
    current: int
    silent: int


def count(reading: Reading, form_id: str, scope: Scope) -> FormHolders:
    """Return how the phones of people on duty inside ``scope`` stand to a form. Raises FormUnknown."""
    form = forms.catalogue(reading).forms.get(form_id)
    if form is None:
        raise FormUnknown(f"没有表单“{form_id}”。", form=form_id)
    return _count(reading, form, devices.list_devices(reading, scope))


def count_all(reading: Reading, scope: Scope) -> dict[str, FormHolders]:
    """Return the same for every form that phones may fill in, by its id."""
    listed = devices.list_devices(reading, scope)
    found = forms.catalogue(reading).forms.values()
    return {form.id: _count(reading, form, listed) for form in found if form.state is not forms.State.CLOSED}


def _count(reading: Reading, form: Form, listed: list[Device]) -> FormHolders:
    published = form.current.published_at
    people = {each.person for each in listed}
    sent = versions_sent.newest(reading, form.id, people, max(published, instants.later(reading.now, -LOOKED_BACK)))
    by_author = {author: version for (author, _), version in sent.items()}
    held = [_held(each, form, sent, by_author) for each in listed if _is_for(form, each, reading.now)]
    return FormHolders(
        form.id,
        form.version,
        published,
        sum(1 for version in held if version not in ("", form.version)),
        held.count(form.version),
        held.count(""),
    )


def _is_for(form: Form, device: Device, now: Instant) -> bool:
    wanted = form.current.definition.roles
    by_role = device.role not in READ_ONLY and (not wanted or device.role in wanted)
    return device.is_phone and by_role and device.contact(now) is not Contact.NEVER


def _held(device: Device, form: Form, sent: dict[tuple[str, str], str], by_author: dict[str, str]) -> str:
    """Return the version that a phone fills in as far as is known: ``older`` for an earlier one, empty for unknown."""
    version = sent.get((device.person, device.name)) or by_author.get(device.person, "")
    if version:
        return version
    return OLDER if (device.last_seen_at or "") < form.current.published_at else ""


OLDER = "older"
"""Stands for whichever earlier version a phone has that was not in contact since."""
