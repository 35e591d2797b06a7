"""Personal data in answers and records: which fields hold it, as their form declares, and how it is masked.

Masked is by field: what a form declares (``bind::fg:personal``), and for forms that were published before they could,
what ``data/personal_fields.csv`` says of the built-in ones. Over what people write freely a net of patterns remains,
since somebody will put a number there all the same (个人信息保护法 art. 51: measures by kind of data; GB/T 35273 §6.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from server import dated
from server.instants import Instant


class Personal(StrEnum):
    """What a field holds of a private person; ``public`` says nothing that is to be masked (a station's duty phone)."""

    PHONE = "phone"
    IDENTITY = "identity"
    NAME = "name"
    ADDRESS = "address"
    OTHER = "other"
    PUBLIC = "public"


NUMBERS = frozenset({Personal.PHONE, Personal.IDENTITY})

LABELS: Mapping[Personal, str] = {
    Personal.PHONE: "电话",
    Personal.IDENTITY: "证件号码",
    Personal.NAME: "姓名",
    Personal.ADDRESS: "住址",
    Personal.OTHER: "个人信息",
    Personal.PUBLIC: "公开",
}

MASK = "****"
"""Stands where something is not shown."""

_NAME_MASK = "**"


def built_in(type: str, at: Instant) -> dict[str, Personal]:
    """Return what the fields of a built-in record type hold, by field; a form that says so itself counts more."""
    rows = dated.rows_at("personal_fields", at)
    return {row["field"]: Personal(row["personal"]) for row in rows if row["type"] == type}


def named_built_in(type: str) -> frozenset[str]:
    """Return the fields of a built-in record type of which the table says on some day what they hold."""
    return frozenset(row["field"] for row in dated.table("personal_fields") if row["type"] == type)


def masked(value: str, kind: Personal) -> str:
    """Return what of a value may be seen by who may not write it: ``138****0201``, ``张**``; blank stays blank.

    kind: not ``public``.
    """
    if not value.strip():
        return value
    if kind is Personal.NAME:
        return value.strip()[0] + _NAME_MASK
    if kind in (Personal.PHONE, Personal.IDENTITY):
        return _masked_number(value)
    return MASK


def without_numbers(text: str) -> str:
    """Return a text that people wrote with the phone and identity numbers in it masked.

    Found are identity numbers of 18 digits (the last may be X), mobile numbers and numbers with an area code, with
    blanks, hyphens or dots between, in full width, after ``+86``, beside letters and other numbers; and shorter ones
    that stand behind 电话.
    """
    if _DIGIT.search(text) is None:  # most texts, and told sooner than by all that is looked for below
        return text
    if _DIGITS_AS_WRITTEN.search(text) is None:
        return text
    plain = _CODES.sub(lambda code: "#" * len(code[0]), text.translate(_NARROW))
    for pattern, shown in _NUMBERS:
        plain, text = _replaced(pattern, shown, plain, text)
    return text


def file_address(name: str, sha256: str) -> str:
    """Return by what a file is asked for whose name is masked: its content tells it from all others of the same mask.

    name: as it was sent. sha256: of its content, in hexadecimal.
    """
    return sha256[:_ADDRESS_DIGITS] + PurePosixPath(name).suffix


_ADDRESS_DIGITS = 16


def told(value: Any) -> Any:
    """Return a JSON value as the audit may keep it: what people typed into a search with the numbers in it masked."""
    if isinstance(value, str):
        return without_numbers(value)
    if isinstance(value, Mapping):
        return {name: told(each) for name, each in value.items()}
    return [told(each) for each in value] if isinstance(value, list | tuple) else value


def is_mask(text: str) -> bool:
    """Say whether a text may be what somebody saw in the place of a value; whether it is, only the value tells."""
    return _NAME_MASK in text


def _masked_number(value: str) -> str:
    found = without_numbers(value)
    if found != value and _LONG.search(found) is None:
        return found
    digits = _digits(value)
    return _ends(value, 3, 2) if len(digits) > _SHORT else MASK


_SHORT = 6
"""Digits of a number of which nothing is shown."""


def _ends(text: str, first: int, last: int) -> str:
    digits = _digits(text)
    return f"{digits[:first]}{MASK}{digits[-last:]}"


def _digits(text: str) -> str:
    return "".join(each for each in text.translate(_NARROW).upper() if each.isdecimal() or each == "X")


def _replaced(pattern: re.Pattern[str], shown: Callable[[str], str], plain: str, text: str) -> tuple[str, str]:
    """Return both texts with what ``pattern`` finds in ``plain``, which is as long as ``text``, as ``shown`` has it."""
    for found in reversed(list(pattern.finditer(plain))):
        start, end = found.span("number")
        part = shown(found["number"])
        plain, text = plain[:start] + part + plain[end:], text[:start] + part + text[end:]
    return plain, text


_NARROW = str.maketrans("０１２３４５６７８９＋Ｘｘ－（）　", "0123456789+Xx-() ")
"""Characters of full width, which people type beside Chinese, and what they mean."""

_GAP = r"[\s\-‐-―_()·•・\u200b-\u200d\u2060\ufeff]{0,3}"
_BEGIN, _END = r"(?<!\d)", r"(?!\d)"
_CODES = re.compile(
    r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?<![\da-z])(?=\d*[a-f])[\da-f]{16,}(?![\da-z])", re.IGNORECASE
)
"""A UUID, and a digest or other code of hexadecimal digits: digits out of their middle are no number of anybody."""
_NAMES = "电话|座机|固话|手机|电联|联系方式|[Tt][Ee][Ll]"
_GAP_AS_WRITTEN = _GAP.replace("()", "()－（）")
_DIGITS_AS_WRITTEN = re.compile(rf"(?:\d(?:{_GAP_AS_WRITTEN}|[./])){{9}}\d|(?:{_NAMES})\D{{0,4}}\d")
"""What every text has in which a pattern finds something, in full width too; most texts, and all instants, have not."""
_DIGIT = re.compile(r"\d")
_LONG = re.compile(r"\d{5}")
_COUNTRY = rf"(?:(?:\+|00){_GAP}86{_GAP}|86{_GAP}(?=1))?"
_AREA = r"(?:10|2\d|[3-9]\d\d)"
_IDENTITY = rf"{_BEGIN}(?P<number>[1-9](?:{_GAP}\d){{16}}{_GAP}[\dXx])(?![\dXx])"
# A mobile number of another city is dialled, and written, with a 0 before it.
_MOBILE = rf"{_BEGIN}{_COUNTRY}(?:0{_GAP})?(?P<number>1{_GAP}[3-9](?:{_GAP}\d){{9}}){_END}"
_LANDLINE = rf"{_BEGIN}(?P<number>(?:0|(?:\+|00){_GAP}86{_GAP}){_AREA}{_GAP}[1-9](?:{_GAP}\d){{6,7}}){_END}"
# With a dot or a stroke only where numbers are parted in speech: a decimal fraction has the same digits.
_PARTED = rf"{_BEGIN}(?P<number>1[3-9]\d[./]\d{{4}}[./]\d{{4}}|0{_AREA}[./][1-9]\d{{6,7}}){_END}"
_NAMED = rf"(?:{_NAMES})\D{{0,4}}(?P<number>\d(?:{_GAP}\d){{4,11}})(?!\d)"
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(_IDENTITY), lambda number: _ends(number, 3, 2)),
    (re.compile(_MOBILE), lambda number: _ends(number, 3, 4)),
    (re.compile(_LANDLINE), lambda number: _ends(number, 3, 2)),
    (re.compile(_PARTED), lambda number: _ends(number, 3, 2)),
    (re.compile(_NAMED), lambda number: _ends(number, 0, 2)),
)


class Wanted:
    """A name or number of a person as it is looked for in texts: a number however it is written, a word as a whole."""

    def __init__(self, value: str) -> None:
        """value: as somebody wrote it."""
        plain = self._value = value.strip().translate(_NARROW)
        digits = _digits(plain)
        self.is_number = len(digits) > _SHORT and _NO_NUMBER.search(plain) is None
        self.is_word = not self.is_number and plain.isascii()
        if self.is_number and _ABROAD.match(digits):
            digits = _ABROAD.sub("", digits)
        self.parts = tuple(_parts(value.strip(), digits if self.is_number else ""))
        word = _ANY_GAP.join(digits) if self.is_number else re.escape(plain)
        before = _BEFORE_NUMBER if self.is_number else _edge(plain[:1], "(?<![A-Za-z0-9])")
        after = r"(?!\d)" if self.is_number else _edge(plain[-1:], "(?![A-Za-z0-9])")
        self._pattern = re.compile(before + word + after, re.IGNORECASE)

    @property
    def is_certain(self) -> bool:
        """Say whether this is nobody else's wherever it stands: a mobile, identity or landline number with its code."""
        return self.is_number and len(self.parts[0]) >= _CERTAIN

    def may_stand_in(self, content: bytes) -> bool:
        """Say whether a document in UTF-8 may hold this: quickly, and now and then of one that does not."""
        if _OTHERWISE.search(content) is not None:
            return True
        if self.is_number:
            return "".join(self.parts[0]).rstrip("X").encode() in content.translate(None, _NO_DIGITS)
        return self.parts[0][0].encode().lower() in content.lower()

    def stands_in(self, value: str) -> bool:
        """Say whether any text of no declared kind tells of this: a number within it, a name as the whole of it.

        A word of ASCII does not count there: it may be a code, such as ``other``.
        """
        if self.is_word:
            return False
        if self.is_certain:
            return self._pattern.search(value.translate(_NARROW)) is not None
        return self._pattern.fullmatch(value.strip().translate(_NARROW)) is not None

    def is_told_by(self, value: str) -> bool:
        """Say whether what stands in a personal field is this name, or holds this number."""
        plain = value.strip().translate(_NARROW)
        found = self._pattern.search(plain) if self.is_number else self._pattern.fullmatch(plain)
        return found is not None

    def spans_in(self, content: bytes) -> Iterator[tuple[int, int]]:
        """Yield where this stands in bytes of no known order, start and end: as UTF-8, GBK, or UTF-16 as Exif has it.

        A word of three letters stands by chance in any of them, and is not looked for.
        """
        if self.is_word and len(self._value) < _WORD_MIN:
            return
        if self.is_number or self.is_word:
            yield from (found.span() for found in self._pattern.finditer(content.decode("latin-1")))
        for encoding in (
            ("utf-16-le", "utf-16-be") if self._value.isascii() else ("utf-8", "gbk", "utf-16-le", "utf-16-be")
        ):
            with suppress(UnicodeEncodeError):  # not every name can be written in each
                sought = re.escape(self._value.encode(encoding))
                yield from (found.span() for found in re.finditer(sought, content))

    def taken_out_of(self, text: str) -> str:
        """Return a text with a mask in every place where this stands."""
        plain = _CODES.sub(lambda code: "#" * len(code[0]), text.translate(_NARROW))
        for found in reversed(list(self._pattern.finditer(plain))):
            text = text[: found.start()] + MASK + text[found.end() :]
        return text


_WORD_MIN = 4
_CERTAIN = 11
"""Digits of a number from which on no other number of the county's papers is the same."""
_BEFORE_NUMBER = r"(?:(?:\+|(?<!\d)00)?86[\s\-]?|(?<!\d)(?:0[\s\-]?(?=1))?)"
_OTHERWISE = re.compile(rb"&#|\xef[\xbc\xbd]")
"""Characters by their number, and in full width: what a document holds is not what its bytes look like."""
_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_ANY_GAP = rf"(?:{_GAP}|[./])"
_NO_NUMBER = re.compile(r"[^\dXx\s\-‐-―_()·•・./+]")
_ABROAD = re.compile(r"(?:(?:00)?86|0)(?=1[3-9]\d{9}$)")


def _parts(value: str, digits: str) -> Iterator[tuple[str, ...]]:
    """Yield what a text must hold, in this order, to hold the value; a number in narrow and in full width."""
    yield tuple(digits) or (value,)
    if digits:
        yield tuple(digits.translate(_WIDE))


_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def _edge(sign: str, assertion: str) -> str:
    """Return the assertion by which a word of letters or digits is not found within a longer one."""
    return assertion if sign.isascii() and sign.isalnum() else ""
