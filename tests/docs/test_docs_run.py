"""Every command of the README and of docs/ is run as it stands, in order, in the situation that its page describes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from tests import postgres_server
from tests.docs.pages import ROOT, Expected, Page, pages
from tests.stories.child_server import free_port

PAGE_S = 1200
STAND_INS = Path(__file__).with_name("stand_ins.py")
REPLACED = ("firegrid", "fieldsync", "make", "sudo", "useradd", "systemctl", "apt-get")
"""Programs in whose place a stand-in is run."""

SUBSTITUTED = (
    ("http://127.0.0.1:8600", "http://127.0.0.1:{port}"),
    ("http://192.168.1.20:8600", "http://127.0.0.1:{port}"),
    ("http://127.0.0.1:8601", "http://127.0.0.1:{port}"),
    ("postgresql://firegrid@127.0.0.1/firegrid", "{database}"),
    ("https://fire.example.org", "http://127.0.0.1:{port}"),
    ("/opt/firegrid", "{home}/opt/firegrid"),
    ("/var/lib/firegrid", "{home}/var/lib/firegrid"),
    ("/etc/", "{home}/etc/"),
)
"""What of a page is another on the machine of the test: addresses and the system's folders. Nothing else is changed."""

PREAMBLE = r"""
set -uo pipefail
exec 2>&1
trap 'printf "\036line %s\036\n" "$LINENO"' DEBUG
trap 'printf "\036failed %s %s\036\n" "$LINENO" "$?"' ERR
"""
CURL = """#!/bin/bash
exec {curl} --max-time 120 -w '%{{stderr}}\036status %{{http_code}}\036\n' "$@"
"""


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory) -> Path:
    """A folder that ``firegrid demo`` has made."""
    from server.cli.demo import make

    folder = tmp_path_factory.mktemp("made") / "firegrid-demo"
    make(folder, training=False)
    return folder


def prepare(home: Path, demonstration: Path) -> None:
    """Make the folder in which a page is walked: a checkout as far as commands see one, with the programs beside."""
    shutil.copytree(demonstration, home / "firegrid-demo")
    for name in ("server", "sync", "schemas", "kobo_forms"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.lock", "setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md"):
        shutil.copy2(ROOT / name, home / name)
    for folder in (".venv/bin", "etc/systemd/system", "var/lib", "opt"):
        (home / folder).mkdir(parents=True)
    programs = {name: f'#!/bin/bash\nexec {sys.executable} {STAND_INS} {name} "$@"\n' for name in REPLACED}
    programs["curl"] = CURL.format(curl=shutil.which("curl"))
    for name, text in programs.items():
        path = home / ".venv/bin" / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def environment(home: Path, port: int) -> Mapping[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FIREGRID_", "FIELDSYNC_", "VIRTUAL_ENV"))
    }
    return kept | {
        **_own_settings(),
        "PATH": f"{home / '.venv/bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "DOCS_HOME": str(home),
        "DOCS_PORT": str(port),
        "DOCS_BIN": str(Path(sys.executable).parent),
    }


def _own_settings() -> Mapping[str, str]:
    """Return where pip and npm find what their owner has set, a mirror say: both look below HOME, which is another."""
    files = {"PIP_CONFIG_FILE": ".config/pip/pip.conf", "NPM_CONFIG_USERCONFIG": ".npmrc"}
    found = {name: Path.home() / path for name, path in files.items()}
    return {name: str(path) for name, path in found.items() if name not in os.environ and path.is_file()}


@pytest.fixture
def database(page: Page) -> Iterator[str]:
    """The address of a database of PostgreSQL, empty where a page asks for none."""
    if "postgresql://" not in "".join(page.script()):
        yield ""
        return
    postgres_server.require()
    yield postgres_server.database_url()
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS c130630 CASCADE")


def walk(page: Page, home: Path, database: str = "") -> Iterator[str]:
    """Run a page in ``home`` and yield what is not as it says, each with the page and its line."""
    port = free_port()
    text = "\n".join(page.script()) + "\n"
    for written, real in SUBSTITUTED:
        text = text.replace(written, real.format(home=home, port=port, database=database))
    (home / "preamble.sh").write_text(PREAMBLE)
    # The page's first line is its title, so that this takes no line of it.
    (home / "page.sh").write_text("source ./preamble.sh" + text, encoding="utf-8")
    variables = environment(home, port)
    try:
        done = subprocess.run(
            ["bash", "page.sh"],
            cwd=home,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PAGE_S,
            check=False,
            start_new_session=True,
        )
    finally:
        subprocess.run(
            [sys.executable, "-c", "import stand_ins; stand_ins.stop()"],
            cwd=STAND_INS.parent,
            env=variables,
            check=True,
        )
    expected = page.expected()
    outputs = by_line(page, done.stdout + done.stderr)
    for number in sorted(outputs.keys() | expected.keys()):
        for fault in faults(outputs.get(number, "never run"), expected.get(number, Expected())):
            yield f"{page.name}:{number}: {fault}\n    {page.script()[number - 1]}\n{outputs.get(number, '')[-2000:]}"


def by_line(page: Page, output: str) -> dict[int, str]:
    """Return what was printed, by the line of the page at which each command begins."""
    found: dict[int, str] = {}
    starts, number = page.starts(), 1
    for part in re.split("(\036line \\d+\036\n)", output):
        marked = re.fullmatch("\036line (\\d+)\036\n", part)
        if marked:
            number = starts[int(marked[1])]
        found[number] = found.get(number, "") + ("" if marked else part)
    return found


def faults(output: str, expected: Expected) -> Iterator[str]:
    """Yield what differs between what a command printed and what the page says of it."""
    statuses = [int(status) for status in re.findall("\036status (\\d+)\036", output)]
    failed = re.findall("\036failed \\d+ (\\d+)\036", output)
    if expected.status is not None and statuses != [expected.status]:
        yield f"the page says {expected.status}, and it was {statuses}"
    if expected.status is None and any(not 200 <= status < 400 for status in statuses):
        yield f"answered {statuses}"
    if bool(failed) is not expected.refused:
        yield f"exit status {failed or 0}"
    for words in expected.prints:
        if words not in output:
            yield f"does not print {words!r}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in pages() if any(page.script())], ids=lambda page: page.name)
def test_a_page_does_what_it_says(page, database, demonstration, tmp_path):
    for program in ("curl", "sqlite3", "pg_dump"):
        if shutil.which(program) is None and any(f"{program} " in line for line in page.script()):
            pytest.skip(f"NOT TRIED: {program} is not here: sudo apt-get install {program}")
    prepare(tmp_path, demonstration)

    assert list(walk(page, tmp_path, database)) == []


def test_few_blocks_are_not_run_and_each_has_its_reason():
    skipped = [
        (page.name, block.line, block.not_run)
        for page in pages()
        for block in page.blocks()
        if block.not_run is not None
    ]

    assert len(skipped) <= 3, skipped


def test_what_a_page_says_wrongly_is_told_with_its_line(tmp_path):
    page = Page(tmp_path / "page.md")
    page.path.write_text(
        """# A page

```bash
echo yes                # prints yes
echo yes \\
  | cat                 # prints no
false
false                   # refused
true                    # refused: wrongly
cat <<'TEXT'            # prints two
one
TEXT
```

<!-- not run: nothing there -->
```bash
false
```
""",
        encoding="utf-8",
    )

    found = [fault.partition("\n")[0] for fault in walk(page, tmp_path)]

    assert found == [
        "page.md:5: does not print 'no'",
        "page.md:7: exit status ['1']",
        "page.md:9: exit status 0",
        "page.md:10: does not print 'two'",
    ]
