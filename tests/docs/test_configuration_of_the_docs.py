"""What the documentation gives other programs to read is checked by these programs, where they are on the machine."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgres_server
from tests.docs.pages import Page, pages

UNIT = re.compile(r"tee /etc/systemd/system/(\S+\.service) > /dev/null <<'UNIT'\n(.*?)^UNIT$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"^(\w+) = (.+)$", re.MULTILINE)
PROGRAM_S = 30


def fenced(language: str) -> Iterator[tuple[Page, str]]:
    found = [(page, block.text) for page in pages() for block in page.blocks() if block.language == language]
    assert found, language
    yield from found


def needed(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"NOT CHECKED: {program} is not on this machine")
    return path


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_S, check=False)
    return done.returncode, done.stdout + done.stderr


def test_systemd_takes_every_unit(tmp_path):
    program = needed("systemd-analyze")
    units = [unit for page in pages() for unit in UNIT.findall(page.text)]
    assert {name for name, _ in units} == {"firegrid.service", "firegrid@.service"}

    for name, text in units:
        file = tmp_path / name.replace("@", "@8601")
        file.write_text(text.replace("/opt/firegrid/bin/firegrid", "/bin/true"))

        assert said(program, "verify", file) == (0, ""), name


def test_systemd_would_tell_a_wrong_unit(tmp_path):
    program = needed("systemd-analyze")
    (tmp_path / "wrong.service").write_text("[Service]\nExecStart=/bin/true\nRestat=always\n")

    assert "Restat" in said(program, "verify", tmp_path / "wrong.service")[1]


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_takes_every_setting():
    postgres_server.require()
    with psycopg.connect(postgres_server.database_url(), autocommit=True) as connection:
        for page, text in fenced("conf"):
            for name, value in SETTING.findall(text):
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
                connection.execute(f"ALTER SYSTEM RESET {name}")
            assert len(SETTING.findall(text)) == text.count("\n"), page.name

        with pytest.raises(psycopg.Error):
            connection.execute("ALTER SYSTEM SET archive_mod = on")


def test_nginx_takes_its_part(tmp_path):
    program = needed("nginx")
    for page, text in fenced("nginx"):
        plain = re.sub(r"^\s*ssl_.*\n", "", text, flags=re.MULTILINE).replace("listen 443 ssl", "listen 8443")
        file = tmp_path / "nginx.conf"
        file.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{plain}\n}}\n")

        status, words = said(program, "-t", "-q", "-p", tmp_path, "-c", file)

        assert status == 0, (page.name, words)


def test_caddy_takes_its_part(tmp_path):
    program = needed("caddy")
    for page, text in fenced("caddy"):
        (tmp_path / "Caddyfile").write_text(text)

        status, words = said(program, "validate", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile")

        assert status == 0, (page.name, words)


def test_pgbouncer_is_told_to_keep_sessions():
    for page, text in fenced("ini"):
        read = configparser.ConfigParser(interpolation=None)
        read.read_string(text)

        assert read["pgbouncer"]["pool_mode"] == "session", page.name
        assert "dbname=firegrid" in read["databases"]["firegrid"]
