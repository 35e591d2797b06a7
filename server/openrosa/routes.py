"""The OpenRosa endpoints that unmodified ODK Collect and KoboCollect call."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, g, request

from server.cases.store import deliveries
from server.db.transactions import Reading
from server.errors import Busy, NotAllowed, NotFound, Refusal, SignInFailed, SignInRequired, TooManySignIns, Unreadable
from server.forms.store import forms
from server.openrosa import responses, submission_post, submission_xml
from server.openrosa.multipart import too_large
from server.openrosa.submission_post import SubmissionRequest
from server.openrosa.submission_xml import ListedForm, ManifestFile
from server.people.domain.actors import Actor
from server.phones.usecases import entity_lists, offered_forms
from server.pictures import media_types
from server.web import context, downloads

door = Blueprint("openrosa", __name__)
_CHALLENGE = 'Basic realm="Firegrid", charset="UTF-8"'
TEXT_TYPES = {"csv": "text/csv; charset=utf-8", "xml": "text/xml"}
"""Of files beside forms, by the ending by which a form asks for them; what others are their bytes say."""


def mount(app_door: Blueprint) -> None:
    """Register every path twice: with a phone key in it, and without (Basic over https)."""
    for rule, methods, view in (
        ("formList", ("GET",), form_list),
        ("submission", ("HEAD", "GET"), preflight),
        ("submission", ("POST",), post_submission),
        ("forms/<form_id>.xml", ("GET",), form_xml),
        ("forms/<form_id>/manifest", ("GET",), manifest),
        ("forms/<form_id>/attachments/<name>", ("GET",), attachment),
        ("lists/<list_name>/integrity", ("GET",), integrity),
    ):
        for prefix in ("/", "/key/<token>/"):
            app_door.add_url_rule(
                f"{prefix}{rule}",
                view_func=view,
                methods=methods,
                provide_automatic_options=False,
                strict_slashes=False,
            )


@door.url_value_preprocessor
def find_caller(endpoint: str | None, values: dict[str, str] | None) -> None:
    """Take the key out of the path, so that no view and no log sees it, and find whose it is.

    Submissions alone may be large. This runs before the body is read (``server.web.admission``). Raises TooLarge.
    """
    token = None if values is None else values.pop("token", None)
    g.key_prefix = "" if token is None else f"/key/{token}"
    if token is not None:
        context.caller_by_key(token)
    else:
        _by_basic()
    if endpoint == f"{door.name}.post_submission":
        request.max_content_length = limit = context.settings().submission_bytes_max
        if (request.content_length or 0) > limit:
            raise too_large(limit)


def form_list() -> Response:
    _require_version()
    by, base = context.caller(), _base_url()
    with context.database().reading() as reading:
        listed = offered_forms.list_for(reading, by)
        wanted = request.args.get("formID")
        entries = [_listed(form, base) for form in listed if wanted in (None, form.id)]
    return responses.with_etag(request, responses.document(submission_xml.form_list(entries)))


def preflight() -> Response:
    _require_version()
    submission_post.require_may_send(context.caller())
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    return response


def post_submission() -> Response:
    _require_version()
    by = context.caller()
    outcome = submission_post.receive(context.services(), by, _submission_request())
    if isinstance(outcome, Refusal):
        raise outcome
    g.object = outcome.number
    status, message = submission_post.receipt_message(outcome)
    return responses.envelope(status, message, responses.SUCCESS)


def form_xml(form_id: str) -> Response:
    with context.database().reading() as reading:
        form = offered_forms.get_for(reading, form_id, context.caller())
        version = form.versions[form.version]
        if request.if_none_match.contains_weak(version.md5):
            return responses.not_modified(version.md5)
        content = forms.xml(reading, form_id, form.version)
    return responses.with_etag(request, responses.document(content), version.md5)


def manifest(form_id: str) -> Response:
    _require_version()
    by, base = context.caller(), _base_url()
    with context.database().reading() as reading:
        offered_forms.get_for(reading, form_id, by)
        files = entity_lists.manifest(reading, context.hashes(), form_id, by)
    folder = f"{base}/forms/{quote(form_id, safe='')}/attachments"
    entries = [
        ManifestFile(
            file.name,
            file.md5,
            f"{folder}/{quote(file.name, safe='')}",
            None if file.kind is None else f"{base}/lists/{quote(file.name.removesuffix('.csv'), safe='')}/integrity",
            file.kind,
        )
        for file in files
    ]
    return responses.with_etag(request, responses.document(submission_xml.manifest(entries)))


def attachment(form_id: str, name: str) -> Response:
    by = context.caller()
    with context.database().reading() as reading:
        offered_forms.get_for(reading, form_id, by)
        tag = _current_md5(reading, form_id, name, by)
        if tag is not None and request.if_none_match.contains_weak(tag):
            return responses.not_modified(tag)
        content = entity_lists.content(reading, context.hashes(), form_id, name, by)
        given = entity_lists.first_delivered(reading, name, by)
    if given:
        context.write(lambda tx: deliveries.add(tx, given))
    if content is None:
        raise NotFound(f"表单没有附件“{name}”。", form=form_id, name=name)
    return responses.with_etag(request, responses.file(content, _media_type(name, content)))


def _media_type(name: str, content: bytes) -> str:
    by_ending = TEXT_TYPES.get(name.rpartition(".")[2].lower())
    found = by_ending or media_types.of(content[: media_types.HEAD_BYTES], "")
    return found if by_ending or found in downloads.INLINE_TYPES else media_types.UNKNOWN


def integrity(list_name: str) -> Response:
    by = context.caller()
    ids = [id.strip() for id in ",".join(request.args.getlist("id")).split(",") if id.strip()]
    with context.database().reading() as reading:
        if not entity_lists.is_entity_list(reading, list_name):
            raise NotFound(f"没有名为“{list_name}”的台账。", list=list_name)
        if not offered_forms.uses_list(reading, list_name, by):
            raise NotAllowed("您没有使用这份台账的表单。", list=list_name)
        pairs = entity_lists.integrity(reading, list_name, ids, by)
    return responses.document(submission_xml.integrity(pairs))


def _by_basic() -> Actor:
    """Find the caller by user name and password, which phones send over https only."""
    login = request.authorization
    if login is not None and login.type == "basic" and login.username and request.is_secure:
        try:
            return context.caller_by_password(login.username, login.password or "")
        except SignInFailed as refusal:
            raise SignInFailed(refusal.message, challenge=_CHALLENGE) from refusal
        except TooManySignIns as refusal:  # which phones do not know: they come again after any 503
            raise Busy(refusal.message, **refusal.data) from refusal
    if request.is_secure:
        raise SignInRequired("请输入用户名和密码，或扫描管理员给的二维码。", challenge=_CHALLENGE)
    raise SignInRequired("请扫描管理员给的二维码（http 下不接受用户名和密码）。")


def _require_version() -> None:
    if request.headers.get("X-OpenRosa-Version") != responses.VERSION:
        raise Unreadable(
            "请求缺少 X-OpenRosa-Version: 1.0，这个地址只供 ODK Collect 使用。", header="X-OpenRosa-Version"
        )


def _base_url() -> str:
    """Return the absolute base with the prefix the caller used, so that a phone keeps its key on every request.

    Raises Unreadable when the address that the caller used has no host in it that a phone could ask for a form.
    """
    root = context.public_url()
    if root is None and not request.host:
        raise Unreadable(
            "服务器地址里的主机名手机不能用（只能用字母、数字、点和连字符，不能有下划线）。"
            "请管理员改用 IP 地址或别的名字（FIREGRID_PUBLIC_URL），重新发二维码。",
            header="Host",
        )
    return f"{root or request.root_url.rstrip('/')}{g.key_prefix}"


def _listed(form: forms.Form, base: str) -> ListedForm:
    version = form.versions[form.version]
    url = f"{base}/forms/{quote(form.id, safe='')}"
    return ListedForm(
        form.id,
        form.title,
        form.version,
        version.md5,
        f"{url}.xml",
        f"{url}/manifest" if version.definition.media else None,
    )


def _current_md5(reading: Reading, form_id: str, name: str, by: Actor) -> str | None:
    files = entity_lists.manifest(reading, context.hashes(), form_id, by) if request.if_none_match else []
    return next((file.md5 for file in files if file.name == name), None)


def _submission_request() -> SubmissionRequest:
    return SubmissionRequest(
        request.stream,
        request.headers.get("Content-Type", ""),
        request.content_length or 0,
        context.name_of_device(request.args.get("deviceID")),
        context.name_of_device(request.headers.get("User-Agent")),
    )


mount(door)
