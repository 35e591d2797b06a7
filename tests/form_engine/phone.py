"""A phone for tests: fills the forms on JavaRosa, the engine of ODK Collect, from the jar that pyxform ships."""

from __future__ import annotations

import base64
import csv
import io
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyxform
from lxml import etree

import kobo_forms
from tests.forms.xforms import ENTITIES, NAMESPACES, xform

JAR = Path(pyxform.__file__).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
FIXTURES = Path(__file__).parent / "fixtures"
TODAY = date(2026, 11, 24)

Rows = list[dict[str, str]]


class Misplayed(Exception):
    """The answers do not fit what the form asks."""


@dataclass(frozen=True)
class Filled:
    """What a form held when it was finished, or the question that would not let it finish."""

    form: str
    asked: Mapping[str, tuple[str, ...]]
    refused_at: str | None = None
    xml: bytes = b""

    def __getitem__(self, name: str) -> str | None:
        """Return an answer by the question's name; None where the form left it out."""
        found = self._root.xpath(f"//*[local-name() = '{name}']")
        return None if not found else found[0].text or ""

    @property
    def entity(self) -> Mapping[str, str]:
        return dict(self._root.xpath("//*[local-name() = 'entity']")[0].attrib)

    @property
    def label(self) -> str:
        return self._root.xpath("string(//*[local-name() = 'entity']/*[local-name() = 'label'])")

    @property
    def saved(self) -> dict[str, str]:
        """Return the properties that the server would read, with what the form left out left out."""
        properties: dict[str, str] = {}
        for bind in xform(self.form).all("//x:bind[@entities:saveto]"):
            found = self._root.xpath(bind.get("nodeset"), namespaces=NAMESPACES)
            if found:
                properties[bind.get(f"{{{ENTITIES}}}saveto")] = found[0].text or ""
        return properties

    @property
    def _root(self) -> etree._Element:
        assert self.xml, f"{self.form} could not be finished: {self.refused_at}"
        return etree.fromstring(self.xml)


@dataclass
class Phone:
    """One phone with its lists; ``change`` gives it another list, as a download would."""

    engine: subprocess.Popen[bytes]
    folder: Path
    changes: dict[str, Callable[[Rows], Rows]] = field(default_factory=dict)

    def change(self, file_name: str, how: Callable[[Rows], Rows]) -> None:
        self.changes[file_name] = how

    def fill(self, name: str, *, draft: Filled | None = None, last: Filled | None = None, **answers: str) -> Filled:
        """Fill the form ``name``, or go on with ``draft``; ``last`` is what this form was sent with before."""
        media = self._media(name)
        path = self.folder / f"{name}.xml"
        path.write_text(xform(name).xml, encoding="utf-8")
        resumed = self.folder / "draft"
        resumed.write_bytes(draft.xml if draft else b"")
        (media / "last-saved.xml").unlink(missing_ok=True)
        if last:
            (media / "last-saved.xml").write_bytes(last.xml)
        self._say("play", str(path), str(media), str(resumed) if draft else "-")
        for question, value in answers.items():
            self._say("answer", question, value)
        self._say("end")
        return self._heard(name)

    def play(self, xml: bytes, media: Mapping[str, bytes], *lines: tuple[str, str, str]) -> Filled:
        """Fill any form to its end. media: the files beside it. lines: ``answer`` and ``more`` of ``Player.java``."""
        folder = self.folder / "any"
        folder.mkdir(exist_ok=True)
        for name, content in media.items():
            (folder / name).write_bytes(content)
        path = self.folder / "any.xml"
        path.write_bytes(xml)
        self._say("play", str(path), str(folder), "-")
        for line in lines:
            self._say(*line)
        self._say("end")
        return self._heard("any")

    def _media(self, name: str) -> Path:
        media = self.folder / name
        media.mkdir(exist_ok=True)
        files = kobo_forms.media(name, TODAY) | {path.name: path.read_bytes() for path in FIXTURES.glob("*.csv")}
        for file_name, content in files.items():
            if file_name in self.changes:
                content = _rewritten(content, self.changes[file_name])
            (media / file_name).write_bytes(content)
        return media

    def _say(self, *cells: str) -> None:
        assert self.engine.stdin is not None
        self.engine.stdin.write(("\t".join(cells) + "\n").encode())
        self.engine.stdin.flush()

    def _heard(self, name: str) -> Filled:
        assert self.engine.stdout is not None
        asked: dict[str, tuple[str, ...]] = {}
        outcome = Filled(name, asked)
        for line in iter(self.engine.stdout.readline, b""):
            word, *cells = line.decode().rstrip("\n").split("\t")
            if word == "done":
                return outcome
            if word == "misplayed":
                assert self.engine.stdout.readline() == b"done\n"
                raise Misplayed(cells[0])
            if word == "asked":
                asked[cells[0]] = tuple(cells[1].split())
            elif word == "invalid":
                outcome = Filled(name, asked, refused_at=cells[0])
            elif word == "xml":
                outcome = Filled(name, asked, xml=base64.b64decode(cells[0]))
        raise AssertionError("the form engine ended; run the tests with -s to see why")


def _rewritten(content: bytes, how: Callable[[Rows], Rows]) -> bytes:
    reader = csv.DictReader(io.StringIO(content.decode()))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(reader.fieldnames or ()), lineterminator="\n")
    rows = how(list(reader))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def without(code: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row for row in rows if row["name"] != code]


def with_cells(code: str, **cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | cells if row["name"] == code else row for row in rows]
