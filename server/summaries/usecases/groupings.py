"""What a summary can have a row for: an area of a level, a category, a month, or what its cases say of themselves."""

from __future__ import annotations

from enum import StrEnum

from server.grid.domain.areas import Level


class Grouping(StrEnum):
    """What a summary has a row for.

    DEPARTMENT is the one whose business the hazard is, BODY the organisation that has the case, PLACE_TYPE the kind of
    the registered premises it is about.
    """

    TOWN = "town"
    VILLAGE = "village"
    UNIT = "unit"
    CATEGORY = "category"
    MONTH = "month"
    ITEM = "item"
    SEVERITY = "severity"
    RECTIFICATION = "rectification"
    SOURCE = "source"
    DEPARTMENT = "department"
    BODY = "body"
    DEFENCE_LINE = "defence_line"
    PLACE_TYPE = "place_type"


LEVELS = {Grouping.TOWN: Level.TOWN, Grouping.VILLAGE: Level.VILLAGE, Grouping.UNIT: Level.UNIT}
GROUPING_BELOW = {
    Level.COUNTY: Grouping.TOWN,
    Level.TOWN: Grouping.VILLAGE,
    Level.VILLAGE: Grouping.UNIT,
    Level.UNIT: Grouping.UNIT,
}
"""The rows of a query that names none: the level below."""

ROW_TITLES = {
    Grouping.TOWN: "乡镇",
    Grouping.VILLAGE: "村（社区）",
    Grouping.UNIT: "单元",
    Grouping.CATEGORY: "类别",
    Grouping.MONTH: "月份",
    Grouping.ITEM: "隐患",
    Grouping.SEVERITY: "等级",
    Grouping.RECTIFICATION: "整改类型",
    Grouping.SOURCE: "来源",
    Grouping.DEPARTMENT: "主管部门",
    Grouping.BODY: "责任主体",
    Grouping.DEFENCE_LINE: "防线",
    Grouping.PLACE_TYPE: "场所类型",
}

BY_CASE = frozenset(ROW_TITLES) - {*LEVELS, Grouping.CATEGORY, Grouping.MONTH}
"""Rows that no sum is kept for: every case of the period is read, and asked to which it belongs."""
