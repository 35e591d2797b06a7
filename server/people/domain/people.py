"""The people and bodies of a county, and which names, contacts and windows they may have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.errors import Invalid
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain.actors import Duty

NAME_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
"""User names and body codes: they stand in URLs, in ``user:<name>``, and in Collect's Basic (ISO-8859-1, no colon)."""

_NAME = re.compile(NAME_PATTERN)
_PHONE_NUMBER = re.compile(r"1[3-9][0-9]{9}")
_DISPLAY_LENGTH_MAX = 100
_CONTACT_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone key as the office sees it; the token itself is shown once and kept nowhere.

    last_seen_at: last contact, to the minute, syncs of our own clients aside. device: ``collect:…`` id, app_version:
    as the phone reported them. What a phone holds unsent is unknown.
    """

    id: str
    created_at: Instant
    revoked_at: Instant | None = None
    last_seen_at: Instant | None = None
    device: str | None = None
    app_version: str | None = None


@dataclass(frozen=True, slots=True)
class FieldClient:
    """A field client that syncs for somebody, by a key or a sign-in.

    device: its id, the origin of its changes. program: the name it reports. unsent: how many changes it reported, at
    ``seen_at`` (to the minute or ten), to be still unsent.
    """

    device: str
    program: str
    seen_at: Instant
    unsent: int


@dataclass(frozen=True, slots=True)
class Person:
    """An account with every duty it holds or held and every phone key it was given.

    revoked_at: since when they are refused everywhere, None for a good account. locked_until: the instant at which
    sign-in opens again after too many failures; it may lie in the past.
    """

    name: str
    display: str
    created_at: Instant
    revoked_at: Instant | None = None
    locked_until: Instant | None = None
    duties: tuple[Duty, ...] = ()
    phones: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation that can be given work, as it stands from ``valid_from`` until ``valid_to`` (half open)."""

    code: str
    name: str
    kind: str
    area: str
    contact: str = ""
    valid_from: Instant = BEGINNING
    valid_to: Instant = FOREVER


def checked_name(name: str) -> str:
    """Return a user name that may be given. Raises Invalid that says what a name looks like."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"用户名“{name}”不可用：只用英文字母、数字和 . _ -，以字母或数字开头和结尾，最多64个字符，如 gw-106201-02；"
            "中文姓名请写在显示名里。",
            field="name",
            value=name,
        )
    if _PHONE_NUMBER.fullmatch(name):
        raise Invalid("请不要用手机号作用户名：用户名会出现在清单和日志里；可用网格编号，如 gw-01。", field="name")
    return name


def checked_code(code: str) -> str:
    """Return a body code that may be given. Raises Invalid that says what a code looks like."""
    if not _NAME.fullmatch(code):
        raise Invalid(
            f"责任主体代码“{code}”不可用：只用英文字母、数字和 . _ -，首尾为字母或数字，最多64个字符，如 dept-gas。",
            field="code",
            value=code,
        )
    return code


def checked_display(display: str, field: str = "display") -> str:
    """Return a display name without outer blanks. Raises Invalid for an empty or long one, or control characters."""
    shown = display.strip()
    if not shown or len(shown) > _DISPLAY_LENGTH_MAX or not shown.isprintable():
        raise Invalid(f"名称应为1至{_DISPLAY_LENGTH_MAX}个字符，不含换行等控制字符。", field=field)
    return shown


def checked_contact(contact: str) -> str:
    """Return whom to ask, without outer blanks, possibly empty. Raises Invalid for a long one or control characters."""
    shown = contact.strip()
    if len(shown) > _CONTACT_LENGTH_MAX or not shown.isprintable():
        raise Invalid(f"联系人最多{_CONTACT_LENGTH_MAX}个字符，不含换行等控制字符。", field="contact")
    return shown


def checked_window(starts_at: Instant, ends_at: Instant) -> tuple[Instant, Instant]:
    """Return a window that ends after it begins. Raises Invalid otherwise."""
    if starts_at >= ends_at:
        raise Invalid("截止时间应晚于开始时间；请检查起止时间。", field="to", starts_at=starts_at, ends_at=ends_at)
    return starts_at, ends_at
