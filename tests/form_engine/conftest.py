"""Starts the form engine once for all tests of this folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.form_engine.phone import JAR, Phone


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    if shutil.which("javac") is None or shutil.which("java") is None:
        pytest.skip("playing a form needs a JDK, and there is no javac on the PATH")
    classes = tmp_path_factory.mktemp("player")
    source = Path(__file__).parent / "Player.java"
    subprocess.run(["javac", "-nowarn", "-encoding", "UTF-8", "-cp", JAR, "-d", classes, source], check=True)
    command = [
        "java",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dfile.encoding=UTF-8",
        "-Duser.timezone=Asia/Shanghai",
    ]
    with subprocess.Popen(
        [*command, "-cp", f"{classes}:{JAR}", "Player"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
def phone(engine: subprocess.Popen[bytes], tmp_path: Path) -> Phone:
    return Phone(engine, tmp_path)
