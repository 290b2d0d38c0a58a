"""The OpenAPI document with the options of every plug-in, and the page to browse it."""

from __future__ import annotations

import copy
import json
from functools import cached_property
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask, Response

from app.plugins.registry import Registry
from app.plugins.validation import json_schema
from app.services.idempotency import FIELD

_RUN = "/api/datasets/{key}/processors/{processor_type}"
_OPEN = ("/api/status",)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)
_KEY = {
    "in": "header",
    "name": FIELD,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
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


def options_name(type_: str) -> str:
    """The name of the schema of a plug-in's options: `CountPostsOptions`."""
    return "".join(part.capitalize() for part in type_.replace("_", "-").split("-")) + "Options"


def add_options(spec: APISpec, registry: Registry) -> None:
    """Add the option schema of every processor and data source to the document."""
    plugins = {**registry.processors, **registry.datasources}
    for type_, plugin in sorted(plugins.items()):
        described = {"title": plugin.title, "description": plugin.description()}
        spec.components.schema(options_name(type_), described | json_schema(plugin.Options))


def finish(spec: APISpec, registry: Registry) -> None:
    """Give every operation a name, and every plug-in its own typed place in the document."""
    paths: dict[str, Any] = spec._paths
    for path, operations in paths.items():
        for method, operation in operations.items():
            if isinstance(operation, dict):
                _complete(spec, path, method, operation)
    for tag in spec._tags:
        tag["name"] = tag["name"].removeprefix("api-")
    _describe_captures(spec, registry)
    _describe_runs(spec, registry)


def _complete(spec: APISpec, path: str, method: str, operation: dict[str, Any]) -> None:
    """Name an operation, and say which errors it can answer with and who may call it."""
    words = [part.strip("{}") for part in path.split("/") if part not in ("", "api")]
    operation.setdefault("operationId", "_".join([method, *words]).replace("-", "_"))
    operation["tags"] = [tag.removeprefix("api-") for tag in operation["tags"]]
    errors = ["TOO_MANY_REQUESTS"]
    if path in _OPEN:
        operation["security"] = [{}, {"token": []}, {"session": []}]
    else:
        errors += ["UNAUTHORIZED", "FORBIDDEN"]
    if "{" in path:
        errors.append("NOT_FOUND")
    if "{key}" in path and (method != "get" or path.endswith(("/items", "/download"))):
        errors.append("CONFLICT")
    if method == "post" and not path.endswith("/estimate"):
        operation.setdefault("parameters", []).append(_KEY)
        errors += ["CONFLICT", "UNPROCESSABLE_ENTITY"]
    for name in errors:
        code = str(int(HTTPStatus[name]))
        operation["responses"].setdefault(code, spec.components.get_ref("response", name))


def _ref(type_: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{options_name(type_)}"}


def _describe_captures(spec: APISpec, registry: Registry) -> None:
    """Say that `parameters` of a new dataset are those of one of the data sources."""
    choices = [_ref(id_) for id_ in sorted(registry.datasources)]
    if choices:
        schemas: dict[str, Any] = spec.components.schemas
        schemas["Capture"]["properties"]["parameters"] |= {"anyOf": choices}


def _describe_runs(spec: APISpec, registry: Registry) -> None:
    """Add a path for each processor beside the general one, so that a client sees its own options."""
    general = spec._paths[_RUN]["post"]
    choices = [_ref(type_) for type_ in sorted(registry.processors)]
    general["requestBody"] = _body({"anyOf": choices} if choices else {"type": "object"})
    key = {"in": "path", "name": "key", "required": True, "schema": {"type": "string"}}
    for type_, analysis in sorted(registry.processors.items()):
        operation = copy.deepcopy(general)
        operation |= {
            "operationId": f"run_{type_}".replace("-", "_"),
            "summary": f"Run: {analysis.title}",
            "description": analysis.description(),
            "tags": [f"run: {analysis.category}"],
            "requestBody": _body(_ref(type_)),
        }
        spec._paths[_RUN.replace("{processor_type}", type_)] = {"parameters": [key], "post": operation}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": False, "content": {"application/json": {"schema": schema}}}


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
