"""Publishes forms: prepared outside the writer, since pyxform takes a second, and checked again inside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Protocol

from kobo_forms.code_lists import DATE_COLUMNS
from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db import training
from server.db.transactions import Transaction
from server.errors import FormRefused
from server.forms.domain.definitions import Allowance, Fault, FormDefinition, faults_of, refused
from server.forms.store import codes, forms
from server.forms.store.forms import Publication, State
from server.forms.usecases import checks, code_lists
from server.forms.usecases.lists.beside import lists_beside, with_lists
from server.forms.usecases.lists.list_checks import dates_dropped, list_faults, nothing_offered
from server.forms.usecases.lists.list_files import ListFile, is_list
from server.forms.usecases.lists.list_reader import read
from server.forms.usecases.xform.reader import ITEMSETS, read_xform
from server.forms.usecases.xform.xml_parsing import parse, with_titles, without_submission_action
from server.forms.usecases.xlsform import conversion
from server.forms.usecases.xlsform.cells import cell_faults
from server.forms.usecases.xlsform.sheets import Sheets, quoting, sheet_faults
from server.instants import local_day
from sync.datatypes import invalid_reason

MEDIA_BYTES_MAX = 20_000_000
TIMEOUT_S = 30.0
"""How long each tool may take for one form, in seconds."""
BUILT_IN = "init"
"""Who published the forms that come with the product, in the audit trail."""


class Validate(Protocol):
    """Asks ODK Validate about a form, as ``conversion.validate`` does."""

    def __call__(self, xml: bytes, sheets: Sheets, /, *, timeout_s: float) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """An uploaded form, converted and read.

    warnings: of the tools. media: file name to bytes. lists: what those of them hold that are lists.
    faults: why no phone can open it, as ODK Validate says; told together with what our own checks find.
    """

    definition: FormDefinition
    xml: bytes
    source: bytes
    source_type: str
    media: Mapping[str, bytes]
    sheets: Sheets
    warnings: tuple[str, ...]
    lists: Mapping[str, ListFile]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it. added: whether a version was added; False when this very version was there already."""

    form_id: str
    version: str
    title: str
    added: bool
    warnings: tuple[str, ...]


def prepare(
    source: bytes,
    file_type: str,
    media: Mapping[str, bytes],
    *,
    beside: Callable[[FormDefinition], Mapping[str, ListFile]] = lambda _: {},
    file_name: str = "",
    converted: conversion.Converted | None = None,
    validate: Validate | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Prepared:
    """Convert and read an uploaded form; takes about a second, and no transaction.

    source, file_type, timeout_s: as for ``xlsform.to_xform``. media: files to put beside the form, by name.
    beside: gives the lists that the form finds on the server (``lists_beside``). file_name: as uploaded, for a form
    that states no id. converted: what the source was converted to already. validate: asks ODK Validate in place of
    ``conversion.validate``. Raises FormRefused with everything found when there is no form to go on with, and Busy.
    ODK Validate is asked with the lists written into the form, where our own checks, which name the row, find nothing.
    """
    if faults := [fault for name, content in sorted(media.items()) for fault in _media_faults(name, content)]:
        raise refused(faults)
    lists = {name: read(name, content) for name, content in media.items() if is_list(name)}
    unreadable = [fault for each in lists.values() for fault in each.faults]
    kind = "." + file_type.lower().lstrip(".")
    source = conversion.as_utf8(source, kind)
    with _told_together(unreadable):
        stem = PurePath(file_name).stem.strip()
        converted = converted or conversion.to_xform(source, kind, form_id=stem, timeout_s=timeout_s)
    sheets, warnings = converted.sheets, converted.warnings
    if converted.itemsets is not None:
        media = {ITEMSETS: converted.itemsets, **media}
        lists = {ITEMSETS: read(ITEMSETS, converted.itemsets), **lists}
    xml = without_submission_action(converted.xml)
    with _told_together([*cell_faults(sheets), *sheet_faults(sheets), *unreadable], sheets):
        definition = read_xform(xml)
    known = {**beside(definition), **lists}
    if not cell_faults(sheets) and not any(list_faults(parse(xml), known, sheets)):
        said, faults = _asked(validate or conversion.validate, with_lists(xml, known), sheets, timeout_s)
        warnings += said
    return Prepared(definition, xml, source, kind, dict(media), sheets, warnings, lists, tuple(faults))


def prepare_together(forms: Sequence[tuple[bytes, Mapping[str, bytes]]]) -> Iterator[Prepared]:
    """Yield forms of ours as ``prepare`` returns them; pyxform starts once for all, and so does Java.

    forms: XLSForms as Markdown tables that state id and version, with the files beside each. Raises as ``prepare``.
    Where ODK Validate has anything to say, it is asked about each form by itself.
    """
    asked: list[bytes] = []

    def later(xml: bytes, _sheets: Sheets, *, timeout_s: float) -> tuple[str, ...]:
        asked.append(xml)
        return ()

    all_converted = conversion.to_xforms([source for source, _ in forms], timeout_s=TIMEOUT_S)
    every = list(zip(forms, all_converted, strict=True))
    prepared = [
        prepare(source, ".md", media, converted=converted, validate=later) for (source, media), converted in every
    ]
    if conversion.are_valid(asked, timeout_s=TIMEOUT_S * len(asked)):
        yield from prepared
    else:
        yield from (prepare(source, ".md", media, converted=converted) for (source, media), converted in every)


def _asked(validate: Validate, xml: bytes, sheets: Sheets, timeout_s: float) -> tuple[tuple[str, ...], list[Fault]]:
    """Return what ODK Validate warns of, and why no phone can open the form."""
    try:
        return validate(xml, sheets, timeout_s=timeout_s), []
    except FormRefused as error:
        return (), faults_of(error)


@contextmanager
def _told_together(more: Iterable[Fault], sheets: Sheets | None = None) -> Iterator[None]:
    """Add what else is known to be wrong to a refusal, so that its author mends all of it in one go."""
    try:
        yield
    except FormRefused as error:
        told = quoting([*faults_of(error), *more], sheets or Sheets())
        raise refused(dict.fromkeys(told)) from error


def publish(tx: Transaction, prepared: Prepared, by: str | None, allowed: Collection[Allowance] = ()) -> Published:
    """Add a version of a form, with the files beside it, and list it.

    by: user name, None for the forms that come with the product. allowed: what they insist on, though it is refused
    otherwise. The very same version again only replaces files that come with it.
    Raises FormRefused with every reason at once (``checks.check``).
    """
    if training.is_on(tx):
        prepared = _for_training(prepared)
    definition, catalogue = prepared.definition, forms.catalogue(tx)
    existing = catalogue.forms.get(definition.form_id)
    previous = [] if existing is None else [version.definition for version in existing.versions.values()]
    attached = {*prepared.media, *(() if existing is None else existing.media)}
    lists = {**lists_beside(tx, definition), **prepared.lists}
    faults, warnings = checks.check(
        definition, prepared.xml, previous, catalogue.types, attached, prepared.sheets, lists, allowed
    )
    faults.extend(_dated_list_faults(tx, prepared))
    places = {(fault.sheet, fault.row) for fault in faults if fault.row is not None}
    faults.extend(fault for fault in prepared.faults if (fault.sheet, fault.row) not in places)
    if faults:
        told = [replace(each, text=each.text or _in_list(each, lists)) for each in quoting(faults, prepared.sheets)]
        raise refused(told, dict.fromkeys((*prepared.warnings, *warnings)))
    added = not checks.already_published(definition, previous)
    if added:
        publication = Publication(definition, prepared.xml, prepared.source, prepared.source_type, by)
        forms.add_version(tx, publication)
        detail: dict[str, object] = {"version": definition.version} | ({"allowed": sorted(allowed)} if allowed else {})
        record(tx, Entry("form.publish", by or BUILT_IN, definition.form_id, detail))
    all_warnings = (*prepared.warnings, *warnings, *_put_media(tx, prepared, by or BUILT_IN))
    return Published(definition.form_id, definition.version, definition.title, added, all_warnings)


def _in_list(fault: Fault, lists: Mapping[str, ListFile]) -> str | None:
    """Return what is written in the cell of a list that a fault names, None where it names none."""
    found = lists.get(fault.file or "")
    row = next((row for row in (found.rows if found else ()) if row.line is not None and row.line == fault.row), None)
    return None if row is None or fault.column is None else row.cells.get(fault.column) or None


def _dated_list_faults(tx: Transaction, prepared: Prepared) -> Iterator[Fault]:
    """Yield a fault for each dated list that would lose its dates, or offer nothing any more."""
    for name, new in sorted(prepared.lists.items()):
        if name.endswith(".csv"):
            files = (read(name, content) for content in forms.media_named(tx, name))
            earlier = {column for file in files for column in file.header}
            rows = (row for dated in codes.of_list(tx, name.removesuffix(".csv")).values() for row in dated)
            if any(row.active_from for row in rows):
                earlier |= DATE_COLUMNS
            yield from dates_dropped(earlier, new)
            yield from nothing_offered(new, date.fromisoformat(local_day(tx.now)))


def _put_media(tx: Transaction, prepared: Prepared, by: str) -> list[str]:
    """Put the files beside the form; lists among them become code lists of the county. Return warnings."""
    form_id = prepared.definition.form_id
    for name, content in sorted(prepared.media.items()):
        forms.put_media(tx, form_id, name, content)
        record(tx, Entry("form.media", by, form_id, {"name": name}))
    names = [name.removesuffix(".csv") for name in sorted(prepared.media) if name.endswith(".csv") and name != ITEMSETS]
    return [warning for name in names for warning in code_lists.update_from_media(tx, name)]


def _for_training(prepared: Prepared) -> Prepared:
    xml = with_titles(prepared.xml, training.marked)
    return replace(prepared, xml=xml, definition=read_xform(xml))


def close(tx: Transaction, form_id: str, by: str) -> None:
    """Take a form off the lists and refuse what is still sent (kept as a problem). Raises FormUnknown."""
    _set_state(tx, form_id, State.CLOSED, by)


def wind_down(tx: Transaction, form_id: str, by: str) -> None:
    """Take a form off the lists but take what phones still hold of it. Raises FormUnknown."""
    _set_state(tx, form_id, State.CLOSING, by)


def reopen(tx: Transaction, form_id: str, by: str) -> None:
    """List a form again. Raises FormUnknown."""
    _set_state(tx, form_id, State.OPEN, by)


def _set_state(tx: Transaction, form_id: str, state: State, by: str) -> None:
    forms.set_state(tx, form_id, state)
    record(tx, Entry(f"form.{state}", by, form_id))


def _media_faults(name: str, content: bytes) -> list[Fault]:
    if not name or invalid_reason("binary", name) or name.startswith("."):
        return [Fault(f"文件名“{name}”带有文件夹或特殊字符。", "请只写文件名，不要写路径。")]
    if len(content) > MEDIA_BYTES_MAX:
        limit = MEDIA_BYTES_MAX // 1_000_000
        return [Fault(f"文件 {name} 超过 {limit} MB。", "请压缩图片、缩短录像，或拆小名单。")]
    return []
