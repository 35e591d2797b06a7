"""Tries a form out before it is published, as a draft on the phones of named testers; brings back what was replaced.

A draft is a form of its own beside the live one: its id ends in ``ON_TRIAL``, its title begins with ``MARK``, and it
makes no entities, so that what testers send is kept as a submission and nothing of it becomes a record or is counted
(as in ODK Central, whose drafts make no entities either). Its lists come with it and change no code list of the county.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from server import instants
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db import training
from server.db.transactions import Reading, Transaction
from server.errors import Invalid, NotFound
from server.forms.domain.definitions import ON_TRIAL, Allowance
from server.forms.store import drafts, forms
from server.forms.store.forms import Form, Publication, State
from server.forms.usecases import publish as publishing
from server.forms.usecases.lists.list_files import is_list
from server.forms.usecases.lists.list_reader import read
from server.forms.usecases.publish import Prepared, Published
from server.forms.usecases.xform.reader import read_xform
from server.forms.usecases.xform.xml_parsing import with_identity, with_titles, without_entities
from server.people.store import people

MARK = "【试用】"
"""Before the title of a draft, on phones and in lists."""


def publish_draft(
    tx: Transaction, prepared: Prepared, testers: Iterable[str], by: str, allowed: Collection[Allowance] = ()
) -> Published:
    """Give a form, with the files beside it, to the phones of ``testers`` alone.

    It is judged as if it were published. testers: user names. allowed: what ``by`` insists on.
    Raises FormRefused with every reason, NotFound for a tester that there is not, Invalid without testers.
    """
    names = sorted({people.actor(tx, name).name for name in testers})
    if not names:
        raise Invalid("请写明由谁试用，例如 --tester gw0001；可以写几个人。", field="tester")
    live = prepared.definition.form_id
    id = f"{live}{ON_TRIAL}"
    kept = _kept_on_trial(tx, prepared, id)
    lists = {name: read(name, content) for name, content in kept.items() if is_list(name)}
    prepared = replace(prepared, media={**kept, **prepared.media}, lists={**lists, **prepared.lists})
    judged = tx.undone(lambda: publishing.publish(tx, prepared, by, allowed))
    known = forms.catalogue(tx).forms.get(id)
    if known is not None and _is_repeated(tx, prepared, known, names):
        return replace(judged, form_id=id, version=known.version, title=known.title, added=False)
    version = f"{prepared.definition.version}.{1 if known is None else len(known.versions) + 1}"
    draft_xml = with_identity(without_entities(prepared.xml), id, version)
    xml = with_titles(draft_xml, lambda title: training.marked_if_on(tx, f"{MARK}{title}"))
    definition = read_xform(xml)
    forms.add_version(tx, Publication(definition, xml, prepared.source, prepared.source_type, by))
    for name, content in {**forms.stored_media(tx, live), **prepared.media}.items():
        forms.put_media(tx, id, name, content)
    drafts.put(tx, id, live, names)
    record(tx, Entry("form.draft", by, live, {"version": version, "testers": names}))
    told = [f"这次没有附上 {name}，试用版沿用上一次试用时附上的那一份；要换请一起附上。" for name in sorted(kept)]
    warnings = (*told, *judged.warnings)
    return replace(judged, form_id=id, version=version, title=definition.title, added=True, warnings=warnings)


def _kept_on_trial(reading: Reading, prepared: Prepared, id: str) -> dict[str, bytes]:
    """Return the files that the form needs, come with no new draft of it, and came with the one that is on trial.

    Those that were only the live form's are left out: a draft takes them as they are by now.
    """
    known = forms.catalogue(reading).forms.get(id)
    if known is None or known.state is not State.OPEN:
        return {}
    live = prepared.definition.form_id
    return {
        name: content
        for name, content in forms.stored_media(reading, id).items()
        if name in prepared.definition.media
        and name not in prepared.media
        and not drafts.was_ever_beside(reading, live, name, content)
    }


def _is_repeated(reading: Reading, prepared: Prepared, known: Form, testers: list[str]) -> bool:
    """Return whether this very draft is on trial with these very testers: an upload that was sent twice."""
    if known.state is not State.OPEN or known.draft is None or sorted(known.draft.testers) != testers:
        return False
    beside = forms.stored_media(reading, known.id)
    is_same = forms.source(reading, known.id, known.version) == (prepared.source, prepared.source_type)
    return is_same and all(beside.get(name) == content for name, content in prepared.media.items())


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def draft_of(reading: Reading, live: str) -> tuple[bytes, str, Mapping[str, bytes]]:
    """Return the file of the newest draft of a form as uploaded, its kind, and the files beside it.

    Raises NotFound when there is no draft on trial.
    """
    form = forms.catalogue(reading).forms.get(f"{live}{ON_TRIAL}")
    if form is None or form.state is not State.OPEN:
        raise NotFound(f"表单“{live}”没有在试用的版本；先用 form publish --draft 发布试用版。", form=live)
    source, kind = forms.source(reading, form.id, form.version)
    named = form.current.definition.media  # what an earlier draft alone needed stays behind
    media = {name: content for name, content in forms.stored_media(reading, form.id).items() if name in named}
    return source, kind, media


def release(tx: Transaction, prepared: Prepared, by: str, allowed: Collection[Allowance] = ()) -> Published:
    """Publish what was on trial, and take the draft off the testers' lists; what they still send is taken.

    prepared: made of ``draft_of``. allowed: what ``by`` insists on.
    Raises FormRefused when it is no longer fit to be published.
    """
    published = publishing.publish(tx, prepared, by, allowed)
    publishing.wind_down(tx, f"{published.form_id}{ON_TRIAL}", by)
    return published


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the last publication of a form replaced.

    version: the version that was listed before it, None where it only replaced files. media: the files beside the form
    as they were, by name.
    """

    form: Form
    version: str | None
    media: Mapping[str, bytes]

    @property
    def mark(self) -> str:
        """Tell this from what any other publication replaced."""
        return "|".join((self.form.version, self.version or "", *sorted(map(_digest, self.media.values()))))


def last_replaced(reading: Reading, form_id: str) -> Replaced:
    """Return what may be brought back. Raises FormUnknown, and NotFound when nothing was ever replaced."""
    form = forms.get(reading, form_id)
    replaced_at, media = drafts.last_replaced_media(reading, form_id)
    changed_at = max(form.current.published_at, replaced_at)
    earlier = [version for version in form.versions.values() if version.published_at < form.current.published_at]
    version = earlier[-1].version if earlier and changed_at == form.current.published_at else None
    if changed_at != replaced_at:
        media = {}
    if version is None and not media:
        raise NotFound(f"表单“{form_id}”还没有被替换过，没有可以恢复的内容。", form=form_id)
    return Replaced(form, version, media)


def source_of(reading: Reading, replaced: Replaced) -> tuple[bytes, str]:
    """Return what to publish to bring it back, and its kind: an earlier version comes back under a new number.

    Phones that have the earlier version already would otherwise stay with the one that was to go.
    """
    form = replaced.form
    if replaced.version is None:
        return forms.source(reading, form.id, form.version)
    day = instants.local_day(reading.now).replace("-", "")
    number = next(number for number in range(1, 10_000) if f"{day}{number:02d}" not in form.versions)
    xml = forms.xml(reading, form.id, replaced.version)
    return with_identity(xml, form.id, f"{day}{number:02d}"), ".xml"


def bring_back(tx: Transaction, prepared: Prepared, replaced: Replaced, by: str) -> Published:
    """Publish what was replaced once more. prepared: made of ``source_of`` and the files of ``replaced``."""
    published = publishing.publish(tx, prepared, by)
    detail = {"version": replaced.version, "media": sorted(replaced.media)}
    record(tx, Entry("form.bring-back", by, published.form_id, detail))
    return published
