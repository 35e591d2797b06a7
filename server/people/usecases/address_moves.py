"""Moves the public address of the server: begun, finished or undone, each step kept with its date and in the audit."""

from __future__ import annotations

from urllib.parse import urlsplit

from server.audit.domain.entries import Entry
from server.audit.usecases.recording import record
from server.db.transactions import Reading, Transaction
from server.errors import Conflict, Invalid
from server.grid.domain.scope import Scope
from server.people.domain.public_addresses import KeptAddress, Step
from server.people.store import public_addresses, unmoved_devices
from server.people.usecases.setup_card import is_loopback


def begin(tx: Transaction, url: str, *, old: str | None, known: str | None, by: str) -> KeptAddress:
    """Make ``url`` the public address; the one before is answered beside it until the move is finished.

    url, old: as ``settings.public_url`` returns them. old: the address of before, None for the one that is kept, else
    ``known``, else the one by which most phones came. known: by the environment or the server that runs, None for none.
    Raises Invalid for an address that no phone reaches, Conflict where it is the public one, or a move is under way.
    """
    kept = public_addresses.newest(tx)
    if _is_for_this_machine_alone(url):
        raise Invalid(
            f"{url} 只有本机能访问，手机连不上；请写手机能访问的地址，如 https://fire.example.org 。", field="url"
        )
    if kept is not None and kept.url == url:
        raise Conflict(f"公开地址已经是 {url} ，不用再搬。", url=url)
    if kept is not None and kept.old_url:
        raise Conflict(
            f"正从 {kept.old_url} 搬到 {kept.url} ，还没有办完；请先加 --finish 办完，或加 --undo 撤回。", url=kept.url
        )
    before = (None if kept is None else kept.url, known, *unmoved_devices.addresses_used(tx))
    found = (each for each in before if each and each != url and not _is_for_this_machine_alone(each))
    return _taken(tx, Step.BEGIN, url, old or next(found, ""), by)


def finish(tx: Transaction, scope: Scope, *, by: str, even_if_not_moved: bool = False) -> KeptAddress:
    """Give the old address up. scope: of the county.

    even_if_not_moved: though some phones or laptops still use it. Raises Conflict where no move is under way, or such
    are left.
    """
    kept = _under_way(tx)
    left = len(unmoved_devices.list_unmoved(tx, scope, kept))
    if left and not even_if_not_moved:
        raise Conflict(
            f"还有 {left} 台手机或电脑没有用新地址来过，停用旧地址后它们就连不上了；名单见 --status，"
            "手机请先发新卡，电脑请用新地址登录。"
            "确要停用的，请加 --even-if-not-moved。",
            left=left,
        )
    return _taken(tx, Step.FINISH, kept.url, "", by)


def undo(tx: Transaction, *, by: str) -> KeptAddress:
    """Make the old address the public one again; the new one is answered beside it, for phones that have moved.

    Raises Conflict where no move is under way, or it was undone already.
    """
    kept = _under_way(tx)
    if kept.step is Step.UNDO:
        raise Conflict(f"已经撤回到 {kept.url} ；手机都搬回后请加 --finish。", url=kept.url)
    return _taken(tx, Step.UNDO, kept.old_url, kept.url, by)


def forget(tx: Transaction, *, by: str) -> None:
    """Let a copy that goes its own way have no address yet: that of the original leads phones to the original."""
    if public_addresses.newest(tx) is not None:
        _taken(tx, Step.COPY, "", "", by)


def _taken(tx: Transaction, step: Step, url: str, old_url: str, by: str) -> KeptAddress:
    record(tx, Entry("address.move", by, url or "none", {"step": step.value, "old": old_url}))
    return public_addresses.add(tx, step, url, old_url, by=by)


def _under_way(reading: Reading) -> KeptAddress:
    kept = public_addresses.newest(reading)
    if kept is None or not kept.old_url:
        raise Conflict("现在没有在搬的公开地址；要搬，请写新地址：firegrid move-address https://fire.example.org 。")
    return kept


def _is_for_this_machine_alone(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")
