"""Turns the entity blocks of a submission into Changes, so that phones write through the one path."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from server import instants
from server.forms.domain.definitions import EntityDeclaration, FormDefinition
from server.forms.domain.record_types import ACTION, LABEL, Kind, RecordType
from server.submissions.domain.submissions import EntityBlock, SubmissionXml, entity_id, may_create
from sync.changes import CREATING, Change, Dot, FieldWrite

ENTITIES_MAX = 2_000
"""How many records one submission saves at most: a household of hundreds fits, 16 MB of empty blocks do not."""

_ENVELOPE_FILES = frozenset({"encryptedXmlFile", "media/file"})
_NAMESPACE = UUID("5f1a5c9e-6c1e-5f0e-9a51-2f8f6e2f7a10").bytes


@dataclass(frozen=True, slots=True)
class EntityLayout:
    """How an entity of one form version is read, computed once. saves: path without the root to property."""

    declared: EntityDeclaration
    saves: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SubmissionLayout:
    """How submissions of one form version are read, computed once.

    entities: by path of their container, '' for the form itself. binaries: paths without the root of questions
    answered by a file. encrypted: an administrator published the form so that its answers come locked up.
    """

    entities: Mapping[str, EntityLayout]
    binaries: frozenset[str]
    encrypted: bool = False


class FilledEntity(NamedTuple):
    """An entity block of a submission with what is filled in there.

    values: by property, as saved to the record. place: the instance of its repeat or group in words, '' for the form
    itself. copy: which one it is of the blocks with this list and id, from 1; a second one is about a record that the
    submission speaks of already. area: the area that the block saves, else that which the block around it saves.
    """

    block: EntityBlock
    values: Mapping[str, str]
    place: str = ""
    copy: int = 1
    area: str | None = None


class UnusableEntity(NamedTuple):
    """Why an entity block cannot become a change; the submission is kept all the same. place: as of its entity."""

    reason: str
    dataset: str
    id: str
    place: str = ""


def layout_of(definition: FormDefinition) -> SubmissionLayout:
    """Return how submissions of ``definition`` are read."""
    entities = {
        entity.container: EntityLayout(
            entity, {_below_root(path): field.name for path, field in entity.properties.items()}
        )
        for entity in definition.entities
    }
    binaries = frozenset(_below_root(path) for path in definition.binaries)
    return SubmissionLayout(entities, binaries, definition.encrypted)


def filled_entities(xml: SubmissionXml, layout: SubmissionLayout) -> list[FilledEntity]:
    """Return the entity blocks of a submission, those of the form before those of its groups and repeats."""
    if len(xml.entities) == 1 and not xml.entities[0].path:  # as most submissions are
        values = _values(xml.entities[0], xml, layout)
        return [FilledEntity(xml.entities[0], values, "", 1, values.get("area"))]
    found: list[FilledEntity] = []
    around, copies, numbers = _Around(), Counter[tuple[str, str]](), Counter[str]()
    read: dict[tuple[str, int], dict[str, str]] = {}  # else many blocks in one container take the square of the time
    for block in sorted(xml.entities, key=lambda each: len(each.path.split("/")) if each.path else 0):
        key = (block.dataset, entity_id(block.id) or block.id)
        copies[key] += 1
        numbers[block.path] += 1
        instance = (block.path, block.first)
        if instance not in read:
            read[instance] = _values(block, xml, layout)
        values = read[instance]
        area = values.get("area") or around.area_of(block)
        place = _place(block.path, numbers[block.path], layout)
        filled = FilledEntity(block, values, place, copies[key], area)
        found.append(filled)
        around.add(filled)
    return found


def taken(xml: SubmissionXml, layout: SubmissionLayout) -> tuple[list[FilledEntity], list[UnusableEntity]]:
    """Return the entity blocks that a submission may save, and what to say of those beyond ``ENTITIES_MAX``.

    Those stay in the submission as it was sent.
    """
    found = filled_entities(xml, layout)
    if len(found) <= ENTITIES_MAX:
        return found, []
    reason = f"一份提交最多写入{ENTITIES_MAX}条记录，这份有{len(found)}条，从这一条起都没有写入；请分几份重新填报"
    first = found[ENTITIES_MAX]
    return found[:ENTITIES_MAX], [UnusableEntity(reason, first.block.dataset, first.block.id, first.place)]


class _Around:
    """Which entity is around another: a person in a repeat belongs to the household of the form, or of the group."""

    def __init__(self) -> None:
        self._ends: dict[str, list[int]] = {}
        self._areas: dict[str, list[str | None]] = {}

    def add(self, filled: FilledEntity) -> None:
        self._ends.setdefault(filled.block.path, []).append(filled.block.last)
        self._areas.setdefault(filled.block.path, []).append(filled.area)

    def area_of(self, block: EntityBlock) -> str | None:
        """Return the area of the nearest entity around a block; instances of one path never overlap."""
        path = block.path
        while path:
            path = path.rpartition("/")[0]
            at = bisect_left(self._ends.get(path, []), block.last)
            if at < len(self._ends.get(path, [])) and self._areas[path][at]:
                return self._areas[path][at]
        return None


def _place(path: str, number: int, layout: SubmissionLayout) -> str:
    known = layout.entities.get(path)
    label = "" if known is None else known.declared.container_label
    return f"第 {number} 个“{label or path}”" if path else ""


def change_of(
    filled: FilledEntity,
    xml: SubmissionXml,
    layout: SubmissionLayout,
    type: RecordType,
    *,
    made_at: datetime | None,
    exists: bool,
) -> Change | UnusableEntity | None:
    """Return what an entity block asks for; None when it asks for nothing.

    made_at: of the submission. exists: whether the record exists already, which decides for a block that states both
    create and update. A second block about the same record is a change of its own, under an origin of its own: where
    the two differ, both values are kept. A second one that creates it has the id of the first, and other content.
    """
    block, known, id = filled.block, layout.entities.get(filled.block.path), entity_id(filled.block.id) or ""
    wants_update = block.update and (exists or not block.create)
    wants_create = block.create and not wants_update
    if not (wants_create or wants_update):
        return None
    reason = _why_unusable(block, known, id, wants_create=wants_create)
    if reason is not None:
        return UnusableEntity(reason, block.dataset, block.id, filled.place)
    label, copy = (block.label or "").strip(), 1 if wants_create else filled.copy
    values = {**filled.values, LABEL: label} if label else filled.values
    dot, base = _origin_and_base(block, xml, copy)
    return Change(
        id=change_id(xml, block.dataset, id, copy),
        record=id,
        type=block.dataset,
        action=_action(values.get(ACTION, ""), type, wants_create=wants_create),
        dot=Dot(xml.instance_id, 1) if wants_create else dot,
        fields={name: FieldWrite(None, value) for name, value in values.items()},
        base_version=0 if wants_create else base,
        seen_stated=wants_create,
        area=filled.area,
        form=xml.form_id,
        form_version=xml.version,
        made_at=made_at,
    )


def change_id(xml: SubmissionXml, dataset: str, record: str, copy: int) -> str:
    """Return the id of the change that a submission asks of a record. copy: as of its ``FilledEntity``."""
    return uuid5("\n".join((xml.form_id, xml.instance_id, dataset, record, *([str(copy)] if copy > 1 else ()))))


def _why_unusable(block: EntityBlock, known: EntityLayout | None, id: str, *, wants_create: bool) -> str | None:
    if known is None or block.dataset != known.declared.dataset:
        return f"表单没有声明保存到“{block.dataset}”"
    if not (known.declared.creates if wants_create else known.declared.updates):
        return "表单没有声明这种操作（新建或更新）"
    if not id or (wants_create and not may_create(id)):
        return f"记录编号“{block.id}”不是 UUID v4"
    return None


def expected_files(xml: SubmissionXml, layout: SubmissionLayout) -> frozenset[str]:
    """Return the names of the files that the submission names.

    A default picture that nobody replaced stays where the form has it, under an address, and no phone sends it. Of an
    encrypted submission they are those of its envelope: the answers are in one of them.
    """
    named = _ENVELOPE_FILES if is_encrypted(xml) else layout.binaries
    return frozenset(
        name for path, text in xml.leaves if path in named and (name := text.strip()) and not name.startswith("jr://")
    )


def is_encrypted(xml: SubmissionXml) -> bool:
    """Return whether this is the envelope of encrypted answers, which only the holder of the private key can read."""
    return "base64EncryptedKey" in map(itemgetter(0), xml.leaves)


def locked_answers(xml: SubmissionXml) -> str:
    """Return the name of the file that holds the answers of an envelope, '' where it names none."""
    return next((text.strip() for path, text in xml.leaves if path == "encryptedXmlFile"), "")


def uuid5(name: str) -> str:
    """Return the UUID version 5 of ``name`` among changes of phones: as ``uuid.uuid5``, at a seventh of its cost."""
    digits = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def _values(block: EntityBlock, xml: SubmissionXml, layout: SubmissionLayout) -> dict[str, str]:
    """Return what a block saves to its record, by property."""
    known, values = layout.entities.get(block.path), dict[str, str]()
    if known is not None:
        saves = known.saves
        for path, text in xml.leaves[block.first : block.last]:
            name = saves.get(path)
            if name is not None:
                values.setdefault(name, text.strip())
    return values


def _action(saved: str, type: RecordType, *, wants_create: bool) -> str:
    if type.kind is not Kind.CASE:
        return "create" if wants_create else "edit"
    if wants_create:
        return saved if saved in CREATING else "report"
    return "edit" if not saved or saved in CREATING else saved


def _origin_and_base(block: EntityBlock, xml: SubmissionXml, copy: int) -> tuple[Dot, int | None]:
    """Return the origin of the change, its counter, and the version that it is based on (``sync.md`` section 2)."""
    base, trunk, branch = _number(block.base_version), _number(block.trunk_version), block.branch_id.strip().lower()
    dot, seen = Dot(xml.instance_id, 1), trunk if base is None else base
    if branch and base is not None and base > 0:
        # Without a trunk the record was created on this phone, and what it saw is its own create: version 1.
        dot, seen = Dot(branch, base), 1 if trunk is None else trunk
    return (dot if copy == 1 else Dot(f"{xml.instance_id}/{copy}", 1)), seen


def _number(text: str) -> int | None:
    stripped = text.strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 10 else None


def made_at(xml: SubmissionXml) -> datetime | None:
    """Return when the worker finished (or began) the form, by the phone's clock; None when the form states neither."""
    times: dict[str, str] = {}
    for path, text in xml.leaves:
        if path.endswith(_TIMES):  # the name may still be a longer one
            times[path.rpartition("/")[2]] = text
    for name in _TIMES:
        if name in times:
            try:
                return instants.parse(times[name])
            except ValueError:
                continue  # no time that can be read: the next one, else the server's clock stands
    return None


_TIMES = ("end", "timeEnd", "start", "timeStart")


def _below_root(path: str) -> str:
    return path.strip("/").partition("/")[2]
