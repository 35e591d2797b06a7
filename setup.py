"""Builds wheels and sdists from what is here now, and writes into them which commit that is.

What an earlier build left in ``build/`` never gets into a new one.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build import build
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent
COMMIT = "sync/commit.txt"


def commit() -> str:
    """Return what git calls the commit of this checkout, marked where files differ; "" where there is no git."""
    if not (HERE / ".git").exists() or shutil.which("git") is None:
        return ""
    command = ["git", "describe", "--always", "--tags", "--abbrev=12", "--dirty=-modified"]
    described = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)  # noqa: S603 - as above
    return described.stdout.strip()


def write_commit(folder: str) -> None:
    """Write the commit into what is built; an sdist has been given its own, which stays."""
    if named := commit():
        (Path(folder) / COMMIT).write_text(f"{named}\n", encoding="ascii")


class FreshBuild(build):
    """A build into an empty folder; setuptools itself only ever adds to the one that it finds."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        write_commit(self.build_lib)


class NamedSdist(sdist):
    """An sdist that says from which commit it was made."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        write_commit(base_dir)


setup(cmdclass={"build": FreshBuild, "sdist": NamedSdist})
