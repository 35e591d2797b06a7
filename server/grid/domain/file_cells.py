"""Parses the cells of a grid sheet as people and Excel write them, or says what is wrong and how to correct it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from server import instants
from server.errors import Invalid
from server.grid.domain import areas
from server.grid.domain.areas import Level
from server.instants import Instant

LEVELS = {
    Level.COUNTY: ("county", "县", "县级", "区县", "县区"),
    Level.TOWN: ("town", "乡镇", "镇", "乡", "街道", "乡级", "大网格"),
    Level.VILLAGE: ("village", "村", "社区", "村社区", "村/社区", "村(社区)", "村级", "中网格"),
    Level.UNIT: ("unit", "单元", "单元网格", "小网格"),
}
NAME_LENGTH_MAX = 100
FIRST_YEAR, LAST_YEAR = 1949, 2199

_LEVEL_BY_NAME = {name: level for level, names in LEVELS.items() for name in names}
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]*))?[eE]\+?([0-9]{1,2})")
_DAY = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]00:00(?::00)?)?"
    r"|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_TEXT_FORMAT = "在 Excel 里先把这一列设为“文本”格式，再填写完整代码"


def invalid(reason: str, cure: str, **data: object) -> Invalid:
    """Return the refusal that gives ``reason`` and ``cure`` in one sentence and keeps both apart in its data."""
    return Invalid(f"{reason}；{cure}。", reason=reason, cure=cure, **data)


def code(written: str) -> str:
    """Return the full code that a cell names; ``130630100201.0`` is a code that Excel took for a number.

    Raises Invalid with reason and cure, above all when Excel has rounded the digits away (``1.3063E+11``).
    """
    digits = unicodedata.normalize("NFKC", written).strip().removeprefix("'").removesuffix(".0")
    scientific = _SCIENTIFIC.fullmatch(digits)
    if scientific:
        first, rest, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        if len(rest) != exponent:  # fewer digits than the number had: which village it was cannot be known
            raise invalid("Excel 把代码变成了科学计数，末尾的数字已丢失", _TEXT_FORMAT)
        digits = first + rest
    try:
        areas.level_of(digits)
    except Invalid:
        raise invalid(
            "不是网格代码", "县6位或12位，乡镇和村12位（如 130630100201），单元15位（村代码加001起的三位序号）"
        ) from None
    return areas.full_code(digits)


def level(written: str) -> Level:
    """Return the level that a word names in Chinese or English. Raises Invalid with reason and cure."""
    stated = unicodedata.normalize("NFKC", written).strip().lower()
    if stated not in _LEVEL_BY_NAME:
        raise invalid("没有这个层级", "填 县、乡镇、村 或 单元，也可以空着，由代码决定")
    return _LEVEL_BY_NAME[stated]


def name(written: str) -> str:
    """Return a name without blanks around it; empty stays empty. Raises Invalid with reason and cure."""
    text = written.strip()
    if "?" in text or "\ufffd" in text:
        raise invalid("名称里有没能保存下来的字（?）", "另存为 UTF-8 格式的 CSV 或 XLSX，再把这个字补上")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text):
        raise invalid("名称里有看不见的控制字符", "删去后重新输入名称")
    if len(text) > NAME_LENGTH_MAX:
        raise invalid(f"名称超过{NAME_LENGTH_MAX}个字", "填写规范名称")
    return text


def day(written: str) -> Instant | None:
    """Return the instant at which the written day begins in Beijing, None for an empty cell.

    Takes 2026-07-01, 2026/7/1, 2026.7.1, 2026年7月1日 and 20260701. Raises Invalid with reason and cure.
    """
    text = unicodedata.normalize("NFKC", written).strip()
    if not text:
        return None
    match = _DAY.fullmatch(text)
    try:
        parts = [int(part) for part in match.groups() if part] if match else []
        named = date(*parts)
    except (TypeError, ValueError):
        raise invalid("不是日期", "写成 2026-07-01 这样的年月日") from None
    if not FIRST_YEAR <= named.year <= LAST_YEAR:
        raise invalid("年份不合理", f"日期应在{FIRST_YEAR}年到{LAST_YEAR}年之间；长期有效就空着")
    return beginning_of(named.isoformat())


def beginning_of(local_day: str) -> Instant:
    """Return the instant at which the Beijing day ``YYYY-MM-DD`` begins."""
    return instants.text(instants.parse(local_day))
