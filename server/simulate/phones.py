"""Simulated phones: what ODK Collect asks and sends, and what it does by itself with forms, lists and updates."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree as ET

from lxml import etree

from server.demo.filled_forms import blank_instance
from server.instants import BEIJING
from server.simulate.clock import DeviceClock
from server.simulate.entity_lists import EntityList
from server.simulate.ledger import Ledger, SavedForm
from server.simulate.network import ADDRESS, ClientKilled, Lost, Network, Request
from server.simulate.server import Answer

AGENT = "org.odk.collect.android/v2026.3.3 Dalvik/2.1.0"
INTEGRITY_AT_ONCE = 100
"""So many ids are asked about in one request."""

_BOUNDARY = "b0und4ry-7d3f"


class Form(NamedTuple):
    """A form on a phone. hash: as the server's list of forms gave it. blank: its empty instance."""

    version: str
    hash: str
    blank: etree._Element


class Unsent(NamedTuple):
    """A finished form that is not sent. trouble: what the server said against it, empty for nothing."""

    filled: SavedForm
    trouble: str = ""


@dataclass
class Phone:
    """A phone with Collect on it.

    id: by which Collect tells it from others; a copy keeps it. key: of the person whose card was scanned. forms, lists,
    media: what was downloaded; rows of media by file name. unsent: finished forms, oldest first. has_passed: somebody
    else has had it.
    """

    name: str
    id: str
    person: str
    key: str
    clock: DeviceClock
    ids: Callable[[], str]
    ledger: Ledger
    forms: dict[str, Form] = field(default_factory=dict)
    lists: dict[str, EntityList] = field(default_factory=dict)
    media: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    unsent: list[Unsent] = field(default_factory=list)
    has_passed: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing is on it yet."""
        return not self.forms and not self.unsent

    def finish(self, filled: SavedForm) -> None:
        """Keep a finished form until it is sent."""
        self.unsent.append(Unsent(filled))
        self.ledger.save_form(filled)

    def now(self) -> str:
        """Return what the phone takes for today."""
        return self.clock().astimezone(BEIJING).date().isoformat()


def sync(phone: Phone, network: Network, *, is_split: bool = False) -> str:
    """Send what is finished, then update forms and lists, as far as the network lets; return how far that was.

    is_split: send photos in requests of their own.
    """
    try:
        send(phone, network, is_split=is_split)
        update(phone, network)
    except Lost:
        return "lost"
    except ClientKilled:
        return "killed"
    return "done"


def send(phone: Phone, network: Network, *, is_split: bool = False) -> None:
    """Send every finished form, oldest first. Raises Lost; what was taken is gone from the phone."""
    for each in list(phone.unsent):
        preflight = _ask(phone, network, "HEAD", "submission")
        if preflight.status in (401, 403):
            phone.unsent = [Unsent(kept.filled, f"{preflight.status}") for kept in phone.unsent]
            return
        answer = _post(phone, network, each.filled, is_split=is_split)
        at = phone.unsent.index(each)
        if answer.status in (201, 202):
            del phone.unsent[at]
            phone.ledger.acknowledged.add(each.filled.instance)
        elif answer.status >= 500:
            return
        else:
            phone.unsent[at] = Unsent(each.filled, _message(answer))


def update(phone: Phone, network: Network) -> None:
    """Bring forms, lists and other media up to date. Raises Lost."""
    listed = _ask(phone, network, "GET", "formList")
    if listed.status != 200:
        return
    offered = [{_local(each): each.text or "" for each in form} for form in ET.fromstring(listed.body)]  # noqa: S314 - of our own server
    for form in offered:
        known = phone.forms.get(form["formID"])
        if known is None or known.hash != form["hash"]:
            got = _ask(phone, network, "GET", form["downloadUrl"])
            if got.status == 200:
                phone.forms[form["formID"]] = Form(form["version"], form["hash"], blank_instance(got.body))
        if form.get("manifestUrl"):
            _update_media(phone, network, form["manifestUrl"])
    for gone in phone.forms.keys() - {form["formID"] for form in offered}:
        del phone.forms[gone]


def _update_media(phone: Phone, network: Network, url: str) -> None:
    answer = _ask(phone, network, "GET", url)
    if answer.status != 200:
        return
    for entry in ET.fromstring(answer.body):  # noqa: S314 - of our own server
        file = {_local(each): each.text or "" for each in entry}
        name, is_list = file["filename"], entry.attrib.get("type") == "entityList"
        if is_list and name.removesuffix(".csv") not in phone.lists:
            phone.lists[name.removesuffix(".csv")] = EntityList()
        if phone.hashes.get(name) == file["hash"] or not name.endswith(".csv"):
            continue
        got = _ask(phone, network, "GET", file["downloadUrl"])
        if got.status != 200:
            continue
        rows = list(csv.DictReader(io.StringIO(got.body.decode(), newline="")))
        if is_list:
            entities = phone.lists[name.removesuffix(".csv")]
            entities.take(rows, _gone(phone, network, file["integrityUrl"], entities.offline()), phone.ids)
        else:
            phone.media[name] = rows
        phone.hashes[name] = file["hash"]


def _gone(phone: Phone, network: Network, url: str, ids: list[str]) -> list[str]:
    """Return which of the rows that no list has had the server says are deleted."""
    found: list[str] = []
    for start in range(0, len(ids), INTEGRITY_AT_ONCE):
        answer = _ask(phone, network, "GET", f"{url}?id={'%2C'.join(ids[start : start + INTEGRITY_AT_ONCE])}")
        if answer.status == 200:
            document = ET.fromstring(answer.body)  # noqa: S314 - of our own server
            found += [each.attrib["id"] for each in document.iter("entity") if each.findtext("deleted") == "true"]
    return found


def _post(phone: Phone, network: Network, filled: SavedForm, *, is_split: bool) -> Answer:
    """Send a form; in two requests, the record first, where its photos go apart."""
    if not (is_split and filled.files):
        return _send_parts(phone, network, filled.xml, filled.files)
    first = _send_parts(phone, network, filled.xml, (), is_incomplete=True)
    return first if first.status not in (201, 202) else _send_parts(phone, network, filled.xml, filled.files)


def _send_parts(
    phone: Phone, network: Network, xml: bytes, files: tuple[tuple[str, bytes], ...], *, is_incomplete: bool = False
) -> Answer:
    parts = [_part("xml_submission_file", "submission.xml", "text/xml", xml)]
    parts += [_part(name, name, "image/png", content) for name, content in files]
    if is_incomplete:
        parts.append(b'Content-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n')
    body = b"".join(b"--" + _BOUNDARY.encode() + b"\r\n" + part for part in parts)
    whole = body + b"--" + _BOUNDARY.encode() + b"--\r\n"
    return _ask(phone, network, "POST", "submission", whole, f"multipart/form-data; boundary={_BOUNDARY}")


def _part(name: str, filename: str, media_type: str, content: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: {media_type}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _ask(phone: Phone, network: Network, method: str, path: str, body: bytes = b"", content_type: str = "") -> Answer:
    """Send a request to a path below the phone's address, or to an address that the server gave."""
    below = path.removeprefix(ADDRESS) if path.startswith("http") else f"/key/{phone.key}/{path}"
    where = f"{below}{'&' if '?' in below else '?'}deviceID=collect%3A{phone.id}"
    headers = {"X-OpenRosa-Version": "1.0", "User-Agent": AGENT}
    headers |= {"Content-Type": content_type} if content_type else {}
    return network.send(Request(phone.name, method, where, headers, body))


def _message(answer: Answer) -> str:
    """Return what the phone shows of a refusal."""
    texts = [each.text or "" for each in ET.fromstring(answer.body).iter() if _local(each) == "message"]  # noqa: S314 - of our own server
    return texts[0] if texts else str(answer.status)


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
