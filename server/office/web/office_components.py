"""Adds to the list of components of a release what the office pages' script and style are made of.

``python office_components.py FILE``: FILE is CycloneDX JSON (``make sbom``), which lists the packages of
``requirements.lock`` already. What only builds the pages, or tests them, is not part of a release.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent
BUILDING = frozenset({"vite"})
"""Packages that ``package.json`` names for the build alone, though npm has to install them wherever one builds."""

_FOLDER = "node_modules/"


def shipped(wanted: Mapping[str, Any], lock: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of ``lock`` that a release holds code of, by package and version as ``echarts@6.1.0``.

    wanted, lock: what ``package.json`` and ``package-lock.json`` hold. Raises KeyError where the lock lacks a package.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in sorted({*wanted["dependencies"]} - BUILDING):
        for package, entry in _with_needs(lock["packages"], "", name):
            found[f"{package}@{entry['version']}"] = entry
    return found


def _with_needs(packages: Mapping[str, Any], within: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a package that one in the folder ``within`` asks for, and what it needs itself, as npm finds them."""
    at = f"{within}/{_FOLDER}{name}".removeprefix("/")
    while at not in packages and within:
        within = within.rpartition(f"/{_FOLDER}")[0]
        at = f"{within}/{_FOLDER}{name}".removeprefix("/")
    entry = packages[at]
    yield name, entry
    for each in sorted(entry.get("dependencies", ())):
        yield from _with_needs(packages, at, each)


def component(named: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of the lock as a component of CycloneDX. named: package and version."""
    name, _, version = named.rpartition("@")
    algorithm, _, digest = entry["integrity"].partition("-")
    return {
        "bom-ref": f"npm-{named}",
        "hashes": [{"alg": f"SHA-{algorithm.removeprefix('sha')}", "content": b64decode(digest).hex()}],
        "licenses": [{"license": {"id": entry["license"]}}],
        "name": name,
        "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
        "type": "library",
        "version": version,
    }


def main(file: Path) -> None:
    """Add the components to the list in ``file``."""
    wanted, lock = (json.loads((SOURCES / name).read_bytes()) for name in ("package.json", "package-lock.json"))
    listed = json.loads(file.read_bytes())
    added = [component(named, entry) for named, entry in sorted(shipped(wanted, lock).items())]
    listed["components"] += added
    listed["dependencies"] += [{"ref": each["bom-ref"]} for each in added]
    file.write_text(json.dumps(listed, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
