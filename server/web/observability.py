"""What the operators of a server look at: health, readiness, metrics, and one log line a request."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from functools import lru_cache
from importlib.metadata import version
from ipaddress import ip_address

from flask import Flask, Request, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from server.admin.usecases import health
from server.errors import NotAllowed, Refusal
from server.log import file as log_file
from server.log import log
from server.people.domain.actors import Actor
from server.web import context
from server.web.problem_details import status_of
from sync import build

HEALTH_PATH = "/healthz"
"""Answered by the event loop itself (``server.web.asgi``): its view must wait for nothing."""

READY_PATH = "/readyz"
"""Answered in threads of its own (``server.web.asgi``), while every other is busy."""

registry = CollectorRegistry()
REQUESTS = Counter("firegrid_requests_total", "Requests by view and status.", ("view", "status"), registry=registry)
SECONDS = Histogram(
    "firegrid_request_seconds",
    "Time from first byte read to answer ready.",
    ("view",),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
    registry=registry,
)
QUEUE = Gauge("firegrid_write_queue", "Writes that wait for the writer.", registry=registry)
DISK_FREE = Gauge("firegrid_disk_free_bytes", "Free bytes on the disk of the data folder.", registry=registry)
LOG_DROPPED = Gauge(
    "firegrid_log_lines_dropped", "Lines that the log did not take, since the server started.", registry=registry
)
BUILD = Info("firegrid_build", "Version of the program, and the commit that it was built from.", registry=registry)
BUILD.info({"version": version("firegrid"), "commit": build.commit()})


def mount(app: Flask) -> None:
    """Give the application its health pages and its log."""
    app.add_url_rule(HEALTH_PATH, view_func=healthz, methods=("GET",))
    app.add_url_rule(READY_PATH, view_func=readyz, methods=("GET",))
    app.add_url_rule("/metrics", view_func=metrics, methods=("GET",))
    app.before_request(_begin)
    app.after_request(_record)


def healthz() -> Response:
    """Answer that the process lives."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def readyz() -> Response:
    """Answer whether the server can take work: the county can be written, the disk has room. Raises Unavailable if not.

    Lines after the first are facts that make no server unready: the last backup of a folder, a disk that becomes full.
    """
    database, least = context.database(), context.settings().disk_free_bytes_min
    health.require_ready(database, least)
    lines = ("ready", *health.facts(database, least))
    return Response("".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8")


def metrics() -> Response:
    """Answer Prometheus, to the networks that the settings name. Raises NotAllowed to others."""
    asking = ip_address(request.remote_addr or "::")
    if not any(asking.version == each.version and asking in each for each in context.settings().metrics_networks):
        raise NotAllowed("指标只供本机查看；可用 FIREGRID_METRICS_NETWORKS 放开。")
    QUEUE.set(context.database().queue_length())
    DISK_FREE.set(shutil.disk_usage(context.settings().folder).free)
    LOG_DROPPED.set(log_file.dropped)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def log_failure(error: Exception) -> None:
    """Log an unforeseen error once, with its trace and a number; of a refusal only the cause."""
    g.failure_number = failure_number() or secrets.token_hex(2)  # what fails after it has the same one
    _log_failure(error, _view(), g.failure_number)


def failure_number() -> str:
    """Return the number under which the failure of this request was logged, four hexadecimal digits; empty for none."""
    number: str = g.get("failure_number", "")
    return number


def log_front_failure(error: Exception) -> None:
    """Log an error that no door has answered: it was raised before one was reached, or behind all of them."""
    if status_of(error) >= 500:
        _log_failure(error, "front")


def _log_failure(error: Exception, view: str, number: str | None = None) -> None:
    expected = isinstance(error, Refusal)
    cause = error.__cause__ if expected else None
    log.error(
        "request failed",
        view=view,
        number=number,
        status=status_of(error),
        problem=type(error).__name__,
        cause=None if cause is None else repr(cause),
        exc_info=None if expected else error,
    )


def _begin() -> None:
    g.began = time.perf_counter()


def _record(response: Response) -> Response:
    # Each use of ``request`` and ``g`` looks them up anew, at a hundredth of an idle pull.
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # Flask hides that it is a proxy
    kept = g._get_current_object()
    actor, object, status = kept.get("actor"), _object(asked, kept.get("object")), response.status_code
    ended = time.perf_counter()
    record_request(
        _view_of(asked), asked.method, status, ended - kept.get("began", ended), actor, asked.remote_addr, object
    )
    if status in _REFUSED and actor is not None and asked.endpoint is not None:
        context.audit_refusal(object or asked.endpoint, asked.endpoint, status)
    return response


_REFUSED = frozenset({403, 404})
_OBJECT_CHARS_MAX = 100
_PHONE_NUMBER = re.compile(r"(?:\+?86)?1[3-9]\d{9}")


def _object(asked: Request, said: str | None) -> str | None:
    """Return the id of what a request is about: what its view said, or what the first variable of the path holds.

    The key of a phone is taken out of the path before (``openrosa.routes.find_caller``).
    """
    named = said or (str(next(iter(asked.view_args.values())))[:_OBJECT_CHARS_MAX] if asked.view_args else "")
    return (_PHONE_NUMBER.sub("***", named) if _PHONE_NUMBER.fullmatch(named) else named) or None


def record_request(
    view: str, method: str, status: int, seconds: float, actor: Actor | None, address: str | None, object: str | None
) -> None:
    """Count one answered request, and log it: the path would carry the phone's key, so by view and id of the key.

    address: of the network that it came from. object: the id of what it was about, None where it names nothing.
    """
    count, clock = _meters(view, status)
    count.inc()
    clock.observe(seconds)
    log.info(
        "request",
        view=view,
        method=method,
        status=status,
        ms=round(seconds * 1000, 1),
        user=None if actor is None else actor.name,
        key=None if actor is None else actor.key_id,
        address=address,
        object=object,
    )


@lru_cache(maxsize=1_000)  # looking a labelled child up costs more than counting
def _meters(view: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(view, status), SECONDS.labels(view)


def _view() -> str:
    return _view_of(request)


def _view_of(asked: Request) -> str:
    return asked.endpoint or "unknown"
