"""Whether the service is well, for anybody who asks; its metrics, for administrators."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView

from app.api.auth import actor, find_actor, installation
from app.api.base import Blueprint, Schema
from app.domain.right import Right
from app.services import status
from app.services.access import require_given
from app.services.metrics import prometheus

blueprint = Blueprint("status", "Whether the service is well. Open to all.", is_open=True)
metrics = Blueprint("metrics", "Metrics for Prometheus. For administrators.", prefix="")
blueprints = (blueprint, metrics)


class ServicePartSchema(Schema):
    """A part of the installation."""

    ok = ma.fields.Boolean(metadata={"description": "Whether it answers"})
    milliseconds = ma.fields.Float(allow_none=True)


class WaitingSchema(Schema):
    """How busy a queue is."""

    type = ma.fields.String()
    waiting = ma.fields.Integer()
    running = ma.fields.Integer()


class StatusSchema(Schema):
    """Whether the service is well."""

    status = ma.fields.String(metadata={"enum": ["ok", "degraded", "down"]})
    name = ma.fields.String()
    version = ma.fields.String()
    time = ma.fields.AwareDateTime()
    database = ma.fields.Nested(ServicePartSchema)
    redis = ma.fields.Nested(ServicePartSchema)
    queues = ma.fields.List(
        ma.fields.Nested(WaitingSchema),
        metadata={"description": "What is busy; only for those who are signed in"},
    )


@blueprint.route("/status")
class Status(MethodView):
    """The service."""

    @blueprint.response(200, StatusSchema)
    @blueprint.alt_response(503, schema=StatusSchema, description="The database does not answer")
    def get(self) -> Any:
        """Show whether the service and its parts answer."""
        ctx = installation()
        found = status.liveness(ctx)
        if found["database"]["ok"] and find_actor() is not None:
            found["queues"] = status.busy_queues(ctx)
        return found, 200 if found["database"]["ok"] else 503


@metrics.route("/metrics")
class Metrics(MethodView):
    """Metrics."""

    @metrics.response(200, {"type": "string"}, content_type="text/plain")
    def get(self) -> Response:
        """Show jobs, queues, machines, repairs and datasets in Prometheus' text format."""
        require_given(actor(), Right.STATUS)
        return Response(prometheus(installation()), content_type="text/plain; version=0.0.4; charset=utf-8")
