"""Renders the office's pages: templates, words in two languages, headers that guard them, times as people read them."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, partial
from gzip import GzipFile
from importlib.resources import files
from io import BytesIO
from typing import Any

from flask import Response, current_app, has_request_context, request
from jinja2 import Environment, PackageLoader, StrictUndefined

from server import instants
from server.forms.store.codes import Code
from server.instants import BEIJING, Instant
from server.office import assets

CHINESE, ENGLISH = "zh", "en"
LANGUAGES = (CHINESE, ENGLISH)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
GUARDS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every page: nothing of another origin is loaded, run, framed or told where one was; no page is stored."""

COMPRESSED_LEAST = 1_000
"""Bytes; a smaller page gains nothing."""

WEEKDAYS = {
    CHINESE: ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@cache
def english() -> Mapping[str, str]:
    """Return the English of every Chinese text of the pages (``english/*.csv``, a file a part of the office)."""
    texts = [each.read_text(encoding="utf-8") for each in files("server.office").joinpath("english").iterdir()]
    return {row["zh"]: row["en"] for text in texts for row in csv.DictReader(text.splitlines())}


def say(language: str, text: str, **values: object) -> str:
    """Return a Chinese text of the pages in ``language``, with ``values`` put in for its ``{names}``.

    What has no English is shown in Chinese: what people typed, names of places, and sentences of the rules.
    """
    said = english().get(text, text) if language == ENGLISH else text
    return said.format(**values) if values else said


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("server.office"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = assets.address
    made.globals["assets_built"] = assets.are_built
    return made


def text(template: str, language: str, values: Mapping[str, Any]) -> str:
    """Return a template in ``language`` with ``values``; the template says ``t("…")`` for each of its own texts."""
    return _environment().get_template(template).render(language=language, t=partial(say, language), **values)


def respond(template: str, language: str, values: Mapping[str, Any], status: int = 200) -> Response:
    """Answer with a page, guarded by its headers.

    A page that answers a form says so: what was typed is not done with. It says whether its address can be opened as
    well: one goes back to it by its address then.
    """
    if has_request_context() and request.method == "POST":
        values = {**values, "answers": True}
    if _answers_a_form_that_can_be_opened():
        values = {**values, "can_be_opened": True}
    return guarded(Response(text(template, language, values), status, content_type="text/html; charset=utf-8"))


def _answers_a_form_that_can_be_opened() -> bool:
    """Say whether this request sent a form whose address can be opened; what is refused at the door is no request."""
    if not has_request_context() or request.method != "POST":
        return False
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(method="GET")


def guarded(response: Response) -> Response:
    """Give an answer of the office its guarding headers."""
    for name, value in GUARDS.items():
        response.headers.setdefault(name, value)
    response.vary.update(("Cookie", "HX-Request"))
    return response


def compress(response: Response) -> Response:
    """Compress a page for a browser that takes it so.

    A name of random length in its head keeps lengths from telling what of an address a page repeats (BREACH).
    """
    response.vary.add("Accept-Encoding")
    is_page = response.mimetype == "text/html" and not response.is_streamed and "ETag" not in response.headers
    takes = request.accept_encodings.quality("gzip") > 0
    if not takes or not is_page or "Content-Encoding" in response.headers:
        return response
    plain = response.get_data()
    if len(plain) >= COMPRESSED_LEAST:
        packed = BytesIO()
        with GzipFile(secrets.token_hex(secrets.randbelow(32) + 1), "wb", 5, packed, mtime=0) as file:
            file.write(plain)
        response.set_data(packed.getvalue())
        response.headers["Content-Encoding"] = "gzip"
    return response


def code_label(code: Code, language: str) -> str:
    """Return what a code is called in ``language``; in Chinese where its list has no English."""
    return (code.label_en if language == ENGLISH else "") or code.label


def moment(instant: Instant, now: Instant) -> str:
    """Return an instant by Beijing's clock: ``10:31`` today, ``11-24 15:34`` this year, else the day."""
    at, today = instants.parse(instant).astimezone(BEIJING), instants.parse(now).astimezone(BEIJING)
    if at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at:%m-%d %H:%M}" if at.year == today.year else f"{at:%Y-%m-%d}"


def day(local: str, now: Instant) -> str:
    """Return a local day ``YYYY-MM-DD`` as pages write it: ``12-05`` in the year of ``now``, else with its year."""
    return local[5:] if local[:4] == instants.local_day(now)[:4] else local


def claimed_moment(value: str, now: Instant) -> str:
    """Return an instant that a phone claims, as ``moment`` does; what it wrote where that is none."""
    try:
        return moment(instants.text(instants.parse(value)), now)
    except ValueError:
        return value


def see_other(address: str) -> Response:
    """Lead on to another page, which is asked for by GET."""
    return guarded(Response(status=303, headers={"Location": address}))


def day_with_weekday(now: Instant, language: str) -> str:
    """Return today as people say it: 11月29日 星期日."""
    today: date = instants.parse(now).astimezone(BEIJING).date()
    weekday = WEEKDAYS[language][today.weekday()]
    return f"{today.month}月{today.day}日 {weekday}" if language == CHINESE else f"{weekday}, {_day_month(today)}"


def days_until(now: Instant, day: str) -> int:
    """Return how many days lie between today and a Beijing day ``2026-12-05``, negative for one that is over."""
    return (date.fromisoformat(day) - date.fromisoformat(instants.local_day(now))).days


def _day_month(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING).strftime("%-d %B")
