"""The OpenAPI document, and the page to browse it."""

from __future__ import annotations

import json
from functools import cached_property
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask, Response
from werkzeug.http import HTTP_STATUS_CODES

from app.api.openapi_examples import add_examples
from app.api.openapi_plugins import describe_captures, describe_runs
from app.plugins.registry import Registry
from app.services.download import media_types
from app.services.idempotency import FIELD, PATTERN
from app.services.member import PICTURES

_OPEN = ("/api/status", "/api/statistics", "/api/pages", "/api/pages/{page_name}")
_ERRORS = {
    400: "This request cannot be understood.",
    401: "Send a token as: Authorization: Bearer <token>",
    403: "This token may only read. Make one that may also change things.",
    404: "There is no dataset 0f343b0931126a20f133d67c2b018a3b.",
    409: "This dataset has ended already.",
    413: "This is larger than 2 MB, the most that is taken here.",
    415: "Send the body as JSON, with Content-Type: application/json.",
    414: "The address is too long.",
    416: "The file does not have the bytes asked for.",
    422: "label: Send a text.",
    429: "Too many requests in a short time. Wait for as many seconds as Retry-After says.",
    500: "Something went wrong on our side. It is in the log as error 5f2c90aa.",
    502: "mastodon.social answers with status 500.",
    503: "The database does not answer.",
    507: "You store as much as one person may store here. Delete datasets you no longer need.",
}
"""Every error that there is, each with a message as an example."""
_OF_THE_SERVER = (414,)
"""What the web server answers before the request comes to us, so that its body is a page."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)
_KEY = {
    "in": "header",
    "name": FIELD,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": PATTERN},
    "description": "Within a day, the same request with the same key is not done again, and answers as before",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The API of 4CAT</title>
<link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<main id="api"><p>The description of the API is at <a href="/api/openapi.json">/api/openapi.json</a>.</p></main>
<script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = """"use strict";
if (window.SwaggerUIBundle) {
  SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true
  });
}
"""


def finish(spec: APISpec, registry: Registry) -> None:
    """Give every operation a name, its errors and examples, and every plug-in its own typed place in the document."""
    paths: dict[str, Any] = spec._paths
    _describe_errors(spec)
    for path, operations in paths.items():
        for method, operation in operations.items():
            if isinstance(operation, dict):
                _complete(path, method, operation)
    for tag in spec._tags:
        tag["name"] = tag["name"].removeprefix("api-")
    describe_captures(spec, registry)
    describe_runs(spec, registry)
    add_examples(paths, spec.components.schemas)


def _media_of(path: str) -> list[str]:
    """What an address that sends files may send."""
    if path.endswith("/annotations/file"):
        return ["text/csv", "application/x-ndjson"]
    if "/files/" in path:
        return sorted({"application/octet-stream", *PICTURES.values()})
    return media_types() if path.endswith("/download") else ["application/x-ndjson"]


def _error_name(status: int) -> str:
    return HTTPStatus(status).name


def _describe_errors(spec: APISpec) -> None:
    """Say of every error what its body is, with an example and the headers that come with it."""
    responses: dict[str, Any] = spec.components.responses
    responses.clear()
    spec.components.schemas["Error"]["properties"]["errors"].setdefault("example", {"label": ["Send a text."]})
    seconds = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}}
    for status, message in _ERRORS.items():
        name = HTTP_STATUS_CODES[status]
        fields = {"label": ["Send a text."]} if status == 422 else {}
        example = {"code": status, "status": name, "message": message, "errors": fields}
        content: dict[str, Any] = {
            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "example": example}
        }
        if status in _OF_THE_SERVER:
            content = {"text/html": {"schema": {"type": "string"}, "example": f"<h1>{name}</h1>"}}
        responses[_error_name(status)] = {
            "description": name,
            "content": content,
        } | ({"headers": seconds} if status in (429, 503) else {})


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Name an operation, and say which errors it can answer with and who may call it."""
    words = [part.strip("{}") for part in path.split("/") if part not in ("", "api")]
    operation.setdefault("operationId", "_".join([method, *words]).replace("-", "_"))
    operation["tags"] = [tag.removeprefix("api-") for tag in operation["tags"]]
    if path in _OPEN:
        operation["security"] = [{}, {"token": []}, {"session": []}]
    if method == "post" and not path.endswith("/estimate"):
        operation.setdefault("parameters", []).append(_KEY)
    responses = operation["responses"]
    if method == "get" and path.endswith(("/download", "/items/", "/annotations/file")):
        content = responses["200"].setdefault("content", {})
        content |= {media: {"schema": {"type": "string", "format": "binary"}} for media in _media_of(path)}
    del responses["default"]  # what can happen is said one by one
    for status in sorted(_errors_of(path, method, operation)):
        if str(status) not in responses or "content" not in responses[str(status)]:
            responses[str(status)] = {"$ref": f"#/components/responses/{_error_name(status)}"}


def _errors_of(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    """Which errors an operation can answer with."""
    errors = {400, 401, 403, 422, 429, 500, 503}
    if "{" in path or path.endswith(("/", "/check-query/")):
        errors |= {404}
    if operation.get("parameters"):
        errors |= {404, 414}
    if "{key}" in path or method == "post":
        errors |= {409}
    if "requestBody" in operation:
        errors |= {404, 413, 415}
    if method == "post":
        errors |= {502, 507}
    if path.endswith(("/download", "/items/")):
        errors |= {416}
    return errors


class _Document:
    """The document as text, written once."""

    def __init__(self, spec: APISpec) -> None:
        self._spec = spec

    @cached_property
    def text(self) -> str:
        """The document."""
        return json.dumps(self._spec.to_dict(), ensure_ascii=False)


def serve(app: Flask, spec: APISpec) -> None:
    """Serve the document at /api/openapi.json and the page to browse it at /api/docs, to anybody."""
    document = _Document(spec)

    def openapi() -> Response:
        return Response(document.text, mimetype="application/json")

    def docs() -> Response:
        return Response(_PAGE, mimetype="text/html", headers={"Content-Security-Policy": _POLICY})

    def start() -> Response:
        return Response(_START, mimetype="text/javascript")

    app.add_url_rule("/api/openapi.json", "api-openapi", openapi)
    app.add_url_rule("/api/docs", "api-docs", docs)
    app.add_url_rule("/api/docs/start.js", "api-docs-start", start)
