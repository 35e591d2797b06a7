"""Updates the county's dated code table from the CSV files beside the forms; a code keeps its meaning for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import kobo_forms
from server.db.transactions import Transaction
from server.forms.store import codes, forms
from server.forms.store.codes import Code
from server.instants import local_day

CODES_MAX = 5_000
"""A longer list is a register (of places, of people) and not a code list; it goes to phones as it is, unchecked."""

CLOSED_WORDS_MAX = 20
"""A column with more different words is free text."""

_OWN_COLUMNS = ("name", "label", "label_en", "active_from", "active_to", "active")


def install(tx: Transaction) -> None:
    """Put the code lists that come with the product in the place of those that are there."""
    for name in kobo_forms.lists():
        codes.replace_list(tx, name, (_code(name, row, "") for row in kobo_forms.codes(name)))


def update_from_media(tx: Transaction, name: str) -> list[str]:
    """Update the code list ``name`` from the files of that name beside all forms; return warnings in Chinese.

    Of two files that differ the newer one counts. A code that none of them has any more is retired from today on and
    stays known, since phones, drafts and records still hold it (``domain.md`` S19). A file that is no code list
    (without ``name`` and ``label``, or too long) changes nothing.
    """
    written = _codes_in_files(tx, name, local_day(tx.now))
    current = [row for rows in codes.of_list(tx, name).values() for row in rows]
    if not written:
        return []
    yesterday = (date.fromisoformat(local_day(tx.now)) - timedelta(days=1)).isoformat()
    began = {row.code: row.active_from for row in current}
    stated = [
        code if code.active_from else replace(code, active_from=began.get(code.code, ""))
        for code in written.values()
    ]  # fmt: skip
    gone = [row for row in current if row.code not in written]
    ended = [row for row in gone if not row.active_to or row.active_to > yesterday]
    kept = [replace(row, active_to=yesterday) if row in ended else row for row in gone]
    if {*map(_comparable, current)} != {*map(_comparable, (*stated, *kept))}:
        codes.replace_list(tx, name, (*stated, *kept))
    return [*([_warning(name, ended)] if ended else []), *_new_words(name, current, stated)]


def _codes_in_files(tx: Transaction, name: str, today: str) -> Mapping[str, Code]:
    found: dict[str, Code] = {}
    for content in forms.media_named(tx, f"{name}.csv"):
        try:
            rows = kobo_forms.rows(content)
        except kobo_forms.BadCodeList:  # phones can read it, but it has no codes
            return {}
        found |= {row["name"]: _code(name, row, today) for row in rows}
    return found if len(found) <= CODES_MAX else {}


def _code(list: str, row: Mapping[str, str], today: str) -> Code:
    """Return a row of a file. today: a local day; a file without dates may say that a code is not offered on it."""
    ends = row.get("active_to", "")
    if not ends and row.get("active") == "0":
        ends = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    extra = {column: value for column, value in row.items() if column not in _OWN_COLUMNS}
    return Code(list, row["name"], row["label"], row.get("label_en", ""), row.get("active_from", ""), ends, extra)


def _comparable(code: Code) -> tuple[str, ...]:
    columns = (code.code, code.label, code.label_en, code.active_from, code.active_to)
    return (*columns, *(f"{column}={value}" for column, value in sorted(code.extra.items())))


def _new_words(name: str, before: Sequence[Code], now: Iterable[Code]) -> Iterator[str]:
    """Yield a warning for each column of few words that holds one which no row had before.

    Forms compare such columns with words of theirs (``spot_ok = '1'``): 是, TRUE or a misspelt category fits none of
    them, and the code is offered nowhere or treated as another, without a word.
    """
    known: dict[str, set[str]] = {}
    for earlier in before:
        for column, word in earlier.extra.items():
            known.setdefault(column, set()).add(word)
    rows = list(now)
    for column, words in known.items():
        new = [(row.code, word) for row in rows if (word := row.extra.get(column, "")) not in words]
        if new and len(words) <= min(CLOSED_WORDS_MAX, len(before) // 2):
            (code, word), more = new[0], f"等 {len(new)} 行" if len(new) > 1 else ""
            had = "、".join(each or "（空）" for each in sorted(words))
            yield (
                f"名单 {name}.csv 的 {column} 列有从前没有的写法：{code} {more}是“{word or '（空）'}”，从前只有 {had}。"
                "表单按这些写法判断，写法不同的选项可能不出现或处理不同；请核对。"
            )


def _warning(name: str, ended: Iterable[Code]) -> str:
    gone = [f"{code.code} {code.label}" for code in ended]
    listed = "、".join(gone[:5]) + ("等" if len(gone) > 5 else "")
    return (
        f"名单 {name}.csv 不再有 {len(gone)} 个代码（{listed}），已改为停用；已有的记录不变。"
        "手机上的旧草稿会显示不出这个答案；建议把这些行留在名单里，并填写停用日期 (active_to)。"
    )
