"""Phones and laptops that collect for somebody: how long ago each was in contact, and what that calls for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from server import instants
from server.instants import Instant

QUIET, LOST = timedelta(days=7), timedelta(days=30)
"""Without contact for longer, a device wants looking after (``office.md`` section 6.7)."""


class Contact(StrEnum):
    """How a device stands to its last contact: within a week, longer ago, longer than a month, never."""

    RECENT = "recent"
    QUIET = "quiet"
    LOST = "lost"
    NEVER = "never"


ADVICE = {
    Contact.RECENT: "",
    Contact.QUIET: "提醒本人连一次网，打开应用发送表单、更新清单。",
    Contact.LOST: "打电话问本人：是否还在岗、手机是否坏了或换了；换了手机就重发卡片。",
    Contact.NEVER: "还没有扫过手机卡片：把卡片送去，帮他扫一次。",
}
"""What to do about it, in Chinese."""


@dataclass(frozen=True, slots=True)
class Device:
    """A phone, by one of its keys, or a laptop with a field client.

    id: of the phone key, else what the client calls itself. area: code of their oldest duty in force. last_seen_at:
    None for a card that was never scanned. name, program: as the device reports them, empty for none. unsent: changes
    that a laptop had not sent then, None for a phone: nobody knows.
    """

    id: str
    is_phone: bool
    person: str
    display: str
    role: str
    area: str
    last_seen_at: Instant | None
    name: str
    program: str
    unsent: int | None

    def contact(self, now: Instant) -> Contact:
        """Return how it stands to its last contact."""
        if self.last_seen_at is None:
            return Contact.NEVER
        if instants.later(self.last_seen_at, LOST) < now:
            return Contact.LOST
        return Contact.QUIET if instants.later(self.last_seen_at, QUIET) < now else Contact.RECENT
