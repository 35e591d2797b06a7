"""Parses a submission's XML in one pass without building a tree, which anybody could make too large.

Expat reports each element as it passes: every limit stops the parse where it is reached, and a document type
declaration is refused at its first byte, before any entity could be declared.
"""

from __future__ import annotations

import sys
from xml.parsers import expat

from server.errors import Unreadable

DEPTH_MAX = 100
# Elements and attributes are both counted by their mark in the bytes ("<" twice for each element, "="), before the
# parser allocates anything for them.
MARKS_MAX = 200_000
# Deep or long names make paths far larger than the document that they come from.
PATH_CHARS_MAX = 8_000_000
RESEND = "请在手机上重新打开、保存后再发送；仍不行请联系管理员。"


def parse(raw: bytes) -> ParsedXml:
    """Return the root attributes, leaf elements and entity blocks of ``raw``.

    Refuses with Unreadable what is empty, not well-formed, declares a document type or an encoding that expat cannot
    read, or goes beyond the limits above.
    """
    if not raw or raw.isspace():
        raise Unreadable(f"这份记录是空的。{RESEND}")
    if raw.count(b"<") > MARKS_MAX or raw.count(b"=") > MARKS_MAX:
        raise _too_complex("marks")

    parsed = ParsedXml()
    try:
        _parser(parsed).Parse(raw, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise Unreadable(
            f"这份记录不是完整的 XML，第 {error.lineno} 行读不下去。{RESEND}", line=error.lineno, reason=reason
        ) from error
    except (LookupError, ValueError) as error:  # pyexpat's answers to an encoding that it cannot map byte by byte
        raise Unreadable(f"这份记录的文字编码不能识别，应为 UTF-8。{RESEND}", reason="encoding") from error
    return parsed


class ParsedBlock:
    """A ``meta/entity``: path of its container, attributes, labels.

    first, last: the leaves of this very instance of the container are among these, as in a slice; what lies below
    another path is not of it. last is that of the document until the container has ended.
    """

    __slots__ = ("attributes", "container", "first", "labels", "last")

    def __init__(self, container: str, attributes: dict[str, str], first: int) -> None:
        self.container, self.attributes = container, attributes
        self.labels: list[str] = []
        self.first, self.last = first, sys.maxsize


class ParsedXml:
    """What one pass over a document has found, and the callbacks of expat that find it."""

    __slots__ = (
        "block_label", "blocks", "ends", "leaf_open", "leaves", "open_blocks", "path_chars", "paths", "root", "texts",
    )  # fmt: skip

    def __init__(self) -> None:
        self.root: dict[str, str] = {}
        self.leaves: list[tuple[str, str]] = []
        self.blocks: list[ParsedBlock] = []
        self.open_blocks: list[ParsedBlock] = []  # whose container has not ended, the innermost last
        self.ends: dict[str, int] = {}  # how many leaves there were when the last branch of this path ended
        self.block_label = ""
        self.paths: list[str] = []
        self.path_chars = 0
        self.texts: list[str] = []
        self.leaf_open = False

    def start(self, name: str, attributes: list[str]) -> None:
        paths = self.paths
        if not paths:
            self.root = _by_local_name(attributes)
            paths.append("")
            return
        local = name.rpartition(":")[2]
        parent = paths[-1]
        path = f"{parent}/{local}" if parent else local
        paths.append(path)
        self.path_chars += len(path)
        if len(paths) > DEPTH_MAX or self.path_chars > PATH_CHARS_MAX:
            raise _too_complex("depth" if len(paths) > DEPTH_MAX else "paths")
        self.texts.clear()
        self.leaf_open = True
        if local == "entity" and (parent == "meta" or parent.endswith("/meta")):
            container = parent[: -len("/meta")]
            block = ParsedBlock(container, _by_local_name(attributes), self.ends.get(container, 0))
            self.blocks.append(block)
            self.open_blocks.append(block)
            self.block_label = f"{path}/label"

    def end(self, _name: str) -> None:
        path = self.paths.pop()
        if self.leaf_open:
            text = "".join(self.texts)
            self.leaves.append((path, text))
            self.leaf_open = False
            if path == self.block_label:
                self.blocks[-1].labels.append(text)
            return
        while self.open_blocks and self.open_blocks[-1].container == path:
            self.open_blocks.pop().last = len(self.leaves)
        self.ends[path] = len(self.leaves)

    def doctype(self, *_declared: object) -> None:
        raise Unreadable(f"这份记录带有 DTD 声明，服务器不接收这种 XML。{RESEND}", reason="doctype")


def _parser(parsed: ParsedXml) -> expat.XMLParserType:
    # The result holds no parser, or each submission would leave a cycle for the garbage collector.
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = parsed.start
    parser.EndElementHandler = parsed.end
    parser.CharacterDataHandler = parsed.texts.append
    parser.StartDoctypeDeclHandler = parsed.doctype
    return parser


def _by_local_name(attributes: list[str]) -> dict[str, str]:
    """Return expat's flat name, value, name, … by local name; where two share one, that without a prefix counts."""
    found: dict[str, str] = {}
    for name, value in zip(attributes[::2], attributes[1::2], strict=True):
        prefix, colon, local = name.rpartition(":")
        if not colon:
            found[name] = value
        elif prefix != "xmlns":
            found.setdefault(local, value)
    return found


def _too_complex(limit: str) -> Unreadable:
    return Unreadable("这份记录的层次或条目太多，服务器不能读取。请分成几份填写后发送。", limit=limit)
