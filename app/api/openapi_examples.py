"""Examples in the OpenAPI document, put together from what the schemas say: none is forgotten or grows stale."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_KEY = "0f343b0931126a20f133d67c2b018a3b"
_NAMED: Json = {
    **dict.fromkeys(("key", "parent", "top", "dataset", "blocked_by"), _KEY),
    "children": [_KEY],
    "url": f"https://4cat.example.org/datasets/{_KEY}",
    **dict.fromkeys(("owner", "name", "user"), "ursula"),
    "host": "worker-1.example.org",
    **dict.fromkeys(("type", "processor_type"), "count-posts"),
    **dict.fromkeys(("id", "datasource_id", "datasource", "source"), "upload"),
    "label": "Posts about tea",
    "message": "Counted 60 posts.",
    "title": "Count posts over time",
    "category": "Metrics",
    "status": "finished",
    "reason": "Two datasets are before it.",
    "rows": 60,
    "progress": 1.0,
    "columns": ["id", "timestamp", "body"],
    "formats": ["csv", "ndjson", "xlsx", "json", "parquet"],
    "items": [{"id": "1", "timestamp": "2026-01-31 12:00:00", "body": "tea"}],
    "token": "4cat_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    "total": 60,
    "q": "tea",
    "code": 422,
}
_TYPED: Json = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None, "object": {}}
_FORMATS: Json = {
    "date-time": "2026-01-31T12:00:00+00:00",
    "date": "2026-01-31",
    "binary": "…",
    "byte": "…",
    "password": "secret",
    "uri": "https://4cat.example.org/",
}


def example_of(schema: Json, schemas: Json, name: str = "") -> Any:
    """A value that a schema allows; `schemas` are the components it may refer to, `name` what it is called."""
    schema = _resolved(schema, schemas)
    given = [schema[word] for word in ("example", "const") if word in schema] + schema.get("examples", [])[:1]
    if given:
        return given[0]
    named = _NAMED.get(name)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object" and "properties" in schema:
        return _object(schema, schemas)
    if kind == "array":
        return named if isinstance(named, list) else [example_of(schema.get("items", {}), schemas, name)]
    return _plain(schema, kind, named)


def _resolved(schema: Json, schemas: Json) -> Json:
    """The schema that is referred to, or the first of several that would do."""
    while True:
        choices = next((schema[word] for word in ("oneOf", "anyOf", "allOf") if schema.get(word)), None)
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        elif choices:
            schema = choices[0]
        else:
            return schema


def _object(schema: Json, schemas: Json) -> Json:
    """Every property; of the options of a plug-in only those that must be given or have a default that is told."""
    needed = schema.get("required", [])
    return {
        name: example_of(part, schemas, name)
        for name, part in schema["properties"].items()
        if "x-kind" not in part or name in needed or ("default" in part and "x-requires" not in part)
    }


def _plain(schema: Json, kind: str, named: Any) -> Any:
    if "enum" in schema:
        return named if named in schema["enum"] else schema.get("default", schema["enum"][0])
    if "default" in schema:
        return schema["default"]
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    kinds = {"string": str, "integer": int, "number": float, "object": dict}
    if kind in kinds and isinstance(named, kinds[kind]) and "x-kind" not in schema:
        return named
    if kind in ("integer", "number"):
        return max(_TYPED[kind], schema.get("minimum", 0))
    return _TYPED.get(kind, {})


def add_examples(paths: Json, schemas: Json) -> None:
    """Give each body that is sent or answered an example, and each part of an address."""
    for operations in paths.values():
        for parameter in operations.get("parameters", []):
            parameter.setdefault("example", example_of(parameter["schema"], schemas, parameter["name"]))
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for parameter in operation.get("parameters", []):
                _in_query(parameter, schemas)
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (media for body in bodies for media in body.get("content", {}).values()):
                if not {"example", "examples"} & set(content) and "schema" in content:
                    content["example"] = example_of(content["schema"], schemas)


def _in_query(parameter: Json, schemas: Json) -> None:
    """Move the example of a parameter from its schema to where readers look for it."""
    found = parameter["schema"].pop("example", None)
    if found is None:
        found = example_of(parameter["schema"], schemas, parameter["name"])
    parameter.setdefault("example", found)
