"""The folder in which a database stands as a plain copy until it is encrypted, beside the data: it never outlives that.

Whoever works in it holds it locked, and the kernel lets go of it when they die; so what nobody holds is left over.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from server.db.locks import held_folder
from server.errors import Busy

FOLDER = "backup.making"


@contextmanager
def held(data: Path) -> Iterator[Path]:
    """Hold the folder, empty, for one block; it is gone afterwards. Raises Busy while another backup is in it."""
    path = data / FOLDER
    path.mkdir(mode=0o700, exist_ok=True)
    with held_folder(path) as is_ours:
        if not is_ours:
            raise Busy("另一个备份正在加密这个数据目录；请等它做完再试。", folder=str(data))
        for left in path.iterdir():
            left.unlink()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)  # what stays is deleted by whoever looks next


def sweep(data: Path) -> None:
    """Delete what a backup has left that was killed while it encrypted; not that of one under way."""
    path = data / FOLDER
    with suppress(FileNotFoundError), held_folder(path) as is_ours:
        if is_ours:
            shutil.rmtree(path)
