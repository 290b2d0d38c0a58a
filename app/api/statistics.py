"""How busy the installation is: for monitoring on the machine itself, and for those with a token."""

from __future__ import annotations

import ipaddress
from typing import Any

import marshmallow as ma
from flask import request
from flask.views import MethodView

from app.api.auth import actor, bearer_token, installation
from app.api.base import Blueprint, Schema
from app.services.statistics import gather

blueprint = Blueprint(
    "statistics",
    "How busy the installation is. For its own machine without a token, else for those who are signed in.",
    is_open=True,
)
blueprints = (blueprint,)

_FORWARDING = (
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"),
    *("X-Forwarded-Server", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP"),
)


class PostsOfSourceSchema(Schema):
    """Posts of the last hour."""

    source = ma.fields.String()
    scraped = ma.fields.Integer(metadata={"description": "Posts made in the last hour that are stored"})
    deleted = ma.fields.Integer(metadata={"description": "How many of those have been deleted on the board since"})


class DatasetsCreatedSchema(Schema):
    """Datasets that were made lately, analyses included."""

    hour = ma.fields.Integer()
    day = ma.fields.Integer()


class JobsOfTypeSchema(Schema):
    """Open jobs of a type."""

    type = ma.fields.String()
    jobs = ma.fields.Integer(metadata={"description": "How many wait or run"})
    oldest = ma.fields.Float(metadata={"description": "Seconds that the oldest that could start has waited"})


class OpenJobsSchema(Schema):
    """Open jobs."""

    total = ma.fields.Integer()
    oldest = ma.fields.Float()
    types = ma.fields.List(ma.fields.Nested(JobsOfTypeSchema))


class WorkersOfTypeSchema(Schema):
    """Worker processes of a type."""

    type = ma.fields.String()
    workers = ma.fields.Integer()


class WorkerProcessesSchema(Schema):
    """Worker processes."""

    total = ma.fields.Integer()
    types = ma.fields.List(ma.fields.Nested(WorkersOfTypeSchema))


class StatisticsSchema(Schema):
    """How busy the installation is."""

    time = ma.fields.AwareDateTime()
    posts = ma.fields.List(ma.fields.Nested(PostsOfSourceSchema))
    datasets = ma.fields.Nested(DatasetsCreatedSchema)
    jobs = ma.fields.Nested(OpenJobsSchema)
    workers = ma.fields.Nested(
        WorkerProcessesSchema, allow_none=True, metadata={"description": "Null while Redis does not answer"}
    )


@blueprint.route("/statistics")
class Statistics(MethodView):
    """Statistics."""

    @blueprint.response(200, StatisticsSchema)
    def get(self) -> dict[str, Any]:
        """Count the posts, datasets, jobs and workers of late. Without a token only for the machine itself."""
        if bearer_token() is not None or not comes_from_this_machine():
            actor()
        return gather(installation())


def comes_from_this_machine() -> bool:
    """Whether a program on this machine asks directly, judged by the connection and not by what a header claims.

    A proxy on this machine makes every visitor's request come from here. So whatever shows the trace of a proxy does
    not count, nor what was addressed to another name than this machine's own.
    """
    before_proxies = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    if any(name in request.headers for name in _FORWARDING):
        return False
    host = before_proxies.get("HTTP_HOST", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(before_proxies.get("REMOTE_ADDR")) and (name.lower() == "localhost" or is_loopback(name))


def is_loopback(address: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
