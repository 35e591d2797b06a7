"""Runs another program with a hard end to its time and output, since forms come from anybody's hands."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

OUTPUT_BYTES_MAX = 100_000


class Ended(NamedTuple):
    """How a program ended: its exit status (negative: the signal that ended it) and what it said on stderr."""

    status: int
    complaint: str


class TimeUp(Exception):
    """The program was still running at the end of its time, and is no more."""


def run(command: Sequence[str], *, folder: Path, timeout_s: float, environment: Mapping[str, str]) -> Ended:
    """Run ``command`` in ``folder`` with nothing but ``environment`` and return how it ended.

    Raises TimeUp after ``timeout_s``, when the program and all that it started have been killed.
    Its stderr goes to a file in ``folder``, so that a flood of it never enters this process.
    """
    with (folder / "stderr").open("wb") as complaint:
        process = subprocess.Popen(  # noqa: S603 - the command is ours, only its input is a stranger's
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaint,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeUp from error
        finally:
            _end(process)
    with (folder / "stderr").open("rb") as said:
        return Ended(status, said.read(OUTPUT_BYTES_MAX).decode("utf-8", errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
