"""What ODK Validate says of the mistakes that people make in expressions, and what that means in Chinese, with a cure.

The validator is JavaRosa, the phones' engine: its messages were collected by giving it what people write wrong.
"""

from __future__ import annotations

from typing import NamedTuple


class Phrase(NamedTuple):
    """pattern: of the validator's words. message, cure: in Chinese, with the names of its groups."""

    pattern: str
    message: str
    cure: str


_FUNCTIONS = (
    "area", "checklist", "concat", "contains", "count-non-empty", "date-time", "digest", "distance", "ends-with", "exp",
    "join", "log", "max", "min", "normalize-space", "pi", "position", "pow", "pulldata", "randomize", "starts-with",
    "string-length", "substr", "substring-after", "substring-before", "sum", "translate", "uuid", "weighted-checklist",
)  # fmt: skip
"""Functions that phones know, and that ODK Validate calls unknown where their arguments do not fit."""

PHRASES = (
    Phrase(
        r"[Mm]ismatched brackets or parentheses",
        "算式的括号没有配对。",
        "请补上缺少的括号，或删去多余的；中文括号（）要改成英文的 ()。",
    ),
    # What JavaRosa could not read begins behind a mark of its own, U+034E.
    Phrase(r"\u034e(?P<what>(?i:and|or))\b", "算式里的“{what}”读不懂。", "and、or 请用小写，前后各要有一个值。"),
    Phrase(r"\u034e(?P<what>&&|\|\|)", "手机的算式不认“{what}”。", "“并且”请写 and，“或者”请写 or，前后各留一个空格。"),
    Phrase(r"\u034e%", "手机的算式不认“%”。", "求余数请写 mod，例如 ${{a}} mod 2；百分数请写成小数。"),
    Phrase(r"\u034e!", "手机的算式不认“!”。", "“不是”请写 not(…)，“不等于”请写 !=。"),
    Phrase(r"\u034e:=", "算式里的“:=”读不懂。", "比较是否相等请只写一个 =。"),
    Phrase(r"\u034e(?P<what>[–—−])", "算式里的“{what}”不是减号。", "请改成键盘上的减号 -，前后各留一个空格。"),
    Phrase(r"\u034e(?P<what>[≥≤≠])", "手机的算式不认“{what}”。", "请改成 >=、<= 或 !=。"),
    Phrase(r"\u034e;", "算式里的“;”读不懂。", "函数的参数之间请用英文逗号 , 隔开。"),
    Phrase(
        r"\u034e['\"](?P<what>.{0,20}?)(?= in expression |$)",
        "算式里的引号没有配对：从“{what}”起读不懂。",
        "文字前后都要有同样的英文引号 '。",
    ),
    Phrase(r"\u034e(?P<what>.{1,20}?)(?= in expression |$)", "算式从“{what}”起读不懂。", "请检查这里的符号和写法。"),
    Phrase(r"Bad node|Parse error in XPath path|Unsupported nodeset expression", "算式不完整，或写法不对。", ""),
    Phrase(
        r"cannot handle function '(?P<what>[^']+)'\.? Requires (?P<least>\d+)(?P<more>[\w ]*?) arguments?"
        r" but (?P<given>\d+) provided",
        "函数 {what} 的参数个数不对：要 {least} 个，这里写了 {given} 个。",
        "请补上或删去参数；参数之间用英文逗号隔开。",
    ),
    Phrase(
        r"cannot handle function '(?P<what>[^']+)' requires a field",
        "函数 {what} 的参数要是一个问题。",
        "请写成 {what}(${{问题名}})。",
    ),
    Phrase(
        rf"cannot handle function '(?P<what>{'|'.join(_FUNCTIONS)})'|for function '(?P<which>[^']+)'",
        "函数 {what}{which} 的参数不对：个数或种类不合。",
        "请对照 ODK 的函数说明补上、删去或改正参数；参数之间用英文逗号隔开。",
    ),
    Phrase(
        r"The (?P<what>\S+) function was provided the incorrect number of arguments:\s*(?P<given>\d+)\. "
        r"It expected (?P<least>\d+)",
        "函数 {what} 的参数个数不对：要 {least} 个，这里写了 {given} 个。",
        "请补上或删去参数；参数之间用英文逗号隔开。",
    ),
    Phrase(
        r"cannot handle function '(?P<what>[^']+)'",
        "手机不认识函数 {what}。",
        "请改用 ODK 的函数，注意拼写和大小写，或删去这个算式。",
    ),
    Phrase(
        r"Cycle detected",
        "这些问题的算式互相引用，绕成了一圈{cycle}。",
        "请删去其中一处引用；constraint 里指自己时写一个点 (.)。",
    ),
    Phrase(
        r"The value \"(?P<what>[^\"]*)\" can't be converted to a date",
        "“{what}”不是日期。",
        "日期请写成 '2026-11-24'。",
    ),
    Phrase(
        r"This field is repeated",
        "算式引用了循环 (repeat) 里的问题，那里有几个答案。",
        "请用 sum(…)、count(…)、join(…) 合成一个，或用 indexed-repeat(…) 指明第几个。",
    ),
    Phrase(
        r"not a nodeset",
        "函数 sum、count、min、max、join 一类要的是循环里的问题，这里给的是一个值。",
        "请改为循环里的问题，例如 sum(${{数量}})。",
    ),
    Phrase(
        r"indexed-repeat\(\): parameter",
        "indexed-repeat 的第二个参数要是第一个问题所在的循环。",
        "请写成 indexed-repeat(${{循环里的问题}}, ${{循环名}}, 第几个)。",
    ),
    Phrase(
        r"function '(?P<what>\w+)' received a value that does not represent GPS",
        "函数 {what} 收到的不是坐标。",
        "请给它 geopoint、geotrace 或 geoshape 问题。",
    ),
    Phrase(
        r"unsupported construct \[(?P<what>[^\]]*)\]",
        "手机不支持这种写法：{what}。",
        "请换一种 ODK 支持的写法，或删去这个算式。",
    ),
    Phrase(
        r"Invalid XPath in value set action declaration: '(?P<what>[^']*)",
        "默认值或算式“{what}”读不懂。",
        "请检查这里的符号、引号和括号；如果是文字而不是算式，前后请加英文引号。",
    ),
)
