"""What an entry of the audit says, and the hash by which each holds on to the one before it.

The hash of an entry is the SHA-256 of its predecessor's hash and of its own content, so that no entry can be changed,
taken out or put in between without changing every hash after it, and with them the head.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from server import dated
from server.errors import Invalid
from server.instants import Instant

DONE = "done"
"""The result of what was carried out; any other says in a word why it was not, or where it ended."""

SERVER, COMMAND = "server", "command"
"""Who acted where nobody was signed in: the server by itself, and whoever ran a command on its machine."""

BEFORE_THE_FIRST = ""
"""The hash that the first entry follows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded.

    event: a word of the table ``data/audit_events.csv`` (``records.export``). by: the user name of who did it, or
    SERVER or COMMAND. object: what it was done to: a code, name, id or kind of thing; its own name for what concerns
    only who did it. details: what a later reader needs, as JSON values; never a secret, a token, a password or a phone
    number. result: DONE, or a word (``403``, ``stopped``). objects: the ids of all records that one entry is about, so
    that each of them finds it; they are kept in the details. address: of the network; empty where the transaction knows
    it, or nobody does.
    """

    event: str
    by: str
    object: str
    details: Mapping[str, Any] = field(default_factory=dict)
    result: str = DONE
    objects: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of the chain.

    number: counts from 1 without gaps, by a counter of its own. actor: who. role, place: the duties of that person at
    that instant: their roles and the codes of their areas, each once. hash: over the entry and its predecessor's hash.
    """

    number: int
    at: Instant
    event: str
    actor: str
    role: str
    place: str
    address: str
    object: str
    result: str
    details: Mapping[str, Any]
    hash: str


CONTENT = ("id", "at", "action", "actor", "role", "place", "address", "subject", "result", "detail")
"""The columns of an entry that its hash covers, all but the hash. action is its event, subject its object."""


def id_of(number: int) -> str:
    """Return the id of the entry with this number: sixteen digits, whose order as text is that of the numbers."""
    return f"{number:016d}"


def details_text(entry: Entry) -> str:
    """Return the details of an entry as they are kept, its objects among them."""
    objects = {"objects": [*map(whole, entry.objects)]} if entry.objects else {}
    return whole(json.dumps({**entry.details, **objects}, ensure_ascii=False, default=str))


def details_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details of a row; none where they cannot be read: somebody has changed them, which its hash tells."""
    try:
        details = json.loads(row["detail"])
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def more_objects(row: Mapping[str, Any]) -> set[str]:
    """Return everything that a row is about beside its subject."""
    objects = details_of(row).get("objects", ())
    return {str(each) for each in objects} - {row["subject"]} if isinstance(objects, list) else set()


def content_text(row: Mapping[str, Any]) -> str:
    """Return the content of a row in the one form that is hashed. row: has CONTENT; its details as they are kept."""
    return json.dumps([row[name] for name in CONTENT], ensure_ascii=False, separators=(",", ":"))


def chained(before: str, row: Mapping[str, Any]) -> str:
    """Return the hash of an entry. before: the hash of its predecessor, or BEFORE_THE_FIRST; row: as above."""
    return sha256(f"{before}\n{content_text(row)}".encode()).hexdigest()


def whole(text: str) -> str:
    """Return ``text`` with ``?`` for half characters and U+0000, which not every database keeps in a text.

    A name that somebody typed must not keep an entry from disk.
    """
    return text.encode(errors="replace").decode().replace("\0", "?")


def event_row(event: str) -> dated.Row:
    """Return the row of an event: its labels and its kind. Raises LookupError for an event that nobody declared."""
    for row in dated.table("audit_events"):
        if row["event"] == event:
            return row
    raise LookupError(f"no event {event} in data/audit_events.csv")


def event_names() -> tuple[str, ...]:
    """Return every event, in the order of the table."""
    return tuple(row["event"] for row in dated.table("audit_events"))


def kinds() -> tuple[str, ...]:
    """Return every kind of event, in the order of the table."""
    return tuple(dict.fromkeys(row["kind"] for row in dated.table("audit_events")))


def events_of(word: str) -> tuple[str, ...]:
    """Return the events that a word means: itself, or all of its kind. Raises Invalid for a word that is neither."""
    found = tuple(row["event"] for row in dated.table("audit_events") if word in (row["event"], row["kind"]))
    if not found:
        message = f"没有“{word}”这种审计事件；可以写类别（{'、'.join(kinds())}），或一种事件，如 records.export。"
        raise Invalid(message, field="event", value=word)
    return found
