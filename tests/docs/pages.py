"""Reads the pages of the documentation: their blocks, what a reader types, and what a page says comes of it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$")
STATUS = re.compile(r"\s# (\d{3})(?=[:,; ]|$)")
REFUSED = re.compile(r"\s# refused\b")
PRINTS = re.compile(r"\s# prints ([^;]+)")


@dataclass(frozen=True)
class Block:
    """A fenced block. line: its first line in the page, from 1. not_run: why a reader's shell does not run it."""

    language: str
    line: int
    lines: tuple[str, ...]
    not_run: str | None = None

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class Expected:
    """What a page says of a command: a status of HTTP, a refusal by exit status 1, words that it prints."""

    status: int | None = None
    refused: bool = False
    prints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else self.path.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        inside: list[str] | None = None
        language, reason, before = "", None, ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            if inside is None and line.startswith("```"):
                language, inside = line.removeprefix("```"), []
                marked = NOT_RUN.match(before)
                reason = marked[1] if marked else None
            elif inside is not None and line == "```":
                found.append(Block(language, number - len(inside), tuple(inside), reason))
                inside = None
            elif inside is not None:
                inside.append(line)
            before = line
        return found

    def script(self) -> list[str]:
        """Return what is run, each line at its place in the page, so that bash's line numbers are the page's."""
        lines = [""] * len(self.text.splitlines())
        for block in self.blocks():
            if block.language == "bash" and block.not_run is None:
                lines[block.line - 1 : block.line - 1 + len(block.lines)] = block.lines
        return lines

    def starts(self) -> dict[int, int]:
        """Return, for each line of the script, the line at which its command begins."""
        found: dict[int, int] = {}
        start, command = 0, ""
        for number, line in enumerate(self.script(), start=1):
            start, command = (start, command) if command else (number, "")
            found[number] = start
            command += f"{line}\n"
            if is_whole(command):
                command = ""
        return found

    def expected(self) -> dict[int, Expected]:
        """Return what the comments say, by the line at which their command begins."""
        found: dict[int, Expected] = {}
        starts = self.starts()
        for number, line in enumerate(self.script(), start=1):
            status, printed, refused = STATUS.search(line), PRINTS.search(line), REFUSED.search(line)
            if status or printed or refused:
                words = tuple(part.strip() for part in printed[1].split("…")) if printed else ()
                found[starts[number]] = Expected(
                    int(status[1]) if status else None, refused is not None, tuple(filter(None, words))
                )
        return found


def is_whole(command: str) -> bool:
    """Return whether bash needs no further line to run this."""
    if command.endswith("\\\n"):
        return False
    checked = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr  # a here-document without its end is a warning


@cache
def pages() -> tuple[Page, ...]:
    """Return the pages that people are sent to, the README first."""
    return (Page(ROOT / "README.md"), *map(Page, sorted((ROOT / "docs").glob("*.md"))))
