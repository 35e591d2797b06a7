"""Take uploads of photos by tus 1.0 (https://tus.io/protocols/resumable-upload); nobody reads anything back by them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, g, request
from werkzeug.http import http_date

from schemas.uploads import FilesAskedSchema, FilesMissingSchema
from server import instants
from server.api import responses
from server.api.blueprints import PREFIX, create_blueprint, create_public_blueprint
from server.errors import PreconditionFailed
from server.photos.domain import tus
from server.photos.store.uploads import Upload
from server.photos.usecases import uploads
from server.web import context
from server.web.bodies import IN_PART

blueprint = create_blueprint("uploads", "照片上传 · uploads of photos, tus 1.0")
discovery = create_public_blueprint("uploads-discovery", "照片上传 · what of tus 1.0 there is")
"""Clients ask what a server can do before they show who they are, browsers always."""

_METADATA = {
    "in": "header",
    "name": "Upload-Metadata",
    "schema": {"type": "string"},
    "description": "keys with Base64 values; `sha256` is the hash of all of it in hex, which is then checked",
}
_LENGTH = {
    "in": "header", "name": "Upload-Length", "required": True, "schema": {"type": "integer"},
    "description": f"bytes of the whole photo, at most {tus.UPLOAD_BYTES_MAX}",
}  # fmt: skip
_OFFSET = {"in": "header", "name": "Upload-Offset", "required": True, "schema": {"type": "integer"}}
_CHECKSUM = {
    "in": "header",
    "name": "Upload-Checksum",
    "schema": {"type": "string"},
    "description": f"algorithm ({', '.join(tus.ALGORITHMS)}), a blank, and the hash of these bytes in Base64",
}
_RESUMABLE = {
    "in": "header", "name": "Tus-Resumable", "required": True,
    "schema": {"type": "string", "enum": [tus.VERSION]},
}  # fmt: skip
_BYTES = {"required": True, "content": {tus.OFFSET_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
_OVERRIDES = ("PATCH", "DELETE")
_OF_ANOTHER = "no upload of the caller's, or past its seven days"


@blueprint.before_request
def _judge_head() -> None:
    """Judge a request by its headers, before more than a little of its body is read (``server.web.admission``)."""
    if request.endpoint == f"{blueprint.name}.find_missing":
        return
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise PreconditionFailed(
            f"请在请求头里写 Tus-Resumable: {tus.VERSION}；别的版本不支持。", versions=[tus.VERSION]
        )
    if _method() != "PATCH" or request.view_args is None:
        return
    offset = tus.offset_of(request.headers.get("Upload-Offset"))
    tus.require_type(request.content_type)
    tus.checksum_of(request.headers.get("Upload-Checksum"))
    by, id = context.caller(), str(request.view_args["upload_id"])
    upload = context.uploads().judge(id, offset, request.content_length or 0, by=by)
    request.max_content_length = upload.size - offset
    if "Upload-Checksum" not in request.headers:  # else bytes of which some are lacking are worth nothing
        request.environ[IN_PART] = True


@discovery.after_request
@blueprint.after_request
def _say_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = tus.VERSION
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 412:
        response.headers["Tus-Version"] = tus.VERSION
    return response


@discovery.route("/uploads/", methods=("OPTIONS",), provide_automatic_options=False)
@discovery.response(204)
def describe_uploads() -> Response:
    """Say which version and extensions of tus there are, and how large an upload may be; to anybody."""
    response = Response(status=204)
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = tus.EXTENSIONS
    response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    response.headers["Tus-Max-Size"] = str(tus.UPLOAD_BYTES_MAX)
    return response


@blueprint.route("/uploads/", methods=("POST",), provide_automatic_options=False)
@blueprint.doc(parameters=[_RESUMABLE, _LENGTH, _METADATA])
@blueprint.response(201, headers={"Location": {"schema": {"type": "string"}}})
@blueprint.alt_response(403, success=False, description="the caller's role only looks")
@blueprint.alt_response(412, success=False, description="another version of tus")
@blueprint.alt_response(422, success=False, description="`errors` names every wrong header")
@blueprint.alt_response(429, success=False, description="too much lies here unfinished, or named by no change")
def create_upload() -> Response:
    """Begin an upload; `Location` is where its bytes go."""
    size = tus.size_of(request.headers.get("Upload-Length"))
    stated = request.headers.get("Upload-Metadata", "")
    sha256 = tus.stated_sha256(tus.metadata_of(stated))
    made = context.uploads().create(size, stated, sha256, by=context.caller())
    response = _answer(made, 201)
    root = urlsplit(context.public_url() or "").path + request.script_root
    response.headers["Location"] = f"{root}{PREFIX}/uploads/{made.id}"
    return response


@blueprint.route("/uploads/<uuid:upload_id>", methods=("HEAD",), provide_automatic_options=False)
@blueprint.doc(parameters=[_RESUMABLE])
@blueprint.response(200)
@blueprint.alt_response(404, success=False, description=_OF_ANOTHER)
@blueprint.alt_response(412, success=False, description="another version of tus")
@blueprint.alt_response(422, success=False, description="all is there, and it is no photo")
@blueprint.alt_response(460, success=False, description="all is there, and it is not the `sha256` that was stated")
def get_upload(upload_id: UUID) -> Response:
    """Say how much of an upload is there, in `Upload-Offset`: from there it goes on."""
    found = context.uploads().get(str(upload_id), by=context.caller())
    response = _answer(found, 200)
    response.headers["Upload-Length"] = str(found.size)
    if found.metadata:
        response.headers["Upload-Metadata"] = found.metadata
    return response


@blueprint.route("/uploads/<uuid:upload_id>", methods=("PATCH",), provide_automatic_options=False)
@blueprint.doc(parameters=[_RESUMABLE, _OFFSET, _CHECKSUM], requestBody=_BYTES)
@blueprint.response(204)
@blueprint.alt_response(404, success=False, description=_OF_ANOTHER)
@blueprint.alt_response(
    409, success=False, description="it goes on at another offset: ask for it, and go on from there"
)
@blueprint.alt_response(412, success=False, description="another version of tus")
@blueprint.alt_response(415, success=False, description=f"the type is not `{tus.OFFSET_TYPE}`")
@blueprint.alt_response(422, success=False, description="a wrong header; or all is there, and it is no photo")
@blueprint.alt_response(460, success=False, description="the bytes do not hash to what was stated")
def append_to_upload(upload_id: UUID) -> Response:
    """Add bytes to an upload at its offset; the last ones make it a photo that changes may name, or are refused."""
    return _append(str(upload_id))


@blueprint.route("/uploads/<uuid:upload_id>", methods=("DELETE",), provide_automatic_options=False)
@blueprint.doc(parameters=[_RESUMABLE])
@blueprint.response(204)
@blueprint.alt_response(404, success=False, description=_OF_ANOTHER)
@blueprint.alt_response(412, success=False, description="another version of tus")
def delete_upload(upload_id: UUID) -> Response:
    """End an upload; a photo that is whole stays for the change that names it."""
    return _delete(str(upload_id))


@blueprint.route("/uploads/<uuid:upload_id>", methods=("POST",), provide_automatic_options=False)
@blueprint.doc(parameters=[_RESUMABLE, {
    "in": "header", "name": "X-HTTP-Method-Override", "required": True,
    "schema": {"type": "string", "enum": list(_OVERRIDES)},
}])  # fmt: skip
@blueprint.response(204)
@blueprint.alt_response(404, success=False, description=_OF_ANOTHER)
@blueprint.alt_response(409, success=False, description="as of PATCH")
@blueprint.alt_response(412, success=False, description="another version of tus, or no method that there is")
@blueprint.alt_response(415, success=False, description="as of PATCH")
@blueprint.alt_response(422, success=False, description="as of PATCH")
@blueprint.alt_response(460, success=False, description="as of PATCH")
def post_to_upload(upload_id: UUID) -> Response:
    """Do what `X-HTTP-Method-Override` says, for clients behind proxies that let no other method through."""
    method = _method()
    if method == "PATCH":
        return _append(str(upload_id))
    if method == "DELETE":
        return _delete(str(upload_id))
    raise PreconditionFailed(f"请在 X-HTTP-Method-Override 里写 {' 或 '.join(_OVERRIDES)}。")


@blueprint.route("/uploads/missing", methods=("POST",))
@blueprint.arguments(FilesAskedSchema)
@blueprint.response(200, FilesMissingSchema)
@blueprint.alt_response(422, success=False, description="`errors` names every wrong field")
def find_missing(arguments: dict[str, Any]) -> Response:
    """Say which contents the caller has not uploaded yet, so that none is sent twice; of others' nothing is told."""
    with context.database().reading() as reading:
        return responses.json({"missing": uploads.missing(reading, arguments["sha256"], by=context.caller())})


def _method() -> str:
    return request.headers.get("X-HTTP-Method-Override", request.method) if request.method == "POST" else request.method


def _append(id: str) -> Response:
    offset = tus.offset_of(request.headers.get("Upload-Offset"))
    checksum = tus.checksum_of(request.headers.get("Upload-Checksum"))
    return _answer(context.uploads().append(id, offset, request.stream, checksum, by=context.caller()), 204)


def _delete(id: str) -> Response:
    context.uploads().delete(id, by=context.caller())
    g.object = id
    return Response(status=204)


def _answer(upload: Upload, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Expires"] = http_date(instants.parse(upload.expires_at))
    return response
