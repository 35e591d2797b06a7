"""The definition of a form version as published, so that a submission is read without reading the XForm again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from server.errors import FormRefused
from server.forms.domain.choices import CodeList, Options
from server.forms.domain.fields import Field
from server.forms.domain.personal import Personal
from server.forms.domain.record_types import Declaration, Kind
from sync.rules import MergePolicy

ON_TRIAL = "__trial"
"""Ends the id of a draft; no form may be published under such an id."""


class Allowance(StrEnum):
    """What is refused unless an administrator insists, since it costs the county something that cannot be undone.

    SEVERAL_ENTITIES: entities from repeats or into several lists, in forms that KoboCollect cannot open.
    ENCRYPTION: a form whose answers the server cannot read.
    """

    SEVERAL_ENTITIES = "several-entities"
    ENCRYPTION = "encryption"


@dataclass(frozen=True, slots=True)
class Question:
    """One question or calculation of a form.

    path: local names from the root, ``/data/where/village``. type: bind type of XForms.
    label: in the default language, empty where the form shows none. relevant: the XPath that shows it, if any.
    multiple: several codes may be chosen. options: what may be chosen, None where anything may be answered.
    required: nobody can finish the form without an answer, whatever else they answer.
    personal: what an answer holds of a private person, as the form declares; None where it says nothing.
    """

    path: str
    type: str
    label: str = ""
    relevant: str | None = None
    multiple: bool = False
    options: Options | None = None
    required: bool = False
    personal: Personal | None = None


@dataclass(frozen=True, slots=True)
class EntityDeclaration:
    """How a form turns a submission into records: one ``meta/entity`` of the XForm (``openrosa.md`` §4.2).

    dataset: name of the record type and entity list. properties: path of the question → field that it saves to.
    kind, title: ``fg:kind`` and ``fg:title`` of its container, None when the form states nothing.
    container: path below the root of the group or repeat that holds the block, '' for the form itself; a repeat makes
    a record of each instance. container_label: what that group is called in the default language.
    """

    dataset: str
    creates: bool
    updates: bool
    properties: Mapping[str, Field]
    kind: Kind | None = None
    title: str | None = None
    container: str = ""
    container_label: str = ""


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """One version of a form, as published.

    entities: what it saves to ledgers, outer containers first; most forms have one at most.
    binaries: paths of questions answered by a file, the audit log included.
    media: file names that the form needs beside it (pictures, CSV and other lists), each once.
    lists: base names of the CSV lists among them; the server may make some of these itself.
    content: SHA-256 of the XForm's bytes, in hex; tells whether two publications are the same form.
    roles: whose phones list the form (``fg:roles`` of the settings); empty for everyone who may report.
    encrypted: phones lock the answers up for the holder of a private key (``public_key``).
    """

    form_id: str
    version: str
    title: str
    default_language: str | None
    languages: tuple[str, ...]
    entities: tuple[EntityDeclaration, ...]
    binaries: tuple[str, ...]
    media: tuple[str, ...]
    lists: tuple[str, ...]
    questions: tuple[Question, ...]
    content: str
    roles: tuple[str, ...] = ()
    encrypted: bool = False

    @property
    def datasets(self) -> tuple[str, ...]:
        """The record types that the form saves to, each once."""
        return tuple(dict.fromkeys(entity.dataset for entity in self.entities))

    @property
    def has_several_entities(self) -> bool:
        """Whether one submission may make more than one record, which needs entities-version 2025.1."""
        return len(self.entities) > 1 or any(entity.container for entity in self.entities)

    def declarations(self) -> tuple[Declaration, ...]:
        """Return what this form declares of each record type that it saves to."""
        return tuple(
            Declaration(
                form_id=self.form_id,
                version=self.version,
                dataset=entity.dataset,
                title=entity.title or "·".join(filter(None, (self.title, entity.container_label))),
                fields=tuple(entity.properties.values()),
                kind=entity.kind,
                titled=entity.title is not None,
                creates=entity.creates,
            )
            for entity in self.entities
        )


def to_json(definition: FormDefinition) -> str:
    """Return the definition as JSON text; ``from_json`` gives back an equal one."""
    return json.dumps(asdict(definition), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> FormDefinition:
    """Return the definition that ``to_json`` wrote."""
    raw: dict[str, Any] = json.loads(text)
    return FormDefinition(
        form_id=raw["form_id"],
        version=raw["version"],
        title=raw["title"],
        default_language=raw["default_language"],
        languages=tuple(raw["languages"]),
        entities=tuple(map(_entity, _entities_in(raw))),
        binaries=tuple(raw["binaries"]),
        media=tuple(raw["media"]),
        lists=tuple(raw["lists"]),
        questions=tuple(_question(question) for question in raw["questions"]),
        content=raw["content"],
        roles=tuple(raw["roles"]),
        encrypted=raw.get("encrypted", False),
    )


def _entities_in(raw: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the entities of a stored definition; what was published before forms could have several names one."""
    if "entities" in raw:
        return tuple(raw["entities"])
    return () if raw["entity"] is None else (raw["entity"],)


def _entity(raw: Mapping[str, Any]) -> EntityDeclaration:
    return EntityDeclaration(
        dataset=raw["dataset"],
        creates=raw["creates"],
        updates=raw["updates"],
        properties={path: _field(field) for path, field in raw["properties"].items()},
        kind=None if raw["kind"] is None else Kind(raw["kind"]),
        title=raw["title"],
        container=raw.get("container", ""),
        container_label=raw.get("container_label", ""),
    )


def _question(raw: Mapping[str, Any]) -> Question:
    return Question(**{**raw, "options": _options(raw.get("options")), "personal": _personal(raw)})


def _field(raw: Mapping[str, Any]) -> Field:
    merge, options = MergePolicy(raw["merge"]), _options(raw.get("options"))
    return Field(**{**raw, "merge": merge, "options": options, "personal": _personal(raw)})


def _personal(raw: Mapping[str, Any]) -> Personal | None:
    stated = raw.get("personal")  # absent from what was published before forms could say it
    return None if stated is None else Personal(stated)


def _options(raw: Mapping[str, Any] | None) -> Options | None:
    if raw is None:
        return None
    return Options(tuple(raw["codes"]), tuple(raw["retired"]), tuple(CodeList(*each) for each in raw["lists"]))


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason why a form cannot be published.

    sheet, row, column: where its author finds it in the XLSForm (row 1 holds the headers); None where unknown.
    file: the list beside the form that ``row`` and ``column`` are of, in the place of a sheet.
    message: what is wrong. cure: what to do about it. Both in Chinese with the English term of the column.
    text: what is written there now, None where nothing is or the place is unknown.
    """

    message: str
    cure: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    file: str | None = None
    text: str | None = None


def refused(faults: Iterable[Fault], warnings: Iterable[str] = ()) -> FormRefused:
    """Return the refusal that names all ``faults`` (at least one) at once, the first of them in its message.

    warnings: what would not keep the form from being published.
    """
    listed = list(faults)
    first = listed[0]
    count = f"共 {len(listed)} 处问题，第一处：" if len(listed) > 1 else ""
    return FormRefused(
        f"表单不能发布。{count}{_where(first)}{first.message} {first.cure}",
        errors=[asdict(fault) for fault in listed],
        warnings=list(warnings),
    )


def faults_of(refusal: FormRefused) -> list[Fault]:
    """Return the faults that a refusal names."""
    errors: Any = refusal.data["errors"]
    return [Fault(**each) for each in errors]


def _where(fault: Fault) -> str:
    if fault.sheet is None:  # a fault in a list names the file in its message
        return ""
    row = "" if fault.row is None else f"第 {fault.row} 行"
    return f"{fault.sheet} 表{row}："
