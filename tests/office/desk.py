"""A browser at a desk: it keeps cookies, and sends the forms that pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from lxml import etree

from tests.api_county import PASSWORD
from tests.county import County
from tests.passwords import hash_of


@dataclass
class Form:
    """A form of a page. fields: what it would send as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Reader:
    """Reads what tests ask of a page: its forms and its links."""

    def __init__(self, page: str) -> None:
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self._form: Form | None = None
        # Ten times as fast as the parser in Python, and pages are read more often than anything else is done to them.
        etree.fromstring(page, etree.HTMLParser(target=self))

    def start(self, tag: str, said: Mapping[str, str]) -> None:
        self.inline += [name for name in said if name == "style" or name.startswith("on")]
        if tag in ("style", "script") and "src" not in said:
            self.inline.append(tag)
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag == "form":
            self._form = Form(said.get("action", ""), said.get("method", "get"))
            self.forms.append(self._form)
        is_set = said.get("type") not in ("checkbox", "radio") or "checked" in said
        if tag in ("input", "textarea") and self._form is not None and said.get("name") and is_set:
            self._form.fields[said["name"]] = said.get("value", "")

    def end(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def close(self) -> None:
        """Called at the end of the page."""


def with_passwords(county: County) -> County:
    """Let everybody of a county sign in, who has only a phone there."""
    county.do(lambda tx: tx.sql.run("UPDATE person SET password_hash = :hash", {"hash": hash_of(PASSWORD)}))
    return county


class Desk:
    """One browser."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.client: FlaskClient = county.client

    def open(self, path: str, **headers: str) -> Any:
        answer = self.client.get(path, headers=headers, buffered=True)
        str(answer.headers).encode("latin-1")  # a real server sends no others: it would answer 500
        return answer

    def form(self, page: Any, action: str) -> Form:
        """Return the form of a page that posts to ``action``."""
        return next(each for each in Reader(page.text).forms if each.action == action)

    def submit(self, form: Form, headers: dict[str, str] | None = None, **values: str) -> Any:
        return self.client.open(
            form.action,
            method=form.method.upper(),
            data={**form.fields, **values},
            headers=headers or {},
            buffered=True,
        )

    def sign_in(self, name: str, password: str = PASSWORD, at: str = "/") -> Any:
        """Sign in on the page at ``at``, and return the answer."""
        form = self.form(self.open(at), "/office/sign-in")
        return self.submit(form, username=name, password=password)

    def cookie(self, name: str) -> Any:
        return self.client.get_cookie(name)
