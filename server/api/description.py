"""Describe the API by OpenAPI 3.1, and show the description on a page that makes no foreign request."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import orjson
from apispec import BasePlugin
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, send_file
from flask_smorest import Api
from marshmallow import Schema

from schemas.problems import RefusalSchema
from server.errors import NotFound
from server.table_files import XLSX_TYPE, ZIP_TYPE
from server.web import repeatable

blueprint = Blueprint("api-docs", __name__, url_prefix="/api")

PROBLEM_JSON = "application/problem+json"
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js")
"""Taken from the installed package flask-swagger-ui, so that no foreign file lies in the repository."""

ABOUT = """
涞源县消防安全网格化平台的 JSON 接口。调用时在 `Authorization` 里带上 `Bearer <access token>`（登录所得）或
`Key <token>`（手机密钥）。每次读取只给出调用者管辖范围内的内容，范围之外一律 404。列表为 `{items, next}`，
`next` 原样传回 `cursor` 即下一页。写入一次一项：自带 `id`（UUID）的变更重发得到同一结果，不会办两次；规则不允许的整项
不办，不留痕迹。错误为 problem+json（RFC 9457），`detail` 是一句中文，`errors` 列出所有有误之处。
"""

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Firegrid API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/begin.js"></script>
</body>
</html>
"""
BEGIN = """SwaggerUIBundle({url: "openapi.json", dom_id: "#api", validatorUrl: null, deepLinking: true});
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Description(Api):  # type: ignore[misc]  # flask-smorest has no annotations
    """The OpenAPI document; errors are answered by the application's one handler, so it registers none."""

    ERROR_SCHEMA = RefusalSchema
    DEFAULT_ERROR_RESPONSE_NAME = None
    """Nothing is described by "any other status": each operation names what it can answer (``StatusesOfAll``)."""

    def __init__(self, app: Flask, **options: Any) -> None:
        self.later: list[Callable[[], None]] = []
        """Describes the blueprints when first requested: it takes as long as the rest of a start."""
        self._lock = threading.Lock()
        super().__init__(app, **options)

    def document(self) -> dict[str, Any]:
        """Return the document, with all blueprints described."""
        with self._lock:
            while self.later:
                self.later.pop(0)()
            document: dict[str, Any] = self.spec.to_dict()
            return document

    def _register_error_handlers(self) -> None:
        """Register nothing: flask-smorest's handler is app-wide and would answer phones in JSON."""

    def _register_responses(self) -> None:
        """Describe refusals as problem+json, which flask-smorest would describe as plain JSON."""
        self.spec.components.schema(_name(RefusalSchema), schema=RefusalSchema)
        for status in HTTPStatus:
            described: dict[str, Any] = {"description": status.phrase}
            if status >= 400:
                described["content"] = {PROBLEM_JSON: {"schema": RefusalSchema}}
            self.spec.components.response(status.name, described, lazy=True)


class StatusesOfAll(BasePlugin):
    """Describes the refusals that come from in front of the views, and from the kind that an operation is of.

    What a view refuses by its own rules stands with the view (``alt_response``, ``arguments``). 500 is of neither:
    where it is answered, something is wrong with the program.
    """

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """Add to the ``operations`` of ``path`` the refusals that they do not name, and what each looks like."""
        for method, operation in (operations or {}).items():
            if _comes_again(path or "", method):
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            responses = operation.setdefault("responses", {})
            named = {str(status) for status in responses}
            for status in _statuses(path or "", method, operation):
                if str(status) not in named:
                    responses[status] = HTTPStatus(status).name
            for status, response in responses.items():
                if str(status) >= "400" and isinstance(response, dict):
                    response.setdefault("content", {PROBLEM_JSON: {"schema": _name(RefusalSchema)}})


_IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": repeatable.HEADER,
    "schema": {"type": "string", "minLength": 16, "maxLength": 200},
    "description": "an id of the sender's own, such as a UUID: the same again is answered as it was, and done once",
}

_OWN_WAY = re.compile(r"/api/v1/(session(/refresh)?$|sync/|uploads/)")
"""Addresses at which a request that comes again is known in another way."""


def _comes_again(path: str, method: str) -> bool:
    return method != "get" and not _OWN_WAY.match(path)


_AREAS = frozenset({"area", "parent"})
"""Parameters that name an area, which the caller may not see."""


_EXPORT_TYPES = (XLSX_TYPE, ZIP_TYPE, "text/csv", "application/geo+json")


def _statuses(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    """Yield the statuses by which an operation of this path and method may refuse, whatever its view does."""
    # A host that is not ours, a body that is no JSON; a request that comes too slowly, or is too large; no time for it.
    yield from (400, 408, 413, 431, 503)
    security = operation.get("security")
    if security is None or security:
        yield 401
    if security is None:
        yield 403  # a phone key that is unknown, replaced or revoked; a password that is to be changed
    asked = {each["name"] for each in operation.get("parameters", ()) if isinstance(each, dict)}
    if "{" in path or asked & _AREAS:
        yield 404  # unknown, or out of the caller's reach
    if _comes_again(path, method):
        yield from (409, 422)  # answered by an older program; no id, or one of another request
    if method != "get" or any(type in str(operation["responses"]) for type in _EXPORT_TYPES):
        yield 507  # what is written, made in a file, or noted down before it leaves finds no room on the disk


def describe(app: Flask) -> Api:
    """Return the API of ``app``, ready for its blueprints."""
    app.config.update(
        API_TITLE="Firegrid", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None, API_SPEC_OPTIONS={}
    )
    api = Description(
        app,
        spec_kwargs={
            "info": {"description": ABOUT.strip()},
            "security": [{"access": []}, {"key": []}],
            "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_name),
            "extra_plugins": (StatusesOfAll(),),
        },
    )
    schemes = api.spec.components
    schemes.security_scheme("access", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    schemes.security_scheme("refresh", {"type": "http", "scheme": "bearer", "description": "the refresh token"})
    schemes.security_scheme(
        "key", {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Key <token>`"}
    )
    app.extensions["firegrid-api"] = api
    return api


@blueprint.route("/openapi.json")
def document() -> Response:
    """Return the OpenAPI document."""
    described = current_app.extensions["firegrid-api"].document()
    return Response(orjson.dumps(described, option=orjson.OPT_NON_STR_KEYS), content_type="application/json")


@blueprint.route("/docs")
def page() -> Response:
    """Return the page that shows the document."""
    response = Response(PAGE, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blueprint.route("/docs/<name>")
def asset(name: str) -> Response:
    """Return one of the page's own files. Raises NotFound."""
    if name == "begin.js":
        return Response(BEGIN, content_type="text/javascript; charset=utf-8")
    if name not in ASSETS:
        raise NotFound("没有这个文件。", name=name)
    with as_file(files("flask_swagger_ui").joinpath("dist", name)) as path:
        return send_file(Path(path), conditional=True, max_age=3600)


def _name(schema: type[Schema] | Schema) -> str:
    """Return the name of a schema in the document; those narrowed for one use have a name of their own."""
    kind = schema if isinstance(schema, type) else type(schema)
    narrowed = not isinstance(schema, type) and (schema.only or schema.exclude or schema.partial)
    return kind.__name__.removesuffix("Schema") + ("Part" if narrowed else "")
