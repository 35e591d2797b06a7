"""The context of a request, for every door: the database, the settings, and the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g, request

from server.audit.domain.entries import Entry
from server.audit.usecases import reads, refusals
from server.db.database import Database
from server.db.transactions import Transaction
from server.errors import Unavailable
from server.forms.domain import personal
from server.log import log
from server.people.domain.actors import Actor
from server.people.domain.public_addresses import origin
from server.people.store import people
from server.people.usecases import basic_login
from server.phones.store import phone_holders
from server.phones.usecases.entity_lists import ListHashes
from server.photos.usecases.uploads import Uploads
from server.settings import Settings
from server.submissions.store.blobs import BlobStore
from server.web import repeatable
from server.web.addresses import PublicAddresses
from server.web.proxy import stated_origin

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

T = TypeVar("T")
_DEVICE_CHARS_MAX = 255


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one running server; kept in the Flask app under ``firegrid``.

    addresses: at which it is found. hashes: of the lists that its phones download; of this server alone, since another
    county counts from 1 as well.
    """

    settings: Settings
    database: Database
    blobs: BlobStore
    addresses: PublicAddresses
    hashes: ListHashes = field(default_factory=ListHashes)


def services() -> Services:
    """Return the services of this server."""
    found: Services = current_app.extensions["firegrid"]
    return found


def database() -> Database:
    return services().database


def settings() -> Settings:
    return services().settings


def card_url() -> str:
    """Return the address that is printed, on cards and papers: the public one, else that of this request."""
    return services().addresses.now().url or request.root_url.rstrip("/")


def public_url() -> str | None:
    """Return the public address by which this request came, else the public address; None where none is known.

    Whoever came by an address that the server moves away from is given addresses like that.
    """
    known = services().addresses.now()
    return known.of_request(*stated_origin(request.environ, settings().trusted_proxies)) or known.url


def came_by() -> tuple[str | None, str]:
    """Return the public address by which this request came, None where it is none of those, and its address anyway."""
    came_to = stated_origin(request.environ, settings().trusted_proxies)
    known = services().addresses.now().of_request(*came_to)
    return known, known or origin(*came_to)


def blobs() -> BlobStore:
    return services().blobs


def uploads() -> Uploads:
    """Return the uploads of this server; photos wait on their devices before the room is used up that records need."""
    return Uploads(database(), blobs(), 2 * settings().disk_free_bytes_min)


def hashes() -> ListHashes:
    return services().hashes


def write(work: Callable[[Transaction], T], *, is_repeatable: bool = True) -> T:
    """Carry out ``work`` in the writer's next commit; it runs in another thread and must not touch the request.

    Its transaction knows the address that the request came from, for the audit. Of a request that came with an id
    before (``repeatable.of_request``), what ``work`` returned then is returned.

    is_repeatable: False for a work that finds by itself that it was done before, and has another answer for that.
    """
    found, repeats = _from_there(work), repeatable.of_request() if is_repeatable else None
    with repeatable.noting_unknown():
        return database().write(found if repeats is None else repeats.work(found))


def carry_out(act: Callable[[Database], T]) -> T:
    """Carry out a use case that works on the database itself, and ends with its one write and returns what that did.

    Of a request that came with an id before, what was returned then is returned, and nothing else is done.
    """
    found, repeats = database().with_works(_from_there), repeatable.of_request()
    with repeatable.noting_unknown():
        return act(found) if repeats is None else repeats.carry_out(found, act)


def _from_there(work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    """Return a work whose transaction knows the address that this request came from."""
    address = request.remote_addr or ""

    def from_there(tx: Transaction) -> T:
        tx.address = address
        return work(tx)

    return from_there


def note(database: Database, work: Callable[[Transaction], object]) -> None:
    """Write what is worth knowing and keeps nobody from their answer: on a full disk, reading goes on without it."""
    try:
        database.write(work)
    except Unavailable as error:
        log.error("not noted", problem=type(error).__name__, cause=repr(error.__cause__))


def audit_read(event: str, object: str, details: Mapping[str, Any], objects: Iterable[str] = ()) -> None:
    """Record in the audit what the caller reads in this request, without waiting, each record once a day.

    Requests by phone key are left out.

    event: a word of ``data/audit_events.csv`` (``personal.read``). object: what is read, such as the kind of list.
    details: as JSON, without any value that was read; a number that was looked for is masked. objects: ids of the
    records on the page.
    """
    by = caller()
    if by.key_id is None:
        address, told = request.remote_addr or "", personal.told(details)
        reads.record(database(), Entry(event, by.name, object, told, objects=tuple(objects), address=address))


def audit_refusal(object: str, view: str, status: int) -> None:
    """Record in the audit that the caller was refused, without waiting; requests by phone key are left out.

    object: the id of what they asked for. view: the name of what they asked it of. status: 403 or 404.
    """
    by = caller()
    if by.key_id is None:
        entry = Entry("access.refused", by.name, object, {"view": view, "method": request.method}, str(status))
        refusals.record(database(), replace(entry, address=request.remote_addr or ""))


def set_caller(actor: Actor) -> Actor:
    """Make ``actor`` the caller of this request, so that the log can name them."""
    g.actor = actor
    return actor


def caller() -> Actor:
    """Return who is calling; the door has found them out before the view ran."""
    actor: Actor = g.actor
    return actor


def caller_by_key(token: str, *, is_phone: bool = True) -> Actor:
    """Return the caller who holds a phone key, and note when their phone was last seen. Raises KeyRefused.

    is_phone: False for a client of ours, which may share the key with a phone and reports itself in another way.
    """
    if not is_phone:
        return set_caller(people.actor_by_key(database().single_read(), token))
    device, app_version = request.args.get("deviceID"), request.headers.get("User-Agent")
    return set_caller(actor_of_key(services(), token, device, app_version, request.environ))


def name_of_device(text: str | None) -> str | None:
    """Return what a phone calls itself or its app, of bounded length, as every database keeps it; None for nothing."""
    return (text or "")[:_DEVICE_CHARS_MAX].replace("\0", "\N{REPLACEMENT CHARACTER}") or None


def actor_of_key(
    services: Services, token: str, device: str | None, app_version: str | None, environ: WSGIEnvironment
) -> Actor:
    """Return the actor who holds a phone key, and note when their phone was last seen, and by which address it came.

    device, app_version: as the phone names them, None where it does not. Raises KeyRefused when the key is unknown,
    replaced or revoked.
    """
    actor = people.actor_by_key(services.database.single_read(), token)
    addresses, named = services.addresses.now(), name_of_device(device)
    is_fresh = named in (None, actor.device) and people.seen_recently(actor)
    if is_fresh and not addresses.are_known():
        return actor  # as most requests of phones
    came_to = stated_origin(environ, services.settings.trusted_proxies)
    known = addresses.of_request(*came_to)
    if not is_fresh or known not in (None, actor.key_address):
        names = (named, name_of_device(app_version))
        key_id, address = actor.key_id or "", known or origin(*came_to)
        note(services.database, lambda tx: _note_phone(tx, key_id, names, address))
    return actor


def _note_phone(tx: Transaction, key_id: str, names: tuple[str | None, str | None], address: str | None) -> None:
    people.touch_key(tx, key_id, *names, address)
    if names[0] is not None:
        phone_holders.note(tx, names[0], key_id)


def caller_by_password(name: str, password: str) -> Actor:
    """Return the caller who shows a user name and its password, as phones do over https.

    Raises SignInFailed, and LockedOut after too many failed tries.
    """
    return set_caller(basic_login.sign_in(database(), name, password, address=request.remote_addr or ""))
