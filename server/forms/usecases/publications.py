"""Publishes what was uploaded, from its bytes to the commit, for every door: a form, a draft, a release, a list.

Converting takes a second and a child process of its own, so it happens between a reading and a write, never inside a
transaction. What is true if we die after each step: converted, nothing is kept; written, the version is listed.
Who may do this is judged before, by ``management``; commands are the owner's of the folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath

from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import Busy, Conflict, NotFound
from server.forms.domain.definitions import ON_TRIAL, Allowance, FormDefinition
from server.forms.store import drafts as stored_drafts
from server.forms.store import forms
from server.forms.store.forms import State
from server.forms.usecases import drafts
from server.forms.usecases import publish as publishing
from server.forms.usecases.drafts import Replaced
from server.forms.usecases.lists.beside import lists_beside
from server.forms.usecases.lists.list_files import ListFile
from server.forms.usecases.publish import Prepared, Published
from server.forms.usecases.xlsform import conversion
from server.instants import Instant

_CONVERSIONS = threading.BoundedSemaphore(2)
"""One form is converted at a time; a second one waits, and a third would only keep a thread from everyone else."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form as it was uploaded. file_name: its ending says what it is. media: the files beside it, by name.

    allowed: what its author insists on, though it is refused otherwise.
    """

    source: bytes
    file_name: str
    media: Mapping[str, bytes] = field(default_factory=dict)
    allowed: Collection[Allowance] = ()


def publish(database: Database, upload: Upload, by: str) -> Published:
    """Publish an uploaded form with the files beside it. Raises FormRefused with every reason, Busy."""
    prepared = _prepared(database, upload)
    return database.write(lambda tx: publishing.publish(tx, prepared, by, upload.allowed))


def publish_draft(database: Database, upload: Upload, testers: Iterable[str], by: str) -> Published:
    """Give an uploaded form to the phones of ``testers`` alone. Raises as ``drafts.publish_draft``, Busy."""
    prepared, names = _prepared(database, upload), tuple(testers)
    return database.write(lambda tx: drafts.publish_draft(tx, prepared, names, by, upload.allowed))


def release(database: Database, form_id: str, by: str, allowed: Collection[Allowance] = ()) -> Published:
    """Publish the draft of a form for everyone, and take it off the testers' lists.

    Raises NotFound when nothing is on trial, FormRefused when it is no longer fit to be published, Busy.
    """
    with database.reading() as reading:
        source, kind, media = drafts.draft_of(reading, form_id)
    prepared = _prepared(database, Upload(source, f"{form_id}{kind}", media))
    return database.write(lambda tx: drafts.release(tx, prepared, by, allowed))


def bring_back(database: Database, form_id: str, by: str, seen: str | None = None) -> tuple[Replaced, Published]:
    """Bring back what the last publication of a form replaced; return it, and what came of it.

    seen: the ``mark`` of what the caller has seen would come back, None to take what there is. Raises FormUnknown,
    NotFound when nothing was ever replaced, Conflict when it is something else by now, FormRefused, Busy.
    """
    with database.reading() as reading:
        replaced = _expected(reading, form_id, seen)
        source, kind = drafts.source_of(reading, replaced)
    prepared = _prepared(database, Upload(source, f"{form_id}{kind}", replaced.media))

    def work(tx: Transaction) -> Published:
        _expected(tx, form_id, replaced.mark)
        return drafts.bring_back(tx, prepared, replaced, by)

    return replaced, database.write(work)


def _expected(reading: Reading, form_id: str, seen: str | None) -> Replaced:
    replaced = drafts.last_replaced(reading, form_id)
    if seen not in (None, replaced.mark):
        raise Conflict("这张表单刚才又变过了，没有恢复；请看过现在的版本再决定。", form=form_id)
    return replaced


def replace_list(database: Database, name: str, content: bytes, by: str) -> tuple[str, ...]:
    """Put a new version of a list beside every form that has it, all of them or none; return the warnings.

    name: of the file, ``hazard_items.csv``. content: in UTF-8 or as Excel saves it. Each form is judged with the new
    list as if it were published with it.
    Raises NotFound when no form has such a list, FormRefused with every reason and its row, Busy.
    """
    content = conversion.as_utf8(content, PurePath(name).suffix)
    with database.reading() as reading:
        uploads = [
            Upload(forms.xml(reading, each.id, each.version), f"{each.id}.xml", {name: content})
            for each in forms.catalogue(reading).forms.values()
            if name in each.media and each.state is not State.CLOSED and not each.id.endswith(ON_TRIAL)
        ]
    if not uploads:
        raise NotFound(f"没有表单带名单“{name}”；新名单请随表单一起发布。", list=name)
    prepared = [_prepared(database, each) for each in uploads]

    def work(tx: Transaction) -> tuple[str, ...]:
        done = [publishing.publish(tx, each, by) for each in prepared]
        return tuple(dict.fromkeys(warning for each in done for warning in each.warnings))

    return database.write(work)


def bring_back_list(database: Database, name: str, by: str, seen: Instant | None = None) -> tuple[str, ...]:
    """Put what the last new version of a list replaced in its place again; return the warnings.

    seen: when that was replaced, as the caller has seen it. Raises NotFound when nothing was, Conflict when the list
    was replaced again since, else as ``replace_list``.
    """
    with database.reading() as reading:
        found = stored_drafts.last_replaced_named(reading, name)
    if found is None:
        raise NotFound(f"名单“{name}”还没有被替换过，没有可以恢复的内容。", list=name)
    if seen not in (None, found[0]):
        raise Conflict("这份名单刚才又换过了，没有恢复；请看过现在的内容再决定。", list=name)
    return replace_list(database, name, found[1], by)


def lists_on(database: Database) -> Callable[[FormDefinition], Mapping[str, ListFile]]:
    """Return what ``publish.prepare`` asks for the lists that a form finds on this server."""

    def beside(definition: FormDefinition) -> Mapping[str, ListFile]:
        with database.reading() as reading:
            return lists_beside(reading, definition)

    return beside


def _prepared(database: Database, upload: Upload) -> Prepared:
    with _conversion():
        return publishing.prepare(
            upload.source,
            PurePath(upload.file_name).suffix,
            upload.media,
            beside=lists_on(database),
            file_name=upload.file_name,
        )


@contextmanager
def _conversion() -> Iterator[None]:
    if not _CONVERSIONS.acquire(blocking=False):
        raise Busy("另外两张表单正在转换，请一分钟后再发布。")
    try:
        yield
    finally:
        _CONVERSIONS.release()
