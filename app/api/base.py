"""What every part of the API stands on: its schemas, its blueprints, its errors, and how it joins the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import marshmallow as ma
from flask import Flask, Response
from flask.views import MethodView
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as UntypedBlueprint
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from werkzeug.exceptions import HTTPException, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from app import __version__
from app.api.auth import TOKEN_ARGUMENT, authenticate
from app.api.body import has_body, read_json, require_types
from app.api.errors import error_response
from app.api.limits import limit_api
from app.api.once import answer_again, keep_answer
from app.api.raw_file import is_raw_file, raw_file
from app.domain.errors import FourcatError
from app.services.context import Context
from app.sessions import csrf

View = TypeVar("View", bound=Callable[..., Any])
Resource = TypeVar("Resource", bound=type[MethodView])

if TYPE_CHECKING:
    from flask import Blueprint as FlaskBlueprint

    class SmorestBlueprint(FlaskBlueprint):
        """The decorators of flask-smorest, which has no types of its own."""

        def route(self, rule: str, **options: Any) -> Callable[[Resource], Resource]:  # type: ignore[override]
            """Put a resource at an address."""

        def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
            """Read and check part of the request."""

        def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
            """Write the answer."""

        def doc(self, **details: Any) -> Callable[[View], View]:
            """Add to the description."""

        def alt_response(self, status: int, **options: Any) -> Callable[[View], View]:
            """Describe another answer."""
else:
    SmorestBlueprint = UntypedBlueprint

_DESCRIPTION = """Capture posts into datasets and analyse them, by script.

Send a token with each request: `Authorization: Bearer <token>`. Make one on your account page.
Work is done in a queue: what you ask for is answered at once with status 202 and a dataset that waits;
ask for it again until its `status` is `finished`, `empty`, `failed` or `cancelled`."""


class Schema(ma.Schema):
    """The base of every schema: what is not known is an error, and fields keep their order."""

    class Meta:
        """Refuse unknown fields."""

        unknown = ma.RAISE


class Query(Schema):
    """The base of every schema of a query string."""


class ErrorSchema(Schema):
    """The body of every error."""

    code = ma.fields.Integer(required=True, metadata={"description": "The HTTP status"})
    status = ma.fields.String(required=True, metadata={"description": "Its name"})
    message = ma.fields.String(required=True, metadata={"description": "What went wrong and what to do, in a sentence"})
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        required=True,
        metadata={"description": "What is wrong with which field"},
    )


class _Parser(FlaskParser):
    """Reads requests; adds multipart forms with their files, and says so when a body is not JSON but should be."""

    __location_map__ = {**FlaskParser.__location_map__, "multipart": "load_multipart"}  # noqa: RUF012

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        """The body as JSON."""
        if not has_body(req):
            return ma.missing
        if not req.is_json:
            raise UnsupportedMediaType
        given = read_json()
        require_types(schema, given)
        return given

    def load_querystring(self, req: Any, schema: ma.Schema) -> Any:
        """The query, without the token that older scripts put there."""
        given = MultiDict((name, value) for name, value in req.args.items(multi=True) if name != TOKEN_ARGUMENT)
        return self._makeproxy(given, schema)

    def load_multipart(self, req: Any, schema: ma.Schema) -> Any:
        """The fields of a multipart form and its files; or a file that is the body itself, with fields in the query."""
        given = raw_file(req) if is_raw_file(req) else CombinedMultiDict([req.form, req.files])
        return self._makeproxy(given, schema)


class Blueprint(SmorestBlueprint):
    """A part of the API: limited, answering errors as JSON and, unless `is_open`, only to those whom `guard` lets in.

    What is asked with an `Idempotency-Key` is done once.
    """

    ARGUMENTS_PARSER = _Parser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar = {
        "json": "application/json",
        "multipart": "multipart/form-data",
    }

    def __init__(
        self,
        name: str,
        description: str,
        *,
        prefix: str = "/api",
        is_open: bool = False,
        guard: Callable[[], Response | None] = authenticate,
    ) -> None:
        super().__init__(f"api-{name}", __name__, url_prefix=prefix)
        self.description = description
        if not is_open:
            self.before_request(guard)
        self.before_request(answer_again)
        self.after_request(keep_answer)
        for kind in (FourcatError, HTTPException, Exception):
            self.register_error_handler(kind, error_response)
        limit_api(self)


class KeyConverter(BaseConverter):
    """A key in an address, and none of the words that stand in its place: what is there takes other methods."""

    regex = r"(?!(?:upload|bulk)(?:/|$))[^/]+"


class Api(SmorestApi):  # type: ignore[misc]
    """The API with our errors; how the document looks is set by `init_api`."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Errors outside the blueprints, such as an unknown address; the pages take over what is not under /api."""
        for kind in (FourcatError, HTTPException):
            self._app.register_error_handler(kind, error_response)


def init_api(app: Flask, ctx: Context) -> None:
    """Add the API to an application that has its sessions and limits already."""
    from app.api import (
        about,
        account,
        annotations,
        browser,
        bulk,
        content,
        control,
        datasets,
        datasources,
        jobs,
        older,
        openapi,
        openapi_plugins,
        packages,
        people,
        processors,
        repeat,
        results,
        settings,
        shares,
        statistics,
        status,
        tokens,
        uploads,
        users,
    )

    app.config.update(API_TITLE="4CAT", API_VERSION=__version__, OPENAPI_VERSION="3.1.0")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.converters["key"] = KeyConverter
    api = Api(app, spec_kwargs=_spec_options())
    api.register_converter(KeyConverter, lambda _: {"type": "string", "minLength": 1})
    openapi_plugins.add_options(api.spec, ctx.registry)
    for part in (
        datasources,
        processors,
        repeat,
        datasets,
        bulk,
        shares,
        uploads,
        browser,
        results,
        content,
        packages,
        annotations,
        older,
        account,
        tokens,
        about,
        status,
        statistics,
        jobs,
        control,
        settings,
        users,
        people,
    ):
        for blueprint in part.blueprints:
            csrf.exempt(blueprint)
            api.register_blueprint(blueprint)
    openapi.finish(api.spec, ctx.registry)
    openapi.serve(app, api.spec)


def _spec_options() -> dict[str, Any]:
    schemes = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token from your account page."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "4cat",
            "description": "A signed-in browser; to change something it must also send X-CSRFToken.",
        },
    }
    return {
        "info": {"description": _DESCRIPTION, "license": {"name": "MPL-2.0", "identifier": "MPL-2.0"}},
        "security": [{"token": []}, {"session": []}],
        "components": {"securitySchemes": schemes},
    }
