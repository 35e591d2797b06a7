"""The data folder: what its database and its secret are called, and how a folder without a database is refused."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path

from server.errors import NotFound

FILE_NAME = "firegrid.db"
SECRET_FILE = "secret"  # noqa: S105 - a file name


def no_data(folder: Path) -> NotFound:
    """Return the refusal of a folder without a database: where else data are, and how to make them where none can be.

    Making another folder is no cure for who has forgotten to say which one is meant.
    """
    beside = "、".join(sorted(str(found.parent) for found in Path().glob(f"*/{FILE_NAME}")))
    message = f"{folder} 里没有数据；数据在别的目录时，请用 --data 指明"
    if beside:
        message += f"（当前目录下有 {beside}）"
    if not folder.exists() or not any(folder.iterdir()):
        message += f"；要新建，请运行 firegrid init --data {shlex.quote(str(folder))}"
    return NotFound(f"{message}。", folder=str(folder))


def secret(folder: Path) -> str:
    """Return the secret that signs tokens, cursors and marks, made at first use and readable by its owner alone."""
    path = folder / SECRET_FILE
    if not path.exists():
        set_secret(folder, new_secret())
    return path.read_text(encoding="ascii")


def new_secret() -> str:
    """Make a secret that nobody can guess."""
    return secrets.token_urlsafe(48)


def set_secret(folder: Path, secret: str) -> None:
    """Take another secret: whatever the one before has signed is worth nothing in this folder from now on."""
    path = folder / SECRET_FILE
    made = path.with_suffix(".new")
    made.touch(mode=0o600)
    made.write_text(secret, encoding="ascii")
    made.replace(path)
