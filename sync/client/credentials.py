"""The credentials of a device, in a file that only its owner can read; never printed, never logged."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from sync.client.failures import NotSignedIn, Refused

FILE_NAME = "credentials.json"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The server's address and how the device signs in there.

    server: scheme, host and path before ``/api``, without a slash at the end. user: who signed in, None with a key.
    key: a phone key. access, refresh: the tokens of a sign-in. Either the key or both tokens.
    """

    server: str
    user: str | None = None
    key: str | None = field(default=None, repr=False)
    access: str | None = field(default=None, repr=False)
    refresh: str | None = field(default=None, repr=False)

    @property
    def header(self) -> str:
        """The Authorization header."""
        return f"Key {self.key}" if self.key is not None else f"Bearer {self.access}"


def exist(folder: Path) -> bool:
    """Return whether credentials are saved, readable or not."""
    return (folder / FILE_NAME).exists()


def load(folder: Path) -> Credentials:
    """Return the saved credentials. Raises NotSignedIn when there are none, or they cannot be read."""
    try:
        return Credentials(**json.loads((folder / FILE_NAME).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise NotSignedIn("还没有登录 · not signed in") from error
    except (ValueError, TypeError) as error:
        raise NotSignedIn("登录信息已损坏，要重新登录 · what was kept of the sign-in is damaged") from error


def save(folder: Path, credentials: Credentials) -> None:
    """Save credentials with mode 0600, whole or not at all."""
    beside = folder / f"{FILE_NAME}.{uuid4()}"
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(credentials), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / FILE_NAME)
    finally:
        beside.unlink(missing_ok=True)


def forget(folder: Path) -> None:
    """Delete the saved credentials."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def server_and_key(address: str) -> tuple[str, str | None]:
    """Return the server and the key of an address as typed or scanned; no key unless it is a phone's address.

    Raises Refused when it is no http or https address; the message does not repeat it, since it may hold a key.
    """
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise Refused(
            "服务器地址应像 https://fire.example.org，或手机卡片上的整个地址"
            " · the address is like https://fire.example.org, or the whole one of a phone's card"
        )
    before, _, after = parts.path.partition("/key/")
    key = after.strip("/").split("/")[0] or None
    return f"{parts.scheme}://{parts.netloc}{before.rstrip('/')}", key
