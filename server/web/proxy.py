"""Corrects a request before Flask sees it: the client behind trusted proxies, and the paths of phones.

Refuses one that was sent to another host: a page of a stranger may give its own name the address of this machine (DNS
rebinding) and would then read with the rights of whoever has it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from server.errors import HostUnknown
from server.people.domain.public_addresses import Addresses
from server.settings import Network, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FIRST_STEPS = frozenset({"key", "formList", "submission", "forms", "lists"})


def is_phone_path(path: str) -> bool:
    """Return whether a path belongs to the phones' door, so that errors under it must be OpenRosa XML."""
    return path.lstrip("/").split("/", 1)[0] in _FIRST_STEPS


class TrustedProxies:
    """Trusts forwarded scheme, host and address from the trusted proxies, and from nobody else."""

    def __init__(self, app: WSGIApplication, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=0, x_prefix=0)
        self._trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._trusted and _is_in(environ.get("REMOTE_ADDR", ""), self._trusted):
            return self._fixed(environ, start_response)
        return self._app(environ, start_response)


def client_address(environ: WSGIEnvironment, trusted: tuple[Network, ...]) -> str:
    """Return the address that a request comes from: as the last trusted proxy says, where it comes through one."""
    address: str = environ.get("REMOTE_ADDR", "")
    if trusted and _is_in(address, trusted):
        return str(environ.get("HTTP_X_FORWARDED_FOR", address)).rpartition(",")[2].strip()
    return address


def stated_origin(environ: WSGIEnvironment, trusted: tuple[Network, ...]) -> tuple[str, str]:
    """Return scheme and host, with its port, to which a request was sent: as the last trusted proxy says, if any."""
    scheme: str = environ["wsgi.url_scheme"]
    host: str = environ.get("HTTP_HOST") or environ["SERVER_NAME"]
    if trusted and _is_in(environ.get("REMOTE_ADDR", ""), trusted):
        scheme = _last(environ.get("HTTP_X_FORWARDED_PROTO")) or scheme
        host = _last(environ.get("HTTP_X_FORWARDED_HOST")) or host
    return scheme, host


class KnownHosts:
    """Answers requests to the hosts of this installation, and refuses all others; any host where no name is known.

    Known are the hosts of ``addresses``, which may change while the server runs, those of the settings, ``localhost``,
    and the address at which the connection came in. addresses: is asked with the path. refuse: makes the answer to a
    path from the refusal, in the format of its door.
    """

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        addresses: Callable[[str], Addresses],
        refuse: Callable[[str, HostUnknown], Response],
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._trusted = settings.trusted_proxies
        self._addresses = addresses
        self._always = frozenset({"localhost", *settings.hosts})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, stated = stated_origin(environ, self._trusted)
        host = host_name(stated)
        if host not in self._always and host != environ["SERVER_NAME"]:
            path = environ.get("PATH_INFO", "")
            known = self._addresses(path)
            if known.url is not None and host not in known.hosts():
                refusal = self._unknown(stated, known.url)
                return self._refuse(path, refusal)(environ, start_response)
        return self._app(environ, start_response)

    def _unknown(self, stated: str, public_url: str) -> HostUnknown:
        return HostUnknown(
            f"这台服务器没有“{stated[:100]}”这个地址；请改用 {public_url} 。"
            "它确是本机的另一个名字时，请管理员把它写进 FIREGRID_HOSTS。"
        )


@lru_cache(maxsize=1_000)
def host_name(stated: str) -> str:
    """Return the host of a Host header in lower case, without port, brackets and the dot of the root."""
    try:
        return (urlsplit(f"//{stated}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class PhonePaths:
    """Collapses the slashes that Collect leaves when its server address ends in one; a POST is never redirected."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if ("//" in path or path.endswith("/")) and is_phone_path(path):
            environ["PATH_INFO"] = "/" + "/".join(step for step in path.split("/") if step)
        return self._app(environ, start_response)


def _last(stated: str | None) -> str:
    return (stated or "").rpartition(",")[2].strip()


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        asking = ip_address(address)
    except ValueError:
        return False  # a Unix socket has no address, and no network that could be trusted
    return any(asking.version == network.version and asking in network for network in networks)
