"""Takes what is forgotten out of what was sent: answers of every form, what was rejected, and the files beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from lxml import etree

from server.admin.store import file_traces, sent_traces
from server.admin.store.sent_traces import Placeholder
from server.db.sql import Row
from server.db.transactions import Reading, Transaction
from server.errors import Refusal
from server.forms.domain import personal
from server.forms.domain.personal import Wanted
from server.forms.store import forms
from server.forms.usecases.xform.xml_parsing import notes_of, parse
from server.submissions.usecases.declared_answers import DeclaredAnswers, attributes_of, leaves_of, mixed_texts

OfText = Callable[[str], str]

_INSTANCE = ("meta/instanceID", "meta/deprecatedID")


def submissions_telling(reading: Reading, wanted: Sequence[Wanted], since: int) -> list[str]:
    """Return the ids of the submissions whose answers tell of one of ``wanted``, oldest first; those after a seq."""
    answers, rows = Answers(reading), sent_traces.submissions(reading, since)
    called = {id for id, name in file_traces.names(reading, since) if _is_called(name, wanted)}
    return [row["id"] for row in rows if row["id"] in called or answers.tell(row["form"], row["xml"], wanted)]


def submissions_about(reading: Reading, records: Collection[str], since: int) -> list[str]:
    """Return the ids of the submissions after a seq that name one of ``records``."""
    named = [id.encode() for id in records]
    rows = sent_traces.submissions(reading, since) if named else ()
    return [row["id"] for row in rows if any(id in row["xml"] for id in named)]


def bodies_telling(reading: Reading, wanted: Sequence[Wanted], known: Collection[str]) -> list[str]:
    """Return the hashes of what was rejected and tells of one of ``wanted``, oldest first, ``known`` ones left out."""
    answers = Answers(reading)
    called = {hash for hash, name in file_traces.names_of_bodies(reading) if _is_called(name, wanted)}
    fresh = (hash for hash in sent_traces.bodies(reading) if hash not in known)
    return [
        hash
        for hash in fresh
        if hash in called
        or answers.tell(sent_traces.form_of_body(reading, hash), sent_traces.body(reading, hash), wanted)
    ]


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
        is_personal = self.is_personal(form)
        return any(
            each.stands_in(_ENDING.sub("", text)) or (is_personal(path) and each.is_told_by(text))
            for path, text in _texts(xml)
            for each in likely
        )

    def is_personal(self, form: str) -> Callable[[str], bool]:
        """Return what says of a path whether the answer there is personal."""
        declared = self._of(form)
        return lambda path: declared.kind_at(path) is not None

    def persons_in(self, form: str, xml: bytes) -> set[str]:
        """Return what stands in the personal answers of a submission."""
        is_personal = self.is_personal(form)
        return {text.strip() for path, text in _texts(xml) if is_personal(path) and text.strip() != personal.MASK}

    def personal_files(self, form: str, xml: bytes) -> set[str]:
        """Return the names of the files that answer a personal question: a picture of an identity card."""
        is_personal = self.is_personal(form)
        return {text.strip() for path, text in _texts(xml) if is_personal(path)}


def _texts(xml: bytes) -> Iterator[tuple[str, str]]:
    """Yield each text of a submission with the path of its question; what is no answer has none."""
    root = _parsed(xml)
    if root is None:
        yield "", xml.decode(errors="replace")
        return
    yield from ((path, leaf.text or "") for path, leaf in leaves_of(root))
    yield from (("", getattr(node, part)) for node, part in mixed_texts(root))
    yield from (("", value) for node in root.iter() for value in attributes_of(node).values())
    yield from (("", each) for each in notes_of(xml, "提交"))


def _is_called(name: str, wanted: Sequence[Wanted]) -> bool:
    """Say whether a file is called after a person, be it one that no answer names."""
    return any(each.stands_in(_ENDING.sub("", name)) for each in wanted)


_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
"""Of the name of a file, which may be called after a person."""


def _parsed(xml: bytes) -> etree._Element | None:
    try:
        return parse(xml, "提交")
    except Refusal:
        return None  # what was rejected may be anything; its bytes are looked through as a text


def rewritten(xml: bytes, without: OfText, masks_whole: Callable[[str], bool] = lambda path: False) -> bytes:
    """Return a submission with each of its texts as ``without`` has it; the bytes as they are where none is another.

    Comments and processing instructions go where one of them, or a text, is another. masks_whole: says of the path of
    an answer whether nothing of it stays, whatever it says.
    """
    root = _parsed(xml)
    if root is None:
        return without(xml.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    changed = any(without(each) != each for each in notes_of(xml, "提交"))
    for path, leaf in leaves_of(root):
        if path not in _INSTANCE and masks_whole(path) and (leaf.text or "").strip() not in ("", personal.MASK):
            leaf.text = personal.MASK
            changed = True
    for node in root.iter():
        for part in ("text", "tail"):
            text = getattr(node, part)
            if text and (new := without(text)) != text:
                setattr(node, part, new)
                changed = True
        for name, value in attributes_of(node).items():
            if (new := without(value)) != value:
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
        for name in attributes_of(node):
            node.set(name, personal.MASK)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def forget_submission(
    tx: Transaction,
    row: Row,
    without: OfText,
    files: Collection[str],
    placeholder: Placeholder,
    masks_whole: Callable[[str], bool] = lambda path: False,
) -> tuple[int, int]:
    """Take what is forgotten out of a submission; return whether anything changed, and how many files have gone.

    row: of ``sent_traces``. files: the names of those that go. masks_whole: as of ``rewritten``.
    """
    return rewrite(tx, rewriting_of(tx, row, without, files, masks_whole), placeholder)


class Rewriting(NamedTuple):
    """What becomes of a submission: worked out in a reading, written in a transaction that is short.

    row: as it was read. names: of its files then. xml, name: what it says and is called now. renamed: files by their
    old name. gone: names of the files that go.
    """

    row: Row
    names: Sequence[str]
    xml: bytes
    name: str | None
    renamed: Mapping[str, str]
    gone: Collection[str]

    def is_of(self, tx: Transaction, row: Row) -> bool:
        """Say whether the submission is what it was when this was worked out."""
        return self.row == row and self.names == sent_traces.files_of(tx, row["id"])


def rewriting_of(
    reading: Reading, row: Row, without: OfText, files: Collection[str], masks_whole: Callable[[str], bool]
) -> Rewriting:
    """Return what becomes of a submission; the arguments are those of ``forget_submission``."""
    names = sent_traces.files_of(reading, row["id"])
    renamed = _renamed(names, without)
    new = rewritten(bytes(row["xml"]), _naming(renamed, without), masks_whole)
    name = None if row["instance_name"] is None else without(row["instance_name"])
    return Rewriting(row, names, new, name, renamed, files)


def rewrite(tx: Transaction, rewriting: Rewriting, placeholder: Placeholder) -> tuple[int, int]:
    """Write what ``rewriting_of`` has worked out; returns what ``forget_submission`` does."""
    row, old = rewriting.row, bytes(rewriting.row["xml"])
    changed = rewriting.xml != old or rewriting.name != row["instance_name"] or bool(rewriting.renamed)
    if changed:
        sent_traces.rewrite_submission(tx, row["id"], rewriting.xml, rewriting.name, sha256(old).hexdigest())
    going = (file for file in rewriting.names if file in rewriting.gone)
    gone = sum(sent_traces.replace_file(tx, row["id"], file, placeholder) for file in going)
    for file, other in rewriting.renamed.items():
        sent_traces.rename_file(tx, row["id"], file, other)
    return int(changed), gone


def forget_body(tx: Transaction, hash: str, without: OfText, *, with_files: bool) -> tuple[int, int]:
    """Do the same to something that was rejected; its files go altogether."""
    old = sent_traces.body(tx, hash)
    gone = sent_traces.delete_body_files(tx, hash) if with_files else 0
    renamed = _renamed(sent_traces.files_of_body(tx, hash), without)
    new = rewritten(old, _naming(renamed, without))
    if new != old:
        sent_traces.rewrite_body(tx, hash, new)
    for file, other in renamed.items():
        sent_traces.rename_body_file(tx, hash, file, other)
    return int(new != old or bool(renamed)), gone


def _renamed(names: Sequence[str], without: OfText) -> dict[str, str]:
    """Return the new name of each file that tells of what is forgotten; no two files become one."""
    renamed: dict[str, str] = {}
    telling = [name for name in names if without(name) != name]
    taken = set(names) - set(telling)
    for name in telling:
        new, number = without(name), 1
        while new in taken:
            number += 1
            new = f"{number}-{without(name)}"
        renamed[name] = new
        taken.add(new)
    return renamed


def _naming(renamed: Mapping[str, str], without: OfText) -> OfText:
    """Return what takes what is forgotten out of a text, and calls a file by its new name."""
    return lambda text: renamed[text.strip()] if text.strip() in renamed else without(text)
