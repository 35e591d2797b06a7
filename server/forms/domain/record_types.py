"""Record types: what all published forms together declare of a ledger, so that a new one needs a form and no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from server.errors import TypeConflict
from server.forms.domain.choices import Choices, Options, combine_options
from server.forms.domain.fields import Field
from server.forms.domain.personal import Personal
from sync.datatypes import restricts_values

__all__ = [
    "ACTION",
    "CASE_COLUMNS",
    "LABEL",
    "Declaration",
    "Difference",
    "Field",
    "Kind",
    "RecordType",
    "combine",
    "differences",
    "same_name",
]


class Kind(StrEnum):
    """How records of a type live: once (event), edited for ever (profile), or handled until closed (case)."""

    EVENT = "event"
    PROFILE = "profile"
    CASE = "case"


LABEL = "label"
"""Reserved entry of a record's fields: what people call the record. It always merges as ``keep``."""

CASE_COLUMNS = frozenset({"area", "status", "stage", "case_no", "assignee", "due_on", "office_note", "todo"})
"""What the server writes on a case. A phone's save to one of them is kept as a claim, not as a write."""


ACTION = "action"
"""Saved by a form of a case, it names the workflow action asked for; it is no value of the record."""


_CLAIMS_OF_CASES, _CLAIMS = frozenset({ACTION, *CASE_COLUMNS}), frozenset({"area"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one version of one form declares of the record type that it saves to.

    title: what people call the type; ``titled`` says that the form names the type and not only itself.
    kind: None when the form states nothing. creates: the form can bring such a record into being.
    """

    form_id: str
    version: str
    dataset: str
    title: str
    fields: tuple[Field, ...]
    kind: Kind | None = None
    titled: bool = False
    creates: bool = True


@dataclass(frozen=True, slots=True)
class RecordType:
    """A ledger: the union of what all published forms declare of it.

    ``fields`` are in the order of their first appearance; on a case they leave out ``CASE_COLUMNS``
    and ``ACTION``.
    ``stated`` is the kind that some form named, None when nobody did and ``kind`` is only assumed.
    ``choices`` are the codes of those fields that may hold no others; the code lists of the county decide on them.
    ``validated`` are the fields in which not every text may stand.
    ``built_in`` says what fields hold of private persons of which no form says it.
    ``positions`` are the fields that hold a position.
    ``personal`` are the fields to be masked; ``unwritten`` those that hold no free text, or none to be looked through;
    the name of a photo is free text, since whoever takes it may call it by a number.
    """

    name: str
    title: str
    kind: Kind
    fields: Mapping[str, Field]
    stated: Kind | None = None
    choices: Mapping[str, Choices] = field(default_factory=dict)
    built_in: Mapping[str, Personal] = field(default_factory=dict)
    validated: Mapping[str, Field] = field(init=False, compare=False)
    positions: tuple[str, ...] = field(init=False, compare=False)
    personal: Mapping[str, Personal] = field(init=False, compare=False)
    unwritten: frozenset[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        validated = {
            name: each
            for name, each in self.fields.items()
            if each.required or name in self.choices or restricts_values(each.type)
        }
        object.__setattr__(self, "validated", validated)
        positions = tuple(name for name, each in self.fields.items() if each.type == "geopoint")
        object.__setattr__(self, "positions", positions)
        stated = {name: each.personal or self.built_in.get(name) for name, each in self.fields.items()}
        personal = {name: kind for name, kind in stated.items() if kind not in (None, Personal.PUBLIC)}
        object.__setattr__(self, "personal", personal)
        unwritten = {
            name
            for name, each in self.fields.items()
            if each.type not in ("string", "binary")
            or each.set_valued
            or each.options
            or stated[name] is Personal.PUBLIC
        }
        object.__setattr__(self, "unwritten", frozenset(unwritten))

    @property
    def claims(self) -> frozenset[str]:
        """Names that a form may save to and that are never applied: only rules decide on them."""
        return _CLAIMS_OF_CASES if self.kind is Kind.CASE else _CLAIMS

    def has_position(self, values: Mapping[str, str]) -> bool:
        """Say whether one of a record's fields holds a position. values: of its fields, by name."""
        for name in self.positions:  # noqa: SIM110 - a generator for each write costs as much as the whole answer
            if values.get(name):
                return True
        return False

    def label_of(self, name: str) -> str:
        """Return the label of a field; one that no form labels or knows goes by its own name."""
        if name == LABEL:
            return "名称"
        return (self.fields[name].label or name) if name in self.fields else name


def combine(declarations: Iterable[Declaration]) -> RecordType:
    """Return the record type that all these declarations describe together.

    declarations: of one dataset, every version of every form ever published, oldest first; at least one.
    A label and a title are taken from the newest form that gives one; a form that only updates
    names the type when no other does. Raises TypeConflict when two kinds, or two types, merge groups
    or merge policies of one property, exclude each other (``design.md`` §5).
    """
    listed = list(declarations)
    fields: dict[str, Field] = {}
    first_declared: dict[str, Declaration] = {}
    for declaration in listed:
        for each in declaration.fields:
            earlier = same_name(fields, each)
            if earlier is not None:
                _refuse_difference(earlier, each, first_declared[earlier.name], declaration)
            first_declared.setdefault(each.name, declaration)
            fields[each.name] = each if earlier is None else _newer(earlier, each)
    stated = _stated_kind(listed)
    kind = stated or Kind.PROFILE
    excluded = {LABEL, *CASE_COLUMNS, ACTION} if kind is Kind.CASE else {LABEL}
    offered, required = _offered(listed), _required(listed)
    fields = {
        name: replace(each, options=offered[name], required=name in required)
        for name, each in fields.items()
        if name not in excluded
    }
    return RecordType(listed[-1].dataset, _title(listed), kind, fields, stated)


def _newer(earlier: Field, later: Field) -> Field:
    """Return the later declaration, with what it leaves unsaid as the earlier one says it."""
    return replace(later, label=later.label or earlier.label, personal=later.personal or earlier.personal)


def _offered(declarations: list[Declaration]) -> Mapping[str, Options | None]:
    """Return what each property's questions offer, every version of every form taken together."""
    by_property: dict[str, list[tuple[str, Options | None]]] = {}
    for declaration in declarations:
        for each in declaration.fields:
            by_property.setdefault(each.name, []).append((declaration.form_id, each.options))
    return {name: combine_options(options) for name, options in by_property.items()}


def _required(declarations: list[Declaration]) -> frozenset[str]:
    """Return the properties that every form which brings such a record into being demands in its newest version."""
    newest = {declaration.form_id: declaration.version for declaration in declarations if declaration.creates}
    creating = (each for each in declarations if each.creates and each.version == newest[each.form_id])
    demanded = [{each.name for each in declaration.fields if each.required} for declaration in creating]
    return frozenset(set.intersection(*demanded)) if demanded else frozenset()


def same_name(fields: Mapping[str, Field], field: Field) -> Field | None:
    """Return the property that phones would take for the same one: their columns ignore case."""
    folded = field.name.lower()
    return next((each for name, each in fields.items() if name.lower() == folded), None)


class Difference(NamedTuple):
    """Where two declarations of one property exclude each other: in what, and the two values."""

    what: str
    earlier: str
    later: str


def differences(earlier: Field, later: Field) -> tuple[Difference, ...]:
    """Return every way in which two declarations of one property exclude each other; labels may differ."""
    compared = (
        Difference("名称大小写 (save_to)", earlier.name, later.name),
        Difference("类型 (type)", earlier.type, later.type),
        Difference("多选 (select_multiple)", _yes_or_no(earlier.set_valued), _yes_or_no(later.set_valued)),
        Difference("合并组 (bind::fg:group)", earlier.group or "无", later.group or "无"),
        Difference("合并方式 (bind::fg:merge)", earlier.merge, later.merge),
    )
    return tuple(difference for difference in compared if difference.earlier != difference.later)


def _yes_or_no(fact: bool) -> str:
    return "是" if fact else "否"


def _refuse_difference(earlier_field: Field, field: Field, earlier: Declaration, later: Declaration) -> None:
    for what, one, other in differences(earlier_field, field):
        raise TypeConflict(
            f"台账 {later.dataset} 的字段 {field.name}：{what}在表单 {earlier.form_id}（版本 {earlier.version}）"
            f"中为“{one}”，在表单 {later.form_id}（版本 {later.version}）中为“{other}”。请改成一致，或换一个字段名。",
            type=later.dataset,
            field=field.name,
            forms=[earlier.form_id, later.form_id],
            values=[one, other],
        )


def _stated_kind(declarations: list[Declaration]) -> Kind | None:
    stating = [declaration for declaration in declarations if declaration.kind is not None]
    for declaration in stating:
        if declaration.kind is not stating[0].kind:
            raise TypeConflict(
                f"台账 {declaration.dataset} 的性质 (fg:kind) 在表单 {stating[0].form_id} 中为“{stating[0].kind}”，"
                f"在表单 {declaration.form_id} 中为“{declaration.kind}”。请改成一致，或在一张表单中留空。",
                type=declaration.dataset,
                field=None,
                forms=[stating[0].form_id, declaration.form_id],
                values=[str(stating[0].kind), str(declaration.kind)],
            )
    return stating[0].kind if stating else None


def _title(declarations: list[Declaration]) -> str:
    ranked = sorted(enumerate(declarations), key=lambda item: (item[1].titled, item[1].creates, item[0]))
    return ranked[-1][1].title
