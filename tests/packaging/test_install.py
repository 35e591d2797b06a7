"""What a machine gets that follows "pip install": everything that git has, and a program that works from it."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.stories.child_server import FORM, REPORT, free_port

ROOT = Path(__file__).parents[2]
PACKAGES = ("server/", "sync/", "schemas/", "kobo_forms/")
COMMIT_FILE = "sync/commit.txt"
STATIC = "server/office/static/"
UNIT = "130630106201001"
LOCK = ROOT / "requirements.lock"
TIME_S = 900
VERSIONS = ("3.11", "3.12", "3.13")
"""The Pythons that the product runs on."""


def tracked() -> set[str]:
    """Return the files that git has, as far as they are still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


@dataclass(frozen=True)
class Built:
    """A wheel and an sdist of one checkout, which an earlier build had left something in, and the commit in it."""

    wheel: Path
    sdist: Path
    commit: str


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Built:
    checkout, dist = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for name in tracked():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name)
    git = ("git", "-C", str(checkout), "-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "All"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    stale = checkout / "build" / "lib" / "server"
    stale.mkdir(parents=True)
    (stale / "gone.py").write_text('"""A module that an earlier version had."""\n', encoding="utf-8")
    for kind in ("--wheel", "--sdist"):
        command = [sys.executable, "-m", "build", "--quiet", kind, "--outdir", str(dist), str(checkout)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    named = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
    return Built(next(dist.glob("*.whl")), next(dist.glob("*.tar.gz")), named.stdout.strip())


@pytest.mark.slow
def test_the_wheel_carries_the_packages_as_git_has_them_and_nothing_else(built):
    with zipfile.ZipFile(built.wheel) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}

    made = {name for name in found if name.startswith(STATIC)}
    assert found - made == {name for name in tracked() if name.startswith(PACKAGES)} | {COMMIT_FILE}


@pytest.mark.slow
@pytest.mark.parametrize("archive", ["wheel", "sdist"])
def test_wheel_and_sdist_carry_the_script_and_style_of_the_pages(built, archive):
    if archive == "wheel":
        with zipfile.ZipFile(built.wheel) as wheel:
            found = set(wheel.namelist())
    else:
        with tarfile.open(built.sdist) as sdist:
            found = {name.partition("/")[2] for name in sdist.getnames()}

    made = {re.sub(r"-[\w-]{8}\.", ".", name.removeprefix(STATIC)) for name in found if name.startswith(STATIC)}
    assert {"assets/office.css", "assets/office.js.br", "assets/office.css.gz", "manifest.json", "built.txt"} <= made
    assert [name for name in found if "node_modules" in name] == []


@pytest.mark.slow
def test_the_sdist_carries_everything_that_git_has(built):
    with tarfile.open(built.sdist) as sdist:
        found = {name.partition("/")[2] for name in sdist.getnames()}

    assert tracked() - found == set()


@pytest.mark.slow
def test_a_wheel_of_one_commit_is_the_same_whether_built_from_git_or_from_its_sdist(built, tmp_path):
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path)
    unpacked = next(tmp_path.iterdir())
    command = [sys.executable, "-m", "build", "--quiet", "--wheel", "--outdir", str(tmp_path / "dist"), str(unpacked)]
    subprocess.run(command, capture_output=True, timeout=TIME_S, check=True)

    with zipfile.ZipFile(built.wheel) as one, zipfile.ZipFile(next((tmp_path / "dist").glob("*.whl"))) as other:
        contents = [{name: wheel.read(name) for name in sorted(wheel.namelist())} for wheel in (one, other)]
    assert contents[0][COMMIT_FILE].decode().strip() == built.commit
    assert contents[0] == contents[1]


def test_the_lock_names_every_requirement_with_its_hashes_and_no_index():
    text = LOCK.read_text(encoding="utf-8")
    locked = {
        canonicalize_name(name): Version(version) for name, version in re.findall(r"(?m)^([\w.-]+)==([\w.]+)", text)
    }
    stated = configparser.ConfigParser()
    stated.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = [Requirement(line) for line in stated["options"]["install_requires"].split("\n") if line]

    unmet = [
        str(each) for each in wanted if locked.get(canonicalize_name(each.name), Version("0")) not in each.specifier
    ]

    assert unmet == []
    assert text.count("--hash=sha256:") >= len(locked)
    assert "://" not in text


def python(version: str) -> str:
    """Return a Python of this version that can make environments. Skips the test aloud where there is none."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    for each in (f"python{version}", *by_pyenv(version)):
        asked = f"import ensurepip, venv, sys; assert sys.version_info[:2] == ({version.replace('.', ', ')})"
        if shutil.which(each) and subprocess.run([each, "-c", asked], capture_output=True, check=False).returncode == 0:
            return each
    pytest.skip(f"NOT TRIED: there is no Python {version} here that can make environments")


def by_pyenv(version: str) -> Iterator[str]:
    """Yield the Python of this version that pyenv keeps, where there is a pyenv; its shims run the chosen one only."""
    if shutil.which("pyenv") is None:
        return
    latest = subprocess.run(["pyenv", "latest", version], capture_output=True, text=True, check=False)
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
    if latest.returncode == root.returncode == 0:
        yield str(Path(root.stdout.strip()) / "versions" / latest.stdout.strip() / "bin" / "python")


@dataclass(frozen=True)
class Installed:
    """The product in an environment of its own, outside of the checkout."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FIREGRID"))}
        return kept | {"PATH": f"{self.home / 'env' / 'bin'}:{os.environ['PATH']}"}

    def run(self, *command: str) -> str:
        """Run a command in ``home`` to its end, and return what it printed."""
        done = subprocess.run(
            command, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=TIME_S, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def serving(self, *command: str) -> Iterator[str]:
        """Run a command that serves, and yield its address once it is ready."""
        port = free_port()
        with (self.home / "served.log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--port", str(port)], cwd=self.home, env=self.environment, stdout=log, stderr=log
            )
        address = f"http://127.0.0.1:{port}"
        try:
            self._wait(process, address)
            yield address
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, (self.home / "served.log").read_text()
        finally:
            process.kill()
            process.wait(60)

    def _wait(self, process: subprocess.Popen[bytes], address: str) -> None:
        until = time.monotonic() + TIME_S
        while time.monotonic() < until and process.poll() is None:
            try:
                if requests.get(f"{address}/readyz", timeout=10).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.2)
        pytest.fail((self.home / "served.log").read_text())


def install(home: Path, python: str, archive: Path) -> Installed:
    """Install an archive and return where: a wheel with the locked packages, as a service does, else as a newcomer."""
    subprocess.run([python, "-m", "venv", str(home / "env")], check=True, timeout=TIME_S)
    installed = Installed(home)
    # What is imported is compiled then: that is a part of all that pip would compile.
    pip = ("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    if archive.suffix == ".whl":
        installed.run(*pip, "--require-hashes", "--requirement", str(LOCK))
        installed.run(*pip, "--no-deps", str(archive))
        installed.run("python", "-m", "pip", "check")
    else:
        installed.run(*pip, str(archive))
    where = Path(installed.run("python", "-c", "import server; print(server.__file__)").strip())
    assert where.is_relative_to(home / "env")
    return installed


def sign_in(api: str, name: str, password: str) -> Mapping[str, str]:
    answer = requests.post(f"{api}/session", json={"username": name, "password": password}, timeout=60)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.slow
# The wheel of an sdist is the same as that of git, as is tested above: one interpreter builds it for all.
@pytest.mark.parametrize(
    ("version", "archive"), [*((version, "wheel") for version in VERSIONS), (VERSIONS[0], "sdist")]
)
def test_what_is_installed_makes_a_county_and_takes_a_phones_report(built, tmp_path, version, archive):
    installed = install(tmp_path, python(version), getattr(built, archive))

    for program in ("firegrid", "fieldsync"):
        assert installed.run(program, "--version").strip().endswith(f"({built.commit})")
    made = installed.run("firegrid", "init")
    password = re.search(r"密码（只显示这一次）：(\S+)", made)[1]
    (tmp_path / "report.md").write_text(FORM, encoding="utf-8")
    installed.run("firegrid", "form", "publish", "report.md")
    installed.run("firegrid", "user", "add", "wangli", "--role", "grid_worker", "--area", UNIT)
    key = installed.run("firegrid", "user", "key", "wangli").strip().splitlines()[-1].rpartition("/")[2]
    instance = f"uuid:{uuid4()}"
    xml = REPORT.format(photo="", entity=uuid4(), instance=instance).encode()
    with installed.serving("firegrid", "serve") as address:
        phone = {"X-OpenRosa-Version": "1.0"}
        listed = requests.get(f"{address}/key/{key}/formList", headers=phone, timeout=60)
        sent = requests.post(
            f"{address}/key/{key}/submission",
            headers=phone,
            files={"xml_submission_file": ("report.xml", xml, "text/xml")},
            timeout=60,
        )
        api = f"{address}/api/v1"
        admin = sign_in(api, "admin", password)
        own = {"old_password": password, "new_password": "a-horse-of-my-own-9"}
        assert requests.post(f"{api}/session/password", json=own, headers=admin, timeout=60).status_code == 204
        found = requests.get(f"{api}/submissions", params={"instance_id": instance}, headers=admin, timeout=60).json()
        stored = requests.get(f"{api}/submissions/{found['items'][0]['id']}.xml", headers=admin, timeout=60)
        metrics = requests.get(f"{address}/metrics", timeout=60).text
        front = requests.get(f"{address}/", timeout=60).text
        style = requests.get(address + re.search(r'href="(/office/static/[^"]+)"', front)[1], timeout=60)
    assert style.status_code == 200 and style.headers["Content-Type"].startswith("text/css")
    assert "<formID>report</formID>" in listed.text and "<formID>hazard_report</formID>" in listed.text
    assert sent.status_code == 201, sent.text
    assert stored.content == xml
    assert f'firegrid_build_info{{commit="{built.commit}"' in metrics
    installed.run("firegrid", "check")


@pytest.mark.slow
def test_the_demonstration_runs_from_the_wheel(built, tmp_path):
    installed = install(tmp_path, sys.executable, built.wheel)

    with installed.serving("firegrid", "demo") as address:
        brigade = sign_in(f"{address}/api/v1", "brigade", "demo-laiyuan-2026")
        summary = requests.get(f"{address}/api/v1/summaries/closure", headers=brigade, timeout=60).json()
        page = requests.get(f"{address}/api/docs", timeout=60)

    assert summary["rows"]
    assert page.status_code == 200
    assert (tmp_path / "firegrid-demo" / "firegrid.db").exists()
