"""Decides which forms a caller's phone gets, and whether it may send at all."""

from __future__ import annotations

from server.db.transactions import Reading
from server.errors import FormUnknown, NotAllowed
from server.forms.store import forms
from server.forms.store.forms import Form
from server.people.domain.actors import READ_ONLY, Actor
from server.submissions.domain.submissions import SubmissionXml


def may_send(by: Actor) -> bool:
    """Return whether the phone of ``by`` may send: some duty, past or present, in a role that writes.

    When the duty ended is checked later: what arrives after 30 days is kept and quarantined, not refused.
    """
    return by.may_write


def list_for(reading: Reading, by: Actor) -> list[Form]:
    """Return the open forms of ``by``, by title; a phone whose duty ended keeps them for 30 days, to finish drafts."""
    all_forms = forms.catalogue(reading).forms.values()
    return sorted(
        (form for form in all_forms if form.state == "open" and _is_for(form, by)),
        key=lambda form: (form.title, form.id),
    )


def get_for(reading: Reading, form_id: str, by: Actor) -> Form:
    """Return a form that ``by`` may download.

    Raises FormUnknown when there is none of this id, NotAllowed when it is closed or not for this caller.
    """
    form = forms.catalogue(reading).forms.get(form_id)
    if form is None:
        raise FormUnknown(f"没有表单“{form_id}”。", form=form_id)
    if form.state == "closed" or not _is_for(form, by):
        raise NotAllowed(f"表单“{form.title}”已停用，或不供您的岗位使用。", form=form_id)
    return form


def uses_list(reading: Reading, list_name: str, by: Actor) -> bool:
    """Return whether some form that ``by`` may download uses the list."""
    all_forms = forms.catalogue(reading).forms.values()
    return any(
        form.state != "closed" and _is_for(form, by) and list_name in form.versions[form.version].definition.lists
        for form in all_forms
    )


def possible_file_names(xml: SubmissionXml) -> frozenset[str]:
    """Return every text of a submission that may name a file sent with it."""
    return frozenset(text.strip() for _, text in xml.leaves if "." in text)


def _is_for(form: Form, by: Actor) -> bool:
    if not by.may_send():
        return False
    if form.draft is not None:
        return by.name in form.draft.testers
    roles = {duty.role for duty in by.current} or {duty.role for duty in by.duties}
    wanted = form.versions[form.version].definition.roles
    return bool(roles - READ_ONLY) and (not wanted or bool(roles & set(wanted)))
