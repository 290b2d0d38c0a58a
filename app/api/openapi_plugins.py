"""The place that every processor and data source has in the OpenAPI document, with its own options."""

from __future__ import annotations

import copy
import re
from typing import Any

from apispec import APISpec

from app.plugins.datasource import DataSource
from app.plugins.registry import Registry
from app.plugins.validation import json_schema

RUN = "/api/datasets/{key}/processors/{processor_type}"
Json = dict[str, Any]


def plain_name(type_: str) -> str:
    """The name of a plug-in as part of the names of schemas: `CountPosts`, `Import4Cat`, as in generated clients."""
    return "".join(part.capitalize() for part in re.findall(r"[^\W\d_]+|\d+", type_))


def options_name(type_: str) -> str:
    """The name of the schema of a plug-in's options: `CountPostsOptions`."""
    return f"{plain_name(type_)}Options"


def add_options(spec: APISpec, registry: Registry) -> None:
    """Add the option schema of every processor and data source to the document.

    Generators of clients name what they make after titles, so these are names here, and labels for people `x-label`.
    """
    plugins = {**registry.processors, **registry.datasources}
    for type_, plugin in sorted(plugins.items()):
        schema = json_schema(plugin.Options)
        for name, shape in schema["properties"].items():
            schema["properties"][name] = {"x-label": shape.pop("title")} | shape
        described = {"title": options_name(type_), "description": plugin.description(), "x-label": plugin.title}
        spec.components.schema(options_name(type_), described | schema)


def describe_captures(spec: APISpec, registry: Registry) -> None:
    """Give every data source that captures its own kind of request, told by `datasource`; name those that import."""
    schemas: Json = spec.components.schemas
    sources = dict(sorted(registry.datasources.items()))
    capturing = [source for source in sources.values() if not source.imports() or source.brings()]
    importing = [source for source in sources.values() if source.imports()]
    if capturing:
        schemas["Capture"] = _choice_of_captures(schemas, capturing)
        schemas["EstimateQuery"]["properties"]["parameters"] = _any_of([source.id for source in capturing])
    if importing:
        upload = schemas["Upload"]["properties"]
        upload["datasource"] |= {"enum": [source.id for source in importing]}
        described = {"description": upload["parameters"]["description"]}
        upload["parameters"] = _any_of([source.id for source in importing]) | described
    for path, operations in spec._paths.items():
        if "{datasource_id}" in path:
            _name_choices(operations, "datasource_id", list(sources))


def _choice_of_captures(schemas: Json, capturing: list[type[DataSource]]) -> Json:
    general = schemas["Capture"]
    for source in capturing:
        own = copy.deepcopy(general)
        own["title"] = f"Capture{plain_name(source.id)}"
        own["properties"]["datasource"] = {"type": "string", "const": source.id}
        own["properties"]["parameters"] = _ref(source.id)
        if json_schema(source.Options).get("required"):
            own["required"] = ["datasource", "parameters"]
        schemas[own["title"]] = own
    names = {source.id: f"#/components/schemas/Capture{plain_name(source.id)}" for source in capturing}
    return {
        "oneOf": [{"$ref": name} for name in names.values()],
        "discriminator": {"propertyName": "datasource", "mapping": names},
    }


def describe_runs(spec: APISpec, registry: Registry) -> None:
    """Add a path for each processor beside the general one, so that a client sees its own options."""
    types = sorted(registry.processors)
    general = spec._paths[RUN]["post"]
    general["requestBody"] = _body(_any_of(types) if types else {"type": "object"})
    key = {"in": "path", "name": "key", "required": True, "schema": {"type": "string", "minLength": 1}}
    for type_ in types:
        analysis = registry.processors[type_]
        spec._paths[RUN.replace("{processor_type}", type_)] = {
            "parameters": [key],
            "post": copy.deepcopy(general)
            | {
                "operationId": f"run_{type_}".replace("-", "_"),
                "summary": f"Run: {analysis.title}",
                "description": analysis.description(),
                "tags": [f"run: {analysis.category}"],
                "requestBody": _body(_ref(type_)),
            },
        }
    for path, operations in spec._paths.items():
        if "{processor_type}" in path:
            _name_choices(operations, "processor_type", types)


def _name_choices(operations: Json, name: str, choices: list[str]) -> None:
    for parameter in operations.get("parameters", []):
        if parameter["name"] == name and choices:
            parameter["schema"] = {"type": "string", "enum": choices}


def _ref(type_: str) -> Json:
    return {"$ref": f"#/components/schemas/{options_name(type_)}"}


def _any_of(types: list[str]) -> Json:
    return {"anyOf": [_ref(type_) for type_ in types]}


def _body(schema: Json) -> Json:
    return {"required": False, "content": {"application/json": {"schema": schema}}}
