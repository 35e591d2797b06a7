"""Knows what the answers of a form hold of private persons, as any of its versions or its record types declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from server.db.transactions import Reading
from server.forms.domain.definitions import Question
from server.forms.domain.personal import Personal
from server.forms.domain.record_types import Kind, RecordType
from server.forms.store import forms
from server.forms.store.forms import Form


class DeclaredAnswers:
    """What a form declares. form: None for one that is not known, which declares nothing.

    personal: kind of the answer at a path below the root (``where/owner``). unwritten: paths of answers that nobody
    writes freely: codes, dates, numbers, and what is declared public. kinds: of the records that the form saves to.
    """

    def __init__(self, reading: Reading, form: Form | None) -> None:
        self.personal: dict[str, Personal] = {}
        self.unwritten: set[str] = set()
        kinds: set[Kind] = set()
        types = forms.catalogue(reading).types
        for version in () if form is None else form.versions.values():
            saved: dict[str, tuple[RecordType | None, str]] = {}
            for entity in version.definition.entities:
                type = types.get(entity.dataset)
                saved |= {path: (type, field.name) for path, field in entity.properties.items()}
            kinds |= {type.kind for type, _ in saved.values() if type is not None}
            for question in version.definition.questions:
                self._learn(question, *saved.get(question.path, (None, "")))
        self.kinds = kinds or {Kind.PROFILE}  # of every version: any of them may have been filled in

    def _learn(self, question: Question, type: RecordType | None, field: str) -> None:
        path = question.path.strip("/").partition("/")[2]
        kind = question.personal or (None if type is None else type.personal.get(field))
        if kind is Personal.PUBLIC or (type is not None and field in type.unwritten and kind is None):
            self.personal.pop(path, None)
            self.unwritten.add(path)
        elif kind is not None:
            self.personal[path] = kind
        elif question.type not in ("string", "binary") or question.options is not None or question.multiple:
            self.unwritten.add(path)

    def kind_at(self, path: str) -> Personal | None:
        """Return the kind of the answer at a path, or of the answer that it lies in, which no form asks for."""
        while path:
            if path in self.personal:
                return self.personal[path]
            path = path.rpartition("/")[0]
        return None


def leaves_of(branch: etree._Element, above: str = "") -> Iterator[tuple[str, etree._Element]]:
    """Yield the answers below an element that are not blank, each with its path below the root."""
    for node in branch:
        name = etree.QName(node).localname
        path = f"{above}/{name}" if above else name
        if len(node):
            yield from leaves_of(node, path)
        elif node.text:
            yield path, node


_OF_ROOT = frozenset({"id", "version", "encrypted"})
_OF_ENTITY = frozenset({"id", "dataset"})


def attributes_of(node: etree._Element) -> Mapping[str, str]:
    """Return the attributes of an element that may hold answers, which the form engine lets a form calculate as well.

    Left out are those that say which form, record or list it is: they are looked up elsewhere.
    """
    own = _OF_ROOT if node.getparent() is None else frozenset[str]()
    own |= _OF_ENTITY if etree.QName(node).localname == "entity" else frozenset()
    return {str(name): str(value) for name, value in node.attrib.items() if name not in own}


def mixed_texts(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Yield what stands in a submission beside its answers, before or behind an element: the element, and which text.

    No form asks for it, but what came in is kept as it came. The second is ``text`` or ``tail``.
    """
    for node in root.iter():
        if node.text and (len(node) or node is root):
            yield node, "text"
        if node.tail:
            yield node, "tail"
