"""Reads lists beside a form as the phones' form engine reads them, and says what it would stop at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lxml import etree

from server.errors import FormRefused
from server.forms.domain.definitions import Fault
from server.forms.usecases.lists.csv_reader import read_csv
from server.forms.usecases.lists.list_files import ListFile, ListRow, limited
from server.forms.usecases.xform.xml_parsing import children, parse, text_of

_GEOMETRIES = {"Point": 0, "LineString": 1, "Polygon": 2}
"""What phones can draw, and in how many lists its positions are nested (RFC 7946 §3.1)."""


def read(name: str, content: bytes) -> ListFile:
    """Return the list in the file ``name`` by its ending (``is_list``), with all that is wrong with it."""
    ending = name.lower().rpartition(".")[2]
    return {"csv": read_csv, "geojson": _read_geojson, "xml": _read_xml}[ending](name, content)


def _read_geojson(name: str, content: bytes) -> ListFile:
    """Return a list of GeoJSON features: columns ``geometry``, ``id``, and the properties."""
    try:
        read_in: Any = json.loads(content, parse_constant=_no_number)
    except UnicodeDecodeError:
        return _broken(name, Fault(f"名单 {name} 不是 UTF-8 编码。", "请另存为 UTF-8。", file=name))
    except _NoNumber as error:
        fault = Fault(
            f"名单 {name} 里的 {error} 不是 JSON 的数字，手机读不出。", "请改成数字，或删去这一项。", file=name
        )
        return _broken(name, fault)
    except json.JSONDecodeError as error:
        where = f"第 {error.lineno} 行第 {error.colno} 个字符"
        message = f"名单 {name} 不是完整的 JSON，读到{where}就断了。"
        cure = "请从地图软件重新导出，检查文件是否传完整。"
        return _broken(name, Fault(message, cure, row=error.lineno, file=name))
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        what = "嵌套太深" if isinstance(error, RecursionError) else "有位数太多的数字"
        return _broken(name, Fault(f"名单 {name} 里{what}，手机读不出。", "请从地图软件重新导出。", file=name))
    features = read_in.get("features") if isinstance(read_in, dict) else None
    if not isinstance(features, list) or read_in.get("type") != "FeatureCollection":
        message = f"名单 {name} 最外层不是带有 features 的 FeatureCollection，手机读不出。"
        return _broken(name, Fault(message, "请导出为 GeoJSON 的 FeatureCollection。", file=name))
    rows, faults = [], []
    for number, feature in enumerate(features, 1):
        place = f"第 {number} 个要素 (feature)"
        wrong = _feature_fault(name, place, feature)
        if wrong is None:
            rows.append(ListRow(place, None, _feature_cells(feature)))
        else:
            faults.append(wrong)
    columns = tuple(dict.fromkeys(column for row in rows for column in row.cells))
    return ListFile(name, columns, columns if rows else None, tuple(rows), tuple(limited(faults)))


def _feature_fault(name: str, place: str, feature: Any) -> Fault | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict):
        message = f"名单 {name} {place}没有位置 (geometry)，手机打不开表单。"
        return Fault(message, "请补上位置，或删去这个要素。", column="geometry", file=name)
    if geometry.get("type") not in _GEOMETRIES:
        message = f"名单 {name} {place}的位置是 {geometry.get('type')}，手机只认点、线、面。"
        return Fault(message, f"请改成 {'、'.join(_GEOMETRIES)} 之一，多部分的要拆开。", column="geometry", file=name)
    if not _is_drawn(geometry.get("coordinates"), _GEOMETRIES[geometry["type"]]):
        message = f"名单 {name} {place}的坐标 (coordinates) 不成{geometry['type']}，手机打不开表单。"
        return Fault(message, "请从地图软件重新导出，坐标是 [经度, 纬度]。", column="coordinates", file=name)
    properties = feature.get("properties") or {}
    if feature.get("type") != "Feature" or not isinstance(properties, dict):
        message = f"名单 {name} {place}不是带有 properties 的 Feature，手机打不开表单。"
        return Fault(message, '请写成 {"type": "Feature", "geometry": …, "properties": {…}}。', file=name)
    nested = [key for key, value in properties.items() if isinstance(value, dict | list)]
    if nested:
        message = f"名单 {name} {place}的属性 {nested[0]} 里还有一层，手机读不出。"
        return Fault(message, "请把这个属性改成文字或数字，或删去它。", column=nested[0], file=name)
    return None


def _is_drawn(coordinates: Any, depth: int) -> bool:
    if not isinstance(coordinates, list) or not coordinates:
        return False
    if depth:
        return all(_is_drawn(each, depth - 1) for each in coordinates)
    return len(coordinates) >= 2 and all(isinstance(each, int | float) for each in coordinates)


class _NoNumber(ValueError):
    """A word that JSON does not have: ``NaN``, ``Infinity``."""


def _no_number(word: str) -> float:
    raise _NoNumber(word)


def _feature_cells(feature: Mapping[str, Any]) -> dict[str, str]:
    properties = {key: "" if value is None else str(value) for key, value in (feature.get("properties") or {}).items()}
    named = {"id": str(feature["id"])} if feature.get("id") is not None else {}
    return {"geometry": "", **properties, **named}


def _read_xml(name: str, content: bytes) -> ListFile:
    """Return a list in XML: ``root`` with an ``item`` for each row and an element for each cell."""
    try:
        root = parse(content, f"名单 {name} ")
    except FormRefused as error:
        errors: Any = error.data["errors"]
        return _broken(name, Fault(errors[0]["message"], errors[0]["cure"], file=name))
    items = children(root, "item") if etree.QName(root).localname == "root" else []
    if not items and len(root):
        message = f"名单 {name} 的最外层要是 root，里面每一项是 item，手机才读得出。"
        return _broken(
            name, Fault(message, "请写成 <root><item><name>…</name><label>…</label></item></root>。", file=name)
        )
    rows = [ListRow(f"第 {number} 个 item", None, _item_cells(item)) for number, item in enumerate(items, 1)]
    columns = tuple(dict.fromkeys(column for row in rows for column in row.cells))
    return ListFile(name, columns, columns if rows else None, tuple(rows))


def _item_cells(item: etree._Element) -> dict[str, str]:
    return {etree.QName(cell).localname: text_of(cell) for cell in item}


def _broken(name: str, fault: Fault) -> ListFile:
    return ListFile(name, faults=(fault,))
