"""Parses the multipart body of a submission while it streams in, so that a 200 MB video costs the memory of one chunk.

The framing is our own: werkzeug's decoder (3.1) gives another content when a chunk ends between the last two hyphens
of a closing delimiter, and takes more than twice as long over the small body that nearly every POST is.

A delimiter is CRLF, two hyphens and the boundary, wherever it stands (RFC 2046, 5.1.1); for the first one the CRLF is
put in front of the body. The last bytes of a chunk that may begin a delimiter wait for the next chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from server.errors import TooLarge, Unreadable
from server.openrosa.multipart_headers import OCTETS, Part, base_name, broken_part, read_part
from sync.values import frozen

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
"""A phone's hint that more files follow in another POST; which files are missing the XML says itself."""

CHUNK_BYTES = 64 * 1024

_BOUNDARY = re.compile(r';[ \t]*boundary[ \t]*=[ \t]*(?:"([!-~ ]{1,200})"|([!#-:<-~]{1,200}))[ \t]*(?:;|$)', re.I)
_MEBIBYTE = 1024 * 1024


class Stream(Protocol):
    """A request body: ``read(n)`` gives at most n bytes, and none at its end."""

    def read(self, size: int, /) -> bytes: ...


class Sink(Protocol):
    """Where one file goes while it arrives.

    ``close`` says that all is written: it lets go of what is open, since a POST may bring a thousand files.
    ``discard`` may come at any time, and twice. ``sha256`` is the hex digest of all that was written.
    """

    @property
    def sha256(self) -> str: ...

    def write(self, chunk: bytes, /) -> None: ...

    def close(self) -> None: ...

    def discard(self) -> None: ...


S = TypeVar("S", bound=Sink)


@frozen
class Limits:
    """How much one POST may bring; ``total_bytes_max`` counts everything, delimiters and headers included."""

    xml_bytes_max: int = 16 * _MEBIBYTE
    total_bytes_max: int = 1024 * _MEBIBYTE
    parts_max: int = 1000
    header_bytes_max: int = 8 * 1024


@dataclass(frozen=True, slots=True)
class PostedFile(Generic[S]):
    """A file of a POST: base names of its part and of its file ('' where absent, never both), media type, content."""

    name: str
    filename: str
    media_type: str
    sink: S

    def stored_name(self, expected: Collection[str]) -> str:
        """Return the name to store the file under, given the names that the submission's XML refers to.

        Phones name the part like the file. Other clients call every part ``file`` or the like; then the file name
        counts, when the XML asks for it or when it alone looks like one.
        """
        if not self.filename or self.name in expected:
            return self.name
        if self.filename in expected or "." not in self.name:
            return self.filename
        return self.name


@frozen
class Post(Generic[S]):
    """What one POST brought: the XML of the submission, and its files."""

    xml: bytes
    files: tuple[PostedFile[S], ...]


def read_post(
    stream: Stream,
    content_type: str,
    *,
    open_sink: Callable[[], S],
    limits: Limits | None = None,
    stated_bytes: int = 0,
) -> Post[S]:
    """Return the parts of a POST to ``/submission``, each file in a sink of its own.

    ``content_type`` is the request's header; ``stated_bytes`` the length that it states, and what states too large a
    length is refused unread (the bridge does not even receive it). A file that comes twice under one name with
    the same content is returned once; with other content both are returned, in the order sent, for the caller to
    settle.

    Refuses with Unreadable what is no multipart/form-data, breaks off, lacks the XML part or brings two different
    ones, or names a file in a way that is refused; with TooLarge what goes beyond ``limits``. Whatever fails, all
    sinks opened so far are discarded; afterwards they are the caller's to keep or discard.
    """
    limits = limits or Limits()
    if stated_bytes > limits.total_bytes_max:
        raise too_large(limits.total_bytes_max)
    delimiter = b"\r\n--" + _boundary(content_type)
    builder = _PostBuilder(open_sink, limits)
    try:
        builder.read(_Body(stream, limits), delimiter)
        return builder.post()
    except BaseException:
        builder.discard()
        raise


def _boundary(content_type: str) -> bytes:
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise broken_part("not-multipart")
    found = _BOUNDARY.search(content_type)
    if not found:
        raise broken_part("no-boundary")
    return (found[1] or found[2]).encode()


class _PostBuilder(Generic[S]):
    """The parts read so far, and the sinks that they were read into."""

    def __init__(self, open_sink: Callable[[], S], limits: Limits) -> None:
        self._open_sink = open_sink
        self._limits = limits
        self._sinks: list[S] = []
        self._xml: bytes | None = None
        self._files: dict[tuple[str, str, str], PostedFile[S]] = {}  # by both names and content

    def read(self, body: _Body, delimiter: bytes) -> None:
        """Read every part of ``body``."""
        body.read_until(delimiter)
        parts = 0
        while not body.at_end():
            parts += 1
            if parts > self._limits.parts_max:
                raise _too_many(self._limits.parts_max)
            self._add(read_part(body.read_until(b"\r\n\r\n")), body, delimiter)

    def post(self) -> Post[S]:
        if self._xml is None:
            raise Unreadable("发送的内容里没有记录本身（xml_submission_file）。请重新发送。", missing=XML_PART)
        return Post(self._xml, tuple(self._files.values()))

    def discard(self) -> None:
        """Discard every file, when the POST cannot be taken."""
        for sink in self._sinks:
            sink.discard()

    def _add(self, part: Part, body: _Body, delimiter: bytes) -> None:
        if part.name == XML_PART:
            self._add_xml(part, body, delimiter)
        elif part.is_file and part.name != INCOMPLETE_PART:
            self._add_file(part, body, delimiter)
        else:
            body.copy_until(delimiter, _ignore)

    def _add_xml(self, part: Part, body: _Body, delimiter: bytes) -> None:
        memory = _Memory(self._limits.xml_bytes_max, XML_PART)
        body.copy_until(delimiter, memory.write)
        xml = memory.content()
        if self._xml is not None and xml != self._xml:
            raise Unreadable("一次发送里有两份不同的记录，服务器不知道以哪份为准。请分别发送。", repeated=XML_PART)
        self._xml = xml

    def _add_file(self, part: Part, body: _Body, delimiter: bytes) -> None:
        filename = base_name(part.filename)
        name = base_name(part.name) or filename
        sink = self._open_sink()
        self._sinks.append(sink)
        body.copy_until(delimiter, sink.write)
        sink.close()
        file = PostedFile(name, filename, part.media_type or OCTETS, sink)
        if self._files.setdefault((name, filename, sink.sha256), file) is not file:
            sink.discard()


class _Body:
    """The bytes of the request that are not read apart yet; never more than a chunk and a header."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._waiting = b"\r\n"
        self._total_bytes = 0

    def read_until(self, end: bytes) -> bytes:
        """Return what comes before ``end``, and go past it."""
        at = self._waiting.find(end)
        while at < 0 and len(self._waiting) <= self._limits.header_bytes_max + len(end):
            self._fill()
            at = self._waiting.find(end)
        if not 0 <= at <= self._limits.header_bytes_max:
            raise broken_part("header-size")
        block = self._waiting[:at]
        self._waiting = self._waiting[at + len(end) :]
        return block

    def copy_until(self, end: bytes, write: Callable[[bytes], None]) -> None:
        """Give what comes before ``end`` to ``write``, chunk by chunk, and go past it."""
        while (at := self._waiting.find(end)) < 0:
            sure = len(self._waiting) - len(end) + 1
            if sure > 0:
                write(self._waiting[:sure])
                self._waiting = self._waiting[sure:]
            self._fill()
        if at:
            write(self._waiting[:at])
        self._waiting = self._waiting[at + len(end) :]

    def at_end(self) -> bool:
        """Return whether the delimiter just passed was the last; what follows it is read and means nothing."""
        while len(self._waiting) < 2:
            self._fill()
        if not self._waiting.startswith(b"--"):
            return False
        while self._read():
            pass
        return True

    def _fill(self) -> None:
        chunk = self._read()
        if not chunk:
            raise _broken_off()
        self._waiting += chunk

    def _read(self) -> bytes:
        try:
            chunk = self._stream.read(CHUNK_BYTES)
        except RequestEntityTooLarge as error:
            raise too_large(self._limits.total_bytes_max) from error
        except (ClientDisconnected, OSError) as error:
            raise _broken_off() from error
        self._total_bytes += len(chunk)
        if self._total_bytes > self._limits.total_bytes_max:
            raise too_large(self._limits.total_bytes_max)
        return chunk


class _Memory:
    """The content of a part that may be kept in memory, since it may not be long."""

    def __init__(self, bytes_max: int, part: str) -> None:
        self._bytes_max = bytes_max
        self._part = part
        self._size_bytes = 0
        self._chunks: list[bytes] = []

    def write(self, chunk: bytes) -> None:
        self._size_bytes += len(chunk)
        if self._size_bytes > self._bytes_max:
            raise TooLarge("这份记录的文字内容太多，超过了上限。请分成几份填写后发送。", part=self._part)
        self._chunks.append(chunk)

    def content(self) -> bytes:
        return b"".join(self._chunks)


def _ignore(_chunk: bytes) -> None:
    """Skip a form field that the protocol does not know."""


def too_large(limit: int) -> TooLarge:
    """Return the refusal of a POST of more than ``limit`` bytes."""
    return TooLarge(
        f"一次发送的内容超过 {limit / _MEBIBYTE:.3g} MB。请缩短视频或减少附件后重新发送。", total_bytes_max=limit
    )


def _too_many(parts_max: int) -> TooLarge:
    return TooLarge(f"一次发送的附件超过 {parts_max} 个。请减少附件后分几次发送。", parts_max=parts_max)


def _broken_off() -> Unreadable:
    return Unreadable("发送没有完成，内容中途断了。请在信号好的地方重新发送。", reason="broken-off")
