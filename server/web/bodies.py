"""Takes request bodies in: a little of anybody's, all of an admitted one's, and none slower than the weakest line.

What one connection may cost is bounded before it is known who sends: ``UNJUDGED_BYTES_MAX`` are taken on trust, and
only then is the request judged by its head (``server.web.admission``). An admitted body goes to a file once it is
large, on the disk of the data folder. What all requests hold together has a bound, in memory and on that disk.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from werkzeug.exceptions import RequestTimeout

from server.errors import Busy, DiskFull

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

UNJUDGED_BYTES_MAX = 65_536
"""How much of a body is taken before its request is judged by its head."""

MEMORY_BYTES_MAX = 1_048_576
"""A larger body goes to a file while it comes in."""

BODIES_BYTES_MAX = 134_217_728
"""What all bodies together hold in memory; beyond it small ones go to files, too."""

HEADS_BYTES_MAX = 67_108_864
"""What all large heads together hold in memory while their requests last: sixty-four of the largest."""

STALL_S = 120
"""How long a phone may take for ``STALL_BYTES`` of a body, or take nothing of an answer, in seconds."""

STALL_BYTES = 12_000
"""A hundred bytes a second, or 6 kB a minute: a tenth of what the weakest GPRS link gives."""

DRAIN_BYTES_MAX, DRAIN_S = 1_048_576, 5
"""How much of a refused body is read and thrown away, and for how long: a phone reads the answer only when it has sent
all, and a connection that is closed before takes the answer with it. A POST of the advertised size fits."""

RETRY_AFTER_S = 10
"""When a refused client may come back, in seconds; clients add a spread of their own."""


IN_PART = "firegrid.body_in_part"
"""Where the environment of an admitted request says that its door takes what has come of a body that breaks off."""


class Gone(Exception):
    """The other side went away in the middle of a body; there is nobody to answer."""


class Spool:
    """What requests hold while they last, all of one server: the files that large bodies are in, and memory.

    folder: where they are made, without a name, so that none outlives the process. bytes_max: of all of them together.
    free_bytes_min: the room on that disk that they leave to the database.
    """

    def __init__(self, folder: Path, bytes_max: int, free_bytes_min: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._free_bytes_min = free_bytes_min
        self._held = self._memory = self._heads = 0

    def has_memory(self, size: int) -> bool:
        """Return whether there is memory for ``size`` more bytes of bodies, and count them if so."""
        if self._memory + size > BODIES_BYTES_MAX:
            return False
        self._memory += size
        return True

    def hold_head(self, size: int) -> None:
        """Count the bytes of a large head. Raises Busy when they are too many together with all that are held."""
        if self._heads + size > HEADS_BYTES_MAX:
            raise overloaded()
        self._heads += size

    def release_memory(self, body: int, head: int) -> None:
        """Count so many bytes of a body and a head no longer."""
        self._memory -= body
        self._heads -= head

    def file(self) -> IO[bytes]:
        """Return a new file. Raises DiskFull."""
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < self._free_bytes_min:
            raise DiskFull()
        return tempfile.TemporaryFile(dir=self._folder)

    def hold(self, size: int) -> None:
        """Count ``size`` more bytes. Raises Busy when that is too much together with all that is held."""
        if self._held + size > self._bytes_max:
            raise Busy("现在送来的大文件太多，请稍后再送；内容都还在手机上。", retry_after_s=RETRY_AFTER_S)
        self._held += size

    def release(self, size: int) -> None:
        """Count ``size`` bytes no longer."""
        self._held -= size


class Body:
    """The body of one request while it comes in, and for as long as the request lasts.

    file: what has come, in memory while it is small. size: in bytes. is_whole: whether all of it has come. receive: the
    next message of the connection, as ASGI gives it.
    """

    __slots__ = ("_head", "_in_memory", "_is_in_file", "_spool", "_spooled", "file", "is_whole", "receive", "size")

    def __init__(self, receive: Receive, spool: Spool) -> None:
        self.receive = receive
        self.file: IO[bytes] = BytesIO()
        self.size = 0
        self.is_whole = False
        self._spool = spool
        self._is_in_file = False
        self._spooled = self._in_memory = self._head = 0

    def hold_head(self, size: int) -> None:
        """Count a large head of the request along with its body. Raises Busy when there is no room for it."""
        self._spool.hold_head(size)
        self._head = size

    async def take(self, bytes_max: int) -> None:
        """Take in what comes until it is whole, or more than ``bytes_max``.

        Raises Gone, RequestTimeout when it comes too slowly, Busy and DiskFull when there is no room for it.
        """
        until, lately = asyncio.get_running_loop().time() + STALL_S, 0
        while not self.is_whole and self.size <= bytes_max:
            try:
                async with asyncio.timeout_at(until):
                    message = await self.receive()
            except TimeoutError:
                raise RequestTimeout from None
            if message["type"] == "http.disconnect":
                raise Gone
            piece = message.get("body", b"")
            self._write(piece)
            lately += len(piece)
            if lately >= STALL_BYTES:
                until, lately = asyncio.get_running_loop().time() + STALL_S, 0
            self.is_whole = not message.get("more_body")

    async def drain(self) -> None:
        """Read some of what is still to come, so that a refused phone comes to read its answer."""
        drained = 0
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self.is_whole and drained < DRAIN_BYTES_MAX:
                    message = await self.receive()
                    drained += len(message.get("body", b""))
                    self.is_whole = not message.get("more_body")
        except TimeoutError:
            return

    async def gone(self) -> None:
        """Return when the other side has closed the connection; for once the body is whole."""
        while (await self.receive())["type"] != "http.disconnect":
            continue

    def close(self) -> None:
        """Forget the body."""
        self.file.close()
        self._spool.release(self._spooled)
        self._spool.release_memory(self._in_memory, self._head)
        self._spooled = self._in_memory = self._head = 0

    def _write(self, piece: bytes) -> None:
        self.size += len(piece)
        if not self._is_in_file and self.size <= MEMORY_BYTES_MAX and self._spool.has_memory(len(piece)):
            self._in_memory += len(piece)
        else:
            if not self._is_in_file:
                self._to_file()
            self._spool.hold(len(piece))
            self._spooled += len(piece)
        self.file.write(piece)

    def _to_file(self) -> None:
        file, memory = self._spool.file(), self.file
        self.file, size, self._is_in_file = file, memory.tell(), True
        self._spool.hold(size)
        self._spooled += size
        memory.seek(0)
        file.write(memory.read())
        memory.close()
        self._spool.release_memory(self._in_memory, 0)
        self._in_memory = 0


def overloaded() -> Busy:
    """Return the refusal of who would wait in vain, or for whose request there is no memory."""
    return Busy("现在送来的人很多，请稍后再送；内容都还在手机上。", retry_after_s=RETRY_AFTER_S)
