"""Whose password an account has, and which passwords may be set."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from unicodedata import normalize

from server.errors import Invalid
from server.people.domain import guessable

LENGTH_MAX = 200
"""In characters: hashing takes no longer for more, and nobody types more."""


class PasswordState(StrEnum):
    """Whose the password of an account is, and what that means.

    OWN: chosen by the person who signs in with it. TO_CHANGE: given by somebody else, or too weak by today's rules; it
    opens nothing until it is changed. PRINTED: of a demonstration, which prints it for everybody.
    """

    OWN = "own"
    TO_CHANGE = "to_change"
    PRINTED = "printed"


def checked_password(
    password: str, length_min: int, personal: frozenset[str] = frozenset(), field: str = "password"
) -> str:
    """Return a password that may be set. Raises Invalid that lists every rule it breaks, at ``field``.

    length_min: in characters, after NFKC. personal: what others know of the person (``guessable.words_of``).
    """
    faults = list(faults_of(password, length_min, personal))
    if faults:
        errors = [{"field": field, "message": fault} for fault in faults]
        raise Invalid(f"密码不可用：{'；'.join(faults)}。", field=field, errors=errors)
    return password


def faults_of(password: str, length_min: int, personal: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield what is wrong with a password, each with its cure; arguments as for ``checked_password``.

    Only printable ASCII, since Collect's Basic sends ISO-8859-1 and would garble the rest.
    """
    folded = normalize("NFKC", password)
    if len(folded) < length_min:
        yield f"至少{length_min}个字符"
    if len(folded) > LENGTH_MAX:
        yield f"最多{LENGTH_MAX}个字符"
    if not (password.isascii() and password.isprintable()):
        yield "只用英文字母、数字和键盘上的符号"
    elif length_min <= len(folded) <= LENGTH_MAX:
        yield from _guessable(folded, personal)


def _guessable(password: str, personal: frozenset[str]) -> Iterator[str]:
    if password.isdecimal():
        yield "不能只有数字（电话、生日、证件号都容易猜）；请用几个互不相干的词"
    elif guessable.strength(password) < guessable.STRENGTH_MIN:
        yield "太容易猜（常用密码、姓名或地名拼音、日期、电话、键盘顺序的组合）；请用几个互不相干的词"
    elif guessable.strength(password, personal) < guessable.STRENGTH_MIN:
        yield "含有您的用户名、姓名或本地地名，加几个数字也容易猜；请用几个互不相干的词"
