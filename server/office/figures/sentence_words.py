"""The sentence of the figures and its instants, in the language of their reader."""

from __future__ import annotations

from datetime import date, datetime

from server import instants
from server.instants import BEIJING, Instant
from server.monthly_reports.domain import months
from server.office import pages
from server.summaries.domain import sentences
from server.summaries.usecases import summary_tables
from server.summaries.usecases.closure_summary import Result


def told(result: Result, language: str) -> str:
    """Return the sentence that can be copied, with since when and until when it counts where it counts anything."""
    said = sentence(result, language)
    if result.training or not summary_tables.has_begun(result):
        return said
    return f"{_spoken(result)}，{said}" if language == pages.CHINESE else f"{_spoken_in_english(result)}: {said}"


def sentence(result: Result, language: str) -> str:
    """Return the sentence alone."""
    if language == pages.ENGLISH and result.training:
        return pages.say(language, "练习：这里的内容都不计入统计")
    if language == pages.CHINESE or not summary_tables.has_begun(result):
        return pages.say(language, summary_tables.sentence(result))
    return pages.say(language, sentences.SENTENCE, visited=result.visited, **result.summary.total.counts)


def instant(at: Instant, language: str) -> str:
    """Return an instant to the second, as a sheet that is signed names it."""
    local = instants.parse(at).astimezone(BEIJING)
    if language == pages.CHINESE:
        return f"{_day(local)}{local.hour}时{local.minute:02}分{local.second:02}秒"
    return f"{_english_day(local)}, {local:%H:%M:%S}"


def period(first: date, last: date, language: str) -> str:
    """Return from which day to which a sheet counts."""
    if language == pages.CHINESE:
        year = "" if first.year == last.year else f"{last.year}年"
        return f"{_day(first)}至{year}{last.month}月{last.day}日"
    return f"{_english_day(first)} to {_english_day(last)}"


def month(written: str, language: str) -> str:
    """Return what a month, written as ``2026-04``, is called: 2026年4月; in English as it is written."""
    return months.words(written) if language == pages.CHINESE else written


def _spoken(result: Result) -> str:
    """Return since when and until when the sentence counts: 10月1日至11月29日10时49分."""
    first, at = result.period.first, _until(result)
    if result.over:
        return f"{_day(first)}至{_day(result.period.last)}"
    year = f"{first.year}年" if first.year != at.year else ""
    return f"{year}{first.month}月{first.day}日至{at.month}月{at.day}日{at.hour}时{at.minute:02}分"


def _spoken_in_english(result: Result) -> str:
    if result.over:
        return period(result.period.first, result.period.last, pages.ENGLISH)
    at = _until(result)
    return f"{_english_day(result.period.first)} to {_english_day(at)}, {at:%H:%M}"


def _until(result: Result) -> datetime:
    return instants.parse(result.as_of).astimezone(BEIJING)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _english_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
