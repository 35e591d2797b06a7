"""Sends what was written here and takes in what the server has: push and pull of the field client.

Both may die at any instant and be begun again; ``outbox`` and ``holdings`` say what is true after each step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sync.client import outbox, replica, wire
from sync.client.connection import Connection
from sync.client.device import Device
from sync.client.failures import NoConnection, Refused, TooLarge
from sync.client.locks import one_turn
from sync.client.outbox import Parcel
from sync.client.wire import Told

CHANGES_MAX, BYTES_MAX = 200, 1_000_000
"""How much goes into one push until the server has told its own limits."""

PAGE_ROWS = 500
PROBLEMS_MAX = 100
"""After how many problems one pull asks, whether somebody has decided about them."""
REREADS_MAX = 3
"""How often a pull asks for buckets again that do not add up; the last time it asks for everything."""

_ODD = (
    "服务器的回答无法理解，没有采用；请升级程序"
    " · the server's answer makes no sense and was not used: upgrade fieldsync"
)


def _say_nothing(number: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Greeting:
    """What the server said on the first contact.

    epoch: of its database; the same one under another address is the same server. user: who it takes us for, None
    when it does not say. is_stranger: what this device holds was told to another person; not known (False) before
    the first pull, and of a server that was restored.
    """

    epoch: str
    user: str | None
    is_stranger: bool


@dataclass
class Sent:
    """What a push did. verdicts: how many of each. stuck: changes that are too large to send, by id."""

    verdicts: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)
    is_restored: bool = False


@dataclass
class Pulled:
    """What a pull did. reread: buckets that did not add up and were read again."""

    rows: int = 0
    gone: int = 0
    reread: list[str] = field(default_factory=list)
    is_restored: bool = False


def greet(device: Device, connection: Connection) -> Greeting:
    """Ask the server whether it knows us, without sending or keeping anything. Raises what ``post`` raises.

    A cursor is good for one person only: where the server begins anew on ours, it was given to somebody else.
    """
    told = _read_push(connection.post("/sync/push", _envelope(device, Parcel(device.id, (), ()))))[0]
    cursor = device.setting("cursor")
    if cursor is None or told.epoch != device.setting("epoch"):
        return Greeting(told.epoch, told.user, is_stranger=False)
    page = _read_page(connection.post("/sync/pull", json.dumps({"cursor": cursor, "limit": 1})))
    return Greeting(told.epoch, told.user, is_stranger=page.is_fresh)


def push(device: Device, connection: Connection, tell: Callable[[int], None] = _say_nothing) -> Sent:
    """Send every unsent change, oldest first, and note what became of each.

    tell: called after each batch with the number of changes answered so far.

    Raises NoConnection, NotSignedIn or Refused when the server cannot be asked; what was answered before is kept.
    """
    sent = Sent()
    with one_turn(device.folder):
        tried: set[str] = set()
        most = _limit(device, "changes", CHANGES_MAX)
        while parcel := _next(device, most, tried):
            try:
                answer = connection.post("/sync/push", _envelope(device, parcel))
            except TooLarge as refusal:
                _heed_limits(device, refusal.limits)
                most = max(1, min(len(parcel.ids) // 2, _limit(device, "changes", CHANGES_MAX)))
                if len(parcel.ids) == 1:
                    tried |= {*parcel.ids}
                    outbox.cannot_send(device, parcel.ids[0], refusal.message)
                    sent.stuck += parcel.ids
                continue
            was_restored = sent.is_restored
            _settle(device, answer, sent)
            if sent.is_restored and not was_restored:
                tried.clear()  # what went to the server as it was before goes again
            tried |= {*parcel.ids}
            tell(sum(sent.verdicts.values()))
            most = min(most * 2, _limit(device, "changes", CHANGES_MAX))
    return sent


def pull(device: Device, connection: Connection, tell: Callable[[int], None] = _say_nothing) -> Pulled:
    """Bring what this device holds up to date with the server.

    tell: called after each page with the number of rows so far.

    Raises NoConnection, NotSignedIn or Refused; what came in before is kept, and the next pull goes on from there.
    """
    done = Pulled()
    with one_turn(device.folder):
        replica.begin(device)
        rereads, problems = 0, outbox.undecided_problems(device, PROBLEMS_MAX)
        while True:
            asked = replica.asking(device)
            told = {
                "limit": PAGE_ROWS,
                "device": device.id,
                "unsent": outbox.count_unsent(device),
                "problems": problems,
            }
            page = _read_page(connection.post("/sync/pull", json.dumps(asked | told)))
            if page.more and page.cursor == asked["cursor"]:
                raise NoConnection(_ODD)  # it would never end
            wrong = _take_in(device, page, asked, done)
            if wrong is None:
                continue  # another process was faster: ask from where it got to
            problems = []
            done.rows += sum(op["op"] == "put" for op in page.ops)
            done.gone += sum(op["op"] in ("remove", "leave") for op in page.ops)
            done.reread += wrong
            tell(done.rows)
            if wrong:
                rereads += 1
                _before_rereading(device, rereads)
            elif not page.more:
                return done


def exchange(device: Device, connection: Connection, tell: Callable[[int], None] = _say_nothing) -> tuple[Sent, Pulled]:
    """Push, then pull; and once more when the pull shows that the server was restored and lacks what it had."""
    sent, pulled = push(device, connection, tell), pull(device, connection, tell)
    if pulled.is_restored:
        again = push(device, connection, tell)
        sent = Sent(sent.verdicts + again.verdicts, again.stuck, is_restored=True)
        pulled = pull(device, connection, tell)
    return sent, pulled


def _before_rereading(device: Device, rereads: int) -> None:
    if rereads == REREADS_MAX:
        replica.start_over(device)
    if rereads > REREADS_MAX:
        raise Refused(
            "与服务器核对数据一再不符，请告诉管理员；未发送的工作不受影响"
            " · rows here and at the server keep differing: tell the administrator; unsent work is safe"
        )


def _next(device: Device, most: int, tried: Collection[str]) -> Parcel | None:
    room = _limit(device, "bytes", BYTES_MAX) - len(_envelope(device, Parcel(device.id, (), ())).encode()) - 100
    return outbox.parcel(device, changes_max=most, bytes_max=max(room, 1), without=tried)


def _envelope(device: Device, parcel: Parcel) -> str:
    """Return the body of a push. Changes stand in it exactly as kept, so that a repeat is the same to the byte."""
    told = {"device": parcel.device, "epoch": device.setting("epoch"), "unsent": outbox.count_unsent(device)}
    frame = json.dumps(told)
    return f'{frame[:-1]}, "changes": [{",".join(parcel.bodies)}]}}'


def _settle(device: Device, answer: object, sent: Sent) -> None:
    told, outcomes = _read_push(answer)
    with device.writing():
        sent.is_restored |= _heed(device, told)
        settled = outbox.settle(device, outcomes)
        ours = {each["id"] for each in settled}
        for outcome in outcomes:
            if outcome.record is not None and outcome.id in ours:
                replica.keep(device, outcome.record)
        replica.empty_tray(device, {each["record"] for each in settled})
        outbox.let_go(device)
    sent.verdicts.update(each["verdict"] for each in settled)


def _take_in(device: Device, page: wire.Page, asked: wire.Json, done: Pulled) -> list[str] | None:
    with device.writing():
        if device.setting("cursor") == asked["cursor"]:
            done.is_restored |= _heed(device, page.told)
        wrong = replica.apply(device, page, asked)
        outbox.decide(device, page.settled)
        outbox.let_go(device)
    return wrong


def _heed(device: Device, told: Told) -> bool:
    """Note what an answer tells of the server; True when it was restored since the last one. Inside ``writing()``."""
    now = device.clock()
    device.remember("clock_offset_s", str(round((told.now - now).total_seconds(), 3)))
    device.remember("last_contact_at", now.isoformat())
    for name, most in told.limits.items():
        device.remember(f"limit {name}", str(most))
    if told.user is not None:
        device.remember("user", told.user)
    is_restored = outbox.heed(device, told)
    if is_restored:
        replica.doubt(device)
    return is_restored


def _heed_limits(device: Device, limits: dict[str, int]) -> None:
    with device.writing():
        for name, most in limits.items():
            device.remember(f"limit {name}", str(most))


def _limit(device: Device, name: str, unless_told: int) -> int:
    told = device.setting(f"limit {name}")
    return unless_told if told is None else int(told)


def _read_push(answer: object) -> tuple[Told, tuple[wire.Outcome, ...]]:
    try:
        return wire.read_push(answer)
    except wire.Garbled as error:
        raise NoConnection(_ODD) from error


def _read_page(answer: object) -> wire.Page:
    try:
        return wire.read_page(answer)
    except wire.Garbled as error:
        raise NoConnection(_ODD) from error
