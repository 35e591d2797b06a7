"""Chooses what keeps a county: SQLite in its data folder, or PostgreSQL where the environment names a database."""

from __future__ import annotations

from pathlib import Path

from server.db.engine import Engine
from server.db.sqlite.engine import SqliteEngine
from server.errors import Invalid
from server.settings import CountyDatabase


def engine_of(folder: Path, stated: CountyDatabase | None = None) -> Engine:
    """Return what keeps the county whose data folder is ``folder``.

    stated: the database that is to keep it, None for the folder itself. Raises Invalid where what it needs is missing.
    """
    if stated is None:
        return SqliteEngine(folder)
    try:
        from server.db.postgres.engine import PostgresEngine  # it needs psycopg, and nothing else does
    except ImportError as error:
        raise Invalid(
            "FIREGRID_DATABASE 要用 PostgreSQL，但没有安装它的驱动；请运行 pip install 'firegrid[postgres]' 。",
            field="FIREGRID_DATABASE",
        ) from error
    return PostgresEngine(stated.url, stated.county, folder)
