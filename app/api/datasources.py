"""Data sources: where posts come from, and what can be asked of each."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.api.limits import limit_estimates
from app.plugins.datasource import DataSource
from app.plugins.validation import check_json, json_schema
from app.services.estimate import estimate_capture

blueprint = Blueprint("datasources", "Where posts come from.")
blueprints = (blueprint,)


class DatasourceSchema(Schema):
    """A data source."""

    id = ma.fields.String()
    title = ma.fields.String()
    description = ma.fields.String()
    kind = ma.fields.String(metadata={"description": "capture, search, import or tool"})
    imports_files = ma.fields.Boolean(metadata={"description": "Whether it takes POST /api/datasets/upload"})
    available = ma.fields.Boolean()
    reason = ma.fields.String(allow_none=True, metadata={"description": "Why it is not available"})
    parameters = ma.fields.Dict(metadata={"description": "The JSON schema of its parameters"})


class EstimateQuerySchema(Schema):
    """What would be asked for."""

    parameters = ma.fields.Dict(load_default=dict, metadata={"description": "As for POST /api/datasets"})


class EstimateSchema(Schema):
    """How much that would find."""

    items = ma.fields.Integer(
        allow_none=True, metadata={"description": "About how many items; null when that cannot be told quickly"}
    )


def _describe(source: type[DataSource]) -> dict[str, Any]:
    ctx = installation()
    reason = ctx.registry.unavailable(source, ctx.site_settings())
    return {
        "id": source.id,
        "title": source.title,
        "description": source.description(),
        "kind": source.kind,
        "imports_files": source.imports(),
        "available": reason is None,
        "reason": reason,
        "parameters": json_schema(source.Options),
    }


@blueprint.route("/datasources")
class Datasources(MethodView):
    """All of them."""

    @blueprint.response(200, DatasourceSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List the data sources."""
        return [_describe(source) for _, source in sorted(installation().registry.datasources.items())]


@blueprint.route("/datasources/<string:datasource_id>")
class Datasource(MethodView):
    """One of them."""

    @blueprint.response(200, DatasourceSchema)
    def get(self, datasource_id: str) -> dict[str, Any]:
        """Show a data source with the JSON schema of its parameters."""
        return _describe(installation().registry.datasource(datasource_id))


@blueprint.route("/datasources/<string:datasource_id>/estimate")
class DatasourceEstimate(MethodView):
    """How much a capture would find."""

    decorators: ClassVar = [limit_estimates]

    @blueprint.arguments(EstimateQuerySchema, required=False)
    @blueprint.response(200, EstimateSchema)
    def post(self, given: dict[str, Any], datasource_id: str) -> dict[str, Any]:
        """Reckon how many items a capture would find, and check its parameters, without asking for it."""
        check_json(installation().registry.datasource(datasource_id).Options, given["parameters"])
        return {"items": estimate_capture(installation(), actor(), datasource_id, given["parameters"])}
