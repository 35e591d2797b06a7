"""Judges whether a password is easily guessed, by what people in Chinese counties choose.

A password is taken apart into the pieces that a guesser tries first: common passwords and words, surnames and given
names in pinyin, names of places, what is known of the person, dates, phone numbers, keyboard walks, runs. Each piece
counts as few characters, since it is found among few; what is left over counts whole. NIST SP 800-63B (section 3.1.1.2)
asks for a list of common and expected values; the pieces reach ``woaini`` with any birthday, which no list does.

The words are in ``data/password_words.csv``: the commonest of those that zxcvbn 4.5 (MIT) ships, from passwords that
were made public, and our own of Chinese counties. ``data/pinyin.csv`` reads the 6,763 characters of GB 2312 (after
pypinyin, MIT).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from server import dated

STRENGTH_MIN = 7
"""How many characters that nobody can foretell a password must have at least, its pieces counted as below."""

COSTS = {"password": 3, "given": 2, "place": 2, "surname": 1}
"""As how many characters a word of each kind counts: those of a kind with few words as fewer."""

PERSONAL, SYLLABLE, PATTERN, SYMBOL = 1, 2, 1, 0
"""As how many count what is known of the person, a syllable of pinyin, a date or walk, a sign between words."""

_PIECE_MAX = 24
_LEET = (str.maketrans("@$!013457", "asioieast"), str.maketrans("@$!013457", "asioleast"))
"""Signs that stand for letters; a ``1`` for i or l."""

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"1[3-9]\d{9}",  # a mobile phone
        r"0[1-9]\d{8,10}",  # a landline
        r"\d{17}[\dx]",  # an identity number
        r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?",
        r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        r"5201314|1314|520|521|168|119|110|120|122|12119|12345|12348",
        r"(.)\1{2,}",
        r"(..)\1+",
    )
)
_WALKS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0"),
    *("a1b2c3d4e5f6g7h8i9", "1a2b3c4d5e6f7g8h9i"),
)
_WALK_MIN = 3
_RECURRING_MAX = 8
"""How many parts that recur are tried, since each takes the whole password apart anew."""
_SUFFIXES = ("街道办事处", "社区居委会", "村民委员会", "居民委员会", "自治县", "村委会", "居委会", "社区", "街道")
_SUFFIX_SIGNS = "省市县区旗镇乡村盟州"


def strength(password: str, personal: frozenset[str] = frozenset()) -> int:
    """Return how many characters of a password a guesser cannot foretell. personal: from ``words_of``."""
    text = re.sub(r"[^a-z0-9@$!]", "", password.casefold())
    if not re.search(r"[a-z0-9]", text):
        return len(set(password))
    repeated = _repeated(text)
    if repeated is not None:
        return _strength(repeated, personal) + 1
    plain = _strength(text, personal)
    # What comes back is guessed once: ``mimamima12`` is ``mima``, again, and two digits.
    again = (_strength(part, personal) + _strength(text, personal | {part}) - PERSONAL for part in _recurring(text))
    return min([plain, *again])


def words_of(names: Iterable[str]) -> frozenset[str]:
    """Return the words that a guesser who knows these names tries: of user names, people, and places.

    A Chinese name gives its pinyin, whole and by its initials, that of a place without 县 or 镇 too, that of a person
    in both orders.
    """
    return frozenset(word for name in names for word in _words_of(name) if len(word) >= _WALK_MIN)


def _words_of(name: str) -> Iterator[str]:
    ascii_parts = re.findall(r"[a-z]+|[0-9]+", name.casefold())
    yield from ascii_parts
    yield "".join(re.findall(r"[a-z0-9]", name.casefold()))
    for chinese in re.findall(r"[\u4e00-\u9fff]+", name):
        shorter = _without_suffix(chinese)
        for form in {chinese, shorter, _without_suffix(shorter)}:
            syllables = pinyin(form)
            yield "".join(syllables)
            yield "".join(each[0] for each in syllables)
            yield "".join((*syllables[1:], *syllables[:1]))
            yield "".join(syllables[1:])


def pinyin(text: str) -> tuple[str, ...]:
    """Return the syllables of Chinese characters, without tones; what is none of GB 2312 is left out."""
    known = _pinyin()
    return tuple(known[sign] for sign in text if sign in known)


def _without_suffix(place: str) -> str:
    for suffix in _SUFFIXES:
        if place.endswith(suffix) and len(place) > len(suffix):
            return place.removesuffix(suffix)
    return place[:-1] if len(place) > 2 and place[-1] in _SUFFIX_SIGNS else place


def _repeated(text: str) -> str | None:
    """Return what ``text`` consists of two or more times, None when of nothing."""
    at = (text + text).find(text, 1)
    return text[:at] if at < len(text) else None


def _recurring(text: str) -> list[str]:
    """Return the parts that stand in ``text`` more than once, those that cover most of it first."""
    ends = ((start, end) for start in range(len(text)) for end in range(start + _WALK_MIN, start + _PIECE_MAX + 1))
    parts = {text[start:end] for start, end in ends if text.find(text[start:end], end) >= 0}
    covered = sorted(parts, key=lambda part: (-text.count(part) * len(part), part))
    return covered[:_RECURRING_MAX]


def _strength(text: str, personal: frozenset[str]) -> int:
    """Return the cost of the cheapest way to take ``text`` apart, from its end to its beginning."""
    variants = (text, *(text.translate(table) for table in _LEET))
    costs = [0] * (len(text) + 1)
    for start in range(len(text) - 1, -1, -1):
        best = costs[start + 1] + (SYMBOL if text[start] in "@$!" else 1)
        for end, cost in _pieces(variants, start, personal):
            best = min(best, costs[end] + cost)
        costs[start] = best
    return costs[0]


def _pieces(variants: tuple[str, ...], start: int, personal: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where each known piece that begins at ``start`` ends, and its cost."""
    words, syllables = _words(), _syllables()
    for number, variant in enumerate(variants):
        for end in range(start + 2, min(start + _PIECE_MAX, len(variant)) + 1):
            piece = variant[start:end]
            if piece in personal:
                yield end, PERSONAL
            if piece in words and (number == 0 or len(piece) > _WALK_MIN):
                yield end, words[piece]
            if number == 0 and piece in syllables:
                yield end, SYLLABLE
    text = variants[0]
    for pattern in _PATTERNS:
        found = pattern.match(text, start)
        if found is not None:
            yield found.end(), PATTERN
    for end in range(start + _WALK_MIN, len(text) + 1):
        if text[start:end] not in _walks():
            break
        yield end, PATTERN


@cache
def _words() -> dict[str, int]:
    return {row["word"]: COSTS[row["kind"]] for row in dated.table("password_words")}


@cache
def _pinyin() -> dict[str, str]:
    return {sign: row["syllable"] for row in dated.table("pinyin") for sign in row["characters"]}


@cache
def _syllables() -> frozenset[str]:
    return frozenset(row["syllable"] for row in dated.table("pinyin"))


@cache
def _walks() -> frozenset[str]:
    both = [walk for row in _WALKS for walk in (row, row[::-1])]
    return frozenset(
        walk[start:end]
        for walk in both
        for start in range(len(walk))
        for end in range(start + _WALK_MIN, len(walk) + 1)
    )
