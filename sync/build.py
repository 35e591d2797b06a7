"""Says which commit the program was built from, so that two builds of one version can be told apart."""

from __future__ import annotations

from pathlib import Path

_FILE = Path(__file__).with_name("commit.txt")
"""Written by ``setup.py`` into wheels and sdists."""


def commit() -> str:
    """Return what git calls the commit that this was built from; "" in a checkout, which is run as it stands."""
    return _FILE.read_text(encoding="ascii").strip() if _FILE.exists() else ""


def version_message() -> str:
    """Return what ``--version`` prints, for ``click.version_option``."""
    named = commit()
    return f"%(prog)s, version %(version)s ({named})" if named else "%(prog)s, version %(version)s"
