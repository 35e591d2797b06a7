"""Sends requests straight to an application, for ``bench.instructions`` to count what each takes.

It runs in a process of its own over the ``server`` package of any version, so it uses only what all of them have.
Before and after each kind it writes a line and waits for one, while the counting is switched.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from server.app import create_app
from server.settings import Settings

STATIONS = 300
WARM = 20
LISTED = "/forms/micro_station/attachments/micro_stations.csv"
_BOUNDARY = "bnd7d1f"


class Phone:
    """A phone whose requests reach the application without a network. seed: other ids than with another."""

    def __init__(self, folder: Path, key: str, seed: str = "") -> None:
        self.app = create_app(Settings(folder))
        self._key = f"/key/{key}"
        self._random = Random(seed)
        self._pushed = 0

    def environ(self, path: str, body: bytes | None = None, **headers: str) -> dict[str, Any]:
        """Return the request for ``path`` below the phone's own. body: of a submission, None to read."""
        parts = urlsplit(path)
        posted = {} if body is None else {
            "CONTENT_TYPE": f"multipart/form-data; boundary={_BOUNDARY}", "CONTENT_LENGTH": str(len(body))}  # fmt: skip
        return {
            "REQUEST_METHOD": "GET" if body is None else "POST",
            "SCRIPT_NAME": "", "PATH_INFO": self._key + parts.path, "QUERY_STRING": parts.query,
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8600", "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:8600", "HTTP_X_OPENROSA_VERSION": "1.0", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(body or b""),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            **posted, **headers,
        }  # fmt: skip

    def call(self, path: str, query: str) -> dict[str, Any]:
        """Return the request that reads ``path`` of the API with the key of the phone."""
        asked = {
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_AUTHORIZATION": f"Key {self._key.removeprefix('/key/')}",
        }
        return self.environ("") | asked

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request that posts JSON to ``path`` of the API with the key of the phone."""
        raw = json.dumps(body).encode()
        typed = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(raw))}
        return self.call(path, "") | typed | {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(raw)}

    def push(self, changes: int) -> dict[str, Any]:
        """Return the request in which a field client pushes so many changes, each of which creates a hazard."""
        made = [self._creation(seq) for seq in range(self._pushed + 1, self._pushed + changes + 1)]
        self._pushed += changes
        return self.post("/api/v1/sync/push", {"device": "laptop", "epoch": None, "changes": made})

    def _creation(self, seq: int) -> dict[str, Any]:
        change, record = (str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(2))
        fields = {name: (None, HAZARD[name]) for name in ("severity", "category", "description", "label")}
        return {"id": change, "record": record, "type": "bench_hazards", "action": "create", "seq": seq,
                "base_version": 0, "fields": fields, "made_at": HAZARD["start"]}  # fmt: skip

    def idle_pull(self) -> dict[str, Any]:
        """Return the request of a field client that has everything."""
        cursor, more = None, True
        while more:
            _, body = self.ask(self.post("/api/v1/sync/pull", {"cursor": cursor, "limit": 1_000}), 200)
            cursor, more = json.loads(body)["cursor"], json.loads(body)["more"]
        return self.post("/api/v1/sync/pull", {"cursor": cursor, "limit": 1_000})

    def ask(self, environ: Mapping[str, Any], status: int) -> tuple[Mapping[str, str], bytes]:
        """Return headers and body of an answer. Raises RuntimeError when it has another status."""
        begun: list[Any] = []
        environ["wsgi.input"].seek(0)  # of a request that is sent again

        def start_response(line: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
            begun[:] = [line, headers]
            return lambda _: None

        answer: Iterable[bytes] = self.app.wsgi_app(dict(environ), start_response)
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not begun[0].startswith(str(status)):
            raise RuntimeError(f"{environ['PATH_INFO']} answered {begun[0]}: {body[:300].decode(errors='replace')}")
        return {name.lower(): value for name, value in begun[1]}, body

    def submission(self, form: ET.Element, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the request that sends a form with one new entity, its questions answered by ``values``."""
        instance, entity = (str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(2))
        for leaf in form.iter():
            name = leaf.tag.rpartition("}")[2]
            if name in values and len(leaf) == 0:
                leaf.text = values[name]
            elif name == "instanceID":
                leaf.text = f"uuid:{instance}"
            elif name == "entity":
                dataset = leaf.get("dataset", "")
                leaf.attrib.clear()
                leaf.attrib.update(dataset=dataset, id=entity, create="1")
                if len(leaf) == 0:
                    ET.SubElement(leaf, leaf.tag.replace("entity", "label")).text = values["label"]
        xml = ET.tostring(form, encoding="utf-8")
        head = (f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="s.xml"\r\n'
                "Content-Type: text/xml\r\n\r\n")  # fmt: skip
        return self.environ("/submission", head.encode() + xml + f"\r\n--{_BOUNDARY}--\r\n".encode())

    def form(self, form_id: str) -> ET.Element:
        """Return the empty answers of a form."""
        _, raw = self.ask(self.environ("/formList"), 200)
        for listed in ET.fromstring(raw):
            found = {each.tag.rpartition("}")[2]: each.text or "" for each in listed}
            if found["formID"] == form_id:
                path = urlsplit(found["downloadUrl"]).path.removeprefix(self._key)
                document = ET.fromstring(self.ask(self.environ(path), 200)[1])
                return next(each for each in document.iter() if each.tag.endswith("}instance"))[0]
        raise RuntimeError(f"the phone is not given the form {form_id}")


def station(number: int) -> Mapping[str, str]:
    """Return the answers that register a micro station."""
    title = f"第{number}村微型消防站"
    return {"task": "register", "label": title, "title": title, "station_kind": "village", "station_state": "running",
            "place": f"村委会院内东侧{number}号", "location": "39.36012 114.69431 812.0 4.5", "head": f"王{number}",
            "duty_phone": f"0312-73{number:05d}", "staff_count": "6", "shift_count": "2"}  # fmt: skip


HAZARD = {"start": "2026-11-23T09:12:33.120+08:00", "town": "t01", "village": "130630100201", "unit": "u-1",
          "category": "exit_blocked", "severity": "general", "location": "39.36012 114.69431 812.0 4.5",
          "description": "楼道内堆放纸箱与电动自行车，占用疏散通道", "label": "hazard"}  # fmt: skip


def counted(phone: Phone) -> Mapping[str, tuple[list[dict[str, Any]], int]]:
    """Return the requests of each kind, all but the last ``WARM`` of them to warm up, with their status."""
    headers, _ = phone.ask(phone.environ(LISTED), 200)
    unchanged = phone.environ(LISTED, HTTP_IF_NONE_MATCH=headers.get("etag", ""))
    hazard = phone.form("bench_hazard")
    return {
        "pull": ([phone.idle_pull()] * 80, 200),  # first: what the others send would come with it
        "submission": ([phone.submission(hazard, HAZARD) for _ in range(320)], 201),
        "list": ([phone.environ(LISTED)] * 25, 200),
        "unchanged": ([unchanged] * 60, 304 if "etag" in headers else 200),
        "formList": ([phone.environ("/formList")] * 60, 200),
        "records": ([phone.call("/api/v1/records", "type=micro_stations&limit=100")] * 45, 200),
        "push": ([phone.push(50) for _ in range(30)], 200),
    }


def require_rows(phone: Phone, rows: int) -> None:
    """Raise RuntimeError unless the phone's list of stations has so many rows: an empty one costs next to nothing."""
    _, body = phone.ask(phone.environ(LISTED), 200)
    if body.count(b"\n") != rows + 1:
        raise RuntimeError(f"the list of stations has not {rows} rows, but begins with {body[:300].decode()}")


def main() -> None:
    """Fill a data folder, or bring it up to date, or send what is counted."""
    folder, key, step, *kinds = sys.argv[1:]
    phone = Phone(Path(folder), key, step)
    if step == "fill":
        empty = phone.form("micro_station")
        for number in range(STATIONS):
            phone.ask(phone.submission(empty, station(number)), 201)
        require_rows(phone, STATIONS)
    if step == "count":
        for kind, (requests, status) in counted(phone).items():
            if not kinds or kind in kinds:
                _count(phone, kind, requests, status)
    phone.app.extensions["firegrid"].database.close()


def _count(phone: Phone, kind: str, requests: list[dict[str, Any]], status: int) -> None:
    for request in requests[:WARM]:
        phone.ask(request, status)
    time.sleep(0.2)  # what the server does beside is over
    gc.collect()
    gc.freeze()
    gc.disable()
    rest = requests[WARM:]
    _switch("begin", kind, len(rest))
    for request in rest:
        phone.ask(request, status)
    _switch("end", kind, len(rest))
    gc.enable()


def _switch(step: str, kind: str, requests: int) -> None:
    print(step, kind, requests, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
