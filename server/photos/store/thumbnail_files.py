"""The files of thumbnails, by the hash of their photos, and the process beside the server that draws them.

They are made again from the photos whenever they are lost, so no backup holds them.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import time
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from server.photos.store import thumbnail_process
from sync.images import PIXELS_MAX

FOLDER = "thumbnails"
"""In the data folder."""

DRAWING_S = 30.0
"""How long drawing one may take, in seconds."""

_LOOK_S = 0.2


class Outcome(Enum):
    """How drawing a thumbnail went.

    UNDRAWN: nothing here draws this kind of picture. FULL: the disk took nothing. DIED: of the photo, or of time.
    STOPPED: by us.
    """

    MADE = auto()
    DAMAGED = auto()
    UNDRAWN = auto()
    FULL = auto()
    DIED = auto()
    STOPPED = auto()


class Drawn(NamedTuple):
    """An outcome, with the reason of a damaged one."""

    outcome: Outcome
    reason: str = ""


class ThumbnailFiles:
    """The thumbnails of one data folder. Any number of threads and processes at once."""

    def __init__(self, data: Path) -> None:
        """data: the data folder; nothing is made in it before there is a thumbnail."""
        self._folder = data.absolute() / FOLDER

    def thumbnail(self, sha256: str) -> Path:
        """Return where the thumbnail of a photo stands, or would stand."""
        return self._folder / sha256[:2] / f"{sha256[2:]}.jpg"

    def large(self, sha256: str) -> Path:
        """Return where the large JPEG stands of a photo that browsers do not show."""
        return self._folder / sha256[:2] / f"{sha256[2:]}-large.jpg"

    def delete(self, sha256: str) -> None:
        """Delete what was drawn of a photo."""
        self.thumbnail(sha256).unlink(missing_ok=True)
        self.large(sha256).unlink(missing_ok=True)


class Drawer:
    """The process that draws, begun with the first photo; for use in a ``with``, by one thread.

    stopping: set when the server stops; drawing ends then at once.
    """

    def __init__(self, files: ThumbnailFiles, stopping: threading.Event, drawing_s: float = DRAWING_S) -> None:
        self._files = files
        self._stopping = stopping
        self._drawing_s = drawing_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Drawer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def draw(self, photo: Path, sha256: str) -> Drawn:
        """Draw the thumbnail of a photo. photo: its file."""
        process = self._process = self._process or _begin()
        paths = [photo, self._files.thumbnail(sha256), self._files.large(sha256)]
        try:
            _ask(process, json.dumps([str(path) for path in paths]))
        except BrokenPipeError:
            self._end()
            return Drawn(Outcome.DIED, "it had ended")
        answer = self._answer(process)
        if answer.outcome in (Outcome.DIED, Outcome.STOPPED):
            self._end()
        return answer

    def _answer(self, process: subprocess.Popen[bytes]) -> Drawn:
        if process.stdout is None:
            raise RuntimeError("the process was begun without pipes")
        until = time.monotonic() + self._drawing_s
        while not select.select([process.stdout], [], [], _LOOK_S)[0]:
            if self._stopping.is_set():
                return Drawn(Outcome.STOPPED)
            if time.monotonic() > until:
                return Drawn(Outcome.DIED, f"longer than {self._drawing_s:g} s")
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            return Drawn(Outcome.DIED, f"exit status {process.wait()}")
        state, reason = json.loads(line)
        return Drawn(_OUTCOMES[state], reason)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


_OUTCOMES = {
    thumbnail_process.MADE: Outcome.MADE,
    thumbnail_process.DAMAGED: Outcome.DAMAGED,
    thumbnail_process.FULL: Outcome.FULL,
    thumbnail_process.UNDRAWN: Outcome.UNDRAWN,
}


def _begin() -> subprocess.Popen[bytes]:
    program = [sys.executable, "-P", str(Path(thumbnail_process.__file__).absolute()), str(PIXELS_MAX)]
    return subprocess.Popen(  # noqa: S603 - a program of our own, told paths of our own
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _ask(process: subprocess.Popen[bytes], line: str) -> None:
    if process.stdin is None:
        raise RuntimeError("the process was begun without pipes")
    process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()
