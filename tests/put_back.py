"""Copies a data folder beside whoever works in it, and puts the copy back in the place of what has come since."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from server.db.folder import FILE_NAME


def copied(folder: Path, copy: Path) -> Path:
    """Copy a data folder as the page on deployment says, database first; return the copy."""
    copy.mkdir(parents=True)
    with closing(sqlite3.connect(folder / FILE_NAME)) as store:
        store.execute(f"VACUUM INTO '{copy / FILE_NAME}'")
    if (folder / "blobs").is_dir():
        shutil.copytree(folder / "blobs", copy / "blobs")
    shutil.copy2(folder / "secret", copy / "secret")
    return copy


def put_back(copy: Path, folder: Path) -> None:
    """Put a copy in the place of a folder in which nobody works."""
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
