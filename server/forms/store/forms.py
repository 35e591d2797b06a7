"""Stores every version of every form for ever, and the record types that they declare together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import kobo_forms
from server.db.sql import Row, inserting
from server.db.transactions import Reading, Transaction
from server.errors import FormUnknown, NotFound
from server.forms.domain import definitions, personal
from server.forms.domain.definitions import FormDefinition
from server.forms.domain.fields import Field
from server.forms.domain.record_types import Declaration, RecordType, combine
from server.forms.store import codes, drafts
from server.forms.store.drafts import Draft
from server.instants import Instant, local_day
from sync.merge import FieldRule


class State(StrEnum):
    """open: listed and taken; closing: taken but no longer listed; closed: neither (``openrosa.md`` §5.2)."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file beside a form, as phones get it today. md5: lower-case hex of those bytes. size: in bytes."""

    name: str
    md5: str
    size: int


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A published version. md5: lower-case hex of the XForm's bytes."""

    version: str
    definition: FormDefinition
    md5: str
    published_at: Instant


@dataclass(frozen=True, slots=True)
class Form:
    """A form with all of its versions, oldest first. version: the one that is listed. media: by file name.

    draft: what is on trial and with whom; None for a form that is not.
    """

    id: str
    title: str
    state: State
    version: str
    versions: Mapping[str, FormVersion]
    media: Mapping[str, MediaFile]
    draft: Draft | None = None

    @property
    def current(self) -> FormVersion:
        return self.versions[self.version]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All forms and what they declare. forms: by id. types: by name. rules: type name to field name to rule."""

    forms: Mapping[str, Form]
    types: Mapping[str, RecordType]
    rules: Mapping[str, Mapping[str, FieldRule]]


@dataclass(frozen=True, slots=True)
class Publication:
    """What is kept of one version. source: the file as uploaded, of the kind ``source_type`` (``.md``, ``.xlsx`` …)."""

    definition: FormDefinition
    xml: bytes
    source: bytes
    source_type: str
    by: str | None


def catalogue(reading: Reading) -> Catalogue:
    """Return all forms as they stand today; cached until the configuration or the local day changes.

    The day counts because dated code lists reach the phones as the file of one day.
    """
    day = local_day(reading.now)
    return reading.cached(("catalogue", day), lambda fresh: _catalogue(fresh, date.fromisoformat(day)))


def get(reading: Reading, form_id: str) -> Form:
    """Return one form. Raises FormUnknown."""
    form = catalogue(reading).forms.get(form_id)
    if form is None:
        raise FormUnknown(f"没有表单“{form_id}”；请检查表单编号 (form_id)。", form=form_id)
    return form


def xml(reading: Reading, form_id: str, version: str) -> bytes:
    """Return the bytes whose MD5 is listed. Raises FormUnknown."""
    return bytes(_version(reading, form_id, version)["xml"])


def source(reading: Reading, form_id: str, version: str) -> tuple[bytes, str]:
    """Return the file as uploaded and its kind (``.md``, ``.xlsx`` …). Raises FormUnknown."""
    row = _version(reading, form_id, version)
    return bytes(row["source"]), row["source_type"]


def media(reading: Reading, form_id: str, name: str) -> bytes:
    """Return a file beside a form as phones get it today. Raises NotFound."""
    content = reading.sql.value(
        "SELECT content FROM form_media WHERE form = :form AND name = :name", {"form": form_id, "name": name}
    )
    if content is None:
        raise NotFound(f"表单“{form_id}”没有文件“{name}”。", form=form_id, name=name)
    return as_served(name, bytes(content), date.fromisoformat(local_day(reading.now)))


def stored_media(reading: Reading, form_id: str) -> dict[str, bytes]:
    """Return the files beside a form as they were uploaded, by name; none for a form that was never published."""
    sql = "SELECT name, content FROM form_media WHERE form = :form ORDER BY name"
    return {row["name"]: bytes(row["content"]) for row in reading.sql.each(sql, {"form": form_id})}


def media_named(reading: Reading, name: str) -> list[bytes]:
    """Return the files of one name beside all forms but those on trial, as they were uploaded, the newest last."""
    sql = """
        SELECT content FROM form_media
         WHERE name = :name AND form NOT IN (SELECT form FROM form_draft)
         ORDER BY updated_at, form
    """
    return [bytes(row["content"]) for row in reading.sql.each(sql, {"name": name})]


def as_served(name: str, content: bytes, on: date) -> bytes:
    """Return what phones get of a stored file on a local day: a dated code list becomes the list of that day."""
    return kobo_forms.served(content, on) if name.endswith(".csv") else content


def add_version(tx: Transaction, publication: Publication) -> None:
    """Append a version and let the form, new or not, list it; a closed form opens again."""
    definition = publication.definition
    tx.sql.put(
        """
        INSERT INTO form (id, title, version, state, created_at, updated_at)
        VALUES (:id, :title, :version, :state, :now, :now)
        ON CONFLICT (id) DO UPDATE
           SET title = excluded.title, version = excluded.version, state = excluded.state,
               updated_at = excluded.updated_at
        """,
        {
            "id": definition.form_id,
            "title": definition.title,
            "version": definition.version,
            "state": State.OPEN,
            "now": tx.now,
        },
    )
    tx.sql.put(
        _INSERT_VERSION,
        {
            "form": definition.form_id,
            "version": definition.version,
            "published_at": tx.now,
            "published_by": publication.by,
            "xml": publication.xml,
            "md5": _md5(publication.xml),
            "source": publication.source,
            "source_type": publication.source_type,
            "definition": definitions.to_json(definition),
        },
    )
    tx.configuration_changed()


def put_media(tx: Transaction, form_id: str, name: str, content: bytes) -> None:
    """Keep a file beside a form, in the place of one of the same name, which is kept as replaced."""
    tx.sql.put(
        """
        INSERT INTO form_media_replaced (form, name, content, replaced_at)
        SELECT form, name, content, :now FROM form_media
         WHERE form = :form AND name = :name AND content <> :content
        ON CONFLICT (form, name, replaced_at) DO NOTHING
        """,
        {"form": form_id, "name": name, "content": content, "now": tx.now},
    )
    tx.sql.put(
        """
        INSERT INTO form_media (form, name, content, md5, updated_at)
        VALUES (:form, :name, :content, :md5, :now)
        ON CONFLICT (form, name) DO UPDATE
           SET content = excluded.content, md5 = excluded.md5, updated_at = excluded.updated_at
        """,
        {"form": form_id, "name": name, "content": content, "md5": _md5(content), "now": tx.now},
    )
    tx.configuration_changed()


def set_state(tx: Transaction, form_id: str, state: State) -> None:
    """List a form or not, and take its submissions or not. Raises FormUnknown."""
    touched = tx.sql.run(
        "UPDATE form SET state = :state, updated_at = :now WHERE id = :id",
        {"state": state, "now": tx.now, "id": form_id},
    )
    if touched == 0:
        raise FormUnknown(f"没有表单“{form_id}”；请检查表单编号 (form_id)。", form=form_id)
    tx.configuration_changed()


_INSERT_VERSION = inserting(
    "form_version",
    ("form", "version", "published_at", "published_by", "xml", "md5", "source", "source_type", "definition"),
)


def _md5(content: bytes) -> str:
    # OpenRosa's hash: it tells phones of a change and guards nothing.
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _version(reading: Reading, form_id: str, version: str) -> Row:
    row = reading.sql.find(
        "SELECT xml, source, source_type FROM form_version WHERE form = :form AND version = :version",
        {"form": form_id, "version": version},
    )
    if row is None:
        raise FormUnknown(f"表单“{form_id}”没有版本“{version}”。", form=form_id, version=version)
    return row


def _catalogue(reading: Reading, on: date) -> Catalogue:
    versions = reading.cached(("form versions",), _versions)
    media_files, on_trial = _media_files(reading, on), drafts.all_drafts(reading)
    forms = {
        row["id"]: Form(
            id=row["id"],
            title=row["title"],
            state=State(row["state"]),
            version=row["version"],
            versions={each.version: each for each in versions if each.definition.form_id == row["id"]},
            media=media_files.get(row["id"], {}),
            draft=on_trial.get(row["id"]),
        )
        for row in reading.sql.each("SELECT id, title, state, version FROM form ORDER BY title, id")
    }
    types = {
        name: replace(type, choices=codes.choices_of(reading, type), built_in=personal.built_in(name, reading.now))
        for name, type in _types(each.definition for each in versions).items()
    }
    rules = {name: {field.name: _rule(field) for field in type.fields.values()} for name, type in types.items()}
    return Catalogue(forms, types, rules)


def _versions(reading: Reading) -> tuple[FormVersion, ...]:
    rows = reading.sql.each(
        "SELECT version, definition, md5, published_at FROM form_version ORDER BY published_at, form, version"
    )
    return tuple(
        FormVersion(row["version"], definitions.from_json(row["definition"]), row["md5"], row["published_at"])
        for row in rows
    )


def _media_files(reading: Reading, on: date) -> Mapping[str, Mapping[str, MediaFile]]:
    found: dict[str, dict[str, MediaFile]] = {}
    for row in reading.sql.each("SELECT form, name, content FROM form_media ORDER BY form, name"):
        served = as_served(row["name"], bytes(row["content"]), on)
        found.setdefault(row["form"], {})[row["name"]] = MediaFile(row["name"], _md5(served), len(served))
    return found


def _types(published: Iterable[FormDefinition]) -> Mapping[str, RecordType]:
    declared: dict[str, list[Declaration]] = {}
    for definition in published:
        for declaration in definition.declarations():
            declared.setdefault(declaration.dataset, []).append(declaration)
    return {name: combine(declarations) for name, declarations in declared.items()}


def _rule(field: Field) -> FieldRule:
    return FieldRule(group=field.group, policy=field.merge, set_valued=field.set_valued)
