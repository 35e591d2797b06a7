"""Print a phone's key in the requested format, and warn when phones cannot reach the address in it."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click

from server.cli.folder import opened, with_data
from server.db.locks import read_address
from server.errors import NotFound
from server.people.store import public_addresses
from server.people.usecases import setup_qr
from server.people.usecases.setup_card import SetupCard, is_loopback
from server.settings import from_environment

DEFAULT_URL = "http://127.0.0.1:8600"


def public_url(data: Path) -> str:
    """Return the address at which phones find this server. Raises Invalid when the environment states a wrong one.

    It is what the folder keeps since the server moved to it, else what the environment states. When none is set it is
    the one that the server of the folder was given, now or last; else where it is served: then at least this machine
    finds it.
    """
    return kept_url(data) or from_environment(data).public_url or read_address(data) or DEFAULT_URL


def kept_url(data: Path) -> str | None:
    """Return the public address that the county of a folder keeps, None where it keeps none or there is none."""
    try:
        with opened(data) as database, database.reading() as reading:
            kept = public_addresses.newest(reading)
    except NotFound:
        return None
    return None if kept is None else kept.url or None


def stated_before(command: str, data: Path) -> str:
    """Return a command to type that makes a card, with the public address before it that was stated for this one alone.

    Raises Invalid when the environment states a wrong one.
    """
    stated = from_environment(data).public_url
    if kept_url(data) is not None:
        return command
    return command if stated in (None, read_address(data)) else f"FIREGRID_PUBLIC_URL={shlex.quote(stated)} {command}"


def write(card: SetupCard, form: str) -> None:
    """Write the card to stdout: ``url``, ``json``, ``qr`` (for the terminal), ``png`` or ``svg``.

    With a picture, how to scan it goes to stderr, so that stdout can be a file.
    """
    if form == "url":
        click.echo(card.url)
        return
    settings = setup_qr.settings(card.url, card.username, card.project)
    if form == "json":
        click.echo(json.dumps(settings, ensure_ascii=False, indent=2))
        return
    payload = setup_qr.payload(settings)
    if form == "qr":
        click.echo(setup_qr.terminal(payload))
    else:
        picture = setup_qr.png(payload) if form == "png" else setup_qr.svg(payload)
        click.echo(picture, nl=False)
    click.echo(setup_qr.card_text(card.display, card.project), err=True)


def warnings(url: str, data: Path) -> Iterator[str]:
    """Yield the warning when phones cannot reach ``url``: why, the cure, and this machine's addresses."""
    parts = urlsplit(url)
    if not is_loopback(parts.hostname or ""):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = lan_addresses()
    yield f"注意：{url} 只有本机能访问，手机连不上。"
    yield "前面有反向代理的：按反向代理的网址再生成一次，服务也要用同一个 FIREGRID_PUBLIC_URL 启动："
    yield "  export FIREGRID_PUBLIC_URL=https://fire.example.org"
    yield "没有反向代理的：请停止正在运行的服务，设置手机能访问的地址，再生成一次并启动："
    yield f"  export FIREGRID_PUBLIC_URL=http://{found[0] if found else '本机局域网地址'}:{port}"
    yield f"  {with_data(f'serve --host 0.0.0.0 --port {port}', data)}"
    if found:
        yield f"本机的局域网地址：{'、'.join(found)}"


def lan_addresses() -> list[str]:
    """Return this machine's IPv4 addresses that other machines may reach, the one towards the network first."""
    found: dict[str, None] = {}
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # no network: no address
        probe.connect(("192.0.2.1", 9))  # chooses a route and sends nothing
        found[probe.getsockname()[0]] = None
    with suppress(OSError):  # a machine that does not know its own name has nothing to add
        entries = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        found.update((str(entry[4][0]), None) for entry in entries)
    return [address for address in found if not is_loopback(address)]
