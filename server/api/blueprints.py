"""Create the blueprints of the API: each identifies its caller first, and parses its arguments strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

import flask
import orjson
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request

from server.api import auth
from server.errors import Invalid, Unreadable
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.web import context

PREFIX = "/api/v1"


class Parser(FlaskParser):
    """Parse arguments, refuse unknown ones, and name every bad field at once."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs declares it so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "querystring": RAISE,
    }

    def _raw_load_json(self, req: flask.Request) -> Any:
        if not is_json_request(req):
            if req.get_data(cache=True):
                # Read as absent, an argument such as `replace` would be ignored silently.
                raise Unreadable("请求体应为 JSON；请带上 Content-Type: application/json。")
            return core.missing
        return self._read(req.get_data(cache=True))

    def _read(self, body: bytes) -> Any:
        try:
            # orjson bounds the depth; the standard parser answers a deep body with RecursionError.
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unreadable("请求体不是有效的 JSON（UTF-8）。") from error

    def handle_error(
        self,
        error: ValidationError,
        req: flask.Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        found = [
            {"field": field, "message": message}
            for messages in _by_location(error).values()
            for field, message in flat(messages)
        ]
        message_of_all = listed((each["field"], each["message"]) for each in found)
        raise Invalid(f"请求有误：{message_of_all}", errors=found)


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no annotations
    """A blueprint of the API; it is described when the document is first requested."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._needed: dict[str, tuple[tuple[tuple[str, str], ...], bool]] = {}

    def needs(self, *rows: tuple[str, str], lately: bool = False) -> Callable[[Callable[..., Response]], Any]:
        """Let nobody reach a view who holds none of these rights anywhere: they are told so before anything is read.

        Whether what is named exists, and what is wrong with the body, is for those who might do it. The use case asks
        again, at the place. rows: of ``data/rights.csv``, as object and action; the first is named in the refusal.
        lately: duties of the last 30 days count, as they do for acts.
        """

        def declare(view: Callable[..., Response]) -> Callable[..., Response]:
            self._needed[f"{self.name}.{view.__name__}"] = (rows, lately)
            return view

        return declare

    def require_rights(self) -> None:
        """Raise NotAllowed when the caller of this request holds none of the rights that its view needs."""
        rows, lately = self._needed.get(request.endpoint or "", ((), False))
        if rows:
            by = context.caller()
            rights.require_anywhere(by.with_recent_duties() if lately else by, rows)

    def arguments(self, schema: type[Schema], **options: Any) -> Any:
        """Parse the arguments of a route by one instance of ``schema``: webargs makes one a request of a class.

        Making it costs more than parsing by it (measured: a sixth of an idle pull). The instance differs from the
        class in nothing, so that both have one name in the API's description.
        """
        return super().arguments(schema(), **options)

    def register_views_in_doc(self, api: Any, app: Any, spec: Any, *, name: str, parameters: Any) -> None:
        describe = super().register_views_in_doc
        api.later.append(lambda: describe(api, app, spec, name=name, parameters=parameters))


def create_blueprint(name: str, description: str) -> ApiBlueprint:
    """Return a blueprint under ``/api/v1`` whose every route demands a caller."""
    blueprint = create_public_blueprint(name, description)
    blueprint.before_request(_find_caller)
    blueprint.before_request(blueprint.require_rights)
    return blueprint


def create_public_blueprint(name: str, description: str) -> ApiBlueprint:
    """Return a blueprint under ``/api/v1`` for callers who are not signed in yet."""
    blueprint = ApiBlueprint(f"api-{name}", __name__, url_prefix=PREFIX, description=description)
    blueprint.after_request(_set_headers)
    return blueprint


def _find_caller() -> None:
    auth.identify_caller()


def _set_headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.vary.add("Authorization")
    return response


def _by_location(error: ValidationError) -> Mapping[str, Any]:
    """Return the messages by where the arguments came from (``query``, ``json``), as webargs groups them."""
    return error.messages if isinstance(error.messages, dict) else {"": error.messages}


def listed(found: Iterable[tuple[str, str]]) -> str:
    """Return one sentence that names every field with what is wrong about it."""
    return "；".join(f"{field}：{message}".lstrip("：").removesuffix("。") for field, message in found) + "。"


def flat(messages: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield each message with the dotted name of its field; those about the whole have none."""
    if isinstance(messages, Mapping):
        for name, more in messages.items():
            yield from flat(more, above if name == "_schema" else (*above, str(name)))
    elif isinstance(messages, str):
        yield ".".join(above), messages
    else:
        for each in messages:
            yield from flat(each, above)


def import_body(file: str) -> dict[str, Any]:
    """Return what the description of the API says of the body of an import: a file, or the token of its dry run.

    file: says in English which file it is, of which kinds, and how large it may be.
    """
    properties = {
        "file": {"type": "string", "format": "binary", "description": file},
        "token": {"type": "string", "description": "of a dry run, instead of the file"},
    }
    return {
        "required": True,
        "content": {"multipart/form-data": {"schema": {"type": "object", "properties": properties}}},
    }


def admit_uploads(blueprint: ApiBlueprint, require: Callable[[Actor], None], bytes_max: int, view: str) -> None:
    """Let a view of a blueprint take bodies of up to ``bytes_max`` from whom ``require`` lets pass.

    Judged before any of a body is read. require: raises NotAllowed.
    """

    @blueprint.before_request
    def admit() -> None:
        if request.endpoint == f"{blueprint.name}.{view}":
            require(context.caller())
            request.max_content_length = bytes_max
