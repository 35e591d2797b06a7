"""Converts XLSForms in a process of its own, so that a hostile workbook can only harm that process.

Started by ``xlsform``:
``python -m server.forms.usecases.xlsform.child_process MEMORY_BYTES CPU_S TYPE OFFER FOLDER…``.
Reads each ``FOLDER/source``, leaves ``FOLDER/result.json``: ``{xform, warnings, sheets, itemsets, taken}`` or
``{error}``, with ``further`` errors where there are more.
"""

from __future__ import annotations

import errno
import json
import re
import resource
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from server.forms.usecases.xlsform.sheets import plain_language

UNPACKED_BYTES_MAX = 60_000_000
PACKED_FILES_MAX = 500
RESULT_BYTES_MAX = 40_000_000
MESSAGE_CHARS_MAX = 1_000
"""What is told of one message of the tool."""

FURTHER_MOST = 20
"""Rows without which the tool is asked again: more are told another time."""

_ROW, _SHEET = re.compile(r"\[row : (\d+)\]"), re.compile(r"On the '(\w+)' sheet")
_QUOTED = re.compile(r"'([^']*)'")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SHEETS = ("survey", "choices", "settings", "entities")


class HostileWorkbook(Exception):
    """The workbook is built to exhaust its reader; the message says how."""


def main(folder: Path, file_type: str, offered: Mapping[str, str]) -> None:
    """Convert ``folder/source`` and write the outcome beside it; nothing is raised for a bad form."""
    source = (folder / "source").read_bytes()
    try:
        if file_type in {".xlsx", ".xlsm"}:
            refuse_bombs(folder / "source")
        outcome = converted(source, file_type, offered)
    except (MemoryError, ImportError):  # a library that no longer fits does not load
        outcome = {"error": {"code": "memory", "message": ""}}
    except HostileWorkbook as error:
        outcome = {"error": {"code": "hostile", "message": str(error)}}
    except Exception as error:
        outcome = {"error": _error_of(error)}
    with (folder / "result.json").open("w", encoding="utf-8") as file:
        json.dump(outcome, file, ensure_ascii=False)


def refuse_bombs(workbook: Path) -> None:
    """Raise HostileWorkbook when the zip unpacks to too much, or a part of it brings a DTD.

    Sizes are those that the zip states; the reader never unpacks more than it stated.
    """
    with zipfile.ZipFile(workbook) as packed:
        parts = packed.infolist()
        if len(parts) > PACKED_FILES_MAX:
            raise HostileWorkbook(f"{len(parts)} parts")
        if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
            raise HostileWorkbook("unpacks to too many bytes")
        for part in parts:
            content = packed.read(part)
            if any("<!DOCTYPE".encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
                raise HostileWorkbook(f"DTD in {part.filename}")


def converted(source: bytes, file_type: str, offered: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what ``result.json`` is to hold for this source, without any limit on the work.

    offered: ``form_id`` and ``version`` for a form that does not state them.
    """
    from pyxform.xls2json_backends import get_xlsform
    from pyxform.xls2xform import convert

    warnings: list[str] = []
    # Bytes, never str: pyxform takes a str for a path first.
    workbook = get_xlsform(source, file_type=file_type)
    taken = _take_offer(workbook, offered or {})
    sheets = _sheets(workbook)
    language = plain_language(sheets["headers"])  # for pyxform: a setting of the form goes before it
    try:
        result = convert(asdict(workbook), warnings=warnings, default_language=language)
    except (MemoryError, ImportError):  # pragma: no cover - comes only under the child's own limit
        raise
    except Exception as error:
        return {"error": _error_of(error), "further": _further(asdict(workbook), error, language), "sheets": sheets}
    said = [_shortened(each) for each in warnings]
    return {"xform": result.xform, "warnings": said, "sheets": sheets, "itemsets": result.itemsets, "taken": taken}


def _further(workbook: dict[str, Any], error: Exception, language: str | None) -> list[dict[str, Any]]:
    """Return what else the tool finds: it stops at the first row that it refuses, and is asked again without it.

    A row goes on as a plain question of its name, so that what refers to it still finds it. Where a group begins or
    ends nothing can stand in its place, and the tool is not asked again. Where it names no row, it may have missed the
    choices as a whole: the tool goes on without the questions that choose.
    """
    from pyxform.xls2xform import convert

    found: list[dict[str, Any]] = []
    rows = workbook["survey"] = [dict(row) for row in workbook.get("survey") or []]
    for _ in range(FURTHER_MOST):
        made = [_made_plain(rows, at) for at in _stumbled_over(rows, str(error))]
        if not any(made):
            break
        try:
            convert(workbook | {"survey": [dict(row) for row in rows]}, warnings=[], default_language=language)
        except (MemoryError, ImportError):  # pragma: no cover - comes only under the child's own limit
            raise
        except Exception as next_error:
            error = next_error
            found.append(_error_of(error))
        else:
            break
    return found


def _stumbled_over(rows: list[dict[Any, Any]], message: str) -> list[int]:
    """Return the places in ``rows`` that an error is about: by its row, or by the type that it quotes.

    Where it says neither, they are those of the questions that choose.
    """
    sheet, row = _SHEET.search(message), _ROW.search(message)
    if sheet is not None and sheet[1] != "survey":
        return []
    if row is not None:
        return [at] if 0 <= (at := int(row[1]) - 2) < len(rows) else []
    types = [str(each.get("type") or "") for each in rows]
    quoted = {text for text in _QUOTED.findall(message) if text}
    return [at for at, type in enumerate(types) if type in quoted] or [
        at for at, type in enumerate(types) if type.startswith(("select", "rank"))
    ]


def _made_plain(rows: list[dict[Any, Any]], at: int) -> bool:
    """Put a plain question in the place of a row; say whether one can stand there that did not already."""
    row = {str(header).strip().lower(): value for header, value in rows[at].items()}
    kind, name = str(row.get("type") or "").strip().lower(), str(row.get("name") or "").strip()
    labels = {header: value for header, value in rows[at].items() if str(header).strip().lower().startswith("label")}
    if kind.startswith(("begin", "end")):
        return False
    is_taken = any(str(each.get("name") or "").strip() == name for n, each in enumerate(rows) if n != at)
    # A row without a label would be told of as one that lacks it, under the name that it is given here.
    labels = labels if any(str(value or "").strip() for value in labels.values()) else {"label": kind or "text"}
    plain = {**labels, "type": "text", "name": f"row_{at + 2}" if is_taken or not _NAME.fullmatch(name) else name}
    changed, rows[at] = plain != rows[at], plain
    return changed


def _take_offer(workbook: Any, offered: Mapping[str, str]) -> list[str]:
    """Fill in the settings that a form lacks, in place; return which. workbook: pyxform's DefinitionData."""
    first, *others = [dict(row) for row in workbook.settings or [{}]]
    stated = {_normalized(header) for header, value in first.items() if str(value or "").strip()}
    taken = [name for name, value in offered.items() if value and not stated & {name, *_OTHER_NAMES.get(name, ())}]
    if taken:
        filled = {header: value for header, value in first.items() if _normalized(header) not in taken}
        workbook.settings = [filled | {name: offered[name] for name in taken}, *others]
        workbook.settings_header = [dict.fromkeys(workbook.settings[0])]
    return taken


def _normalized(header: Any) -> str:
    return str(header).strip().lower().replace(" ", "_")


_OTHER_NAMES = {"form_id": ("id_string", "set_form_id")}


def _sheets(workbook: Any) -> dict[str, Any]:
    headers, rows = {}, {}
    for sheet in _SHEETS:
        written = getattr(workbook, f"{sheet}_header") or []
        if written:
            headers[sheet] = [str(header) for header in written[0] if header not in {None, "None"}]
        rows[sheet] = [_texts(row, _CODES if sheet == "choices" else None) for row in getattr(workbook, sheet) or []]
    return {"headers": headers, "rows": rows}


_CODES = frozenset({"list_name", "list name", "name", "value"})
"""Columns of choices that our checks read; the sheet may be long, and its labels concern none of them."""


def _texts(row: dict[Any, Any], wanted: frozenset[str] | None) -> dict[str, str]:
    texts = {str(header): str(value) for header, value in row.items() if value is not None}
    return texts if wanted is None else {header: text for header, text in texts.items() if header.strip() in wanted}


def _error_of(error: Exception) -> dict[str, Any]:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:  # a library whose folder cannot even be listed
        return {"code": "memory", "message": ""}
    code = getattr(error, "code", None)
    return {"code": getattr(code, "name", None), "message": _shortened(str(error) or type(error).__name__)}


def _shortened(said: str) -> str:
    """Return what the tool says without most of a long name or text that it quotes: the server looks for words in it.

    Where patterns begin and end in many places, looking takes the square of the length.
    """
    return said if len(said) <= MESSAGE_CHARS_MAX else f"{said[:MESSAGE_CHARS_MAX]}…"


def _confine(memory_bytes: int, cpu_s: int) -> None:  # pragma: no cover - runs in the child process
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (RESULT_BYTES_MAX, RESULT_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":  # pragma: no cover - runs in the child process
    _confine(int(sys.argv[1]), int(sys.argv[2]))
    for folder in sys.argv[5:]:
        main(Path(folder), sys.argv[3], json.loads(sys.argv[4]))
