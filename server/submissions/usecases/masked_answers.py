"""Shows what was sent to one reader: personal answers are masked for whoever may not write what they are saved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lxml import etree

from server.db.transactions import Reading
from server.errors import NotAllowed, Refusal
from server.forms.domain import personal
from server.forms.domain.personal import NUMBERS
from server.forms.store import forms
from server.forms.store.forms import Form
from server.forms.usecases.xform.xml_parsing import parse
from server.grid.domain.areas import code_of
from server.records.domain import disclosure
from server.records.domain.disclosure import Kinds
from server.records.usecases.disclosing import RecordMask
from server.submissions.store import submissions
from server.submissions.store.submissions import StoredAttachment, StoredSubmission
from server.submissions.usecases.answer_rows import AnswerRow
from server.submissions.usecases.declared_answers import DeclaredAnswers, attributes_of, leaves_of, mixed_texts


class ShownFile(NamedTuple):
    """A file of a submission. name: as its reader sees it. address: by what they ask for it."""

    name: str
    address: str
    file: StoredAttachment


NOTHING: Kinds = ()
"""Of a reader from whom nothing is hidden."""

_SHORT = 2


class AnswerMask:
    """Shows submissions of one form to one reader. form: None for one that is not known, of which nothing is shown."""

    def __init__(self, reading: Reading, form: Form | None, records: RecordMask) -> None:
        self._records, self._form = records, form
        self._answers = DeclaredAnswers(reading, form)

    def hidden(self, path: str, author: str) -> Kinds:
        """Return the kinds of answers that are masked in a submission; None for all, NOTHING for none.

        path: where it lies, empty for no place of the grid. author: user name of who sent it.
        """
        shown = self._records.disclosure
        if path:
            is_whole = all(shown.is_whole(kind, code_of(path), author, None) for kind in self._answers.kinds)
        else:
            is_whole = not shown.sight.hidden or author == shown.sight.person
        if not is_whole:
            return None
        return NUMBERS if self._records.masks_phones else NOTHING

    def rows(self, rows: Sequence[AnswerRow], kinds: Kinds) -> dict[str, str]:
        """Mask the answers in the ``rows`` of a submission; return what was masked, each with its mask."""
        if kinds == NOTHING:
            return {}
        names: dict[str, str] = {}
        for row in rows:
            row.values = {path: self._value(path, value, kinds, names) for path, value in row.values.items()}
            row.others = {
                path: [self._value(path, value, kinds, names) for value in values]
                for path, values in row.others.items()
            }
        names = _longest_first(names)
        for row in rows:
            row.values |= {
                path: disclosure.masked_text(value, names) for path, value in row.values.items() if _is_meta(path)
            }
            row.others |= {
                path: [disclosure.masked_text(value, names) for value in values]
                for path, values in row.others.items()
                if _is_meta(path)
            }
        return names

    def name(self, content: bytes, name: str, kinds: Kinds) -> str:
        """Return what a submission is called. content: its XML, whose personal answers the name may be made of."""
        if self._form is None:
            return personal.MASK
        names: dict[str, str] = {}
        try:
            for path, leaf in leaves_of(parse(content, "提交")):
                self._value(path, leaf.text or "", kinds, names)
        except Refusal:
            return personal.MASK
        return disclosure.masked_text(name, _longest_first(names))

    def xml(self, content: bytes, kinds: Kinds) -> bytes:
        """Return a submission as XML with its personal answers masked. Raises NotAllowed for what cannot be read."""
        try:
            root = parse(content if self._form is not None else b"", "提交")
        except Refusal as error:
            message = "这份内容里可能有个人信息，您的岗位不能查看原文；请联系负责这个网格的人。"
            raise NotAllowed(message) from error
        names: dict[str, str] = {}
        leaves = list(leaves_of(root))
        for path, leaf in leaves:
            leaf.text = self._value(path, leaf.text or "", kinds, names)
        names = _longest_first(names)
        for path, leaf in leaves:
            if _is_meta(path):
                leaf.text = disclosure.masked_text(leaf.text or "", names)
        _mask_beside_answers(root, names)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def _value(self, path: str, value: str, kinds: Kinds, names: dict[str, str]) -> str:
        kind = self._answers.kind_at(path)
        if kind is None:
            return value if path in self._answers.unwritten or path == _INSTANCE else personal.without_numbers(value)
        if kinds is not None and kind not in kinds:
            return value
        mask = personal.masked(value, kind)
        if len(value.strip()) >= _SHORT:
            names[value.strip()] = mask
        return mask


_INSTANCE = "meta/instanceID"


def _is_meta(path: str) -> bool:
    """Say whether a leaf belongs to the form or to an instance of a repeat: names and labels are made of answers."""
    return "meta" in path.split("/")[:-1]


def _mask_beside_answers(root: etree._Element, names: Mapping[str, str]) -> None:
    """Mask what attributes tell, and all of the texts that are no answers: no form says what they hold."""
    for node in root.iter():
        for name, value in attributes_of(node).items():
            node.set(name, disclosure.masked_text(value, names))
    for node, part in mixed_texts(root):
        if getattr(node, part).strip():
            setattr(node, part, personal.MASK)


def _longest_first(names: Mapping[str, str]) -> dict[str, str]:
    """Return names in the order in which they are looked for: one may be the beginning of another."""
    return dict(sorted(names.items(), key=lambda pair: -len(pair[0])))


def files_of(reading: Reading, found: StoredSubmission, records: RecordMask) -> list[ShownFile]:
    """Return the files of a submission that its reader has found inside their scope, as ``records`` shows them."""
    mask = AnswerMask(reading, forms.catalogue(reading).forms.get(found.form), records)
    is_whole = mask.hidden(found.path, found.author) == NOTHING
    files = submissions.attachments_of(reading, found.id)
    content, shown = submissions.xml_of(reading, found.id) if files else b"", []
    for each in files:
        masked = mask.name(content, each.name, None)
        address = each.name if masked == each.name else personal.file_address(each.name, each.sha256)
        shown.append(ShownFile(each.name if is_whole else masked, address, each))
    return shown


def shown_name(text: str, names: Mapping[str, str], kinds: Kinds) -> str:
    """Return the name of a submission or of a file. names: as ``rows`` has masked them."""
    return text if kinds == NOTHING else disclosure.masked_text(text, names)
