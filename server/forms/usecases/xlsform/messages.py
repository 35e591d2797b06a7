"""Translates the errors and warnings of pyxform into Chinese, each with its cure; what is rare stays in English."""

from __future__ import annotations

import re
from typing import NamedTuple

from server.forms.domain.definitions import Fault


class _Translation(NamedTuple):
    pattern: str
    message: str
    cure: str
    sheet: str | None = None


def translated(code: str | None, original: str) -> Fault:
    """Return an error of pyxform as a fault.

    code: name of pyxform's ErrorCode, where it has one; or ``memory`` or ``hostile`` from the child process.
    original: pyxform's message; row, sheet and column are read out of it (``[row : 5] On the 'survey' sheet…``).
    """
    if code in _ENDED:
        return _ENDED[code]
    found = next((each for each in _TRANSLATIONS if re.search(each.pattern, original, re.IGNORECASE)), _UNKNOWN)
    row = re.search(r"\[row : (\d+)\]", original)
    sheet = re.search(r"(?:On the|for sheet:|named) '(survey|choices|settings|entities)'", original)
    column = re.search(r"the '(\w+)' value", original)
    return Fault(
        message=f"{found.message}（pyxform：{original.strip()}）",
        cure=found.cure,
        sheet=sheet[1] if sheet else ("survey" if row else found.sheet),
        row=int(row[1]) if row else None,
        column=column[1] if column else None,
    )


_ENDED = {
    "memory": Fault("表单太大，转换时内存不够。", "请把大的选项表放到外部 CSV 名单中，或把表单拆小。"),
    "hostile": Fault(
        "这个工作簿 (.xlsx) 的内容不正常：展开后过大，或带有 DTD。", "请用 Excel 或 WPS 重新另存为 .xlsx，再上传。"
    ),
}
_UNKNOWN = _Translation("", "表单转换不成功。", "请按括号里的英文提示修改；不明白时把它发给管理员。")
_TRANSLATIONS = (
    _Translation(
        r"no name", "有问题或分组没有名称 (name)。", "请在这一行填写 name：字母开头，只用英文字母、数字和下划线。"
    ),
    _Translation(r"no type", "有一行没有题型 (type)。", "请在这一行填写 type，例如 text、integer、select_one。"),
    _Translation(
        r"Unknown question type", "题型 (type) 写错了。", "请改为 ODK 支持的题型，注意拼写和下划线。", "survey"
    ),
    _Translation(r"has no label or hint", "问题没有显示文字 (label)。", "请在这一行填写 label。", "survey"),
    _Translation(
        r"external_choices sheet",
        "表单用了 select_one_external，却没有 external_choices 表。",
        "请增加 external_choices 表，写明 list_name、name、label；或改用 select_one_from_file，并附上 CSV 名单。",
        "survey",
    ),
    _Translation(
        r"must be unique within their nearest parent|multiple survey elements named",
        "问题名 (name) 重复。",
        "同一分组内的 name 不能重复，请改名。",
    ),
    _Translation(
        r"Reference variables must contain a name|no survey element named",
        "引用了不存在的问题名。",
        "请检查 ${…} 里的名字，要与 survey 表的 name 完全一样。",
    ),
    _Translation(
        r"Reference variables? ?.*must start|names must be unique anywhere",
        "引用 ${…} 写得不对，或所引用的名字出现了多次。",
        "请检查 ${…} 的写法，并让被引用的 name 在整张表里只出现一次。",
    ),
    _Translation(
        r"'meta' is reserved|name 'meta'",
        "名称 meta 留给表单自己的资料，不能用作问题或分组的名字。",
        "请改名，例如 meta_1，并改掉所有引用它的 ${…} 和路径。",
    ),
    _Translation(
        r"Names must begin with", "名称 (name) 里有不允许的字符。", "请用英文字母或下划线开头，不要有空格和中文。"
    ),
    _Translation(
        r"List name not in", "选项表里没有这个选项组 (list_name)。", "请在 choices 表补上这个 list_name，或改正拼写。"
    ),
    _Translation(
        r"no choices sheet|choices sheet has the",
        "缺少选项表 (choices)。",
        "请增加 choices 表，写明 list_name、name、label。",
    ),
    _Translation(r"Choice names must be unique", "同一选项组里选项值 (name) 重复。", "请改成不同的 name。"),
    _Translation(
        r"Choices should have a label|Choices must have a name", "选项缺少 name 或 label。", "请在这一行补上。"
    ),
    _Translation(
        r"Choice names with spaces",
        "多选题的选项值 (name) 里有空格。",
        "请去掉 name 里的空格，可用下划线代替。",
        "choices",
    ),
    _Translation(r"Missing calculation", "计算题没有写算式 (calculation)。", "请在这一行填写 calculation。"),
    _Translation(
        r"Unmatched",
        "分组的 begin 与 end 没有配对。",
        "请补上缺少的 begin_group / end_group 或 begin_repeat / end_repeat。",
    ),
    _Translation(
        r"Duplicate column header|different names for the same column", "有两列的列名相同。", "请删去或改名其中一列。"
    ),
    _Translation(
        r"missing header row|required column headers were not found",
        "缺少列名行，或缺少必需的列。",
        "请让每张表的第一行是列名；survey 表要有 type 和 name。",
    ),
    _Translation(
        r"add an entities sheet|list name .* was not found on the entities sheet",
        "有 save_to 却没有对应的台账 (entities)。",
        "请增加 entities 表并写明 list_name，或删去 save_to。",
    ),
    _Translation(
        r"save_to property .* already assigned",
        "两个问题保存到同一个字段 (save_to)。",
        "请改名或删去其中一个 save_to。",
    ),
    _Translation(
        r"must not be 'name' or 'label'",
        "字段名 (save_to) 是保留的。",
        "请换一个字段名；记录的标签写在 entities 表的 label 里。",
    ),
    _Translation(r"Groups and repeats can't be saved", "分组不能写 save_to。", "请把 save_to 移到分组里的问题上。"),
    _Translation(r"does not have a label", "新建台账记录需要标签 (label)。", "请在 entities 表填写 label。"),
    _Translation(
        r"does not have an 'update_if'", "同时新建和更新时要写 update_if。", "请在 entities 表填写 update_if。"
    ),
    _Translation(r"does not have an 'entity_id'", "更新台账记录要写 entity_id。", "请在 entities 表填写 entity_id。"),
    _Translation(
        r"must be prefixed with the entity 'list_name'",
        "有多个台账时，save_to 没有写明是哪个台账的字段。",
        "请写成“台账名#字段名”，例如 households#door。",
    ),
    _Translation(
        r"may have only one entity declaration",
        "同一层（表单、分组或循环）只能写一个台账。",
        "请把其中一个台账的问题放进它自己的 begin_group 或 begin_repeat。",
    ),
    _Translation(
        r"not compatible with this 'save_to' reference",
        "一个台账的 save_to 分散在不同的循环里，一条记录不知道取哪一次的答案。",
        "请把它们放进同一个循环；别处的答案用 calculate 抄到循环里再保存，并检查 # 前面的台账名。",
    ),
    _Translation(
        r"not compatible with the variable reference",
        "entities 表的 label 或条件引用了另一个循环里的问题。",
        "请引用与 save_to 同一个循环里的问题；别处的答案用 calculate 抄进来再引用。",
    ),
    _Translation(r"at most one '#'", "save_to 里的 # 写了两次。", "请写成“台账名#字段名”，例如 households#door。"),
    _Translation(
        r"must not have any duplicate names", "entities 表里有两行台账名 (list_name) 相同。", "请改名或删去其中一行。"
    ),
    _Translation(
        r"Entity lists must have a name", "entities 表有一行没有台账名 (list_name)。", "请在这一行填写 list_name。"
    ),
    _Translation(
        r"must not begin with two underscores",
        "名称以两个下划线开头，这是留给手机自己用的。",
        "请改名，不要以 __ 开头。",
    ),
    _Translation(r"must not contain a period", "名称里有点号 (.)。", "请去掉点号，可用下划线代替。"),
    _Translation(
        r"must not be the same as the survey root",
        "循环 (repeat) 与表单的根同名（默认是 data）。",
        "请把循环改名，或在 settings 表另写一个 name。",
    ),
    _Translation(r"Repeat names must unique", "两个循环 (repeat) 的名称 (name) 相同。", "请把其中一个改名。"),
    _Translation(
        r"must have a comma between each variable", "几个引用 ${…} 之间没有逗号。", "请在每两个之间写一个英文逗号。"
    ),
    _Translation(
        r"must be in the form of 'key1=value1",
        "parameters 写得不对。",
        "请写成 名称=值，几个之间用空格隔开，等号两边不留空格，例如 max-pixels=1600。",
    ),
    _Translation(
        r"accepted parameter keys for this question type",
        "parameters 里有这种题型不认的名称。",
        "请按括号里列出的名称改正拼写，或删去。",
    ),
    _Translation(
        r"-accuracy' parameter must",
        "坐标题的精度参数要是数（allow-mock-accuracy 是 true 或 false）。",
        "请改正 parameters。",
    ),
    _Translation(
        r"'incremental' parameter may either",
        "geotrace、geoshape 的 incremental 只能写 true。",
        "请改正，或删去这个参数。",
    ),
    _Translation(
        r"'reference-geometry' parameter must",
        "参数 reference-geometry 没有对应的选项组或问题。",
        "请写 choices 表里的 list_name，或 ${问题名}。",
    ),
    _Translation(
        r"For the 'range' question type",
        "range 题的 parameters 不合理：起点、终点、步长或刻度对不上。",
        "请检查 start、end、step 等参数，例如 start=0 end=10 step=1；步长不能为 0，也不能超过起点到终点。",
    ),
    _Translation(
        r"Column headers must not be empty", "choices 表有列名是空的或含空格。", "请改列名，或删去这一列。", "choices"
    ),
    _Translation(
        r"'entities' sheet, one or more column names are invalid",
        "entities 表有不认识的列。",
        "请改正拼写或删去这一列。",
    ),
    _Translation(
        r"should end with one of", "外部名单的文件名不对。", "select_one_from_file 后面要写文件名，例如 areas.csv。"
    ),
    _Translation(
        r"not recognized as a supported type|not appear to be a valid XLSForm|Error reading"
        r"|not a zip file|codec can't decode|-endian\" marker|^list index out of range$",
        "文件不是能读的 XLSForm。",
        "请确认扩展名与内容一致，文件没有损坏，并且有 survey 表。",
    ),
    _Translation(
        r"DefinitionData\.__init__\(\) got an unexpected keyword argument",
        "CSV 里没有写哪些行是哪张表。",
        "请在第一列写表名 (survey、choices、settings)，下一行起从第二列写列名和内容；或改传 .xlsx。",
    ),
    _Translation(
        r"similar names were found|sheet named 'survey'|survey sheet", "找不到 survey 表。", "请把工作表命名为 survey。"
    ),
)

_SAID = (
    (r"Use the max-pixels parameter", "照片没有限制大小；请在 parameters 写 max-pixels=1600，弱信号下才送得出去。"),
    (r"Choices should have a label", "选项没有显示文字 (label)，手机上是空白的；请补上。"),
    (r"Column headers must not be empty", "choices 表有列名是空的或含空格，手机读不到那一列；请改列名或删去。"),
    (
        r"'name' value '(?P<what>[^']*)' is problematic.*case-insensitive",
        "问题名“{what}”与另一个只差大小写，导出后容易弄混；请改名。",
    ),
    (r"(?P<what>Group|Repeat) has no label", "分组没有标题 (label)，手机上看不出在填哪一部分；请补上。"),
    (r"'disabled' column header", "disabled 列已不再使用；请改用 relevant。"),
    (r"without name, text, or label is being skipped", "这一行没有 type、name 和 label，已跳过；不需要时请删去。"),
    (r"(?P<what>\w+) is no longer supported on most devices", "{what} 在多数手机上已取不到；请删去这一行。"),
    (
        r"select one external is only meant",
        "select_one_external 要和 choice_filter 一起用；请补上。",
    ),
    (r"form_id and id_string column headers are both", "settings 表同时有 form_id 和 id_string；请只留 form_id。"),
    (
        r"do not contain valid machine-readable codes: (?P<what>.*)\. Learn",
        "语言“{what}”没有写语言代码，手机不会按系统语言自动选用；请写成 中文 (zh)、English (en)。",
    ),
    (
        r"uses or_other and translations",
        "or_other 与多种语言一起用时，“其他”不会翻译；请自己写这个选项。",
    ),
    (r"similar names", "有一张工作表的名字像是写错了，没有读它；请改成 survey、choices、settings 或 entities。"),
)
_LANGUAGE = re.compile(
    r"Language '(?P<language>[^']+)' is missing the (?P<sheet>\w+) "
    r"(?:columns (?P<several>[^.\n]+)|(?P<one>\S+) column)\."
)


def said_in_chinese(original: str) -> str:
    """Return a warning of pyxform as a Chinese sentence with the row it is about, where it names one."""
    row = re.match(r"\[row : (\d+)\]", original)
    sheet = re.search(r"On the '(\w+)' sheet", original)
    place = f"{sheet[1] if sheet else 'survey'} 表第 {row[1]} 行：" if row else ""
    missing = [
        f"语言“{each['language']}”在 {each['sheet']} 表缺少 {(each['one'] or each['several']).replace(', ', '、')} 列"
        for each in _LANGUAGE.finditer(original)
    ]
    if missing:
        return f"{'；'.join(missing)}；手机换到这种语言时那里是空的，请补上。"
    for pattern, sentence in _SAID:
        found = re.search(pattern, original, re.DOTALL)
        if found:
            return place + sentence.format(**found.groupdict())
    return f"{place}转换工具提醒（pyxform）：{original}"


def is_about_languages(original: str) -> bool:
    """Return whether a warning of pyxform names languages that lack a column."""
    return _LANGUAGE.search(original) is not None
