"""Manages the county's forms for who has the right to: publish, close, list again, download as a workbook.

Converting takes a second and a child process of its own, so it happens between a reading and a write, never inside a
transaction. What is true if we die after each step: converted, nothing is kept; written, the version is listed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath

from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import Busy, FormUnknown, NotFound
from server.forms.domain.definitions import Allowance, Fault, FormDefinition
from server.forms.store import forms
from server.forms.store.forms import Form, State
from server.forms.usecases import publish as publishing
from server.forms.usecases.checks import file_faults
from server.forms.usecases.lists.beside import lists_beside
from server.forms.usecases.lists.list_checks import list_faults
from server.forms.usecases.lists.list_files import ListFile
from server.forms.usecases.publish import Published
from server.forms.usecases.xform.xml_parsing import parse
from server.forms.usecases.xlsform.sheets import Sheets
from server.people.domain import rights
from server.people.domain.actors import Actor

WORKBOOKS = (".xlsx", ".xlsm")
_CONVERSIONS = threading.BoundedSemaphore(2)
"""One form is converted at a time; a second one waits, and a third would only keep a thread from everyone else."""

_SET_STATE: Mapping[State, Callable[[Transaction, str, str], None]] = {
    State.OPEN: publishing.reopen,
    State.CLOSING: publishing.wind_down,
    State.CLOSED: publishing.close,
}


def require_right(by: Actor) -> None:
    """Do nothing for who may publish: forms are the county's, so the right must reach all of it. Raises NotAllowed."""
    county = next((duty.place.path.split("/")[0] for duty in by.current), "")
    rights.require(by, "configuration", "edit", county)


def publish(
    database: Database,
    source: bytes,
    file_name: str,
    media: Mapping[str, bytes],
    *,
    by: Actor,
    allowed: Collection[Allowance] = (),
) -> Published:
    """Publish an uploaded form with the files beside it. Takes seconds; not for use inside a transaction.

    file_name: as uploaded; its ending says what the file is. allowed: what ``by`` insists on.
    Raises NotAllowed, FormRefused with every reason, Busy.
    """
    require_right(by)
    if not _CONVERSIONS.acquire(blocking=False):
        raise Busy("另外两张表单正在转换，请一分钟后再发布。")
    try:
        prepared = publishing.prepare(
            source, PurePath(file_name).suffix, media, beside=lists_on(database), file_name=file_name
        )
    finally:
        _CONVERSIONS.release()
    return database.write(lambda tx: publishing.publish(tx, prepared, by.name, allowed))


def lists_on(database: Database) -> Callable[[FormDefinition], Mapping[str, ListFile]]:
    """Return what ``publish.prepare`` asks for the lists that a form finds on this server."""

    def beside(definition: FormDefinition) -> Mapping[str, ListFile]:
        with database.reading() as reading:
            return lists_beside(reading, definition)

    return beside


def unopenable(reading: Reading) -> Iterator[tuple[str, Fault]]:
    """Yield each form that phones are given, with what is wrong with the lists beside it as they are now.

    A list that was accepted before it was judged together with its form, or a file that is gone, keeps a phone from
    opening the form.
    """
    known = forms.catalogue(reading)
    for form in (each for each in known.forms.values() if each.state is State.OPEN):
        definition, html = form.current.definition, parse(forms.xml(reading, form.id, form.version))
        beside = lists_beside(reading, definition)
        for fault in (
            *list_faults(html, beside, Sheets()),
            *file_faults(definition, known.types, form.media, Sheets()),
        ):
            yield form.id, fault


def set_state(tx: Transaction, form_id: str, state: State, *, by: Actor) -> Form:
    """List a form, wind it down or close it, and return it; a form in that state already stays as it is.

    Raises FormUnknown, also for who may see no forms, and NotAllowed.
    """
    form = get_visible(tx, form_id, by)
    require_right(by)
    if form.state is state:
        return form
    _SET_STATE[state](tx, form_id, by.name)
    return forms.get(tx, form_id)


def workbook(reading: Reading, form_id: str, version: str, *, by: Actor) -> bytes:
    """Return a version as an Excel workbook, for who wants to go on from it.

    Raises FormUnknown, and NotFound when it was published from something that no workbook can be made of.
    """
    get_visible(reading, form_id, by)
    source, kind = forms.source(reading, form_id, version)
    if kind in WORKBOOKS:
        return source
    if kind == ".md":
        # Imported when asked for: pyxform comes along, and stays in the memory of a server that seldom needs it.
        from kobo_forms.export import to_xlsx

        return to_xlsx(source, {"form_id": form_id, "version": version})
    raise NotFound(f"这个版本是以 {kind} 文件发布的，没有 Excel 工作簿；请下载 .xml。", form=form_id, version=version)


def get_visible(reading: Reading, form_id: str, by: Actor) -> Form:
    """Return a form to whoever has a duty in force. Raises FormUnknown."""
    if not by.current:
        raise FormUnknown(f"没有表单“{form_id}”；请检查表单编号 (form_id)。", form=form_id)
    return forms.get(reading, form_id)
