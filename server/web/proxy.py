"""Corrects a request before Flask sees it: the client behind trusted proxies, and the paths of phones."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from server.settings import Network

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


class PhonePaths:
    """Collapses the slashes that Collect leaves when its server address ends in one; a POST is never redirected."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if ("//" in path or path.endswith("/")) and is_phone_path(path):
            environ["PATH_INFO"] = "/" + "/".join(step for step in path.split("/") if step)
        return self._app(environ, start_response)


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        asking = ip_address(address)
    except ValueError:
        return False  # a Unix socket has no address, and no network that could be trusted
    return any(asking.version == network.version and asking in network for network in networks)
