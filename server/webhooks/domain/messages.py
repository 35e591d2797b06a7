"""What a receiver is told and how it is signed: the scheme of Standard Webhooks (https://www.standardwebhooks.com).

A message names an event and a record and holds nothing of what anybody wrote. Its signature is an HMAC-SHA256 over
``<id>.<timestamp>.<body>``; while a secret is being replaced there are two, of which a receiver accepts either.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import orjson

from server.errors import Invalid
from server.instants import Instant

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, and none itself

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
"""Headers of a message: the event, the second at which it is sent, and its signatures."""

_KIND = re.compile(r"[a-z_][a-z0-9_]*\.(\*|[a-z_]+)")


class Event(NamedTuple):
    """Something that happened to a record. kind: its type and the act, as ``hazards.assign``. seq: its place in the
    county's order; of one record, a later event has a higher one."""

    seq: int
    record: str
    kind: str
    at: Instant


def event_id(epoch: str, seq: int) -> str:
    """Return the id of an event: the same however often it is sent, and another one in a database that was put back.

    epoch: of the database, which changes when a backup is put back and numbers are given anew.
    """
    return str(uuid5(NAMESPACE_URL, f"urn:firegrid:event:{epoch}:{seq}"))


def body(event: Event, id: str) -> bytes:
    """Return the body of the message that tells of an event. id: as ``event_id`` makes it."""
    return orjson.dumps({"id": id, "kind": event.kind, "record": event.record, "seq": event.seq, "at": event.at})


def new_secret(random: bytes) -> str:
    """Return a secret as receivers are given it. random: ``SECRET_BYTES`` of them."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def headers(id: str, timestamp: int, content: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the headers by which a receiver knows a message. timestamp: seconds since 1970. secrets: good ones."""
    signed = f"{id}.{timestamp}.".encode() + content
    found = (hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        ID: id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(f"v1,{base64.b64encode(each).decode()}" for each in found),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def checked_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return kinds of events that a receiver wants, each once. Raises Invalid for what is no kind."""
    found = tuple(dict.fromkeys(each.strip() for each in kinds if each.strip()))
    for each in found:
        if not _KIND.fullmatch(each):
            message = f"“{each[:60]}”不是事件类别；应写成 台账.操作，如 hazards.assign，或 hazards.* 。"
            raise Invalid(message, field="kinds", value=each)
    return found


def is_wanted(kind: str, wanted: Iterable[str]) -> bool:
    """Say whether a receiver wants events of a kind. wanted: as ``checked_kinds`` returns them; none want all."""
    kinds = tuple(wanted)
    return not kinds or kind in kinds or f"{kind.partition('.')[0]}.*" in kinds
