"""Runs the form tools one at a time, with limits on time and output, since anybody may upload a form."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from server.errors import Busy
from server.forms.domain.definitions import Fault, refused

OUTPUT_BYTES_MAX = 100_000
_lock = threading.Lock()


class Completed(NamedTuple):
    """How a program ended: its exit status (negative: the signal that ended it) and what it wrote to stderr."""

    status: int
    stderr: str


@contextmanager
def one_at_a_time(timeout_s: float) -> Iterator[None]:
    """Hold the converter, so that a heap of uploads costs no more memory than one. Raises Busy after ``timeout_s``."""
    if not _lock.acquire(timeout=timeout_s):
        raise Busy("另一张表单正在转换，请稍后再发布。")
    try:
        yield
    finally:
        _lock.release()


def run(command: Sequence[str], *, folder: Path, timeout_s: float) -> Completed:
    """Run ``command`` in ``folder`` with an environment of its own and return how it ended.

    Its stderr goes to a file in ``folder``, so that a flood of it never enters this process. Raises FormRefused after
    ``timeout_s``, when the program and all that it started have been killed.
    """
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - the command is ours, only its input is a stranger's
            command,
            cwd=folder,
            env=dict(_environment(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            fault = Fault(f"表单在 {timeout_s:g} 秒内没有处理完。", "请把大的选项表放到外部 CSV 名单中，或把表单拆小。")
            raise refused([fault]) from error
        finally:
            _kill(process)
    with (folder / "stderr").open("rb") as written:
        return Completed(status, written.read(OUTPUT_BYTES_MAX).decode("utf-8", errors="replace"))


def _environment(folder: Path) -> Mapping[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        "PYTHONHASHSEED": "0",  # the same form gives the same bytes every time
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
