"""The machinery: queues, jobs and workers, for administrators."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.domain.job import JobState
from app.domain.right import Right
from app.services import failure, status
from app.services.access import require_given
from app.services.machine import restart_workers

blueprint = Blueprint("machinery", "Queues, jobs and workers. For administrators.")
blueprints = (blueprint,)


class UnclaimedSchema(Schema):
    """Work that waits while nobody takes it."""

    type = ma.fields.String()
    jobs = ma.fields.Integer(metadata={"description": "How many have waited for a minute or more"})
    seconds = ma.fields.Float(metadata={"description": "How long the oldest has waited"})
    reason = ma.fields.String()
    advice = ma.fields.String(metadata={"description": "How to mend it"})


class QueueSchema(Schema):
    """A queue."""

    type = ma.fields.String()
    waiting = ma.fields.Integer()
    blocked = ma.fields.Integer(metadata={"description": "How many of those wait for another dataset"})
    rung = ma.fields.Integer(metadata={"description": "Given to a worker that has not taken it yet"})
    running = ma.fields.Integer()
    failed = ma.fields.Integer()
    oldest = ma.fields.Float(allow_none=True, metadata={"description": "Seconds that the oldest ready job has waited"})
    max_workers = ma.fields.Integer(metadata={"description": "How many may run at once"})
    memory_mb = ma.fields.Integer(allow_none=True, metadata={"description": "The most memory that one may use"})
    minutes = ma.fields.Integer(allow_none=True, metadata={"description": "The longest that one may take"})
    is_known = ma.fields.Boolean(metadata={"description": "Whether something here does such jobs"})
    unclaimed = ma.fields.Nested(
        UnclaimedSchema, allow_none=True, metadata={"description": "Why nobody takes what waits; null when all is well"}
    )


class JobSchema(Schema):
    """A job."""

    id = ma.fields.Integer()
    type = ma.fields.String()
    state = ma.fields.String(metadata={"enum": [str(state) for state in JobState]})
    dataset = ma.fields.String(allow_none=True)
    label = ma.fields.String(allow_none=True, metadata={"description": "The label of its dataset"})
    owner = ma.fields.String(allow_none=True, metadata={"description": "Whose turn it takes"})
    blocked_by = ma.fields.String(allow_none=True, metadata={"description": "The dataset it waits for"})
    interval = ma.fields.Integer(allow_none=True)
    attempts = ma.fields.Integer()
    max_attempts = ma.fields.Integer()
    queued = ma.fields.AwareDateTime(allow_none=True)
    claim_after = ma.fields.AwareDateTime(allow_none=True)
    claimed = ma.fields.AwareDateTime(allow_none=True)
    heartbeat = ma.fields.AwareDateTime(allow_none=True)
    heartbeat_age = ma.fields.Float(allow_none=True, metadata={"description": "Seconds since its last sign of life"})
    host = ma.fields.String(allow_none=True)
    pid = ma.fields.Integer(allow_none=True)
    cancel_requested = ma.fields.Boolean(metadata={"description": "Whether it is being stopped"})
    failed = ma.fields.AwareDateTime(allow_none=True)
    error = ma.fields.String(allow_none=True, metadata={"description": "Why it failed, with the traceback"})


class ManagerSchema(Schema):
    """The parent process of the workers on one machine."""

    name = ma.fields.String()
    host = ma.fields.String()
    pid = ma.fields.Integer()
    started = ma.fields.AwareDateTime()
    version = ma.fields.String()
    sign_age = ma.fields.Float(allow_none=True, metadata={"description": "Seconds since it last said it is there"})
    queues = ma.fields.List(ma.fields.String())
    workers = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), metadata={"description": "Worker processes by type"}
    )


class WorkersSchema(Schema):
    """Who works."""

    redis = ma.fields.Boolean(metadata={"description": "Whether Redis answers; without it managers are not known"})
    managers = ma.fields.List(ma.fields.Nested(ManagerSchema), allow_none=True)
    running = ma.fields.List(ma.fields.Nested(JobSchema))
    versions = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(allow_none=True))


class RepairSchema(Schema):
    """Something that was wrong with the machinery and has been mended by it."""

    id = ma.fields.Integer()
    at = ma.fields.AwareDateTime()
    kind = ma.fields.String()
    type = ma.fields.String(allow_none=True)
    job = ma.fields.Integer(allow_none=True)
    dataset = ma.fields.String(allow_none=True)
    label = ma.fields.String(allow_none=True, metadata={"description": "The label of its dataset"})
    host = ma.fields.String(allow_none=True)
    text = ma.fields.String(metadata={"description": "What was wrong and what was done"})


class JobsQuery(Query):
    """Which jobs, and how many."""

    state = ma.fields.String(validate=validate.OneOf([str(state) for state in JobState]))
    type = ma.fields.String()
    cursor = paging.cursor()
    limit = paging.limit(500, 5000)


class RepairsQuery(Query):
    """How many repairs."""

    cursor = paging.cursor()
    limit = paging.limit(100, 5000)


@blueprint.route("/queues")
class Queues(MethodView):
    """Queues."""

    @blueprint.response(200, QueueSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List the queues: how many jobs wait, run and have failed, their limits, and whether somebody takes them."""
        require_given(actor(), Right.STATUS)
        ctx = installation()
        return status.queues(ctx, status.find_managers(ctx))


@blueprint.route("/jobs")
class Jobs(MethodView):
    """Jobs."""

    @blueprint.arguments(JobsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, JobSchema(many=True))
    def get(self, query: dict[str, Any]) -> Any:
        """List open and failed jobs, those first that were asked for first."""
        require_given(actor(), Right.STATUS)
        found = status.list_jobs(
            installation(),
            state=query.get("state"),
            type_=query.get("type"),
            after=query.get("cursor", 0),
            limit=query["limit"] + 1,
        )
        return paging.one_page(found, query["limit"], lambda job: job["id"])


@blueprint.route("/jobs/<int:job_id>/retry")
class RetryJob(MethodView):
    """Trying again."""

    @blueprint.response(204)
    def post(self, job_id: int) -> None:
        """Run a failed job again, with its dataset if it has one."""
        failure.retry_job(installation(), actor(), job_id)


@blueprint.route("/jobs/<int:job_id>/cancel")
class CancelJob(MethodView):
    """Stopping one."""

    @blueprint.response(204)
    def post(self, job_id: int) -> None:
        """Stop a job that waits or runs, with the dataset that it makes."""
        failure.cancel_job(installation(), actor(), job_id)


@blueprint.route("/jobs/<int:job_id>")
class FailedJob(MethodView):
    """One that failed."""

    @blueprint.response(204)
    def delete(self, job_id: int) -> None:
        """Dismiss a failed job; its dataset stays failed and keeps its log."""
        failure.dismiss_job(installation(), actor(), job_id)


@blueprint.route("/workers")
class Workers(MethodView):
    """Workers."""

    @blueprint.response(200, WorkersSchema)
    def get(self) -> dict[str, Any]:
        """Show the managers with their worker processes, and the jobs at work."""
        require_given(actor(), Right.STATUS)
        return status.workers(installation())


@blueprint.route("/workers/restart")
class RestartWorkers(MethodView):
    """Starting anew."""

    @blueprint.response(204)
    def post(self) -> None:
        """Let the workers of all machines end and start anew; what has not ended in time waits again."""
        restart_workers(installation(), actor())


@blueprint.route("/repairs")
class Repairs(MethodView):
    """Repairs."""

    @blueprint.arguments(RepairsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, RepairSchema(many=True))
    def get(self, query: dict[str, Any]) -> Any:
        """List what the reconciler has mended, the latest first."""
        require_given(actor(), Right.STATUS)
        found = status.list_repairs(installation(), query["limit"] + 1, before=query.get("cursor"))
        return paging.one_page(found, query["limit"], lambda repair: repair["id"])
