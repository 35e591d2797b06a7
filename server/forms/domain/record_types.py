"""Says what a record of each kind is made of, so that a new ledger needs a form and no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from server.errors import TypeConflict
from server.forms.domain.choices import Choices, Options, together
from server.forms.domain.fields import Field, misfit, takes_some_only

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
    "misfit",
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
    """What one version of one form says about the record type that it saves to.

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
    """A ledger: the union of what all published forms say about it.

    ``fields`` are in the order of their first appearance; on a case they leave out ``CASE_COLUMNS``
    and ``ACTION``.
    ``stated`` is the kind that some form named, None when nobody did and ``kind`` is only assumed.
    ``choices`` are the codes of those fields that may hold no others; the code lists of the county decide on them.
    ``judged`` are the fields in which not every text may stand.
    """

    name: str
    title: str
    kind: Kind
    fields: Mapping[str, Field]
    stated: Kind | None = None
    choices: Mapping[str, Choices] = field(default_factory=dict)
    judged: Mapping[str, Field] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        judged = {
            name: each
            for name, each in self.fields.items()
            if each.required or name in self.choices or takes_some_only(each)
        }
        object.__setattr__(self, "judged", judged)

    @property
    def claims(self) -> frozenset[str]:
        """Names that a form may save to and that are never applied: only rules decide on them."""
        return _CLAIMS_OF_CASES if self.kind is Kind.CASE else _CLAIMS

    def called(self, name: str) -> str:
        """Return what people call a field; one that no form labels or knows goes by its own name."""
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
    said = list(declarations)
    fields: dict[str, Field] = {}
    first_said: dict[str, Declaration] = {}
    for declaration in said:
        for each in declaration.fields:
            known = same_name(fields, each)
            if known is not None:
                _refuse_difference(known, each, first_said[known.name], declaration)
            first_said.setdefault(each.name, declaration)
            fields[each.name] = each if each.label or known is None else replace(each, label=known.label)
    stated = _stated_kind(said)
    kind = stated or Kind.PROFILE
    kept_out = {LABEL, *CASE_COLUMNS, ACTION} if kind is Kind.CASE else {LABEL}
    offered, required = _offered(said), _required(said)
    fields = {
        name: replace(each, options=offered[name], required=name in required)
        for name, each in fields.items()
        if name not in kept_out
    }
    return RecordType(said[-1].dataset, _title(said), kind, fields, stated)


def _offered(said: list[Declaration]) -> Mapping[str, Options | None]:
    """Return what each property's questions offer, every version of every form taken together."""
    spoken: dict[str, list[tuple[str, Options | None]]] = {}
    for declaration in said:
        for each in declaration.fields:
            spoken.setdefault(each.name, []).append((declaration.form_id, each.options))
    return {name: together(options) for name, options in spoken.items()}


def _required(said: list[Declaration]) -> frozenset[str]:
    """Return the properties that every form which brings such a record into being demands in its newest version."""
    newest = {declaration.form_id: declaration for declaration in said if declaration.creates}
    demanded = [{each.name for each in form.fields if each.required} for form in newest.values()]
    return frozenset(set.intersection(*demanded)) if demanded else frozenset()


def same_name(fields: Mapping[str, Field], field: Field) -> Field | None:
    """Return the property that phones would take for the same one: their columns ignore case."""
    folded = field.name.lower()
    return next((known for name, known in fields.items() if name.lower() == folded), None)


class Difference(NamedTuple):
    """Where two declarations of one property exclude each other: in what, and the two values."""

    what: str
    known: str
    other: str


def differences(known: Field, other: Field) -> tuple[Difference, ...]:
    """Return every way in which two declarations of one property exclude each other; labels may differ."""
    compared = (
        Difference("名称大小写 (save_to)", known.name, other.name),
        Difference("类型 (type)", known.type, other.type),
        Difference("多选 (select_multiple)", _yes_or_no(known.set_valued), _yes_or_no(other.set_valued)),
        Difference("合并组 (bind::fg:group)", known.group or "无", other.group or "无"),
        Difference("合并方式 (bind::fg:merge)", known.merge, other.merge),
    )
    return tuple(difference for difference in compared if difference.known != difference.other)


def _yes_or_no(fact: bool) -> str:
    return "是" if fact else "否"


def _refuse_difference(known: Field, field: Field, earlier: Declaration, later: Declaration) -> None:
    for what, one, other in differences(known, field):
        raise TypeConflict(
            f"台账 {later.dataset} 的字段 {field.name}：{what}在表单 {earlier.form_id}（版本 {earlier.version}）"
            f"中为“{one}”，在表单 {later.form_id}（版本 {later.version}）中为“{other}”。请改成一致，或换一个字段名。",
            type=later.dataset,
            field=field.name,
            forms=[earlier.form_id, later.form_id],
            values=[one, other],
        )


def _stated_kind(said: list[Declaration]) -> Kind | None:
    stating = [declaration for declaration in said if declaration.kind is not None]
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


def _title(said: list[Declaration]) -> str:
    ranked = sorted(enumerate(said), key=lambda item: (item[1].titled, item[1].creates, item[0]))
    return ranked[-1][1].title
