"""A browser at a desk: it keeps cookies, and sends the forms that pages show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from lxml import etree, html

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
        # Ten times as fast as the parser in Python, and pages are read more often than anything else is done to them.
        # An answer that only leads on has no page.
        for each in html.document_fromstring(page).iter(etree.Element) if page else ():
            self._read(each)

    def _read(self, element: html.HtmlElement) -> None:
        tag, said = str(element.tag), element.attrib
        self.inline += [str(name) for name in said if name == "style" or str(name).startswith("on")]
        if tag in ("style", "script") and "src" not in said:
            self.inline.append(tag)
        if tag == "a" and "href" in said:
            self.links.append(str(said["href"]))
        if tag == "form":
            self.forms.append(Form(str(said.get("action", "")), str(said.get("method", "get")), fields_of(element)))


def fields_of(form: html.HtmlElement) -> dict[str, str]:
    """Return what a form would send of its inputs as it stands."""
    return {
        str(each.attrib["name"]): str(each.attrib.get("value", ""))
        for each in form.iter("input", "textarea")
        if each.attrib.get("name")
        and (each.attrib.get("type") not in ("checkbox", "radio") or "checked" in each.attrib)
    }


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
