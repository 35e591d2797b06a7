"""Make the card that one worker's phone is set up with, for a terminal, a page or the API."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from server.db import training
from server.db.transactions import Reading
from server.grid.domain.areas import Level, code_of, common_ancestor
from server.grid.store import areas
from server.people.domain.actors import Actor


@dataclass(frozen=True, slots=True)
class SetupCard:
    """What one worker's phone is set up with. url: base URL with the key in it. project: what the phone shows."""

    url: str
    username: str
    display: str
    project: str


def setup_card(reading: Reading, worker: Actor, url: str) -> SetupCard:
    """Return the card of ``worker``; the project is named for the narrowest area that holds their duties."""
    duties = worker.current or worker.duties
    path = common_ancestor([duty.place.path for duty in duties])
    if path is None:
        return SetupCard(url, worker.name, worker.display, training.marked_if_on(reading, worker.display))
    area = areas.get(reading, code_of(path))
    name = area.name if area.level is Level.COUNTY else " ".join(areas.full_name(reading, area.code).split()[-2:])
    return SetupCard(url, worker.name, worker.display, training.marked_if_on(reading, f"{name} 消防网格"))


def warning(server_url: str) -> str | None:
    """Return the warning to show when no phone can reach ``server_url``, None when phones may reach it."""
    if not is_loopback(urlsplit(server_url).hostname or ""):
        return None
    return f"{server_url} 只有本机能访问，手机连不上；请先设置 FIREGRID_PUBLIC_URL 为手机能访问的地址，再重新生成。"


def is_loopback(host: str) -> bool:
    """Return whether only this machine itself reaches ``host``."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
