"""Reads the rows of a CSV or JSON file that holds records to import."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sync.client.failures import Refused


class Row(NamedTuple):
    """A row of the file. number: line of a CSV file, place in a JSON list, both from 1."""

    number: int
    cells: Mapping[str, object]


def read(path: Path) -> list[Row]:
    """Return the rows of a file whose name ends in .csv or .json. Raises Refused when it cannot be read as such."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".json"):
        raise Refused("文件名应以 .csv 或 .json 结尾 · the file must be .csv or .json")
    text = _text(path.read_bytes())
    rows = list(_csv(text) if kind == ".csv" else _json(text))
    if not rows:
        raise Refused("文件里没有数据行 · there is no row in the file")
    return rows


def _text(content: bytes) -> str:
    """Read UTF-8, or the GB18030 that Excel and WPS write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise Refused("文件编码无法识别，请另存为 UTF-8 · unknown encoding: save the file as UTF-8") from error


def _csv(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        doubled = {name for name in header if header.count(name) > 1}
        if doubled or not any(header):
            raise Refused(
                f"第1行应是列名，且不能重复：{'、'.join(sorted(doubled))} · line 1 must be column names, each once"
            )
        number = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(number, _row(header, cells, number))
            number = reader.line_num + 1
    except csv.Error as error:
        raise Refused(f"第{number}行的引号或逗号不对，请检查 · line {number} is no CSV: {error}") from error


def _row(header: list[str], cells: list[str], number: int) -> dict[str, object]:
    if any(cell.strip() for cell in cells[len(header) :]):
        raise Refused(f"第{number}行的格数比列名多，内容里的逗号要加引号 · line {number} has more cells than columns")
    named = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
    return {name: cell for name, cell in named.items() if cell}


def _json(text: str) -> Iterator[Row]:
    try:
        listed = json.loads(text, object_pairs_hook=_unique_names)
    except ValueError as error:
        raise Refused(f"不是 JSON，或有重复的名字：{error} · not JSON, or a name stands twice") from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Refused("JSON 应是一个列表，每项是一个对象 · the JSON must be a list of objects")
    for number, each in enumerate(listed, 1):
        fields = each.get("fields")
        if isinstance(fields, dict):
            each = {**{name: value for name, value in each.items() if name != "fields"}, **fields}
        yield Row(number, each)


def _unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found
