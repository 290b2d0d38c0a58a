"""The OpenAPI document: valid, about every route, with examples that fit, and every plug-in typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import validate

from app.api.openapi_plugins import options_name, plain_name
from app.plugins.registry import Registry
from tests.api.test_access import routes


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    found = app.test_client().get("/api/openapi.json").json
    assert found is not None
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with its path and method."""
    for path, found in document["paths"].items():
        yield from ((path, method, operation) for method, operation in found.items() if method != "parameters")


def test_the_document_is_valid_and_says_enough(app: Flask, registry: Registry, document: dict[str, Any]) -> None:
    validate(document)
    described = {(method.upper(), path) for path, method, _ in operations(document)}
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path))
        for method, path in routes(app)
        if not path.startswith(("/api/docs", "/api/openapi"))
    }
    assert served <= described
    for path, _, operation in operations(document):
        assert operation["summary"], path
        assert any(code.startswith("2") for code in operation["responses"]), path
        assert {"401", "403", "422", "429", "500", "503"} <= set(operation["responses"]), path
    for type_ in registry.processors:
        operation = document["paths"][f"/api/datasets/{{key}}/processors/{type_}"]["post"]
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert reference.endswith(options_name(type_))
    schemas = document["components"]["schemas"]
    assert schemas["CountPostsOptions"]["properties"]["timeframe"]["enum"]
    assert set(map(options_name, [*registry.processors, *registry.datasources])) <= set(schemas)


def test_captures_are_told_apart_by_their_data_source(registry: Registry, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    mapping = schemas["Capture"]["discriminator"]["mapping"]
    assert set(mapping) == {
        source.id for source in registry.datasources.values() if not source.imports() or source.brings()
    }
    for id_, reference in mapping.items():
        properties = schemas[reference.rpartition("/")[2]]["properties"]
        assert properties["datasource"]["const"] == id_
        assert properties["parameters"]["$ref"].endswith(f"{plain_name(id_)}Options")


def test_every_body_and_parameter_has_an_example_that_fits(document: dict[str, Any]) -> None:
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"]}
    examples = 0
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        bodies = [document["components"]["responses"][b["$ref"].split("/")[-1]] if "$ref" in b else b for b in bodies]
        shown = [content for body in bodies for content in body.get("content", {}).values()]
        shown += operation.get("parameters", []) + document["paths"][path].get("parameters", [])
        for part in shown:
            jsonschema.validate(part["example"], {**root, **part["schema"]})
        assert shown, (method, path)
        examples += len(shown)
    assert examples > 500


def test_every_error_is_described_with_the_body_that_it_has(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, found in operation["responses"].items():
            if status >= "400" and "$ref" in found:
                name = found["$ref"].rpartition("/")[2]
                content = document["components"]["responses"][name]["content"]
                if status != "414":  # the web server's own
                    assert content["application/json"]["example"]["code"] == int(status), (method, path)
    headers = document["components"]["responses"]["TOO_MANY_REQUESTS"]["headers"]
    assert "Retry-After" in headers


def test_the_page_to_browse_it_asks_nobody_else(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/api/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "https:" not in page.text
    assert "http:" not in page.text
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert all("*" not in part for part in policy.split(";"))
    assert "https:" not in client.get("/api/docs/start.js").text
