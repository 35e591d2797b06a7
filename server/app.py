"""Builds the application: opens the database and mounts the doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, request
from flask.json.provider import JSONProvider
from werkzeug.routing import IntegerConverter, Map

from server import api, office, openrosa
from server.admin.usecases import unneeded_files
from server.db import database as store
from server.db.database import Database
from server.db.engines import engine_of
from server.people.domain.public_addresses import Addresses
from server.settings import ADVERTISED_BYTES, Settings
from server.submissions.store.blobs import BlobStore
from server.web import observability
from server.web.addresses import PublicAddresses
from server.web.admission import BODY_BYTES_MAX, Admission
from server.web.asgi import Bridge, ShortRequests
from server.web.bodies import Spool
from server.web.context import Services
from server.web.problem_details import as_problem, as_refusal, status_of
from server.web.proxy import KnownHosts, PhonePaths, TrustedProxies, is_phone_path

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STALE_UPLOAD_S = 24 * 3600


def create_app(settings: Settings) -> Flask:
    """Return the application over an existing data folder; ``close`` it when done.

    Raises NotFound when the folder holds no database, DatabaseTooNew when a newer Firegrid wrote it.
    """
    return open_folder(mount_doors(), settings)


def mount_doors() -> Flask:
    """Return an application with all of its doors, which ``open_folder`` has yet to give a data folder."""
    app = Application("server", static_folder=None)
    app.json = OrjsonProvider(app)
    app.url_map.merge_slashes = False
    app.url_map.converters["int"] = NumberConverter
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES_MAX, MAX_FORM_MEMORY_SIZE=1_000_000, PROPAGATE_EXCEPTIONS=False)
    observability.mount(app)
    openrosa.mount(app)
    api.mount(app)
    office.mount(app)
    # Registered last: flask-smorest brings handlers of its own, and only one may answer.
    app.register_error_handler(Exception, _answer_error)
    return app


def open_folder(
    app: Flask, settings: Settings, database: Database | None = None, blobs: BlobStore | None = None
) -> Flask:
    """Let an application with its doors work on the data folder of ``settings``, and return it. Raises as above.

    database, blobs: of that folder, where somebody has opened them otherwise than for serving, as a simulation does.
    """
    engine = database.engine if database else engine_of(settings.folder, settings.database)
    app.config["JWT_SECRET_KEY"] = engine.secret()
    blobs = blobs or BlobStore(settings.folder / "blobs")
    blobs.sweep(STALE_UPLOAD_S)
    wrapped: WSGIApplication = PhonePaths(TrustedProxies(app.wsgi_app, settings.trusted_proxies))
    if settings.fast_path:
        from server.fast_path import GreenletRunner, PastFlask  # they need greenlet, and nothing else does

        database = database or store.open_threaded(settings.folder, runner=GreenletRunner(), engine=engine)
        services = _services_of(settings, database, blobs)
        wrapped = PastFlask(wrapped, services, observability.record_request)
    else:
        services = _services_of(settings, database or store.open_threaded(settings.folder, engine=engine), blobs)
    unneeded_files.delete(services.database, blobs)
    app.extensions["firegrid"] = services
    admission: WSGIApplication = PhonePaths(TrustedProxies(Admission(app), settings.trusted_proxies))
    app.extensions["firegrid admission"] = _guarded(admission, services)
    app.wsgi_app = _guarded(wrapped, services)  # type: ignore[method-assign]  # how WSGI is wrapped
    return app


def _services_of(settings: Settings, database: Database, blobs: BlobStore) -> Services:
    return Services(settings, database, blobs, PublicAddresses(database, settings.public_url))


def bridge_to(app: Flask, threads: int) -> Bridge:
    """Return the bridge by which a web server runs ``app``, in so many threads."""
    settings = _services(app).settings
    spool = Spool(settings.folder, settings.spool_bytes_max, settings.disk_free_bytes_min)
    admission = app.extensions["firegrid admission"]
    short = short_requests(app)
    return Bridge(app.wsgi_app, threads, admission, refused, spool, short=short, wait_s=settings.wait_s)


def database_of(app: Flask) -> Database:
    """Return the store that an application works on."""
    return _services(app).database


def addresses_of(app: Flask) -> Addresses:
    """Return at which public addresses an application is found now."""
    return _services(app).addresses.now()


def blobs_of(app: Flask) -> BlobStore:
    """Return where an application keeps files."""
    return _services(app).blobs


def short_requests(app: Flask) -> ShortRequests | None:
    """Return which requests run in the writer's thread, None for none: the fast path is off."""
    services = _services(app)
    if not services.settings.fast_path:
        return None
    from server.fast_path import is_small_submission

    return ShortRequests(is_small_submission, services.database.run_in_writer)


def close(app: Flask) -> None:
    """Finish what is queued and close the store."""
    database_of(app).close()


def _guarded(wrapped: WSGIApplication, services: Services) -> KnownHosts:
    settings = services.settings

    def addresses(path: str) -> Addresses:
        # Whether the server lives and is ready is answered whatever the database does.
        is_prompt = path in (observability.HEALTH_PATH, observability.READY_PATH)
        return services.addresses.known() if is_prompt else services.addresses.now()

    return KnownHosts(
        wrapped,
        settings,
        addresses,
        lambda path, error: refused(path, error, settings.advertised_bytes),
    )


def _services(app: Flask) -> Services:
    services: Services = app.extensions["firegrid"]
    return services


def _answer_error(error: Exception) -> Response:
    """Answer in the format of the door that was called; unforeseen errors are logged here, once."""
    error = as_refusal(error)
    if status_of(error) >= 500:
        observability.log_failure(error)
    if is_phone_path(request.path):
        return openrosa.as_envelope(error)
    return office.as_page(error) if office.is_office_path(request.path) else as_problem(error)


def refused(path: str, error: Exception, advertised_bytes: int = ADVERTISED_BYTES) -> Response:
    """Answer a request for ``path`` that no door has seen, in the format of the door that it was sent to."""
    if is_phone_path(path):
        return openrosa.refusal(error, advertised_bytes)
    return office.refusal(error) if office.is_office_path(path) else as_problem(error)


class NumberConverter(IntegerConverter):
    """A number in an address, up to ``NUMBER_MAX``: more is no version and no year, and SQL and JSON hold no more."""

    def __init__(self, map: Map, **kwargs: Any) -> None:
        super().__init__(map, **{"max": NUMBER_MAX, **kwargs})


NUMBER_MAX = 2**31 - 1


class Application(Flask):
    """Flask without its check, for every function on every request, whether it is a coroutine: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class OrjsonProvider(JSONProvider):
    """JSON by orjson, which knows dates and dataclasses and is several times faster."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)
