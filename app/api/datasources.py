"""Data sources: where posts come from, and what can be asked of each."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.plugins.datasource import DataSource
from app.plugins.validation import check_json, json_schema
from app.services.estimate import estimate_capture
from app.services.overview import source_activity, source_overview

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


class DatasourcePartSchema(Schema):
    """One part of a source, such as a board."""

    name = ma.fields.String()
    posts = ma.fields.Integer(metadata={"description": "How many are kept, counted within the last minutes"})
    first = ma.fields.Date(allow_none=True, metadata={"description": "The day of the oldest, in UTC"})
    last = ma.fields.Date(allow_none=True, metadata={"description": "The day of the newest, in UTC"})
    every = ma.fields.Integer(
        allow_none=True, metadata={"description": "How often it is looked at, in seconds; null when it is not"}
    )
    looked = ma.fields.AwareDateTime(allow_none=True, metadata={"description": "When it was last read"})


class DatasourceActivitySchema(Schema):
    """The posts of one part in one period."""

    date = ma.fields.Date(metadata={"description": "The first day of the period, in UTC"})
    part = ma.fields.String(metadata={"description": "Its name; small parts may be shown as one, `others`"})
    posts = ma.fields.Integer()


class DatasourceGapSchema(Schema):
    """A time in which a part, or threads of it, were not read, so that posts may be missing."""

    part = ma.fields.String()
    began = ma.fields.AwareDateTime()
    ended = ma.fields.AwareDateTime(allow_none=True, metadata={"description": "null while it goes on"})
    reason = ma.fields.String()
    threads = ma.fields.Integer(
        allow_none=True,
        metadata={"description": "How many threads were not read, at most at once; null when it was the whole part"},
    )


class DatasourceOverviewSchema(Schema):
    """What is kept here of a data source."""

    id = ma.fields.String()
    keeps_posts = ma.fields.Boolean(metadata={"description": "Whether this installation keeps posts of it at all"})
    parts = ma.fields.List(ma.fields.Nested(DatasourcePartSchema), metadata={"description": "The largest first"})
    period = ma.fields.String(
        allow_none=True, metadata={"description": "What `activity` counts by: day, month or year"}
    )
    activity = ma.fields.List(ma.fields.Nested(DatasourceActivitySchema), metadata={"description": "The oldest first"})
    gaps = ma.fields.List(
        ma.fields.Nested(DatasourceGapSchema), metadata={"description": "The newest ones, the newest first"}
    )
    all_gaps = ma.fields.Integer(
        allow_none=True, metadata={"description": "How many there are; null when that cannot be told quickly"}
    )
    hint = ma.fields.String(metadata={"description": "What an administrator may do next; empty when there is nothing"})


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


@blueprint.route("/datasources/<string:datasource_id>/overview")
class DatasourceOverview(MethodView):
    """What is kept of one of them."""

    counts_as = "estimate"

    @blueprint.response(200, DatasourceOverviewSchema)
    def get(self, datasource_id: str) -> dict[str, Any]:
        """Show what is kept here of a data source: its parts, posts over time, and gaps in the capture."""
        source, found = source_overview(installation(), actor(), datasource_id)
        activity = source_activity(installation(), actor(), datasource_id)
        counts = activity.counts if activity else ()
        return {
            "id": source.id,
            "keeps_posts": found is not None,
            "parts": found.parts if found else [],
            "period": activity.period if activity and counts else None,
            "activity": [{"date": began, "part": part, "posts": posts} for began, part, posts in counts],
            "gaps": found.gaps if found else [],
            "all_gaps": found.all_gaps if found else 0,
            "hint": found.hint if found else "",
        }


@blueprint.route("/datasources/<string:datasource_id>/estimate")
class DatasourceEstimate(MethodView):
    """How much a capture would find."""

    counts_as = "estimate"

    @blueprint.arguments(EstimateQuerySchema, required=False)
    @blueprint.response(200, EstimateSchema)
    def post(self, given: dict[str, Any], datasource_id: str) -> dict[str, Any]:
        """Reckon how many items a capture would find, and check its parameters, without asking for it."""
        check_json(installation().registry.datasource(datasource_id).Options, given["parameters"])
        return {"items": estimate_capture(installation(), actor(), datasource_id, given["parameters"])}
