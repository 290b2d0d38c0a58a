"""What administrators look through: use over time, logs, errors, plug-ins."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.domain.errors import Unavailable
from app.domain.texts import say
from app.services.error_report import list_errors
from app.services.log_list import list_lines
from app.services.measure import Use, use_over_time
from app.services.plugin_list import Listed, list_plugins
from app.services.process_log import list_said

blueprint = Blueprint("control", "Use over time, logs, errors and plug-ins. For administrators.")
blueprints = (blueprint,)


class WordsQuery(Query):
    """Which entries."""

    q = ma.fields.String(load_default="", metadata={"description": "What stands in them"})


class LogLineSchema(Schema):
    """A line of the log of a dataset."""

    at = ma.fields.AwareDateTime()
    line = ma.fields.String()
    dataset = ma.fields.String()
    label = ma.fields.String(metadata={"description": "The label of the dataset"})
    owner = ma.fields.String()


class SaidSchema(Schema):
    """What a process said."""

    at = ma.fields.AwareDateTime()
    process = ma.fields.String(metadata={"description": "web, worker or scheduler"})
    place = ma.fields.String(metadata={"description": "The name of the machine and the number of the process"})
    level = ma.fields.String(metadata={"description": "INFO, WARNING, ERROR or CRITICAL"})
    text = ma.fields.String(metadata={"description": "A line, with those of a traceback below it"})


class ErrorReportSchema(Schema):
    """An error on our side."""

    id = ma.fields.String(metadata={"description": "The number that was shown with it"})
    at = ma.fields.AwareDateTime()
    place = ma.fields.String(metadata={"description": "What was asked for"})
    owner = ma.fields.String(metadata={"description": "Who asked; empty for nobody"})
    text = ma.fields.String(metadata={"description": "The traceback"})


class PluginSchema(Schema):
    """A plug-in."""

    kind = ma.fields.String(metadata={"description": "analysis, data source or standing task"})
    type = ma.fields.String()
    title = ma.fields.String()
    about = ma.fields.String()
    origin = ma.fields.String(metadata={"description": "4CAT, or the package that it comes with"})
    reason = ma.fields.String(allow_none=True, metadata={"description": "Why it cannot be used; null if it can"})


class DayOfUseSchema(Schema):
    """One day."""

    day = ma.fields.Date()
    asked = ma.fields.Integer(metadata={"description": "Datasets asked for"})
    failed = ma.fields.Integer(metadata={"description": "How many of them failed"})
    stored_bytes = ma.fields.Integer(allow_none=True, metadata={"description": "Null for a day that was not measured"})


class SizesSchema(Schema):
    """What there is now."""

    results = ma.fields.Integer(metadata={"description": "In bytes"})
    uploads = ma.fields.Integer(metadata={"description": "In bytes"})
    small_pictures = ma.fields.Integer(metadata={"description": "In bytes, as they were last counted"})
    database = ma.fields.Integer(metadata={"description": "In bytes"})
    users = ma.fields.Integer()
    datasets = ma.fields.Integer()


class UseSchema(Schema):
    """Use over time."""

    days = ma.fields.List(ma.fields.Nested(DayOfUseSchema))
    sizes = ma.fields.Nested(SizesSchema)
    free_bytes = ma.fields.Integer(
        allow_none=True, metadata={"description": "Left where results are kept; null if that is not on this machine"}
    )


@blueprint.route("/usage")
class Usage(MethodView):
    """Use."""

    @blueprint.response(200, UseSchema)
    def get(self) -> Use:
        """Show what has been asked for and stored in the last 30 days, and what there is now."""
        return use_over_time(installation(), actor())


@blueprint.route("/logs")
class Logs(MethodView):
    """Logs."""

    @blueprint.arguments(WordsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, LogLineSchema(many=True))
    def get(self, query: dict[str, str]) -> Any:
        """List the latest 200 lines of the logs of all datasets in which a text stands."""
        return list_lines(installation(), actor(), query["q"])


@blueprint.route("/errors")
class Errors(MethodView):
    """Errors."""

    @blueprint.arguments(WordsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ErrorReportSchema(many=True))
    def get(self, query: dict[str, str]) -> Any:
        """List the latest 100 errors on our side in which a text stands, each with its traceback."""
        return list_errors(installation(), actor(), query["q"])


@blueprint.route("/logs/processes")
class ProcessLogs(MethodView):
    """What processes say."""

    @blueprint.arguments(WordsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, SaidSchema(many=True))
    def get(self, query: dict[str, str]) -> Any:
        """List the latest 200 warnings, errors and notes of web, workers and scheduler in which a text stands."""
        found = list_said(installation(), actor(), query["q"])
        if found is None:
            raise Unavailable(say("Redis, which has what processes say, does not answer. Try again in a moment."))
        return found


@blueprint.route("/plugins")
class Plugins(MethodView):
    """Plug-ins."""

    @blueprint.response(200, PluginSchema(many=True))
    def get(self) -> list[Listed]:
        """List the plug-ins: where each comes from, and why one cannot be used."""
        return list_plugins(installation(), actor())
