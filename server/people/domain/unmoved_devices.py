"""Which phones and laptops still use another address than the public one: pure rules over phone keys and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from server.instants import Instant


@dataclass(frozen=True, slots=True)
class PhoneKey:
    """A phone key of somebody on duty that is still good.

    area: code of their oldest duty in force. device: as the phone names itself, None where it never did. last_seen_at:
    last contact, None for a card that was never scanned. address: of the server, by which it came then; None where that
    is not known, which is before addresses were kept.
    """

    id: str
    person: str
    display: str
    role: str
    area: str
    created_at: Instant
    last_seen_at: Instant | None
    device: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class UnmovedPhone:
    """A phone that has not come by the public address yet. key: the one it uses.

    card_at: when the holder was last given a new card that nobody has scanned, None for no such card.
    """

    key: PhoneKey
    card_at: Instant | None


@dataclass(frozen=True, slots=True)
class Laptop:
    """A laptop with a field client, of somebody on duty, as of its last contact with them.

    id: as the client calls itself. area: code of their oldest duty in force. address: of the server, by which it came;
    None where that is not known.
    """

    id: str
    person: str
    display: str
    role: str
    area: str
    last_seen_at: Instant
    address: str | None


@dataclass(frozen=True, slots=True)
class UnmovedDevice:
    """A phone or laptop that has not come by the public address yet.

    id: of the phone key that it uses, or as the field client calls itself. area: code of the oldest duty in force of
    its holder. last_seen_at: last contact, None for a card that was never scanned. address: by which it came then; None
    where that is not known. key_made_at: when the card of a phone was made, None for a laptop. card_at: when the holder
    of a phone was last given a new card that nobody has scanned, None for no such card.
    """

    is_phone: bool
    id: str
    person: str
    display: str
    role: str
    area: str
    last_seen_at: Instant | None
    address: str | None
    key_made_at: Instant | None
    card_at: Instant | None


class History(NamedTuple):
    """The public addresses of a server. first: before any was kept. steps: since when each was that, oldest first."""

    first: str
    steps: Sequence[tuple[Instant, str]]

    def at(self, at: Instant) -> str:
        """Return what the public address was at an instant."""
        return next((url for since, url in reversed(self.steps) if since <= at), self.first)


def unmoved(keys: Iterable[PhoneKey], history: History) -> list[UnmovedPhone]:
    """Return the phones that have not come by the public address since it is that, silent longest first.

    keys: of all people, in the order of their names. Those that were never scanned come last. A phone of which no
    address is known came by the first. A key is not told once the same phone has come by the public address with
    another key of the same person; nor is a card that was never scanned of who has a phone, or one for that address.
    """
    found: list[UnmovedPhone] = []
    for _, each in groupby(keys, lambda key: key.person):
        found += _of_person(list(each), history)
    return sorted(found, key=lambda each: (each.key.last_seen_at is None, each.key.last_seen_at or "", each.key.person))


def unmoved_laptops(laptops: Iterable[Laptop], history: History) -> list[Laptop]:
    """Return the laptops that came last by another address than the public one, silent longest first.

    laptops: with each of the people who have used one it stands once; the last contact counts. One of which no address
    is known came by the first.
    """
    _, url = history.steps[-1]
    newest = {each.id: each for each in sorted(laptops, key=lambda each: each.last_seen_at)}
    return [each for each in newest.values() if (each.address or history.first) != url]


def devices_of(phones: Iterable[UnmovedPhone], laptops: Iterable[Laptop]) -> list[UnmovedDevice]:
    """Return phones and laptops as one list, silent longest first; cards that were never scanned come last."""
    found = [
        *(
            UnmovedDevice(is_phone=True, **_told(each.key), key_made_at=each.key.created_at, card_at=each.card_at)
            for each in phones
        ),
        *(UnmovedDevice(is_phone=False, **_told(each), key_made_at=None, card_at=None) for each in laptops),
    ]
    return sorted(found, key=lambda each: (each.last_seen_at is None, each.last_seen_at or "", each.person))


def _told(of: PhoneKey | Laptop) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Laptop.__slots__}


def _of_person(keys: list[PhoneKey], history: History) -> Iterator[UnmovedPhone]:
    since, url = history.steps[-1]
    seen = [key for key in keys if key.last_seen_at is not None]
    moved = [key for key in seen if (key.address or history.first) == url]
    cards = [key.created_at for key in keys if key.last_seen_at is None and key.created_at >= since]
    left = [key for key in seen if key not in moved and not any(_is_same_phone(key, other) for other in moved)]
    if not seen and all(history.at(key.created_at) != url for key in keys):
        left = keys[-1:]
    return (UnmovedPhone(key, max(cards, default=None)) for key in left)


def _is_same_phone(key: PhoneKey, moved: PhoneKey) -> bool:
    """Say whether a key that has moved is on the same phone: by its name, else where the other was silent since."""
    if key.device and moved.device:
        return key.device == moved.device
    return (key.last_seen_at or "") <= (moved.last_seen_at or "")
