"""The machinery: queues, jobs and workers, for administrators."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.services import status
from app.services.access import require_admin

blueprint = Blueprint("machinery", "Queues, jobs and workers. For administrators.")
blueprints = (blueprint,)


class QueueSchema(Schema):
    """A queue."""

    type = ma.fields.String()
    waiting = ma.fields.Integer()
    rung = ma.fields.Integer(metadata={"description": "Given to a worker that has not taken it yet"})
    running = ma.fields.Integer()
    failed = ma.fields.Integer()
    oldest = ma.fields.Float(allow_none=True, metadata={"description": "Seconds that the oldest ready job has waited"})
    max_workers = ma.fields.Integer(metadata={"description": "How many may run at once"})
    is_known = ma.fields.Boolean(metadata={"description": "Whether something here does such jobs"})


class JobSchema(Schema):
    """A job."""

    id = ma.fields.Integer()
    type = ma.fields.String()
    state = ma.fields.String()
    dataset = ma.fields.String(allow_none=True)
    blocked_by = ma.fields.String(allow_none=True, metadata={"description": "The dataset it waits for"})
    interval = ma.fields.Integer(allow_none=True)
    attempts = ma.fields.Integer()
    max_attempts = ma.fields.Integer()
    queued = ma.fields.AwareDateTime(allow_none=True)
    claim_after = ma.fields.AwareDateTime(allow_none=True)
    claimed = ma.fields.AwareDateTime(allow_none=True)
    heartbeat = ma.fields.AwareDateTime(allow_none=True)
    host = ma.fields.String(allow_none=True)
    pid = ma.fields.Integer(allow_none=True)
    cancel_requested = ma.fields.Boolean()
    error = ma.fields.String(allow_none=True)


class RunningSchema(Schema):
    """A job at work."""

    id = ma.fields.Integer()
    type = ma.fields.String()
    dataset = ma.fields.String(allow_none=True)
    host = ma.fields.String(allow_none=True)
    pid = ma.fields.Integer(allow_none=True)
    attempts = ma.fields.Integer()
    max_attempts = ma.fields.Integer()
    since = ma.fields.AwareDateTime(allow_none=True)
    heartbeat_age = ma.fields.Float(allow_none=True, metadata={"description": "Seconds since its last sign of life"})


class ManagerSchema(Schema):
    """The parent process of the workers on one machine."""

    name = ma.fields.String()
    host = ma.fields.String()
    pid = ma.fields.Integer()
    started = ma.fields.Raw()
    version = ma.fields.String()
    queues = ma.fields.List(ma.fields.String())
    workers = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), metadata={"description": "Worker processes by type"}
    )


class WorkersSchema(Schema):
    """Who works."""

    redis = ma.fields.Boolean(metadata={"description": "Whether Redis answers; without it managers are not known"})
    managers = ma.fields.List(ma.fields.Nested(ManagerSchema), allow_none=True)
    running = ma.fields.List(ma.fields.Nested(RunningSchema))
    versions = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(allow_none=True))


class JobsQuery(Query):
    """How many jobs."""

    limit = ma.fields.Integer(load_default=500, validate=validate.Range(1, 5000))


@blueprint.route("/queues")
class Queues(MethodView):
    """Queues."""

    @blueprint.response(200, QueueSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List the queues: how many jobs wait, run and have failed."""
        require_admin(actor())
        return status.queues(installation())


@blueprint.route("/jobs")
class Jobs(MethodView):
    """Jobs."""

    @blueprint.arguments(JobsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, JobSchema(many=True))
    def get(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """List open and failed jobs, running ones first."""
        require_admin(actor())
        return status.list_jobs(installation(), query["limit"])


@blueprint.route("/workers")
class Workers(MethodView):
    """Workers."""

    @blueprint.response(200, WorkersSchema)
    def get(self) -> dict[str, Any]:
        """Show the managers with their worker processes, and the jobs at work."""
        require_admin(actor())
        found = status.snapshot(installation())
        shown = {name: found[name] for name in ("managers", "running", "versions")}
        return {"redis": found["redis"]["ok"], **shown}
