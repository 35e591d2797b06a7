"""Makes wrong files out of right ones, and bounds what the reading of one may cost."""

from __future__ import annotations

import io
import signal
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from hypothesis import strategies as st

CPU_S_MAX = 5.0
"""What one input may cost, in seconds of processor time: far beyond what any needs, since some machines are slow."""

ODD = (
    *(b"\0", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\n\n", b'"', b"'", b",", b";"),
    *(
        b"--",
        b"<",
        b">",
        b"</",
        b"<!DOCTYPE a [",
        b"<!ENTITY x 'y'>",
        b"&x;",
        b"&#0;",
        b"&#xD800;",
        b"<![CDATA[",
        b"]]>",
    ),
    *(
        b"[" * 600,
        b"{" * 600,
        b'{"a":' * 300,
        b"<a>" * 300,
        b"(" * 300,
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"-0",
        b"NaN",
    ),
    *(
        b"9" * 5_000,
        b"0" * 40,
        b"\xc2\xb2",
        b"\xe1\x8d\xa9",
        b"\xe2\x80\xae",
        b"%00",
        b"%",
        b"${",
        b"..",
        b"../",
        b"=",
        b":",
    ),
    *("涞源".encode(), "涞源".encode("gb18030"), "a".encode("utf-16"), b"|" * 40, b" " * 2_000, b"A" * 70_000),
)


class Input(bytes):
    """Bytes of which a report shows the beginning alone."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes: {bytes(self[:100])!r}>"


def mutated(*samples: bytes) -> st.SearchStrategy[bytes]:
    """Draw a sample with up to six edits: parts cut out, repeated or moved, or odd bytes put in; or any bytes."""
    edit = st.tuples(
        st.sampled_from(["cut", "repeat", "move", "odd", "odd", "byte", "end"]),
        st.integers(0, 2**32),
        st.integers(0, 2**32),
        st.one_of(st.sampled_from(ODD), st.binary(max_size=8)),
    )
    edited = st.builds(_edited, st.sampled_from(samples), st.lists(edit, min_size=1, max_size=6))
    return st.one_of(edited, edited, edited, edited, st.binary(max_size=200).map(Input))


def _edited(sample: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    for kind, at, length, odd in edits:
        start = at % (len(sample) + 1)
        end = min(len(sample), start + length % 50)
        part = sample[start:end]
        match kind:
            case "cut":
                sample = sample[:start] + sample[end:]
            case "repeat":
                sample = sample[:start] + part * (1 + length % 20) + sample[end:]
            case "move":
                to = length % (len(sample) + 1)
                sample = sample[:to] + part + sample[to:]
            case "byte":
                sample = sample[:start] + odd[:1] + sample[start + 1 :]
            case "end":
                sample = sample[:start]
            case _:
                sample = sample[:start] + odd + sample[start:]
    return Input(sample)


def mutated_workbook(workbook: bytes) -> st.SearchStrategy[bytes]:
    """Draw an XLSX of which one part is mutated and packed again; or the packed file itself is."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}

    def repacked(name: str, content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for each, kept in parts.items():
                packed.writestr(each, content if each == name else kept)
        return Input(out.getvalue())

    in_part = st.sampled_from(sorted(parts)).flatmap(
        lambda name: st.builds(repacked, st.just(name), mutated(parts[name]))
    )
    return st.one_of(in_part, in_part, in_part, mutated(workbook))


class TakesTooLong(Exception):
    """An input takes its reader more processor time than ``CPU_S_MAX``."""


@contextmanager
def judged(content: bytes) -> Iterator[None]:
    """Stop what takes too much processor time, and keep the input of whatever is raised, so that it can be looked at.

    Raises TakesTooLong, which no reader takes for a fault of its input.
    """

    def stop(*_: object) -> None:
        raise TakesTooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_S_MAX)
    try:
        yield
    except Exception as error:
        kept = Path(gettempdir()) / "firegrid-input"
        kept.write_bytes(content)
        error.add_note(f"The input is in {kept}")
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
