"""The sent work of those who signed in on this device before: kept for them while somebody else is signed in.

A server that is put back from a copy may lack what it had said to have. So what a person has sent stays here until a
backup of the server holds it, and then as long as their own spares would (``outbox``), together with how far the server
had got for them. Nobody else reads or sends it. When its author signs in again it is theirs as before, under the ids
that it had, and is offered again if the server has taken a new epoch since; until then ``status`` names them.

Nobody is kept from signing in by that. They are by what was never sent, which would be lost to the county until its
author is back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sync.client import outbox, replica
from sync.client.device import Device
from sync.client.failures import Refused
from sync.client.synchronization import Identity

_MARKS = ("epoch", "durable", "mark")
"""Settings that say how far the server had got; another user's are not this one's."""


def switch(device: Device, identity: Identity, server: str, user: str | None) -> int:
    """Let a user sign in: delete another one's data, lay their sent work aside, and put back what is kept of this one.

    identity, server: where, and as whom the server knows them. user: name signed in with, None with a key. Returns how
    many changes were put back. Raises Refused while work of the other user is unsent.
    """
    user = user or identity.user
    with device.writing():
        is_other = (
            identity.is_another_user
            or _differs(device.setting("user"), user)
            or (_differs(device.setting("server"), server) and _differs(device.setting("epoch"), identity.epoch))
        )
        if is_other:
            _require_sent(device, identity.epoch)
            _keep(device)
            replica.clear(device)
        given_back = _give_back(device, user=user, server=server, epoch=identity.epoch)
        device.set_setting("server", server)
        if user is not None:
            device.set_setting("user", user)
    return given_back


def _require_sent(device: Device, epoch: str) -> None:
    """Raise Refused while work of the user who leaves would be lost: what is unsent.

    epoch: of the server that answers. Where it never named the user, nobody could be told to be the author of what is
    laid aside: then also what is in no backup, or may have to be offered again.
    """
    waiting = outbox.count_unsent_or_photo(device)
    if device.setting("user") is None:
        is_restored = _differs(device.setting("epoch"), epoch)
        waiting += outbox.count_kept(device) if is_restored else outbox.count_not_durable(device)
    if waiting:
        raise Refused(
            f"本机还有原来登录的 {waiting} 条工作或它们的照片未发送；请先用原来的登录运行 fieldsync sync，"
            "或用 --store 另建目录"
            " · work of the earlier sign-in, or photos of it, is unsent: sync with that first, or use another --store"
        )


def _keep(device: Device) -> None:
    """Lay aside what the user who leaves has sent and could be asked for again; delete the rest that has an outcome.

    Unsent changes stay where they are: whoever calls has seen to it that there are none. Where the server never named
    the user, nothing is laid aside. Inside ``writing()``.
    """
    user = device.setting("user")
    owner = {"user": user, "server": device.setting("server") or ""}
    marks = {name: device.setting(name) for name in _MARKS}
    sent = "SELECT * FROM change WHERE state = 'sent' AND COALESCE(body, spare_body) IS NOT NULL ORDER BY rowid"
    for change in device.rows(sent) if user is not None else ():
        device.run(
            "INSERT INTO earlier_work (id, user, server, epoch, durable, mark, answered_at, change)"
            " VALUES (:id, :user, :server, :epoch, :durable, :mark, :answered_at, :change)"
            " ON CONFLICT (id) DO NOTHING",
            {
                **owner,
                **marks,
                "id": change["id"],
                "answered_at": change["answered_at"],
                "change": json.dumps(change, ensure_ascii=False),
            },
        )
    device.run("DELETE FROM change WHERE state = 'sent'")


def _give_back(device: Device, *, user: str | None, server: str, epoch: str) -> int:
    """Put back what was kept of the user who signs in; return how many changes. Inside ``writing()``.

    user: None where the server names none. server, epoch: the one signed in at; it is the one that the work was sent
    to when either is the same. What is here already, from a file say, stays as it is.
    """
    whose = "user = :user AND (server = :server OR epoch = :epoch)"
    values = {"user": user, "server": server, "epoch": epoch}  # of NULL nothing is equal to it
    kept = device.rows(f"SELECT * FROM earlier_work WHERE {whose} ORDER BY rowid", values)
    for each in kept:
        change: Mapping[str, object] = json.loads(each["change"])
        names = ", ".join(change)
        device.run(
            f"INSERT INTO change ({names}) VALUES ({', '.join(f':{name}' for name in change)}) ON CONFLICT DO NOTHING",
            change,
        )
    device.run(f"DELETE FROM earlier_work WHERE {whose}", values)
    for name in _MARKS if kept else ():
        device.set_setting(name, kept[-1][name])
    return len(kept)


def _differs(known: str | None, now: str | None) -> bool:
    return None not in (known, now) and known != now
