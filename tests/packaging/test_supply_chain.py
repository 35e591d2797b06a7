"""What Firegrid is made of is bounded, listed with each release, and asked about where there is a network."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TIME_S = 600
UPPER = frozenset({"<", "<=", "==", "~="})


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
    assert {each["name"]: each["version"] for each in listed["components"]} == locked
    assert all(each["purl"].startswith("pkg:pypi/") for each in listed["components"])
    assert all(each["externalReferences"][0]["hashes"] for each in listed["components"])
    first = path.read_bytes()
    assert make(checkout, "sbom").returncode == 0
    assert path.read_bytes() == first


@pytest.mark.slow
def test_an_audit_without_a_network_fails_and_says_what_to_do(checkout):
    assert make(checkout, "sbom").returncode == 0  # installs what both need, while there still is a network

    done = make(checkout, "audit", https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", no_proxy="")

    assert done.returncode != 0
    assert "不算通过" in done.stderr
