"""Processors: what analyses there are, which fit a dataset, and running one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO, cast

import marshmallow as ma
from flask import request
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.body import JSONObject, has_body, read_json
from app.api.dataset_schema import DatasetSchema, accepted, present
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.plugins.processor import Preset
from app.plugins.registry import Analysis
from app.plugins.validation import check_json, json_schema
from app.services import run
from app.services.run_items import run_on_items

blueprint = Blueprint("processors", "Analyses.")
blueprints = (blueprint,)
_ITEM = {"id": "1", "thread_id": "1", "timestamp": "2026-01-02 10:00:00", "author": "ann", "body": "tea"}


class AcceptsSchema(Schema):
    """Which datasets an analysis takes."""

    items = ma.fields.Boolean(metadata={"description": "Posts only"})
    types = ma.fields.List(ma.fields.String())
    kinds = ma.fields.List(ma.fields.String())
    any_columns = ma.fields.List(ma.fields.String())
    all_columns = ma.fields.List(ma.fields.String())


class ProcessorSchema(Schema):
    """An analysis."""

    type = ma.fields.String()
    title = ma.fields.String()
    category = ma.fields.String()
    description = ma.fields.String()
    kind = ma.fields.String(
        allow_none=True, metadata={"description": "What it makes: table, files, graph, chart, page"}
    )
    is_filter = ma.fields.Boolean(metadata={"description": "Whether its result can be analysed as its source can"})
    is_preset = ma.fields.Boolean(metadata={"description": "Whether it is several analyses in one"})
    accepts = ma.fields.Nested(AcceptsSchema)
    followups = ma.fields.List(ma.fields.String())
    references = ma.fields.List(ma.fields.String())
    available = ma.fields.Boolean()
    reason = ma.fields.String(allow_none=True, metadata={"description": "Why it is not available"})
    options = ma.fields.Dict(metadata={"description": "The JSON schema of its options"})


class FitSchema(Schema):
    """An analysis and how it fits one dataset."""

    type = ma.fields.String()
    title = ma.fields.String()
    category = ma.fields.String()
    description = ma.fields.String()
    fits = ma.fields.Boolean()
    reason = ma.fields.String(allow_none=True, metadata={"description": "Why it cannot run on this dataset"})
    preferred = ma.fields.Boolean(metadata={"description": "Whether people often run it on such a dataset"})
    options = ma.fields.Dict(metadata={"description": "The JSON schema of its options, with the dataset's columns"})


class RunQuery(Query):
    """How to run an analysis."""

    rerun = ma.fields.Boolean(
        load_default=False, metadata={"description": "Run it even if there is a result for these options already"}
    )
    notify = ma.fields.Boolean(load_default=False, metadata={"description": "Send a mail when it has ended"})


class RunItemsQuery(Query):
    """How to analyse what is sent."""

    options = JSONObject(
        load_default=dict,
        metadata={"type": "string", "description": "Those of the analysis, as a JSON object", "example": "{}"},
    )


class FitQuery(Query):
    """Which analyses to list."""

    fits = ma.fields.Boolean(metadata={"description": "Only those that fit (true) or do not (false)"})


def _describe(analysis: Analysis) -> dict[str, Any]:
    ctx = installation()
    reason = ctx.registry.unavailable(analysis, ctx.site_settings())
    is_preset = issubclass(analysis, Preset)
    return {
        "type": analysis.type,
        "title": analysis.title,
        "category": analysis.category,
        "description": analysis.description(),
        "kind": None if issubclass(analysis, Preset) else str(analysis.returns.kind),
        "is_filter": analysis.is_filter(),
        "is_preset": is_preset,
        "accepts": asdict(analysis.accepts),
        "followups": list(analysis.followups),
        "references": list(analysis.references),
        "available": reason is None,
        "reason": reason,
        "options": json_schema(analysis.Options),
    }


@blueprint.route("/processors")
class Processors(MethodView):
    """All of them."""

    @blueprint.response(200, ProcessorSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List the analyses."""
        return [_describe(analysis) for _, analysis in sorted(installation().registry.processors.items())]


@blueprint.route("/processors/<string:processor_type>")
class OneProcessor(MethodView):
    """One of them."""

    @blueprint.response(200, ProcessorSchema)
    def get(self, processor_type: str) -> dict[str, Any]:
        """Show an analysis with the JSON schema of its options."""
        return _describe(installation().registry.processor(processor_type))


@blueprint.route("/processors/<string:processor_type>/run")
class RunOnItems(MethodView):
    """Analysing a list that is sent for it."""

    counts_as = "upload"

    @blueprint.arguments(RunItemsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(202, DatasetSchema, description="The result, which waits")
    @blueprint.doc(
        requestBody={
            "required": True,
            "content": {
                "application/json": {"schema": {}, "example": [_ITEM]},
                "application/x-ndjson": {"schema": {}, "example": _ITEM},
            },
        }
    )
    def post(self, query: dict[str, Any], processor_type: str) -> Any:
        """Analyse the items in the body, a JSON list of objects or NDJSON, without making a dataset of them first.

        They become a private dataset that goes by itself after `limits.posted_days`, with the result. They are read
        when it is made, as any file is: what cannot be read lets it fail, with the reason.
        """
        kinds = {"application/json": "json", "application/x-ndjson": "ndjson"}
        kind = kinds.get(request.mimetype)
        if kind is None:
            raise InvalidInput({"Content-Type": [say("Send items as {kinds}.", kinds=", ".join(kinds))]})
        ctx = installation()
        check_json(ctx.registry.processor(processor_type).Options, query["options"])
        stream = cast(BinaryIO, request.stream)
        made = run_on_items(ctx, actor(), processor_type, query["options"], f"items.{kind}", stream)
        return accepted(made)


@blueprint.route("/datasets/<string:key>/processors")
class Fits(MethodView):
    """What can be done with a dataset."""

    @blueprint.arguments(FitQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, FitSchema(many=True))
    def get(self, query: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """List what can run on a dataset, and why the rest cannot; options name its columns."""
        return [
            {
                "type": fit.analysis.type,
                "title": fit.analysis.title,
                "category": fit.analysis.category,
                "description": fit.analysis.description(),
                "fits": fit.reason is None,
                "reason": fit.reason,
                "preferred": fit.is_preferred,
                "options": fit.schema,
            }
            for fit in run.list_fits(installation(), actor(), key)
            if query.get("fits") in (None, fit.reason is None)
        ]


@blueprint.route("/datasets/<string:key>/processors/<string:processor_type>")
class Run(MethodView):
    """Running an analysis."""

    @blueprint.arguments(RunQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(202, DatasetSchema, description="Asked for: a new dataset, which waits")
    @blueprint.alt_response(200, schema=DatasetSchema, description="This was asked before: the dataset that is there")
    def post(self, query: dict[str, Any], key: str, processor_type: str) -> Any:
        """Run an analysis on a dataset, with its options as JSON; spell them with hyphens or underscores."""
        ctx, who = installation(), actor()
        options = _options(ctx.registry.processor(processor_type))
        child, is_new = run.run_processor(ctx, who, key, processor_type, options, **query)
        return accepted(child) if is_new else (present([child])[0], 200)


def _options(analysis: Analysis) -> Mapping[str, Any]:
    """The options in the body; nothing at all means none."""
    if not has_body(request):
        return {}
    given = read_json()
    if not isinstance(given, dict):
        raise InvalidInput({"body": [say("Send the options as a JSON object, such as {}.")]})
    check_json(analysis.Options, given)
    return given
