"""Takes what is forgotten out of what was sent: answers of every form, what was rejected, and the files beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

from lxml import etree

from server.admin.store import sent_traces
from server.admin.store.sent_traces import Placeholder
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import Refusal
from server.forms.domain import personal
from server.forms.domain.personal import Wanted
from server.forms.store import forms
from server.forms.usecases.xform.xml_parsing import parse
from server.submissions.usecases.declared_answers import DeclaredAnswers, leaves_of

OfText = Callable[[str], str]

_OF_FORMS = frozenset({"id", "version", "dataset", "encrypted"})
_INSTANCE = ("meta/instanceID", "meta/deprecatedID")


def submissions_telling(reading: Reading, wanted: Sequence[Wanted]) -> list[str]:
    """Return the ids of the submissions whose answers tell of one of ``wanted``, oldest first."""
    answers = Answers(reading)
    return [row["id"] for row in sent_traces.submissions(reading) if answers.tell(row["form"], row["xml"], wanted)]


def bodies_telling(reading: Reading, wanted: Sequence[Wanted]) -> list[str]:
    """Return the hashes of what was rejected and tells of one of ``wanted``, oldest first."""
    answers = Answers(reading)
    return [row["sha256"] for row in sent_traces.bodies(reading) if answers.tell(row["form"], row["xml"], wanted)]


class Answers:
    """Reads submissions of any form by what the form declares."""

    def __init__(self, reading: Reading) -> None:
        known = forms.catalogue(reading).forms
        self._of = lru_cache(maxsize=None)(lambda form: DeclaredAnswers(reading, known.get(form)))

    def tell(self, form: str, xml: bytes, wanted: Sequence[Wanted]) -> bool:
        """Say whether an answer is one of these names, or holds one of these numbers."""
        likely = [each for each in wanted if each.may_stand_in(xml)]
        if not likely:
            return False
        declared = self._of(form).personal
        return any(
            each.stands_in(text) or (path in declared and each.is_told_by(text))
            for path, text in _texts(xml)
            for each in likely
        )

    def persons_in(self, form: str, xml: bytes) -> set[str]:
        """Return what stands in the personal answers of a submission."""
        declared = self._of(form).personal
        return {text.strip() for path, text in _texts(xml) if path in declared and text.strip() != personal.MASK}

    def personal_paths(self, form: str) -> frozenset[str]:
        """Return the paths of the personal answers of a form."""
        return frozenset(self._of(form).personal)

    def personal_files(self, form: str, xml: bytes) -> set[str]:
        """Return the names of the files that answer a personal question: a picture of an identity card."""
        declared = self._of(form).personal
        return {text.strip() for path, text in _texts(xml) if path in declared}


def _texts(xml: bytes) -> Iterator[tuple[str, str]]:
    """Yield each text of a submission with the path of its question; attributes have none."""
    root = _parsed(xml)
    if root is None:
        yield "", xml.decode(errors="replace")
        return
    yield from ((path, leaf.text or "") for path, leaf in leaves_of(root))
    for node in root.iter():
        yield from (("", str(value)) for name, value in node.attrib.items() if name not in _OF_FORMS)


def _parsed(xml: bytes) -> etree._Element | None:
    try:
        return parse(xml, "提交")
    except Refusal:
        return None  # what was rejected may be anything; its bytes are looked through as a text


def rewritten(xml: bytes, without: OfText, whole: Collection[str] = ()) -> bytes:
    """Return a submission with each of its texts as ``without`` has it; the bytes as they are where none is another.

    whole: paths of answers of which nothing stays, whatever they say.
    """
    root = _parsed(xml)
    if root is None:
        return without(xml.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    changed = False
    for path, leaf in leaves_of(root):
        if path in whole and path not in _INSTANCE and (leaf.text or "").strip() not in ("", personal.MASK):
            leaf.text = personal.MASK
            changed = True
    for node in root.iter():
        for part in ("text", "tail"):
            text = getattr(node, part)
            if text and (new := without(text)) != text:
                setattr(node, part, new)
                changed = True
        for name, value in node.attrib.items():
            if name not in _OF_FORMS and (new := without(str(value))) != value:
                node.set(name, new)
                changed = True
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") if changed else xml


def emptied(xml: bytes) -> bytes:
    """Return a submission of which nothing can be read but which it was."""
    root = _parsed(xml)
    if root is None:
        return b"<cleared/>"
    instance = [leaf for path, leaf in leaves_of(root) if path in _INSTANCE]
    for node in root.iter():
        if node not in instance and (node.text or "").strip():
            node.text = personal.MASK
        node.tail = None
        for name in set(node.attrib) - _OF_FORMS:
            node.set(name, personal.MASK)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def forget_submission(
    tx: Transaction,
    row: Row,
    without: OfText,
    files: Collection[str],
    placeholder: Placeholder,
    whole: Collection[str] = (),
) -> tuple[int, int]:
    """Take what is forgotten out of a submission; return whether its answers changed, and how many files have gone.

    row: of ``sent_traces``. files: the names of those that go. whole: as of ``rewritten``.
    """
    old = bytes(row["xml"])
    new = rewritten(old, without, whole)
    name = None if row["instance_name"] is None else without(row["instance_name"])
    changed = new != old or name != row["instance_name"]
    if changed:
        sent_traces.rewrite_submission(tx, row["id"], new, name, sha256(old).hexdigest())
    gone = sum(
        sent_traces.replace_file(tx, row["id"], file, placeholder)
        for file in sent_traces.files_of(tx, row["id"])
        if file in files
    )
    return int(changed), gone


def forget_body(tx: Transaction, hash: str, without: OfText, *, with_files: bool) -> tuple[int, int]:
    """Do the same to something that was rejected; its files go altogether."""
    old = sent_traces.body(tx, hash)
    new = rewritten(old, without)
    if new != old:
        sent_traces.rewrite_body(tx, hash, new)
    return int(new != old), sent_traces.delete_body_files(tx, hash) if with_files else 0
