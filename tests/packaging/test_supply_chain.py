"""What Firegrid is made of is bounded, listed with each release, and asked about where there is a network."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from server.office.web import office_components

ROOT = Path(__file__).parents[2]
TIME_S = 600
UPPER = frozenset({"<", "<=", "==", "~="})
WEB = ROOT / "server/office/web"
VALIDATION = """
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(sys.argv[1]).read_text(encoding="utf-8")) is None
"""


def requirements() -> list[Requirement]:
    """Return all that is needed to run, test, check, release and build."""
    stated = configparser.ConfigParser()
    stated.read(ROOT / "setup.cfg", encoding="utf-8")
    blocks = [stated["options"]["install_requires"], *stated["options.extras_require"].values()]
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    return [Requirement(line) for line in [*"\n".join(blocks).split("\n"), *build] if line]


def test_every_requirement_has_an_upper_bound():
    unbounded = [str(each) for each in requirements() if not UPPER & {part.operator for part in each.specifier}]

    assert unbounded == []
    assert len(requirements()) >= 35


def shipped_now() -> list[tuple[str, Mapping[str, Any]]]:
    wanted, lock = (json.loads((WEB / name).read_bytes()) for name in ("package.json", "package-lock.json"))
    return sorted(office_components.shipped(wanted, lock).items())


def test_the_list_holds_what_the_script_of_pages_is_made_of_and_not_what_builds_or_tests_it():
    names = [named.rpartition("@")[0] for named, _ in shipped_now()]

    assert names == ["echarts", "htmx.org", "leaflet", "tslib", "zrender"]


def test_a_package_of_the_pages_is_listed_with_its_version_licence_and_hash(tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"components": [], "dependencies": []}), encoding="utf-8")

    office_components.main(file)

    listed = json.loads(file.read_bytes())
    first = listed["components"][0]
    assert first["purl"] == f"pkg:npm/echarts@{first['version']}" and first["licenses"] == [
        {"license": {"id": "Apache-2.0"}}
    ]
    assert re.fullmatch("[0-9a-f]{128}", first["hashes"][0]["content"])
    assert [each["ref"] for each in listed["dependencies"]] == [each["bom-ref"] for each in listed["components"]]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of all that git has, with an environment of its own."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def make(checkout: Path, target: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", target], cwd=checkout, env=os.environ | more, capture_output=True, text=True, timeout=TIME_S,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_list_of_components_names_what_the_lock_names_with_versions_and_hashes(checkout):
    locked = dict(re.findall(r"(?m)^([\w.-]+)==([\w.]+)", (checkout / "requirements.lock").read_text(encoding="utf-8")))

    done = make(checkout, "sbom")

    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (checkout / "dist").glob("firegrid-*.cdx.json")
    listed = json.loads(path.read_text(encoding="utf-8"))
    assert (listed["bomFormat"], listed["metadata"]["component"]["name"]) == ("CycloneDX", "firegrid")
    python = [each for each in listed["components"] if each["purl"].startswith("pkg:pypi/")]
    assert {each["name"]: each["version"] for each in python} == locked
    assert all(each["externalReferences"][0]["hashes"] for each in python)
    pages = [each for each in listed["components"] if each not in python]
    assert [each["purl"] for each in pages] == [office_components.component(*each)["purl"] for each in shipped_now()]
    assert subprocess.run([checkout / ".venv/bin/python", "-c", VALIDATION, path], check=True, timeout=TIME_S)
    first = path.read_bytes()
    assert make(checkout, "sbom").returncode == 0
    assert path.read_bytes() == first


@pytest.mark.slow
def test_an_audit_without_a_network_fails_and_says_what_to_do(checkout):
    assert make(checkout, "sbom").returncode == 0  # installs what both need, while there still is a network

    done = make(checkout, "audit", https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", no_proxy="")

    assert done.returncode != 0
    assert "不算通过" in done.stderr
