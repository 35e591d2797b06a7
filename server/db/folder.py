"""The data folder: what its database is called, and how a folder without one is refused."""

from __future__ import annotations

import shlex
from pathlib import Path

from server.errors import NotFound

FILE_NAME = "firegrid.db"


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
