"""Push and pull of the field client.

Both may die at any instant and be started again; ``outbox`` and ``replica`` say what is true after each step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sync.client import outbox, photos, replica, wire
from sync.client.connection import Connection
from sync.client.device import Device
from sync.client.device_file import exchange_lock
from sync.client.failures import NoConnection, Refused, TooLarge
from sync.client.outbox import Batch
from sync.client.wire import ServerState

CHANGES_MAX, BYTES_MAX = 200, 1_000_000
"""Limits of one push until the server has named its own."""

PAGE_ROWS = 500
PROBLEMS_MAX = 100
"""How many problems one pull asks about at most."""
REREADS_MAX = 3
"""How often a pull asks again for buckets whose check fails; the last time it asks for everything."""

_UNREADABLE = (
    "服务器的回答无法理解，没有采用；请升级程序"
    " · the server's answer makes no sense and was not used: upgrade fieldsync"
)


def _no_progress(number: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Identity:
    """Which server this is, and who has signed in.

    epoch: of its database; the same one under another address is the same server. user: name of the user, None when
    the server does not say. is_another_user: the data of this device was pulled by another user; not known (False)
    before the first pull, and of a server that was restored.
    """

    epoch: str
    user: str | None
    is_another_user: bool


@dataclass
class PushResult:
    """The result of a push. verdicts: how many of each. too_large: ids of changes that are too large to send."""

    verdicts: Counter[str] = field(default_factory=Counter)
    too_large: list[str] = field(default_factory=list)
    is_restored: bool = False
    photos: photos.SendResult = field(default_factory=photos.SendResult)


@dataclass
class PullResult:
    """The result of a pull. reread: buckets that were read again since their check failed."""

    rows: int = 0
    removed: int = 0
    reread: list[str] = field(default_factory=list)
    is_restored: bool = False


def identify(device: Device, connection: Connection) -> Identity:
    """Ask the server who has signed in, without sending or saving anything. Raises what ``post`` raises.

    A cursor is valid for one user only: where the server begins anew on ours, it was given to another user.
    """
    asked = _push_body(device, Batch(device.id, (), ()))
    server = _read_push(connection.post("/sync/push", asked, mark=device.setting("mark")))[0]
    cursor = device.setting("cursor")
    if cursor is None or server.epoch != device.setting("epoch"):
        return Identity(server.epoch, server.user, is_another_user=False)
    page = _read_page(connection.post("/sync/pull", json.dumps({"cursor": cursor, "limit": 1})))
    return Identity(server.epoch, server.user, is_another_user=page.is_fresh)


def push(
    device: Device,
    connection: Connection,
    progress: Callable[[int], None] = _no_progress,
    photo_progress: photos.Progress = photos.no_progress,
) -> PushResult:
    """Send every unsent change, oldest first, and record the outcome of each; then the photos of what is there.

    progress: called after each batch with the number of outcomes so far. photo_progress: after each part of a photo,
    with the bytes that are there and those of all.

    Raises NoConnection, NotSignedIn or Refused when the server cannot be reached or refuses, or another program has
    signed somebody else in meanwhile; outcomes that came before are kept.
    """
    sent = PushResult()
    with exchange_lock(device.folder):
        connection.take_kept()
        tried: set[str] = set()
        most = _limit(device, "changes", CHANGES_MAX)
        while batch := _next_batch(device, most, tried):
            try:
                response = _offered(device, connection, batch)
            except TooLarge as refusal:
                _save_limits(device, refusal.limits)
                most = max(1, min(len(batch.ids) // 2, _limit(device, "changes", CHANGES_MAX)))
                if len(batch.ids) == 1:
                    tried |= {*batch.ids}
                    outbox.record_trouble(device, batch.ids[0], refusal.message)
                    sent.too_large += batch.ids
                continue
            was_restored = sent.is_restored
            _record_outcomes(device, batch.device, response, sent)
            if sent.is_restored and not was_restored:
                tried.clear()  # what went to the server as it was before goes again
            tried |= {*batch.ids}
            progress(sum(sent.verdicts.values()))
            most = min(most * 2, _limit(device, "changes", CHANGES_MAX))
        sent.photos = photos.send(device, connection, photo_progress)
    return sent


def pull(device: Device, connection: Connection, progress: Callable[[int], None] = _no_progress) -> PullResult:
    """Bring what this device holds up to date with the server.

    progress: called after each page with the number of rows so far.

    Raises NoConnection, NotSignedIn or Refused as ``push``; what came in before is kept, and the next pull goes on from
    there.
    """
    done = PullResult()
    with exchange_lock(device.folder):
        connection.take_kept()
        replica.begin_pull(device)
        rereads, problems = 0, outbox.undecided_problems(device, PROBLEMS_MAX)
        while True:
            request = replica.next_request(device)
            more = {
                "limit": _limit(device, "rows", PAGE_ROWS),
                "device": device.id,
                "unsent": outbox.count_unsent(device),
                "problems": problems,
            }
            response = connection.post("/sync/pull", json.dumps(request | more), mark=device.setting("mark"))
            page = _read_page(response)
            if page.more and page.cursor == request["cursor"]:
                raise NoConnection(_UNREADABLE)  # it would never end
            wrong = _apply_page(device, page, request, done)
            if wrong is None:
                continue  # another process was faster: ask from where it got to
            problems = []
            done.rows += sum(op["op"] == "put" for op in page.ops)
            done.removed += sum(op["op"] in ("remove", "leave") for op in page.ops)
            done.reread += wrong
            progress(done.rows)
            if wrong:
                rereads += 1
                _before_rereading(device, rereads)
            elif not page.more:
                return done


def exchange(
    device: Device,
    connection: Connection,
    progress: Callable[[int], None] = _no_progress,
    photo_progress: photos.Progress = photos.no_progress,
) -> tuple[PushResult, PullResult]:
    """Push, then pull; and once more when the pull shows that the server was restored and lacks what it had."""
    sent, pulled = push(device, connection, progress, photo_progress), pull(device, connection, progress)
    if pulled.is_restored:
        again = push(device, connection, progress, photo_progress)
        again.photos.sent += sent.photos.sent
        sent = PushResult(sent.verdicts + again.verdicts, again.too_large, is_restored=True, photos=again.photos)
        pulled = pull(device, connection, progress)
    return sent, pulled


def _before_rereading(device: Device, rereads: int) -> None:
    if rereads == REREADS_MAX:
        replica.reset_cursor(device)
    if rereads > REREADS_MAX:
        raise Refused(
            "与服务器核对数据一再不符，请告诉管理员；未发送的工作不受影响"
            " · rows here and at the server keep differing: tell the administrator; unsent work is safe"
        )


def _offered(device: Device, connection: Connection, batch: Batch) -> object:
    with device.writing():
        outbox.note_offered(device, batch.ids)
    return connection.post("/sync/push", _push_body(device, batch), mark=device.setting("mark"))


def _next_batch(device: Device, most: int, tried: Collection[str]) -> Batch | None:
    room = _limit(device, "bytes", BYTES_MAX) - len(_push_body(device, Batch(device.id, (), ())).encode()) - 100
    return outbox.next_batch(device, changes_max=most, bytes_max=max(room, 1), excluding=tried)


def _push_body(device: Device, batch: Batch) -> str:
    """Return the body of a push. Changes are in it exactly as kept, so that a repeat is the same to the byte."""
    head = {"device": batch.device, "epoch": device.setting("epoch"), "unsent": outbox.count_unsent(device)}
    frame = json.dumps(head)
    return f'{frame[:-1]}, "changes": [{",".join(batch.bodies)}]}}'


def _record_outcomes(device: Device, made_on: str, response: object, sent: PushResult) -> None:
    server, outcomes = _read_push(response)
    with device.writing():
        sent.is_restored |= _apply_server_state(device, server)
        recorded = outbox.record_outcomes(device, outcomes)
        ours = {each["id"] for each in recorded}
        for outcome in outcomes:
            if outcome.record is not None and outcome.id in ours:
                replica.store(device, outcome.record)
        replica.drop_handed_over(device, {each["record"] for each in recorded})
        outbox.drop_durable_bodies(device)
        photos.drop_old_copies(device)
        if server.device is not None and made_on == device.id:
            device.rename(server.device)
    sent.verdicts.update(each["verdict"] for each in recorded)


def _apply_page(device: Device, page: wire.Page, request: wire.Json, done: PullResult) -> list[str] | None:
    with device.writing():
        if device.setting("cursor") == request["cursor"]:
            done.is_restored |= _apply_server_state(device, page.server)
        wrong = replica.apply_page(device, page, request)
        outbox.record_decisions(device, page.settled)
        outbox.drop_durable_bodies(device)
    return wrong


def _apply_server_state(device: Device, server: ServerState) -> bool:
    """Save the state of the server; return whether it was restored since the last response. Inside ``writing()``."""
    now = device.clock()
    device.set_setting("clock_offset_s", str(round((server.now - now).total_seconds(), 3)))
    device.set_setting("last_contact_at", now.isoformat())
    for name, most in server.limits.items():
        device.set_setting(f"limit {name}", str(most))
    if server.user is not None:
        device.set_setting("user", server.user)
    is_restored = outbox.apply_server_state(device, server)
    if is_restored:
        photos.offer_again(device)
        replica.reset_versions(device)
    return is_restored


def _save_limits(device: Device, limits: dict[str, int]) -> None:
    with device.writing():
        for name, most in limits.items():
            device.set_setting(f"limit {name}", str(most))


def _limit(device: Device, name: str, default: int) -> int:
    limit = device.setting(f"limit {name}")
    return default if limit is None else int(limit)


def _read_push(response: object) -> tuple[ServerState, tuple[wire.Outcome, ...]]:
    try:
        return wire.read_push(response)
    except wire.InvalidResponse as error:
        raise NoConnection(_UNREADABLE) from error


def _read_page(response: object) -> wire.Page:
    try:
        return wire.read_page(response)
    except wire.InvalidResponse as error:
        raise NoConnection(_UNREADABLE) from error
