"""Manages the county's forms for who has the right to: publish, try out, bring back, close, download as a workbook."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import PurePath

from server.db.database import Database
from server.db.transactions import Reading, Transaction
from server.errors import FormUnknown, NotFound
from server.forms.domain.definitions import Allowance, Fault
from server.forms.store import forms
from server.forms.store.forms import Form, State
from server.forms.usecases import publications
from server.forms.usecases import publish as publishing
from server.forms.usecases.checks import file_faults
from server.forms.usecases.drafts import Replaced
from server.forms.usecases.lists.beside import lists_beside
from server.forms.usecases.lists.list_checks import list_faults
from server.forms.usecases.publications import Upload
from server.forms.usecases.publish import Published
from server.forms.usecases.xform.xml_parsing import parse
from server.forms.usecases.xlsform.sheets import Sheets
from server.instants import Instant
from server.people.domain import rights
from server.people.domain.actors import Actor

WORKBOOKS = (".xlsx", ".xlsm")
_SET_STATE: Mapping[State, Callable[[Transaction, str, str], None]] = {
    State.OPEN: publishing.reopen,
    State.CLOSING: publishing.wind_down,
    State.CLOSED: publishing.close,
}


def require_right(by: Actor) -> None:
    """Do nothing for who may publish: forms are the county's, so the right must reach all of it. Raises NotAllowed."""
    county = next((duty.place.path.split("/")[0] for duty in by.current), "")
    rights.require(by, "configuration", "edit", county)


def publish(database: Database, upload: Upload, *, by: Actor) -> Published:
    """Publish an uploaded form with the files beside it. Takes seconds; not for use inside a transaction.

    Raises NotAllowed, FormRefused with every reason, Busy.
    """
    require_right(by)
    return publications.publish(database, upload, by.name)


def publish_draft(database: Database, upload: Upload, testers: Iterable[str], *, by: Actor) -> Published:
    """Give an uploaded form to the phones of ``testers`` alone. Raises as ``publish``, NotFound and Invalid."""
    require_right(by)
    return publications.publish_draft(database, upload, testers, by.name)


def release(database: Database, form_id: str, *, by: Actor, allowed: Collection[Allowance] = ()) -> Published:
    """Publish the draft of a form for everyone. Raises as ``publish``, and NotFound when nothing is on trial."""
    get_visible_on(database, form_id, by)
    require_right(by)
    return publications.release(database, form_id, by.name, allowed)


def bring_back(database: Database, form_id: str, *, by: Actor, seen: str | None = None) -> tuple[Replaced, Published]:
    """Bring back what the last publication of a form replaced. Raises NotAllowed, else as the publication."""
    get_visible_on(database, form_id, by)
    require_right(by)
    return publications.bring_back(database, form_id, by.name, seen)


def replace_list(database: Database, name: str, content: bytes, *, by: Actor) -> tuple[str, ...]:
    """Put a new version of a list beside every form that has it. Raises NotAllowed, else as the publication."""
    require_right(by)
    return publications.replace_list(database, name, content, by.name)


def bring_back_list(database: Database, name: str, *, by: Actor, seen: Instant | None = None) -> tuple[str, ...]:
    """Bring back the version before of a list. Raises NotAllowed, else as the publication."""
    require_right(by)
    return publications.bring_back_list(database, name, by.name, seen)


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
    found = as_workbook(source, kind, {"form_id": form_id, "version": version})
    if found is not None:
        return found
    raise NotFound(f"这个版本是以 {kind} 文件发布的，没有 Excel 工作簿；请下载 .xml。", form=form_id, version=version)


def as_workbook(source: bytes, file_name: str, identity: Mapping[str, str] | None = None) -> bytes | None:
    """Return the source of a form as an Excel workbook; None for what no workbook can be made of.

    file_name: its ending says what the source is. identity: ``form_id`` and ``version`` that it may not state itself.
    """
    kind = PurePath(file_name).suffix.lower() or file_name
    if kind in WORKBOOKS:
        return source
    if kind != ".md":
        return None
    # Imported when asked for: pyxform comes along, and stays in the memory of a server that seldom needs it.
    from pyxform.errors import PyXFormReadError

    from kobo_forms.export import to_xlsx

    try:
        return to_xlsx(source, identity)
    except (PyXFormReadError, UnicodeDecodeError):
        return None


def get_visible_on(database: Database, form_id: str, by: Actor) -> Form:
    """Return a form as ``get_visible`` does, outside a transaction."""
    with database.reading() as reading:
        return get_visible(reading, form_id, by)


def get_visible(reading: Reading, form_id: str, by: Actor) -> Form:
    """Return a form to whoever has a duty in force. Raises FormUnknown."""
    if not by.current:
        raise FormUnknown(f"没有表单“{form_id}”；请检查表单编号 (form_id)。", form=form_id)
    return forms.get(reading, form_id)
